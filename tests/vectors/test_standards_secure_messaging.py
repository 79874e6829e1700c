"""Secure messaging against published sessions and generated edge cases: each octet in both directions, each MAC
input, each IV. The CA and TA transcripts of BSI's worked example for EAC go through both sides too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.vectors.published import ROOT, load, unhex

from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import CardChannel, TerminalChannel

STANDARDS = ROOT / "standards"


def exchanges() -> Iterator[Any]:
    """One parameter per exchange; a ``protected_response`` is not always there."""
    file = load(STANDARDS / "sm_aes.json")
    for session in file["published"]:
        for number, exchange in enumerate(session.get("commands", []) + session.get("exchanges", [])):
            yield pytest.param({**session, **exchange}, id=f"{session['name']}: {number}")
    for exchange in file["generated"]:
        yield pytest.param(exchange, id=f"{exchange['key_bits']}: {exchange['name']}")
    bsi = load(STANDARDS / "eac2_bsi_ta_ca_ecdsa.json")
    for step in bsi["transcript"]:
        before = f"{int(step['command_ssc'], 16) - 1:032X}"
        yield pytest.param({**bsi["session_keys"], **step, "ssc_before": before}, id=f"BSI: {step['step']}")


EXCHANGES = list(exchanges())


def terminal(exchange: dict[str, Any]) -> TerminalChannel:
    channel = TerminalChannel(unhex(exchange["KS_ENC"]), unhex(exchange["KS_MAC"]))
    channel._ssc = int(exchange["ssc_before"], 16)
    return channel


def card(exchange: dict[str, Any]) -> CardChannel:
    channel = CardChannel(unhex(exchange["KS_ENC"]), unhex(exchange["KS_MAC"]))
    channel._ssc = int(exchange["ssc_before"], 16)
    return channel


def octets(command: CommandAPDU) -> bytes:
    return command.to_bytes(extended=not command.fits_short)


@pytest.fixture
def mac_inputs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What goes into each MAC, counter included."""
    seen: list[bytes] = []
    mac = TerminalChannel._mac

    def spy(self: Any, data: bytes) -> bytes:
        seen.append(self._ssc.to_bytes(16) + data)
        return mac(self, data)

    monkeypatch.setattr(TerminalChannel, "_mac", spy)
    monkeypatch.setattr(CardChannel, "_mac", spy)
    return seen


@pytest.fixture
def ivs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The initialisation vector of each encryption and decryption."""
    seen: list[bytes] = []
    cipher = TerminalChannel._cipher

    def spy(self: Any) -> Any:
        made = cipher(self)
        seen.append(bytes(made.mode.initialization_vector))
        return made

    monkeypatch.setattr(TerminalChannel, "_cipher", spy)
    monkeypatch.setattr(CardChannel, "_cipher", spy)
    return seen


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_the_command(exchange: dict[str, Any], mac_inputs: list[bytes], ivs: list[bytes]) -> None:
    plain = CommandAPDU.from_bytes(unhex(exchange["plain_command"]))
    protected = unhex(exchange["protected_command"])

    assert octets(terminal(exchange).wrap(plain, extended=True)) == protected
    assert card(exchange).unwrap(CommandAPDU.from_bytes(protected)) == plain

    mac_input = exchange.get("mac_input") or exchange.get("command_mac_input")
    if mac_input is not None:
        assert mac_inputs == [unhex(mac_input)] * 2
    iv = exchange.get("iv") or exchange.get("command_iv")
    if iv is not None:
        assert ivs == [unhex(iv)] * 2
    elif not plain.data:
        assert ivs == []


@pytest.mark.parametrize("exchange", [e for e in EXCHANGES if "protected_response" in e.values[0]])
def test_the_response(exchange: dict[str, Any], mac_inputs: list[bytes], ivs: list[bytes]) -> None:
    plain = ResponseAPDU.from_bytes(unhex(exchange["plain_response"]))
    protected = ResponseAPDU.from_bytes(unhex(exchange["protected_response"]))
    card_side, terminal_side = card(exchange), terminal(exchange)
    card_side.unwrap(CommandAPDU.from_bytes(unhex(exchange["protected_command"])))
    terminal_side.wrap(CommandAPDU.from_bytes(unhex(exchange["plain_command"])), extended=True)
    mac_inputs.clear()
    ivs.clear()

    assert card_side.wrap(plain) == protected
    assert terminal_side.unwrap(protected) == plain

    if exchange.get("response_mac_input") is not None:
        assert mac_inputs == [unhex(exchange["response_mac_input"])] * 2
    if exchange.get("response_iv") is not None:
        assert ivs == [unhex(exchange["response_iv"])] * 2
    elif not plain.data:
        assert ivs == []


def test_a_published_session_with_one_pair_of_channels() -> None:
    """Eleven commands one after the other: the counters are the channels' own."""
    session = next(
        s for s in load(STANDARDS / "sm_aes.json")["published"] if len(s.get("exchanges", [])) == 11
    )
    keys = unhex(session["KS_ENC"]), unhex(session["KS_MAC"])
    terminal_side, card_side = TerminalChannel(*keys), CardChannel(*keys)

    for exchange in session["exchanges"]:
        plain = CommandAPDU.from_bytes(unhex(exchange["plain_command"]))
        assert octets(terminal_side.wrap(plain, extended=True)) == unhex(exchange["protected_command"])
        assert card_side.unwrap(CommandAPDU.from_bytes(unhex(exchange["protected_command"]))) == plain
        answer = ResponseAPDU.from_bytes(unhex(exchange["plain_response"]))
        protected = card_side.wrap(answer)
        assert protected.to_bytes() == unhex(exchange["protected_response"])
        assert terminal_side.unwrap(protected) == answer
