"""Both sides of the channels: secure messaging, SCP03 and PACE, where the other side has the keys and misuses them.

An attacker without keys never gets past the first MAC, so most inputs are protected properly here before they are
read: with a MAC made by code of this module, so that the two sides of one library cannot agree on a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import PARSER_BAR, PROTOCOL_BAR, Runner, Target
from tools.fuzz.world import Stream, World

from mumei_core.commands import codes
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import CardPace, PaceError, Step, TerminalPace
from mumei_core.eac.pace_crypto import PaceAlgorithm, password_key
from mumei_core.eac.pace_messages import Password
from mumei_core.errors import MumeiError
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03 import CardScp03, HostScp03
from mumei_core.gp.scp03_session import LEVELS, Level
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode
from mumei_core.iso7816.secure_messaging import CardChannel, SecureMessagingError, TerminalChannel

_K_ENC, _K_MAC = bytes(range(16)), bytes(range(16, 32))
_BLOCK: Final = 16
_MAC_OCTETS: Final = 8
_KEYED: Final = 0x80
"""First octet: whether the input gets a right MAC."""
_LEVELS: Final = tuple(sorted(LEVELS))
_STATIC: Final = StaticKeys(enc=bytes(range(16)), mac=bytes(range(16, 32)), dek=bytes(range(32, 48)))
_PASSWORD: Final = b"271828"


# Secure messaging: first octet, CLA INS P1 P2 (or SW1-SW2), then the objects.


def _sm_card(octets: bytes) -> int:
    if len(octets) < 5:
        return 1
    header = bytes([octets[1] | 0x0C]) + octets[2:5]
    data = octets[5:]
    if octets[0] & _KEYED:
        data = _with_mac(data, _padded(header))
    channel = CardChannel(_K_ENC, _K_MAC)
    command = CommandAPDU(
        cla=header[0], ins=header[1], p1=header[2], p2=header[3], data=data, le=MAX_EXTENDED_LE
    )
    try:
        plain = channel.unwrap(command)
    except SecureMessagingError:
        return _require_closed(channel)
    if octets[0] & _KEYED == 0:
        raise Violation("forgery", "a command without a right MAC was taken")
    again = TerminalChannel(_K_ENC, _K_MAC).wrap(plain, extended=True)
    # Le may have been said in two octets where one is enough; all else is made the same way again.
    if again.header != command.header or (again.data != data and not _has_long_le(data)):
        raise Violation("round trip", "a protected command is protected in another way again")
    return 1


def _sm_terminal(octets: bytes) -> int:
    if len(octets) < 4:
        return 1
    sw, ins, data = int.from_bytes(octets[1:3]), octets[3], octets[4:]
    channel = TerminalChannel(_K_ENC, _K_MAC)
    channel.wrap(CommandAPDU(cla=0, ins=ins, p1=0, p2=0), extended=True)
    if octets[0] & _KEYED:
        data = _with_mac(data, b"", count=2)
    try:
        plain = channel.unwrap(ResponseAPDU(data, sw))
    except SecureMessagingError:
        return _require_closed(channel)
    if octets[0] & _KEYED == 0:
        raise Violation("forgery", "an answer without a right MAC was taken")
    card = CardChannel(_K_ENC, _K_MAC)
    sent = TerminalChannel(_K_ENC, _K_MAC).wrap(CommandAPDU(cla=0, ins=ins, p1=0, p2=0), extended=True)
    card.unwrap(sent)
    if card.wrap(plain) != ResponseAPDU(data, sw):
        raise Violation("round trip", "a protected answer is protected in another way again")
    return 1


def _require_closed(channel: CardChannel | TerminalChannel) -> int:
    """The first error is the last thing that happens."""
    if channel.is_open:
        raise Violation("state", "a channel stays open behind an error")
    return 1


def _with_mac(objects: bytes, header: bytes, *, count: int = 1) -> bytes:
    """``objects`` and a right DO 8E behind them (TR-03110-3 v2.21, F.4)."""
    cmac = CMAC(algorithms.AES(_K_MAC))
    cmac.update(count.to_bytes(_BLOCK) + header + (_padded(objects) if objects else b""))
    return objects + encode(codes.TAG_SM_MAC, cmac.finalize()[:_MAC_OCTETS])


def _padded(octets: bytes) -> bytes:
    return octets + b"\x80" + bytes(-(len(octets) + 1) % _BLOCK)


def _has_long_le(data: bytes) -> bool:
    return bytes([codes.TAG_SM_LE, 2]) in data


def _sm_card_seeds(world: World) -> list[bytes]:
    found = []
    for ins, data, le in (
        (0x20, b"271828", None),
        (0x34, world.good("request")[0], 65_536),
        (0xB0, b"", 256),
        (0x87, b"", None),
    ):
        command = CommandAPDU(cla=0, ins=ins, p1=0, p2=0, data=data, le=le)
        wrapped = TerminalChannel(_K_ENC, _K_MAC).wrap(command, extended=True)
        found.append(bytes([_KEYED]) + wrapped.header + wrapped.data[: -_MAC_OCTETS - 2])
        found.append(bytes([0]) + wrapped.header + wrapped.data[:-1])
    return found


def _sm_terminal_seeds(world: World) -> list[bytes]:
    found = []
    for ins, data, sw in (
        (0x34, world.good("presentation")[0], 0x9000),
        (0x87, b"", 0x6982),
        (0xB1, b"\1", 0x9000),
    ):
        card = CardChannel(_K_ENC, _K_MAC)
        card.unwrap(
            TerminalChannel(_K_ENC, _K_MAC).wrap(CommandAPDU(cla=0, ins=ins, p1=0, p2=0), extended=True)
        )
        wrapped = card.wrap(ResponseAPDU(data, sw))
        head = sw.to_bytes(2) + bytes([ins])
        found.append(bytes([_KEYED]) + head + wrapped.data[: -_MAC_OCTETS - 2])
        found.append(bytes([0]) + head + wrapped.data[:-1])
    return found


# SCP03: first octet: level, and whether it is protected properly; then CLA INS P1 P2 data.


class _Scp03Pair:
    """An open SCP03 channel, both ends."""

    def __init__(self, level: Level, *, s16: bool) -> None:
        challenge = bytes(range(16 if s16 else 8))
        self.card = CardScp03(
            _STATIC,
            challenge,
            aid=codes.ISD_AID,
            diversification_data=bytes(10),
            key_version=codes.SCP03_INITIAL_KVN,
            sequence_counter=1,
        )
        self.host = HostScp03(_STATIC, challenge, self.card.answer, level=level)
        self.card.external_authenticate(self.host.external_authenticate())


def _scp03_card(octets: bytes) -> int:
    if len(octets) < 5:
        return 1
    pair = _scp03_pair(octets[0])
    command = CommandAPDU(cla=octets[1], ins=octets[2], p1=octets[3], p2=octets[4], data=octets[5:])
    if octets[0] & _KEYED:
        wrapped = pair.host.wrap(command)
        plain = pair.card.unwrap(wrapped)
        if plain.data != command.data or plain.header[1:] != command.header[1:]:
            raise Violation("round trip", "a protected command arrives as another one")
        return 1
    try:
        pair.card.unwrap(command)
    except MumeiError:
        if pair.card.is_open:
            raise Violation("state", "a channel stays open behind an error") from None
        return 1
    if pair.card.level & Level.C_MAC:
        raise Violation("forgery", "a command without a right MAC was taken")
    return 1


def _scp03_host(octets: bytes) -> int:
    if len(octets) < 3:
        return 1
    pair = _scp03_pair(octets[0])
    sw, data = int.from_bytes(octets[1:3]), octets[3:]
    sent = pair.host.wrap(CommandAPDU(cla=0x80, ins=0xF2, p1=0, p2=0, data=b"\x4f\x00"))
    pair.card.unwrap(sent)
    answer = ResponseAPDU(data, sw)
    if octets[0] & _KEYED:
        wrapped = pair.card.wrap(answer)
        try:
            plain = pair.host.unwrap(wrapped)
        except MumeiError:
            # Data beside an error are the one answer that a card cannot protect.
            if not data or sw >> 8 in (0x62, 0x63) or sw == codes.SW_OK:
                raise Violation("round trip", "a protected answer is not understood") from None
            return 1
        if plain != answer:
            raise Violation("round trip", "a protected answer arrives as another one")
        return 1
    try:
        pair.host.unwrap(answer)
    except MumeiError:
        return 1
    if pair.host.level & Level.R_MAC and (sw == codes.SW_OK or sw >> 8 in (0x62, 0x63)):
        raise Violation("forgery", "an answer without a right MAC was taken")
    return 1


def _scp03_pair(first: int) -> _Scp03Pair:
    level = _LEVELS[(first & 0x0F) % len(_LEVELS)]
    return _Scp03Pair(level, s16=bool(first & 0x10))


def _scp03_seeds(world: World) -> list[bytes]:
    data = world.good("put key", "enrol")
    return [
        bytes([keyed | s16 | level]) + bytes((0x80, 0xD8, 0, 0)) + octets
        for keyed in (0, _KEYED)
        for s16 in (0, 0x10)
        for level in range(len(_LEVELS))
        for octets in data
    ]


def _scp03_answer_seeds(world: World) -> list[bytes]:
    return [seed[:1] + b"\x90\x00" + seed[5:] for seed in _scp03_seeds(world)]


# PACE: each message has two octets of length; the other side's own machine says what would have been right.


def _pace_card(octets: bytes) -> int:
    """A hostile terminal: the steps of an input, most of them wrong."""
    key = password_key(PaceAlgorithm.AES_128, _PASSWORD)
    card = CardPace(
        P256_GROUP, PaceAlgorithm.AES_128, Password.PIN, key, random=Stream(), cars=(b"JPMUMEICVCA00001",)
    )
    for message in _messages(octets):
        last = bool(message[0] & 1) if message else False
        try:
            if card.step is Step.TOKEN:
                card.take_token(message[1:], last=last)
                card.check_token()
            else:
                card.general_authenticate(message[1:], last=last)
        except PaceError:
            _require_failed(card.step)
            return 1
    return 1


def _pace_terminal(octets: bytes) -> int:
    """A hostile card."""
    terminal = TerminalPace(
        P256_GROUP, PaceAlgorithm.AES_128, Password.PIN, _PASSWORD, random=Stream(), chat=None
    )
    for message in _messages(octets):
        try:
            if terminal.next(message[1:]) is None:
                return 1
        except PaceError:
            _require_failed(terminal.step)
            return 1
    return 1


def _require_failed(step: Step) -> None:
    if step is not Step.FAILED:
        raise Violation("state", "PACE goes on behind an error")


def _messages(octets: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 2])
        found.append(octets[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def _recorded(messages: list[bytes], *, last: int) -> bytes:
    """A whole run; ``last``: the message that has no chaining bit."""
    return b"".join(
        (1 + len(message)).to_bytes(2) + bytes([number == last]) + message
        for number, message in enumerate(messages)
    )


def _pace_run() -> tuple[list[bytes], list[bytes]]:
    """(the terminal's messages, the card's answers) of a run that succeeds."""
    key = password_key(PaceAlgorithm.AES_128, _PASSWORD)
    card = CardPace(P256_GROUP, PaceAlgorithm.AES_128, Password.PIN, key, random=Stream())
    # The two must not draw the same.
    source = Stream(first=1_000)
    terminal = TerminalPace(P256_GROUP, PaceAlgorithm.AES_128, Password.PIN, _PASSWORD, random=source)
    sent, answers = [], []
    command: CommandAPDU | None = terminal.nonce_command()
    while command is not None:
        sent.append(command.data)
        if card.step is Step.TOKEN:
            card.take_token(command.data, last=True)
            answers.append(card.check_token())
        else:
            answers.append(card.general_authenticate(command.data, last=False))
        command = terminal.next(answers[-1])
    return sent, answers


def _pace_card_seeds(world: World) -> list[bytes]:
    del world
    sent, _ = _pace_run()
    return [_recorded(sent[:count], last=3) for count in range(1, len(sent) + 1)]


def _pace_terminal_seeds(world: World) -> list[bytes]:
    del world
    _, answers = _pace_run()
    return [_recorded(answers[:count], last=3) for count in range(1, len(answers) + 1)]


def _target(
    name: str,
    about: str,
    run: Runner,
    seeds: Callable[[World], list[bytes]],
    *,
    share: float,
    bar: int = PARSER_BAR,
) -> Target:
    def make(world: World, stopwatch: Stopwatch) -> Runner:
        del world, stopwatch
        return run

    return Target(name=name, about=about, make=make, seeds=seeds, share=share, bar=bar)


TARGETS: Final = (
    _target(
        "sm-card",
        "secure messaging, the card's side; the terminal has the keys",
        _sm_card,
        _sm_card_seeds,
        share=2.0,
    ),
    _target(
        "sm-terminal",
        "secure messaging, the terminal's side; the card has the keys",
        _sm_terminal,
        _sm_terminal_seeds,
        share=2.0,
    ),
    _target(
        "scp03-card",
        "SCP03, the card's side, every level",
        _scp03_card,
        _scp03_seeds,
        share=1.5,
        bar=PROTOCOL_BAR,
    ),
    _target(
        "scp03-host",
        "SCP03, the host's side, every level",
        _scp03_host,
        _scp03_answer_seeds,
        share=2.0,
        bar=PROTOCOL_BAR,
    ),
    _target(
        "pace-card",
        "PACE, the card's side, a hostile terminal",
        _pace_card,
        _pace_card_seeds,
        share=1.5,
        bar=PROTOCOL_BAR,
    ),
    _target(
        "pace-terminal",
        "PACE, the terminal's side, a hostile card",
        _pace_terminal,
        _pace_terminal_seeds,
        share=3.0,
        bar=PROTOCOL_BAR,
    ),
)
