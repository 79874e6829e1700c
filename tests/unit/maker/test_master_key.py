"""The master key: kept encrypted, of its own kind, and the same cards' keys after every loading."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mumei.issuer.keys import IssuerKey
from mumei.key_file import KeyFile, KeyFileError, WrongPassphraseError
from mumei.maker.master_key import KIND, MasterKey, write_card_keys
from mumei_core.errors import UsageError
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.diversification import kdf3_keys, mumei_keys

PASSPHRASE = b"correct horse"
CHEAP = 10


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("scheme", ["mumei", "kdf3"])
def test_comes_back_from_its_file(tmp_path: Path, bits: int, scheme: str) -> None:
    key = MasterKey.generate(bits, scheme=scheme)
    key.save(tmp_path / "maker.key", PASSPHRASE, log2_n=CHEAP)
    assert MasterKey.load(tmp_path / "maker.key", PASSPHRASE) == key
    assert key.secret not in (tmp_path / "maker.key").read_bytes()
    assert repr(key) == f"MasterKey(scheme='{scheme}')"


def test_every_new_card_has_a_number_and_keys_of_its_own() -> None:
    key = MasterKey.generate()
    cards = [key.new_card() for _ in range(20)]
    assert len({card.diversification_data for card in cards}) == 20
    for card in cards:
        assert card.keys == key.keys_of(card.diversification_data, card.key_version)


def test_schemes_are_what_they_are_called() -> None:
    secret, number = bytes(range(16)), bytes(10)
    assert MasterKey(secret=secret).keys_of(number, 1) == mumei_keys(secret, number, 1)
    assert MasterKey(secret=secret, scheme="kdf3").keys_of(number, 1) == kdf3_keys(secret, number)


@pytest.mark.parametrize("bits", [0, 64, 120, 512])
def test_other_sizes(bits: int) -> None:
    with pytest.raises(UsageError):
        MasterKey.generate(bits)


def test_an_unknown_scheme() -> None:
    with pytest.raises(UsageError, match="scheme"):
        MasterKey.generate(scheme="kdf9")


def test_a_wrong_passphrase(tmp_path: Path) -> None:
    MasterKey.generate().save(tmp_path / "maker.key", PASSPHRASE, log2_n=CHEAP)
    with pytest.raises(WrongPassphraseError):
        MasterKey.load(tmp_path / "maker.key", b"wrong horse")


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    IssuerKey.generate().save(tmp_path / "issuer.key", PASSPHRASE, log2_n=CHEAP)
    with pytest.raises(KeyFileError, match="another kind"):
        MasterKey.load(tmp_path / "issuer.key", PASSPHRASE)


@pytest.mark.parametrize(
    ("secret", "public", "said"),
    [
        (bytes(15), bytes(3) + b"mumei", "no master key"),
        (bytes(16), bytes(3) + b"kdf9", "no master key"),
        (bytes(16), b"\xff\xff\xff\xff", "no master key"),
        (bytes(16), bytes(3) + b"mumei", "disagree"),
    ],
)
def test_a_file_whose_parts_do_not_fit(tmp_path: Path, secret: bytes, public: bytes, said: str) -> None:
    KeyFile.seal(tmp_path / "maker.key", KIND, secret, PASSPHRASE, public, log2_n=CHEAP)
    with pytest.raises(KeyFileError, match=said):
        MasterKey.load(tmp_path / "maker.key", PASSPHRASE)


def test_card_keys_are_for_the_owner_alone_and_replace_nothing(tmp_path: Path) -> None:
    card = MasterKey.generate().new_card()
    write_card_keys(tmp_path / "card.keys", card)
    assert stat.S_IMODE((tmp_path / "card.keys").stat().st_mode) == 0o600
    assert CardKeys.from_json((tmp_path / "card.keys").read_bytes()) == card
    with pytest.raises(UsageError):
        write_card_keys(tmp_path / "card.keys", card)
