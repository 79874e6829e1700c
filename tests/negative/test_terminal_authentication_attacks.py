"""Every message of Terminal Authentication changed, dropped, repeated, reordered, cut short or extended.

Each gets a documented status word, nobody is let in, and the card's memory stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.fixtures.certificates import CVCA, Member, shop
from tests.unit.card.test_terminal_authentication import Session, new_session

from mumei_core.commands import codes
from mumei_core.eac.signature import compress
from mumei_core.eac.terminal_auth import (
    SetAt,
    auxiliary_data,
    external_authenticate,
    get_challenge,
    set_dst,
    signature_input,
    verify_certificate,
)
from mumei_core.iso7816.apdu import CommandAPDU

SPECS = Path(__file__).parents[2] / "apdu_specs"
STEPS = ("DST of sector", "sector", "DST of terminal", "terminal", "AT", "challenge", "signature")
CHALLENGE, SIGNATURE = 5, 6
AUXILIARY = auxiliary_data([(bytes.fromhex("04007F000703010401"), b"20081123")])
SHOP = shop()

Tamper = Callable[[list[CommandAPDU]], list[CommandAPDU]]


def documented() -> dict[int, set[str]]:
    """Instruction to the status words that its entry names."""
    words: dict[int, set[str]] = {}
    for file in ("eac.yaml", "cvc.yaml", "card.yaml"):
        for command in yaml.safe_load((SPECS / file).read_text(encoding="utf-8"))["commands"]:
            if command["cla"] == "00" and not command.get("reserved"):
                words[int(command["ins"], 16)] = {entry["sw"] for entry in command["status_words"]}
    return words


DOCUMENTED = documented()


def messages(session: Session, member: Member) -> list[CommandAPDU]:
    """The seven messages; what the signature is over is known only when it is sent."""
    assert session.pace is not None
    at = SetAt(reference=member.name, compressed_key=compress(session.pace.terminal_key), auxiliary=AUXILIARY)
    sector, terminal = member.chain
    return [
        set_dst(CVCA.name),
        verify_certificate(sector),
        set_dst(sector.body.chr),
        verify_certificate(terminal),
        at.to_command(),
        get_challenge(),
        external_authenticate(b"to be made"),
    ]


def play(session: Session, tamper: Tamper, *, mutate: Callable[[bytes], bytes] | None = None) -> list[int]:
    """Send what ``tamper`` makes of the messages, on and on whatever the card answers; the status words.

    ``mutate`` changes the signature.
    """
    session.card.kernel.reset()
    session.open()
    assert session.pace is not None
    challenge, words = bytes(8), []
    for command in tamper(messages(session, SHOP)):
        if command.ins == codes.INS_EXTERNAL_AUTHENTICATE:
            pace = session.pace
            signed = signature_input(pace.card_key, challenge, pace.terminal_key, AUXILIARY)
            signature = SHOP.key.sign(signed)
            command = replace(command, data=mutate(signature) if mutate else signature)
        response = session.send(command)
        assert f"{response.sw:04X}" in DOCUMENTED[command.ins], (command, f"{response.sw:04X}")
        if command.ins == codes.INS_GET_CHALLENGE:
            challenge = response.data
        words.append(response.sw)
    return words


def variants(data: bytes) -> Iterator[Callable[[bytes], bytes]]:
    """Ways to spoil octets as long as ``data``: every third octet flipped low and high, cut, extended, doubled."""
    for position in range(0, len(data), 3):
        for bit in (0x01, 0x80):
            yield lambda d, p=position, b=bit: d[:p] + bytes([d[p] ^ b]) + d[p + 1 :]  # type: ignore[misc]
    for cut in (1, len(data) // 2, len(data) - 1):
        yield lambda d, c=cut: d[:c]  # type: ignore[misc]
    yield lambda d: d + b"\0"
    yield lambda d: d + d


@pytest.fixture(scope="module")
def session() -> Session:
    return new_session()


def test_untouched_it_works(session: Session) -> None:
    assert play(session, lambda found: found) == [codes.SW_OK] * len(STEPS)
    assert session.terminal is not None


@pytest.mark.parametrize("place", [i for i in range(len(STEPS)) if i != CHALLENGE], ids=STEPS.__getitem__)
def test_changed_cut_or_extended(session: Session, place: int) -> None:
    session.card.kernel.reset()
    session.open()
    original = bytes(64) if place == SIGNATURE else messages(session, SHOP)[place].data
    before = session.card.state()[0]
    for spoil in variants(original):

        def tamper(found: list[CommandAPDU], spoil: Callable[[bytes], bytes] = spoil) -> list[CommandAPDU]:
            if place != SIGNATURE:
                found[place] = replace(found[place], data=spoil(found[place].data))
            return found

        words = play(session, tamper, mutate=spoil if place == SIGNATURE else None)
        assert words[place] != codes.SW_OK or words[SIGNATURE] != codes.SW_OK
        assert session.terminal is None
        assert session.card.state()[0] == before


@pytest.mark.parametrize("place", range(len(STEPS)), ids=STEPS.__getitem__)
def test_dropped(session: Session, place: int) -> None:
    play(session, lambda found: found[:place] + found[place + 1 :])
    assert session.terminal is None


@pytest.mark.parametrize("place", range(len(STEPS) - 1), ids=STEPS.__getitem__)
def test_exchanged_with_the_next(session: Session, place: int) -> None:
    def tamper(found: list[CommandAPDU]) -> list[CommandAPDU]:
        found[place], found[place + 1] = found[place + 1], found[place]
        return found

    play(session, tamper)
    assert session.terminal is None


@pytest.mark.parametrize("place", range(len(STEPS)), ids=STEPS.__getitem__)
def test_repeated_gains_nothing_and_spoils_nothing(session: Session, place: int) -> None:
    words = play(session, lambda found: [*found[: place + 1], *found[place:]])
    assert session.terminal is not None
    if place in (1, 3):
        assert words[place + 1] == codes.SW_CONDITIONS
    if place == SIGNATURE:
        assert words[-1] == codes.SW_SECURITY_STATUS


def test_a_challenge_of_another_length_is_none(session: Session) -> None:
    def tamper(found: list[CommandAPDU]) -> list[CommandAPDU]:
        found[CHALLENGE] = replace(found[CHALLENGE], le=16)
        return found

    assert play(session, tamper)[-1] == codes.SW_CONDITIONS
    assert session.terminal is None


def test_a_signature_of_an_earlier_session_is_worth_nothing(session: Session) -> None:
    old: list[bytes] = []

    def keep(signature: bytes) -> bytes:
        old.append(signature)
        return signature

    play(session, lambda found: found, mutate=keep)
    assert session.terminal is not None
    assert play(session, lambda found: found, mutate=lambda _: old[0])[-1] == codes.SW_AUTHENTICATION_FAILED
    assert session.terminal is None


def test_auxiliary_data_exchanged_under_way_are_noticed(session: Session) -> None:
    """The signature is over DO 67 as the terminal meant it."""

    def tamper(found: list[CommandAPDU]) -> list[CommandAPDU]:
        at = SetAt.from_octets(found[4].data)
        other = auxiliary_data([(bytes.fromhex("04007F000703010401"), b"20061123")])
        found[4] = replace(at, auxiliary=other).to_command()
        return found

    assert play(session, tamper)[-1] == codes.SW_AUTHENTICATION_FAILED
