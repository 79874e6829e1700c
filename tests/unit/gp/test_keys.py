"""Static keys: PUT KEY's data, check values, keys of single cards, and the file that carries them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mumei.maker.attestation_root import MakerRoot
from mumei_core.errors import UsageError
from mumei_core.gp.card_keys import MAX_FILE_OCTETS, CardKeys
from mumei_core.gp.diversification import kdf3_keys, mumei_keys
from mumei_core.gp.keys import KeyDataError, PutKeyData, StaticKeys, key_check_value

DEK = bytes(range(16))
FROZEN_CHECK_VALUES = "96906537597b422487"


def some_keys(size: int) -> StaticKeys:
    return StaticKeys.from_bytes(bytes(range(3 * size)))


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("dek_size", [16, 24, 32])
def test_put_key_carries_a_set_of_any_size_under_any_dek(size: int, dek_size: int) -> None:
    data = PutKeyData(version=0x31, keys=some_keys(size))
    dek = bytes(range(100, 100 + dek_size))
    octets = data.to_bytes(dek)
    encrypted = -(-size // 16) * 16
    assert octets[:4].hex() == f"3188{encrypted + 1:02x}{size:02x}"
    assert len(octets) == 1 + 3 * (3 + encrypted + 4)
    assert PutKeyData.from_bytes(octets, dek) == data
    assert data.confirmation() == b"\x31" + some_keys(size).check_values()
    assert some_keys(size).enc not in octets


def test_put_key_any_octet_changed_dropped_or_added() -> None:
    octets = PutKeyData(version=0x31, keys=some_keys(16)).to_bytes(DEK)
    for i in range(1, len(octets)):  # octet 0 is the version, which is free
        for mutant in (
            octets[:i] + bytes((octets[i] ^ 1,)) + octets[i + 1 :],
            octets[:i] + octets[i + 1 :],
            octets[: i + 1] + octets[i:],
            octets[:i],
        ):
            with pytest.raises(KeyDataError):
                PutKeyData.from_bytes(mutant, DEK)
    for mutant in (octets + b"\x00", b""):
        with pytest.raises(KeyDataError):
            PutKeyData.from_bytes(mutant, DEK)


@pytest.mark.parametrize("version", [0x00, 0x80, 0xFF])
def test_put_key_versions_outside_the_range(version: int) -> None:
    octets = PutKeyData(version=0x31, keys=some_keys(16)).to_bytes(DEK)
    with pytest.raises(KeyDataError):
        PutKeyData.from_bytes(bytes((version,)) + octets[1:], DEK)


def test_put_key_under_another_dek() -> None:
    octets = PutKeyData(version=0x31, keys=some_keys(16)).to_bytes(DEK)
    with pytest.raises(KeyDataError, match="check value"):
        PutKeyData.from_bytes(octets, bytes(16))


def test_check_value_is_over_ones_not_zeros() -> None:
    assert key_check_value(bytes.fromhex("000102030405060708090A0B0C0D0E0F")).hex().upper() == "C35280"


@pytest.mark.parametrize("sizes", [(16, 16, 24), (15, 15, 15), (0, 0, 0), (33, 33, 33)])
def test_keys_of_other_sizes(sizes: tuple[int, int, int]) -> None:
    enc, mac, dek = map(bytes, sizes)
    with pytest.raises(KeyDataError):
        StaticKeys(enc=enc, mac=mac, dek=dek)


def test_keys_are_not_shown() -> None:
    keys = CardKeys(diversification_data=bytes(10), key_version=1, keys=some_keys(16))
    assert repr(keys.keys) == "StaticKeys()"
    assert "\\x01" not in repr(keys)


class TestDiversification:
    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_every_card_version_use_and_master_has_keys_of_its_own(self, size: int) -> None:
        masters = (bytes(size), bytes(range(size)))
        numbers = (bytes(10), bytes(9) + b"\x01")
        found = [
            key
            for master in masters
            for number in numbers
            for version in (1, 2)
            for keys in (mumei_keys(master, number, version),)
            for key in (keys.enc, keys.mac, keys.dek)
        ]
        assert len(set(found)) == len(found) == 24
        assert {len(key) for key in found} == {size}

    def test_a_longer_key_does_not_begin_with_the_shorter_one(self) -> None:
        """L is in the input: so keys of two lengths have nothing in common."""
        assert mumei_keys(bytes(32), bytes(10), 1).enc[:16] != mumei_keys(bytes(16), bytes(10), 1).enc

    def test_our_scheme_stays_what_it_is(self) -> None:
        """Frozen: cards in the field depend on it."""
        keys = mumei_keys(bytes(range(16)), bytes(range(10)), 0x30)
        assert keys.check_values().hex() == FROZEN_CHECK_VALUES

    @pytest.mark.parametrize("scheme", [mumei_keys, kdf3_keys])
    def test_wrong_sizes(self, scheme: object) -> None:
        assert callable(scheme)
        for master, number in ((bytes(15), bytes(10)), (bytes(16), bytes(9)), (bytes(16), bytes(11))):
            with pytest.raises(UsageError):
                scheme(master, number, 1)


class TestFile:
    CARD = CardKeys(diversification_data=bytes(range(10)), key_version=0x30, keys=some_keys(16))

    def test_comes_back(self) -> None:
        assert CardKeys.from_json(self.CARD.to_json()) == self.CARD
        attesting = replace(self.CARD, attestation=MakerRoot.generate("Maker TEST").new_attestation_key())
        assert CardKeys.from_json(attesting.to_json()) == attesting
        assert len(attesting.to_json()) < MAX_FILE_OCTETS

    def test_half_an_attestation_or_one_that_does_not_fit(self) -> None:
        maker = MakerRoot.generate("Maker TEST")
        mine, other = (
            json.loads(replace(self.CARD, attestation=maker.new_attestation_key()).to_json())
            for _ in range(2)
        )
        key, certificate = "attestation_key", "attestation_certificate"
        for wrong in (
            {name: value for name, value in mine.items() if name != key},
            {name: value for name, value in mine.items() if name != certificate},
            mine | {key: other[key]},
            mine | {key: "00" * 32},
            mine | {key: None},
            mine | {certificate: maker.certificate.to_octets().hex()},
            mine | {certificate: mine[certificate] + "00"},
            mine | {certificate: 1},
        ):
            with pytest.raises(KeyDataError) as caught:
                CardKeys.from_json(json.dumps(wrong).encode())
            assert mine[key] not in str(caught.value)

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "mumei card keys 2"},
            {"diversification_data": "00"},
            {"key_version": 0},
            {"key_version": 128},
            {"key_version": True},
            {"key_version": "30"},
            {"enc": "00"},
            {"mac": "zz"},
            {"dek": None},
            {"more": 1},
        ],
    )
    def test_another_file_is_refused_without_quoting_it(self, change: dict[str, object]) -> None:
        fields = {**json.loads(self.CARD.to_json()), **change}
        with pytest.raises(KeyDataError) as caught:
            CardKeys.from_json(json.dumps(fields).encode())
        assert fields["enc"] == "00" or str(fields["enc"]) not in str(caught.value)

    @pytest.mark.parametrize("octets", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
    def test_no_json(self, octets: bytes) -> None:
        with pytest.raises(KeyDataError):
            CardKeys.from_json(octets)
