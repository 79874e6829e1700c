"""Terminal Authentication 2, profile TA2-P of the project (TR-03110-3 v2.21, A.7 and B.3)."""

from __future__ import annotations

from collections.abc import Callable

from tools.conformance.bench_file import DEVELOPMENT, ISSUED

from .bench import Card
from .sessions import (
    CAN,
    PUK,
    Channel,
    Terminal,
    authenticate,
    channel_for,
    enter,
    external_authenticate,
    is_let_in,
    make_terminal,
    open_channel,
    set_at_ta,
    set_dst,
    show,
    signature,
    until_challenge,
)
from .suite import MUMEI, TR2, TR3, cases, clause, on
from .wire.certificates import (
    ECDSA_SHA_256,
    TERMINAL,
    Key,
    challenge_input,
    chat,
)
from .wire.tlv import command, octets, tlv

NO_TERMINAL = ("80 34 00 00 02 E100 00", "6982|6A80")


@clause(TR3, "B.3", "MSE:Set AT: objects and names")
@on(ISSUED)
@cases(
    unknown_name=(lambda t, c: at(t, c, name=b"JPNOBODY00001"), "6A88"),
    sector_name=(lambda t, c: at(t, c, name=t.chain[0].chr), "6A88"),
    another_protocol=(lambda t, c: at(t, c, protocol=octets("04007F00070202020205")), "6A80"),
    without_key=(lambda t, c: at(t, c, key=None), "6A80"),
    another_key=(lambda t, c: at(t, c, key=bytes(32)), "6A80"),
    the_cards_key=(lambda t, c: at(t, c, key=c.keys.card_key[1:33]), "6A80"),
    malformed_auxiliary=(lambda t, c: at(t, c, auxiliary=octets("67 02 7300")), "6A80"),
)
def test_set_at_refuses(card: Card, make: Callable[[Terminal, Channel], bytes], sw: str) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    show(channel, terminal.chain)
    channel.expect(make(terminal, channel), sw)


def at(
    terminal: Terminal,
    channel: Channel,
    *,
    name: bytes | None = None,
    protocol: bytes = ECDSA_SHA_256,
    key: bytes | None = b"",
    auxiliary: bytes = b"",
) -> bytes:
    data = tlv("80", protocol) + tlv("83", name or terminal.certificate.chr) + auxiliary
    if key is not None:
        data += tlv("91", key or channel.keys.terminal_key[1:33])
    return command("00 22 81 A4", data)


@clause(TR3, "B.3", "EXTERNAL AUTHENTICATE: a signature that is wrong is 6300, and the channel stays")
@on(ISSUED)
@cases(
    another_key=lambda t, c, r: Key.fresh().sign(challenge_input(c.keys.card_key, r, c.keys.terminal_key)),
    another_challenge=lambda t, c, r: signature(c, t, bytes(8)),
    another_channel=lambda t, c, r: t.key.sign(challenge_input(bytes(65), r, c.keys.terminal_key)),
    keys_exchanged=lambda t, c, r: t.key.sign(challenge_input(c.keys.terminal_key, r, c.keys.card_key)),
    foreign_auxiliary=lambda t, c, r: signature(c, t, r, octets("67 00")),
    zeros=lambda t, c, r: bytes(64),
    short=lambda t, c, r: signature(c, t, r)[:-1],
    r_zero=lambda t, c, r: bytes(32) + signature(c, t, r)[32:],
    s_zero=lambda t, c, r: signature(c, t, r)[:32] + bytes(32),
)
def test_a_wrong_signature_is_6300(card: Card, make: Callable[[Terminal, Channel, bytes], bytes]) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    challenge = until_challenge(channel, terminal)
    channel.expect(external_authenticate(make(terminal, channel, challenge)), "6300|6700")
    assert not is_let_in(channel)


@clause(TR3, "B.3", "a challenge serves one attempt")
@on(ISSUED)
def test_a_challenge_serves_once(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    challenge = until_challenge(channel, terminal)
    channel.expect(external_authenticate(bytes(64)), "6300")
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "6985")
    challenge = channel.expect("00 84 00 00 08", "* 9000").data
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "9000|6985")


@clause(MUMEI, "2.6", "MSE:Set AT voids a challenge given before")
@on(ISSUED)
def test_set_at_voids_a_challenge(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    challenge = until_challenge(channel, terminal)
    channel.expect(set_at_ta(terminal, channel), "9000")
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "6985")


@clause(TR3, "B.3", "EXTERNAL AUTHENTICATE without challenge or key: 6985")
@on(ISSUED)
def test_without_a_challenge_it_is_6985(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    channel.expect(external_authenticate(bytes(64)), "6985")
    show(channel, terminal.chain)
    channel.expect(set_at_ta(terminal, channel), "9000")
    channel.expect(external_authenticate(bytes(64)), "6985")


@clause(TR3, "B.3", "a challenge of another length is none for Terminal Authentication")
@on(ISSUED)
def test_a_longer_challenge_is_none(card: Card) -> None:
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    show(channel, terminal.chain)
    channel.expect(set_at_ta(terminal, channel), "9000")
    challenge = channel.expect("00 84 00 00 10", "* 9000").data
    channel.expect(external_authenticate(signature(channel, terminal, challenge[:8])), "6985")


@clause(TR2, "3.3.1", "one terminal in a session: 6982 for a second")
@on(ISSUED)
def test_a_second_terminal_is_6982(card: Card) -> None:
    channel = enter(card)
    channel.expect(set_dst(card.authorities["root"].name), "6982")
    channel.expect(external_authenticate(bytes(64)), "6982")


@clause(TR2, "3.3.2", "rights end with the channel")
@on(ISSUED)
def test_rights_end_with_the_channel(card: Card) -> None:
    enter(card)
    card.expect("80 34 00 00 02 E100 00", "6982")
    terminal = make_terminal(card)
    assert not is_let_in(channel_for(card, terminal))


@clause(TR3, "B.3", "auxiliary data are signed as they came")
@on(ISSUED)
def test_auxiliary_data(card: Card) -> None:
    auxiliary = tlv("67", tlv("73", tlv("06", octets("04007F000703010401")) + tlv("53", bytes(8))))
    terminal = make_terminal(card)
    channel = channel_for(card, terminal)
    show(channel, terminal.chain)
    channel.expect(set_at_ta(terminal, channel, auxiliary=auxiliary), "9000")
    challenge = channel.expect("00 84 00 00 08", "* 9000").data
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "6300")
    channel.expect(set_at_ta(terminal, channel, auxiliary=auxiliary), "9000")
    challenge = channel.expect("00 84 00 00 08", "* 9000").data
    channel.expect(external_authenticate(signature(channel, terminal, challenge, auxiliary)), "9000")


@clause(MUMEI, "2.6", "which terminals a password admits")
@clause(TR2, "2.3.2.1", "CAN allowed")
@on(ISSUED)
@cases(
    shop_by_can=("shops", CAN, 0x35),
    without_can_allowed=("shops", 1, 0x25),
    office_by_can_without_the_right=("offices", CAN, 0x25),
    by_puk=("offices", PUK, 0x35),
)
def test_a_terminal_that_the_password_does_not_admit_is_6982(
    card: Card, sector: str, number: int, bits: int
) -> None:
    terminal = make_terminal(card, sector=sector, bits=bits)
    channel = channel_for(card, terminal, number)
    challenge = until_challenge(channel, terminal)
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "6982")
    assert not is_let_in(channel)


@clause(TR3, "2.7", "effective rights: the CHAT of PACE confines the certificates")
@on(ISSUED)
def test_the_chat_of_pace_confines(card: Card) -> None:
    terminal = make_terminal(card)
    channel = open_channel(card, chat=chat(TERMINAL, 0x25))
    challenge = until_challenge(channel, terminal)
    channel.expect(external_authenticate(signature(channel, terminal, challenge)), "6982")


@clause(MUMEI, "2.6", "an extension that is absent grants nothing")
@clause(TR3, "C.3", "extensions are uncritical")
@on(ISSUED)
def test_without_extension_there_is_a_channel_and_no_right(card: Card) -> None:
    channel = open_channel(card, chat=chat(TERMINAL, 0x35))
    authenticate(channel, make_terminal(card, extension=b""))
    assert channel.send("80 34 00 00 02 E100 00").sw in ("6A80", "6982")
    channel.expect("00 84 00 00 08", "* 9000")


@clause(MUMEI, "2.6", "certificates are absent in the development profile")
@on(DEVELOPMENT)
@cases(
    set_dst=command("00 22 81 B6", tlv("83", b"JPROOT00001")),
    pso=octets("00 2A 00 BE 02 7F4E"),
    external_authenticate=external_authenticate(bytes(64)),
)
def test_no_certificates_in_the_development_profile(card: Card, apdu: bytes) -> None:
    card.expect(apdu, "6D00")
