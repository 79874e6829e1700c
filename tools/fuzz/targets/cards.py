"""Cards where programs begin, and the terminal that talks to them: with keys, where a channel is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.targets.card_rules import check_answer, check_memory
from tools.fuzz.targets.documented import words
from tools.fuzz.world import Stream, Tape, World

from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.os.secure_messaging import SecureMessagingLayer
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands import codes
from mumei_core.errors import MumeiError
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03 import HostScp03, initialize_update
from mumei_core.gp.scp03_session import InitializeUpdateAnswer
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import CardChannel, TerminalChannel, is_protected

#: One program in so many begins with a real PACE.
_FOR_REAL_EVERY: Final = 64
_GET_RESPONSE: Final = bytes((codes.CLA_ISO, codes.INS_GET_RESPONSE, 0, 0, 0, 0, 0))
_BEGINNINGS: Final = (
    (codes.CLA_ISO, codes.INS_SELECT),
    (codes.CLA_PROPRIETARY, codes.INS_INITIALIZE_UPDATE),
)
_SELECT: Final = bytes((codes.CLA_ISO, codes.INS_SELECT, 4, 0, len(codes.AID))) + codes.AID + b"\0"


@dataclass(slots=True)
class Card:
    """A fresh card, judged at every command."""

    name: str
    records: dict[str, bytes]
    stopwatch: Stopwatch
    nvm: Nvm = field(init=False)
    kernel: Kernel = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.nvm = Nvm.in_memory(self.records)
        self.kernel = Kernel(self.nvm, random_source=Stream())

    def transmit(self, octets: bytes) -> ResponseAPDU:
        """One command, timed by itself."""
        self.sent += 1
        self.stopwatch.begin()
        answer = self.kernel.transmit(octets)
        if len(answer) < 2:
            raise Violation("status word", "an answer without a status word")
        return ResponseAPDU.from_bytes(answer)

    def contents(self) -> dict[str, bytes]:
        """All records."""
        return {name: value for name in self.nvm.sizes() if (value := self.nvm.get(name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What a card knows behind a tape that opened PACE's channel: enough to stand there again at once."""

    records: dict[str, bytes]
    status: SecurityStatus


class Terminal:
    """Who sends the steps: has keys where a channel is open, and protects with them."""

    def __init__(
        self, card: Card, *, channel: TerminalChannel | None = None, scp03: HostScp03 | None = None
    ) -> None:
        self._card, self._channel, self._scp03 = card, channel, scp03
        self._writes, self._before = card.nvm.writes, card.contents()

    def send(self, octets: bytes, *, protected: bool, tamper: int | None) -> None:
        """One command, its answer judged as what it means in plain."""
        try:
            plain = CommandAPDU.from_bytes(octets) if protected else None
            wire = self._protected(plain) if plain is not None else octets
        except MumeiError:
            # It does not fit into the channel, or the channel is over: then it goes as it is.
            plain, wire = None, octets
        if tamper is not None and wire:
            place = tamper % len(wire)
            wire = wire[:place] + bytes([wire[place] ^ 1]) + wire[place + 1 :]
            plain = None
        answer = self._card.transmit(wire)
        if plain is not None and status_word.more_data(answer.sw) is not None:
            answer = self._whole(answer)
        judged, answer = self._understood(wire, plain, answer)
        if judged is not None:
            # Inside a channel it is the outer Le that cuts an answer into pieces.
            check_answer(judged, answer.data, answer.sw, words=words, le=plain is None)
        # The instruction travels in clear, and so does the status word beside its protected copy.
        self._check_memory(judged or wire, answer.sw)

    def reset(self) -> None:
        """The card loses its session, and so does the terminal."""
        self._card.kernel.reset()
        self._channel = self._scp03 = None

    def _protected(self, plain: CommandAPDU) -> bytes:
        command = plain
        if (plain.cla, plain.ins) in _BEGINNINGS:
            # They begin something new, and SCP03 ends.
            self._scp03 = None
        if self._scp03 is not None:
            command = self._scp03.wrap(command)
        if self._channel is not None and self._channel.is_open:
            command = self._channel.wrap(command, extended=True)
        return command.to_bytes(extended=not command.fits_short)

    def _whole(self, answer: ResponseAPDU) -> ResponseAPDU:
        """A protected answer in one piece; GET RESPONSE travels in plain."""
        data = answer.data
        while status_word.more_data(answer.sw) is not None:
            answer = self._card.transmit(_GET_RESPONSE)
            data += answer.data
        return ResponseAPDU(data, answer.sw)

    def _understood(
        self, wire: bytes, plain: CommandAPDU | None, answer: ResponseAPDU
    ) -> tuple[bytes | None, ResponseAPDU]:
        """(the command that the answer belongs to, the answer in plain); None: the protection was refused."""
        if plain is None:
            self._give_up_if_plain(wire)
            return (None if _looks_protected(wire) else wire), answer
        try:
            if self._channel is not None and self._channel.is_open:
                answer = self._channel.unwrap(answer)
            if self._scp03 is not None:
                answer = self._scp03.unwrap(answer)
        except MumeiError:
            self._channel = self._scp03 = None
            if answer.data:
                raise Violation("data", "an answer that is not protected as agreed, with data") from None
            return None, answer
        return plain.to_bytes(extended=not plain.fits_short), answer

    def _give_up_if_plain(self, wire: bytes) -> None:
        """What was not sent inside the channel ends it; so the keys are of no use any more."""
        try:
            command = CommandAPDU.from_bytes(wire)
        except ApduError:
            return
        # GET RESPONSE travels in plain.
        if command.ins != codes.INS_GET_RESPONSE:
            self._channel = self._scp03 = None

    def _check_memory(self, judged: bytes, sw: int) -> None:
        card = self._card
        if card.nvm.writes == self._writes:
            return
        after = card.contents()
        check_memory(judged, sw, self._before, after)
        self._writes, self._before = card.nvm.writes, after


class Beginnings:
    """Cards and terminals at the places where programs begin.

    PACE and Terminal Authentication are run for real at first and then once in so many programs; in between their
    end is put back, which takes a hundredth of the time.
    """

    def __init__(self, world: World, stopwatch: Stopwatch) -> None:
        self._world, self._stopwatch = world, stopwatch
        self._keys = StaticKeys.from_bytes(world.static_keys)
        self._opened: dict[str, _Opened] = {}
        self._given = 0

    def at(self, beginning: str) -> tuple[Card, Terminal]:
        """A card of its own, and who talks to it."""
        self._given += 1
        tape = self._world.tapes.get(beginning)
        if tape is None:
            card = self._card(beginning, self._world.cards[beginning])
            card.transmit(_SELECT)
            return card, Terminal(card)
        opened = self._opened.get(beginning)
        channel = TerminalChannel(tape.k_enc, tape.k_mac) if tape.k_enc else None
        if channel is not None and opened is not None and self._given % _FOR_REAL_EVERY:
            card = self._card(tape.card, opened.records)
            _put_back(card.kernel, tape, opened.status)
        else:
            card = self._card(tape.card, self._world.cards[tape.card])
            self._replay(card, tape, channel)
            if channel is not None:
                status = card.kernel.context.security_status.snapshot()
                self._opened[beginning] = _Opened(records=card.contents(), status=status)
        scp03 = self._open_scp03(card, tape, channel) if tape.host_challenge else None
        return card, Terminal(card, channel=channel, scp03=scp03)

    def _card(self, name: str, records: dict[str, bytes]) -> Card:
        return Card(name, records, self._stopwatch)

    def _replay(self, card: Card, tape: Tape, channel: TerminalChannel | None) -> None:
        for octets in tape.commands:
            command = CommandAPDU.from_bytes(octets)
            answer = card.transmit(octets)
            if channel is not None and is_protected(command.cla):
                # The counter moves on; what the recorded command was in plain is of no interest.
                channel.wrap(CommandAPDU(cla=0, ins=command.ins, p1=0, p2=0), extended=True)
                answer = channel.unwrap(answer)
            if answer.sw != codes.SW_OK:
                raise Violation("replay", f"a recorded session ends with {answer.sw:04X}")

    def _open_scp03(self, card: Card, tape: Tape, channel: TerminalChannel | None) -> HostScp03:
        def send(command: CommandAPDU) -> ResponseAPDU:
            if channel is None:
                return card.transmit(command.to_bytes())
            wrapped = channel.wrap(command, extended=True)
            return channel.unwrap(card.transmit(wrapped.to_bytes(extended=not wrapped.fits_short)))

        answer = InitializeUpdateAnswer.from_bytes(send(initialize_update(tape.host_challenge)).data)
        scp03 = HostScp03(self._keys, tape.host_challenge, answer)
        if send(scp03.external_authenticate()).sw != codes.SW_OK:
            raise Violation("replay", "a recorded session does not open SCP03")
        return scp03


def _put_back(kernel: Kernel, tape: Tape, status: SecurityStatus) -> None:
    """The card as it was behind ``tape``: its session, and the channel's keys with the counter at its beginning."""
    kernel.context.security_status.restore(status)
    for layer in kernel._layers:
        if isinstance(layer, SecureMessagingLayer):
            layer.start(CardChannel(tape.k_enc, tape.k_mac))
    # New keys hold from the next command on; SELECT leaves a channel as it is.
    kernel.transmit(_SELECT)


def _looks_protected(octets: bytes) -> bool:
    return len(octets) >= 4 and bool(octets[0] & 0x0C) and octets[0] != 0xFF
