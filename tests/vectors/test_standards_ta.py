"""Terminal Authentication 2: the generated runs on P-256 with every message, and the BSI worked example's input."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mumei_core.commands import codes
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.eac.terminal_auth import CardTerminalAuth, TerminalAuth, TerminalAuthError, signature_input
from mumei_core.eac.trust import Trust
from mumei_core.iso7816.apdu import CommandAPDU

from .test_standards_cvc import BSI, CERTIFICATES, load

PACE = next(s for s in load("pace_p256_generated")["sessions"] if s["name"] == "aes128-can-with-chat")
RUNS = load("ta2_p256_generated")["runs"]
CARD_KEY = bytes.fromhex(PACE["ephemeral_public_chip"])
TERMINAL_KEY = bytes.fromhex(PACE["ephemeral_public_terminal"])


def card_side(
    card: CardTerminalAuth, trust: Trust, command: CommandAPDU, challenge: bytes
) -> tuple[CardTerminalAuth, Trust, bytes]:
    """One command to the card's role; the end of the chain is checked by ``authenticate``."""
    if command.ins == codes.INS_GET_CHALLENGE:
        return card.with_challenge(challenge), trust, challenge
    if command.ins == codes.INS_PERFORM_SECURITY_OPERATION:
        return (*card.verify_certificate(command.data, trust), b"")
    if command.ins == codes.INS_EXTERNAL_AUTHENTICATE:
        assert card.authenticate(command.data).certificate.body.chr == b"ZZSHOPNT00001"
        return card.without_challenge(), trust, b""
    if command.p2 == codes.SET_DST_P2:
        return card.set_dst(command.data, trust), trust, b""
    return card.set_at(command.data), trust, b""


@pytest.mark.parametrize("run", [r for r in RUNS if r["name"].startswith("A")], ids=lambda r: str(r["name"]))
def test_both_roles_follow_the_run(run: dict[str, Any]) -> None:
    trust = Trust.initial([CERTIFICATES["cvca1"]], date(2026, 6, 1))
    card = CardTerminalAuth(card_key=CARD_KEY, terminal_key=TERMINAL_KEY, terminal_type=codes.OID_ROLE_AT)
    signed: list[bytes] = []

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return bytes.fromhex(run["signature_plain"])

    terminal = TerminalAuth(
        [CERTIFICATES["dv1"], CERTIFICATES["at1"]],
        sign,
        card_key=CARD_KEY,
        terminal_key=TERMINAL_KEY,
        auxiliary=bytes.fromhex(run["auxiliary_data"] or ""),
    )
    command: CommandAPDU | None = terminal.first()
    for step in run["transcript"]:
        assert command is not None
        assert command.to_bytes().hex().upper() == step["plain_command"], step["name"]
        card, trust, answer = card_side(card, trust, command, bytes.fromhex(run["r_PICC"]))
        assert (answer + b"\x90\x00").hex().upper() == step["plain_response"], step["name"]
        command = terminal.next(answer)
    assert command is None
    assert [message.hex().upper() for message in signed] == [run["signed_message"]]
    assert trust.today == CERTIFICATES["at1"].body.effective


def test_a_key_that_is_not_this_channels_is_refused() -> None:
    """Run B is classic TA2, whose key is meant for Chip Authentication: not in this profile."""
    run = next(r for r in RUNS if r["name"].startswith("B"))
    trust = Trust.initial([CERTIFICATES["cvca1"]], date(2026, 6, 1))
    card = CardTerminalAuth(card_key=CARD_KEY, terminal_key=TERMINAL_KEY, terminal_type=codes.OID_ROLE_AT)
    for step in run["transcript"][:4]:
        command = CommandAPDU.from_bytes(bytes.fromhex(step["plain_command"]))
        card, trust, _ = card_side(card, trust, command, b"")
    with pytest.raises(TerminalAuthError) as refused:
        card.set_at(CommandAPDU.from_bytes(bytes.fromhex(run["transcript"][4]["plain_command"])).data)
    assert refused.value.sw == codes.SW_WRONG_DATA


def test_the_run_of_variant_b_verifies_as_a_signature() -> None:
    run = next(r for r in RUNS if r["name"].startswith("B"))
    key = bytes.fromhex(run["fresh_public"])
    message = signature_input(CARD_KEY, bytes.fromhex(run["r_PICC"]), key)
    assert message.hex().upper() == run["signed_message"]
    point = CERTIFICATES["at1"].body.public_key.point
    verify(point, message, bytes.fromhex(run["signature_plain"]))


def test_the_worked_example_composes_its_input_in_the_same_order() -> None:
    """Its keys are brainpool points, so only the order of the parts can be shown with our function's rule."""
    ta = BSI["ta"]
    parts = (ta["ID_PICC"], ta["r_PICC"], ta["Comp_PK_PCD"], ta["auxiliary_data"] or "")
    assert "".join(parts) == ta["signed_message"]


def test_our_signatures_verify_under_the_samples_key() -> None:
    secret = int(load("cvc_generated_p256")["keys"]["AT1"]["d"], 16)
    key = SigningKey(secret)
    assert key.point == CERTIFICATES["at1"].body.public_key.point
    verify(key.point, b"message", key.sign(b"message"))


def test_the_worked_examples_own_chain_is_of_a_curve_the_card_refuses() -> None:
    dv = Certificate.from_octets(bytes.fromhex(BSI["certificates"][1]["der"]))
    trust = Trust.initial([CERTIFICATES["cvca1"]], date(2010, 10, 1))
    card = CardTerminalAuth(card_key=CARD_KEY, terminal_key=TERMINAL_KEY, terminal_type=codes.OID_ROLE_AT)
    with pytest.raises(TerminalAuthError):
        card.verify_certificate(dv.to_pso(), trust)
