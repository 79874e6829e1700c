"""Sessions with the card by the suite's own reference: PACE, Terminal Authentication, SCP03; command by command."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from .bench import Answer, Card
from .wire import certificates
from .wire.certificates import ALL_BITS, ECDSA_SHA_256, TERMINAL, Certificate, Key, challenge_input, issue
from .wire.pace import PROTOCOL, PaceKeys, PaceTerminal
from .wire.scp03 import Scp03
from .wire.secure_messaging import SecureMessaging
from .wire.tlv import command, octets, tlv, tree

SHOP_CODE, CAN, PIN, PUK = 1, 2, 3, 4
SHOP_CONTEXT: Final = b"sake.test"


@dataclass(slots=True)
class Channel:
    """Secure messaging over a card. ``sm`` may be turned by a test."""

    card: Card
    keys: PaceKeys
    sm: SecureMessaging
    cars: tuple[bytes, ...] = ()

    def send(self, apdu: str | bytes) -> Answer:
        """One plain command inside the channel, its plain answer."""
        plain = octets(apdu) if isinstance(apdu, str) else apdu
        answer = self.card.send(self.sm.wrap(plain))
        return Answer(*self.sm.unwrap(answer.data + octets(answer.sw)))

    def expect(self, apdu: str | bytes, pattern: str) -> Answer:
        return self.send(apdu).check(pattern, apdu if isinstance(apdu, str) else apdu[:8].hex().upper())


def password_of(card: Card, number: int) -> str:
    facts = card.facts
    return {SHOP_CODE: facts.shop_code, CAN: facts.can, PIN: facts.pin, PUK: facts.puk}[number]


def set_at(number: int, chat: bytes = b"", *, protocol: bytes = PROTOCOL, more: bytes = b"") -> bytes:
    """MSE:Set AT for PACE."""
    data = tlv("80", protocol) + tlv("83", bytes((number,))) + chat + more
    return command("00 22 C1 A4", data)


class Pace:
    """One PACE, step by step. ``wire``: the card, or a channel for the second PACE of a session."""

    def __init__(self, wire: Card | Channel, number: int, password: str, *, chat: bytes = b"") -> None:
        self.wire, self._number, self._chat = wire, number, chat
        self.terminal = PaceTerminal(password)
        self.nonce = b""
        self.card_key = b""

    def begin(self, pattern: str = "9000") -> Answer:
        return self.wire.expect(set_at(self._number, self._chat), pattern)

    def step(self, content: bytes, *, last: bool = False) -> Answer:
        """GENERAL AUTHENTICATE with the content of 7C."""
        return self.wire.send(command("00 86 00 00" if last else "10 86 00 00", tlv("7C", content), 256))

    def get_nonce(self) -> bytes:
        """Encrypted nonce; gives the mapping key."""
        self.nonce = tree(tree(self.step(b"").check("* 9000").data)["7C"])["80"]
        return self.terminal.take_nonce(self.nonce)

    def map_nonce(self) -> bytes:
        """Gives the ephemeral key."""
        answer = self.step(tlv("81", self.get_nonce())).check("* 9000")
        return self.terminal.take_mapping(tree(tree(answer.data)["7C"])["82"])

    def agree(self) -> bytes:
        """Gives the terminal's token."""
        answer = self.step(tlv("83", self.map_nonce())).check("* 9000")
        self.card_key = tree(tree(answer.data)["7C"])["84"]
        return self.terminal.take_key(self.card_key)

    def finish(self) -> Channel:
        """The whole PACE, from Set AT on."""
        self.begin()
        return self.conclude(self.agree())

    def conclude(self, token: bytes) -> Channel:
        """The last step; the channel begins with the next command."""
        found = tree(tree(self.step(tlv("85", token), last=True).check("* 9000").data)["7C"])
        keys = self.terminal.take_token(found["86"])
        card = self.wire if isinstance(self.wire, Card) else self.wire.card
        cars = tuple(found[tag] for tag in ("87", "88") if tag in found)
        return Channel(card, keys, SecureMessaging(keys.enc, keys.mac), cars)


def wrong(password: str) -> str:
    """Another password of the same length."""
    return password[:-1] + ("1" if password[-1] != "1" else "2")


def open_channel(card: Card, number: int = SHOP_CODE, *, chat: bytes = b"") -> Channel:
    """PACE with the right password."""
    return Pace(card, number, password_of(card, number), chat=chat).finish()


# Terminal Authentication


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal's key and certificates; the first one's issuer is the card's trust point."""

    chain: tuple[Certificate, ...]
    key: Key = field(repr=False)

    @property
    def certificate(self) -> Certificate:
        return self.chain[-1]


def make_terminal(
    card: Card,
    *,
    sector: str = "shops",
    extension: bytes | None = None,
    bits: int = ALL_BITS,
    effective: int = 0,
    days: int = 30,
    name: bytes = b"JPTILL00001",
) -> Terminal:
    """A terminal that may ask whether somebody is 20. ``effective``: days after the bench's."""
    authority = card.authorities[sector]
    first = card.bench.day + timedelta(days=effective)
    key = Key.fresh()
    if extension is None:
        extension = certificates.age_rights(SHOP_CONTEXT, "Sake TEST")
    own = issue(
        car=authority.name,
        signer=authority.key,
        chr=name,
        point=key.point,
        role=TERMINAL,
        bits=bits,
        effective=first,
        expiration=first + timedelta(days=days),
        extension=extension,
    )
    return Terminal((authority.certificate, own), key)


def personaliser(card: Card) -> Terminal:
    """An office's terminal with the personalisation right."""
    content = tlv("02", b"\x01") + tlv("83", b"\x08")
    return make_terminal(card, sector="offices", extension=tlv("30", content), name=b"JPOFFICE00001")


def channel_for(card: Card, terminal: Terminal, number: int = SHOP_CODE) -> Channel:
    """PACE with the terminal's CHAT."""
    return open_channel(card, number, chat=terminal.certificate.chat)


def is_let_in(channel: Channel) -> bool:
    """PRESENT comes as far as its structure only for a terminal that was let in."""
    return channel.send("80 34 00 00 02 E100 00").sw == "6A80"


def set_dst(reference: bytes) -> bytes:
    return command("00 22 81 B6", tlv("83", reference))


def pso(certificate: Certificate) -> bytes:
    return command("00 2A 00 BE", certificate.pso)


def set_at_ta(terminal: Terminal, channel: Channel, *, auxiliary: bytes = b"") -> bytes:
    """MSE:Set AT for Terminal Authentication, DO 91 naming the PACE key."""
    data = tlv("80", ECDSA_SHA_256) + tlv("83", terminal.certificate.chr) + auxiliary
    return command("00 22 81 A4", data + tlv("91", channel.keys.terminal_key[1:33]))


def show(channel: Channel, chain: Sequence[Certificate]) -> None:
    """Every certificate, each under the one before."""
    for certificate in chain:
        channel.expect(set_dst(certificate.car), "9000")
        channel.expect(pso(certificate), "9000")


def until_challenge(channel: Channel, terminal: Terminal) -> bytes:
    """Everything up to r_PICC."""
    show(channel, terminal.chain)
    channel.expect(set_at_ta(terminal, channel), "9000")
    return channel.expect("00 84 00 00 08", "................ 9000").data


def signature(channel: Channel, terminal: Terminal, challenge: bytes, auxiliary: bytes = b"") -> bytes:
    keys = channel.keys
    return terminal.key.sign(challenge_input(keys.card_key, challenge, keys.terminal_key, auxiliary))


def external_authenticate(signed: bytes) -> bytes:
    return command("00 82 00 00", signed)


def authenticate(channel: Channel, terminal: Terminal) -> None:
    """Terminal Authentication, from the first certificate to the signature."""
    signed = signature(channel, terminal, until_challenge(channel, terminal))
    channel.expect(external_authenticate(signed), "9000")


def enter(card: Card, terminal: Terminal | None = None, number: int = SHOP_CODE) -> Channel:
    """A channel in which a terminal has shown itself."""
    terminal = terminal or make_terminal(card)
    channel = open_channel(card, number, chat=terminal.certificate.chat)
    authenticate(channel, terminal)
    return channel


# SCP03


@dataclass(slots=True)
class Personalisation:
    """An open SCP03 channel. ``wire``: the card, or a PACE channel around it."""

    wire: Card | Channel
    scp03: Scp03

    def send(self, apdu: str | bytes) -> Answer:
        plain = octets(apdu) if isinstance(apdu, str) else apdu
        answer = self.wire.send(self.scp03.wrap(plain))
        return Answer(*self.scp03.unwrap(answer.data + octets(answer.sw)))

    def expect(self, apdu: str | bytes, pattern: str) -> Answer:
        return self.send(apdu).check(pattern, apdu if isinstance(apdu, str) else apdu[:8].hex().upper())


def initialize_update(wire: Card | Channel, card: Card, *, level: int = 0x33) -> Scp03:
    """The session up to the host's cryptogram."""
    challenge = secrets.token_bytes(8)
    answer = wire.expect(command("80 50 00 00", challenge, 256), "* 9000")
    facts = card.facts
    return Scp03(octets(facts.enc), octets(facts.mac), challenge, answer.data, level=level)


def open_scp03(card: Card, *, level: int = 0x33) -> Personalisation:
    """INITIALIZE UPDATE and EXTERNAL AUTHENTICATE."""
    scp03 = initialize_update(card, card, level=level)
    card.expect(scp03.external_authenticate(), "9000")
    return Personalisation(card, scp03)
