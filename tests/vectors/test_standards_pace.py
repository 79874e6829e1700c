"""PACE against worked examples, every intermediate value: ICAO Doc 9303-11 G.1 and BSI's example for EAC 1.02 on
brainpoolP256r1 (published), NIST P-256 with all key lengths and leading zeros (generated for this project).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.fixtures.brainpool import BrainpoolP256r1
from tests.vectors.published import ROOT, load, unhex

from mumei_core.commands import codes
from mumei_core.eac.card_access import CARD_ACCESS, PaceInfo, build_card_access, parse_card_access
from mumei_core.eac.ec import EcGroup
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import CARD_NONCE_LENGTH, CardPace, PaceResult, TerminalPace
from mumei_core.eac.pace_crypto import (
    PaceAlgorithm,
    auth_token,
    decrypt_nonce,
    encrypt_nonce,
    map_generator,
    password_key,
    session_keys,
    token_input,
)
from mumei_core.eac.pace_messages import Password, SetAt
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.iso7816.ber_tlv import parse_one

STANDARDS = ROOT / "standards"

# Names of the published files' values in the words of the generated one.
_WORDS = {
    "nonce": "nonce_s",
    "encrypted_nonce": "encrypted_nonce_z",
    "map_private_chip": "chip_map_private",
    "map_public_chip": "chip_map_public",
    "map_private_terminal": "terminal_map_private",
    "map_public_terminal": "terminal_map_public",
    "H": "shared_point_H",
    "ephemeral_private_chip": "chip_ephemeral_private",
    "ephemeral_public_chip": "chip_ephemeral_public",
    "ephemeral_private_terminal": "terminal_ephemeral_private",
    "ephemeral_public_terminal": "terminal_ephemeral_public",
    "shared_secret_x": "shared_secret_K",
    "K_enc": "KS_ENC",
    "K_mac": "KS_MAC",
    "token_terminal": "T_terminal",
    "token_chip": "T_chip",
}


def published(name: str) -> dict[str, Any]:
    example = load(STANDARDS / f"{name}.json")
    values = example["values"]
    words = {ours: values[theirs] for ours, theirs in _WORDS.items()}
    password = example["password"]
    f_pi = password.get("K_sha1_of_mrz_information") or password["value_ascii"].encode().hex()
    return {
        **values,
        **words,
        "protocol_oid": example["protocol_oid_body"],
        "password_octets": f_pi,
        "password_reference": f"{password['reference']:02X}",
        "apdus": example["apdus"],
        "group": BrainpoolP256r1(),
    }


def sessions() -> Iterator[Any]:
    for name in ("pace_icao9303_g1_ecdh_gm_aes128", "pace_bsi_eac2_ecdh_gm_aes128"):
        yield pytest.param(published(name), id=name)
    for session in load(STANDARDS / "pace_p256_generated.json")["sessions"]:
        yield pytest.param({**session, "group": P256_GROUP}, id=session["name"])


SESSIONS = list(sessions())
# Our card's nonces have 16 octets; terminals take both lengths.
CARD_SESSIONS = [s for s in SESSIONS if len(s.values[0]["nonce"]) == 2 * CARD_NONCE_LENGTH]


def drawn(*values: str) -> Callable[[int], bytes]:
    """A random source that gives these values, in this order, and checks their lengths."""
    octets = [unhex(value) for value in values]

    def source(count: int) -> bytes:
        assert len(octets[0]) == count
        return octets.pop(0)

    return source


def answers(session: dict[str, Any]) -> list[tuple[CommandAPDU, bytes]]:
    """(command, data of the answer) of each exchange; every answer is 90 00."""
    exchanges = []
    for apdu in session["apdus"]:
        response = unhex(apdu["response"])
        assert response[-2:] == b"\x90\x00"
        exchanges.append((CommandAPDU.from_bytes(unhex(apdu["command"])), response[:-2]))
    return exchanges


@pytest.mark.parametrize("session", SESSIONS)
def test_every_intermediate_value(session: dict[str, Any]) -> None:
    group: EcGroup = session["group"]
    algorithm = PaceAlgorithm.from_oid(unhex(session["protocol_oid"]))
    key = password_key(algorithm, unhex(session["password_octets"]))
    nonce = unhex(session["nonce"])

    assert key == unhex(session["K_pi"])
    assert encrypt_nonce(key, nonce) == unhex(session["encrypted_nonce"])
    assert decrypt_nonce(key, unhex(session["encrypted_nonce"])) == nonce

    for side, other in (("chip", "terminal"), ("terminal", "chip")):
        secret = int(session[f"map_private_{side}"], 16)
        assert group.multiply(group.generator, secret).octets == unhex(session[f"map_public_{side}"])
        H = group.multiply(group.decode(unhex(session[f"map_public_{other}"])), secret)
        assert H.octets == unhex(session["H"])
        generator = map_generator(group, nonce, H)
        assert generator.octets == unhex(session["mapped_generator"])

        secret = int(session[f"ephemeral_private_{side}"], 16)
        own = group.multiply(generator, secret)
        theirs = group.decode(unhex(session[f"ephemeral_public_{other}"]))
        assert own.octets == unhex(session[f"ephemeral_public_{side}"])
        shared = group.multiply(theirs, secret)
        assert shared.x == unhex(session["shared_secret_x"])
        assert session_keys(algorithm, shared) == (unhex(session["K_enc"]), unhex(session["K_mac"]))
        assert token_input(algorithm, theirs) == unhex(session[f"token_input_{side}"])
        assert auth_token(algorithm, unhex(session["K_mac"]), theirs) == unhex(session[f"token_{side}"])


@pytest.mark.parametrize("session", SESSIONS)
def test_the_terminal_sends_the_examples_octets(session: dict[str, Any]) -> None:
    exchanges = answers(session)
    set_at = SetAt.from_octets(exchanges[0][0].data)
    terminal = TerminalPace(
        session["group"],
        set_at.algorithm,
        set_at.password,
        unhex(session["password_octets"]),
        random=drawn(session["map_private_terminal"], session["ephemeral_private_terminal"]),
        chat=set_at.chat,
        parameter_id=set_at.parameter_id,
    )

    assert terminal.set_at() == exchanges[0][0]
    command: CommandAPDU | None = terminal.nonce_command()
    for expected, answer in exchanges[1:]:
        assert command == expected
        command = terminal.next(answer)
    assert command is None
    compare_result(terminal.result, session)


@pytest.mark.parametrize("session", CARD_SESSIONS)
def test_the_card_answers_the_examples_octets(session: dict[str, Any]) -> None:
    exchanges = answers(session)
    set_at = SetAt.from_octets(exchanges[0][0].data)
    cars = tuple(car_of(exchanges[-1][1]))
    card = CardPace(
        session["group"],
        set_at.algorithm,
        set_at.password,
        unhex(session["K_pi"]),
        random=drawn(session["nonce"], session["map_private_chip"], session["ephemeral_private_chip"]),
        cars=cars,
    )

    for command, answer in exchanges[1:-1]:
        assert card.general_authenticate(command.data, last=not command.cla) == answer
    token, answer = exchanges[-1]
    card.take_token(token.data, last=not token.cla)
    assert card.check_token() == answer
    compare_result(card.result, session)


def car_of(answer: bytes) -> Iterator[bytes]:
    for item in parse_one(answer, codes.TAG_DYNAMIC_AUTHENTICATION).children():
        if item.tag == codes.TAG_PACE_CAR:
            yield item.value


def compare_result(result: PaceResult, session: dict[str, Any]) -> None:
    assert result.password == Password(int(session["password_reference"], 16))
    assert result.k_enc == unhex(session["K_enc"])
    assert result.k_mac == unhex(session["K_mac"])
    assert result.card_key == unhex(session["ephemeral_public_chip"])
    assert result.terminal_key == unhex(session["ephemeral_public_terminal"])
    assert list(result.cars) == list(car_of(answers(session)[-1][1]))


@pytest.mark.parametrize("vector", load(STANDARDS / "kdf_pi.json")["vectors"])
def test_the_password_key(vector: dict[str, str]) -> None:
    password = vector["pin"].encode("latin-1")

    for algorithm in PaceAlgorithm:
        expected = vector.get(f"K_pi_aes{algorithm.key_length * 8}")
        if expected is not None:
            assert password_key(algorithm, password) == unhex(expected)
    if "nonce" in vector:
        key = password_key(PaceAlgorithm.AES_128, password)
        assert decrypt_nonce(key, unhex(vector["encrypted_nonce"])) == unhex(vector["nonce"])


def test_ef_card_access_of_published_cards_is_read() -> None:
    icao = load(STANDARDS / "pace_icao9303_g1_ecdh_gm_aes128.json")["ef_cardaccess"]
    bsi = load(STANDARDS / "pace_bsi_eac2_ecdh_gm_aes128.json")["ef_cardaccess"]
    expected = PaceInfo(algorithm=PaceAlgorithm.AES_128, parameter_id=codes.PARAMETERS_BRAINPOOL_P256R1)

    assert parse_card_access(unhex(icao)) == (expected,)
    assert build_card_access((expected,)) == unhex(icao)
    assert parse_card_access(unhex(bsi)) == (expected,)


def test_ef_card_access_of_our_cards() -> None:
    session = load(STANDARDS / "pace_p256_generated.json")["sessions"][0]

    assert unhex(session["pace_info_in_EF_CardAccess"]) == CARD_ACCESS
