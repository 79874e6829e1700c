"""A card whose way to the terminal has faults: the same four methods, and trouble where a script says so.

Trouble that a reader or its service would notice is raised as what a terminal is told (:mod:`mumei_core.errors`);
all other trouble is in the answers. Which faults there are: :mod:`mumei_card.link.fault_script`.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final, NoReturn, Protocol

from mumei_card.chip.nvm import Nvm
from mumei_card.chip.power import PowerLost
from mumei_card.errors import CardError
from mumei_card.link.fault_script import Fault, Kind, Moment
from mumei_card.link.pieces import Pieces
from mumei_core.commands.codes import INS_GET_RESPONSE, SW_MEMORY_FAILURE, SW_NO_SPACE, SW_WRONG_LENGTH
from mumei_core.errors import CardRemovedError, CardResetError, MuteCardError, UsageError, WrongCardError

log = logging.getLogger(__name__)

_HEADER: Final = 4
_INS: Final = 1
_NO_INS: Final = -1
_AGAIN: Final = "Hold the card to the reader again and leave it there until the end; starting anew is safe."

_MEMORY_SW: Final = MappingProxyType({Kind.MEMORY_FULL: SW_NO_SPACE, Kind.MEMORY_WORN: SW_MEMORY_FAILURE})
#: What random trouble is made of: all that can happen at one command and needs no waiting.
_RANDOM_KINDS: Final = (
    Kind.REMOVE,
    Kind.RESET,
    Kind.WARM_RESET,
    Kind.MUTE,
    Kind.REPLAY,
    Kind.WRONG_LE,
    Kind.PIECES,
    Kind.MEMORY_FULL,
    Kind.MEMORY_WORN,
    Kind.GARBLE,
    Kind.TRUNCATE,
)
_WITH_MOMENT: Final = frozenset({Kind.REMOVE, Kind.RESET, Kind.WARM_RESET})
_IN_PIECES: Final = frozenset({Kind.WRONG_LE, Kind.PIECES})


class Card(Protocol):
    """What faults are put around."""

    @property
    def atr(self) -> bytes: ...
    def transmit(self, apdu: bytes) -> bytes: ...
    def idle(self) -> bool: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class FaultyNvm(Nvm):
    """A card's memory whose commits can be made to fail. Made like every other."""

    trouble: Callable[[], None] | None = None

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """As :meth:`Nvm.commit`, unless there is trouble."""
        if self.trouble is not None:
            self.trouble()
        super().commit(changes)


def _power_goes() -> NoReturn:
    raise PowerLost


class FaultyCard:
    """``card``, whose memory is ``memory``, with the faults of a script between it and whoever asks.

    ``sleep`` waits so many seconds for late answers. ``report`` is told of each fault as it happens, as it would be
    written in a script; it hears no data.
    """

    def __init__(
        self,
        card: Card,
        memory: FaultyNvm,
        faults: Sequence[Fault],
        *,
        sleep: Callable[[float], object] = time.sleep,
        report: Callable[[str], None] = lambda fault: log.warning("fault: %s", fault),
    ) -> None:
        self._card = card
        self._memory = memory
        self._faults = [fault for fault in faults if fault.kind is not Kind.RANDOM]
        self._chances = [_Chance(fault, report) for fault in faults if fault.kind is Kind.RANDOM]
        self._sleep = sleep
        self._report = report
        self._pieces = Pieces()
        self._commands = 0
        self._of_instruction: Counter[int] = Counter()
        self._state: Callable[[], None] = _is_well

    @property
    def atr(self) -> bytes:
        """The card's, but for ``wrong-protocol``: then it offers T=14 alone (ISO/IEC 7816-3:2006, 8.2.3)."""
        return _T14_ATR if self._has(Kind.WRONG_PROTOCOL) else self._card.atr

    @property
    def modelled(self) -> object:
        """The time that the card inside models, if it does."""
        return getattr(self._card, "modelled", None)

    @property
    def supports_extended(self) -> bool:
        """Whether the way passes extended lengths."""
        return not self._has(Kind.SHORT_ONLY)

    def transmit(self, apdu: bytes) -> bytes:
        """One exchange. Raises CardRemovedError, CardResetError, MuteCardError where the script says so."""
        self._state()
        self._commands += 1
        faults = self._due(apdu)
        for fault in faults:
            self._before(fault)
        if self._has(Kind.SHORT_SILENT) and _is_extended(apdu):
            return SW_WRONG_LENGTH.to_bytes(2)
        waited = self._pieces.give(apdu)
        answer = self._exchange(apdu, faults) if waited is None else waited
        for fault in faults:
            answer = self._after(fault, answer)
            if fault.kind in _IN_PIECES and waited is None and apdu[_INS] != INS_GET_RESPONSE:
                answer = self._in_pieces(fault, apdu, answer)
        return answer

    def idle(self) -> bool:
        """As the card's, while it lies in the reader."""
        if self._state is not _is_well:
            return False
        return self._card.idle()

    def reset(self) -> None:
        """Power off and on. Raises CardRemovedError where there is no card any more."""
        if self._state is _is_gone:
            _is_gone()
        self._power_up()

    def lay_back(self) -> None:
        """The card comes back to the reader, if it was away."""
        self._power_up()

    def close(self) -> None:
        """As the card's."""
        self._card.close()

    def _power_up(self) -> None:
        self._state = _is_well
        self._memory.trouble = None
        self._pieces.clear()
        self._card.reset()

    def _has(self, kind: Kind) -> bool:
        return any(fault.kind is kind for fault in self._faults)

    def _due(self, apdu: bytes) -> list[Fault]:
        """The faults of this command."""
        ins = apdu[_INS] if len(apdu) >= _HEADER else _NO_INS
        self._of_instruction[ins] += 1
        counted = self._commands, ins, self._of_instruction[ins]
        found = [
            fault for fault in self._faults if fault.kind not in _STANDING and fault.place.fits(*counted)
        ]
        found += [fault for chance in self._chances for fault in chance.at(self._commands)]
        for fault in found:
            self._report(fault.text)
        return found

    def _before(self, fault: Fault) -> None:
        if fault.kind in _MEMORY_SW:
            self._memory.trouble = _refusing(_MEMORY_SW[fault.kind])
        elif fault.kind is Kind.MUTE:
            self._fall(_is_mute)
        elif fault.kind is Kind.WARM_RESET and fault.moment is Moment.BEFORE:
            self._pieces.clear()
            self._card.reset()
        elif fault.kind in _WITH_MOMENT and fault.moment is Moment.BEFORE:
            self._fall(_LOST[fault.kind])
        elif fault.kind in _WITH_MOMENT and fault.moment is Moment.INSIDE:
            self._memory.trouble = _power_goes

    def _exchange(self, apdu: bytes, faults: Sequence[Fault]) -> bytes:
        try:
            if any(fault.kind is Kind.REPLAY for fault in faults):
                self._card.transmit(apdu)
            return self._card.transmit(apdu)
        except PowerLost:
            # What this looks like from outside, _after says.
            return b""

    def _after(self, fault: Fault, answer: bytes) -> bytes:
        if fault.kind in _WITH_MOMENT and fault.moment is not Moment.BEFORE:
            self._memory.trouble = None
            self._fall(_LOST[fault.kind])
        if fault.kind is Kind.LATE:
            self._sleep(fault.seconds)
        if fault.kind is Kind.GARBLE:
            return _flipped(answer, fault.number)
        if fault.kind is Kind.TRUNCATE:
            return answer[: len(answer) // 2 if fault.number is None else fault.number]
        return answer

    def _in_pieces(self, fault: Fault, apdu: bytes, answer: bytes) -> bytes:
        if fault.kind is Kind.WRONG_LE:
            return self._pieces.ask_for_le(apdu, answer)
        return self._pieces.keep(answer, fault.number)

    def _fall(self, state: Callable[[], NoReturn]) -> NoReturn:
        """The card forgets its session, and is like this from now on."""
        self._card.reset()
        self._pieces.clear()
        self._state = state
        state()


class _Chance:
    """Random faults: the same seed gives the same ones at the same commands."""

    def __init__(self, fault: Fault, report: Callable[[str], None]) -> None:
        seed = secrets.randbelow(1 << 32) if fault.number is None else fault.number
        self._random = Random(seed)  # noqa: S311 - trouble that can be repeated, no secret
        self._rate = fault.rate
        report(f"{Kind.RANDOM}:{seed}:{fault.rate:g}")

    def at(self, number: int) -> Iterator[Fault]:
        """The fault of the ``number``-th command, if it has one."""
        # Drawn in the same way at every command, whatever comes of it.
        strikes, kind = self._random.random() < self._rate, self._random.choice(_RANDOM_KINDS)
        moment, bit = self._random.choice(tuple(Moment)), self._random.getrandbits(12)
        if not strikes:
            return
        detail = f":{moment}" if kind in _WITH_MOMENT else f":{bit}" if kind is Kind.GARBLE else ""
        yield Fault(
            kind=kind,
            text=f"{kind}@{number}{detail}",
            moment=moment,
            number=bit if kind is Kind.GARBLE else None,
        )


def _is_well() -> None:
    """Nothing to be said."""


def _is_gone() -> NoReturn:
    raise CardRemovedError("the card was removed", hint=_AGAIN)


def _is_reset() -> NoReturn:
    raise CardResetError("another program reset the card", hint=_AGAIN)


def _has_lost_contact() -> NoReturn:
    raise CardResetError("contact with the card was lost", hint=_AGAIN)


def _is_mute() -> NoReturn:
    raise MuteCardError(
        "the card does not answer any more",
        hint="Take the card out, wipe its contacts and put it back; starting anew is safe.",
    )


_LOST: Final = MappingProxyType(
    {Kind.REMOVE: _is_gone, Kind.RESET: _is_reset, Kind.WARM_RESET: _has_lost_contact}
)
#: Of the reader rather than of one command.
_STANDING: Final = frozenset({Kind.SHORT_ONLY, Kind.SHORT_SILENT, Kind.WRONG_PROTOCOL, Kind.TWO_CARDS})
# TD1 8E: T=14; TCK over all after TS.
_T14_ATR: Final = bytes.fromhex("3B800E8E")


def _refusing(sw: int) -> Callable[[], None]:
    def refuse() -> NoReturn:
        raise CardError(sw, "the fault script says so")

    return refuse


def _is_extended(apdu: bytes) -> bool:
    """Whether it has extended length fields (ISO/IEC 7816-4:2005, 5.1): octet 5 is 00, and is not all there is."""
    return len(apdu) > _HEADER + 1 and not apdu[_HEADER]


def _flipped(answer: bytes, bit: int | None) -> bytes:
    """``answer`` with one bit changed: that one, counted from 0 and round the end, or one in the middle."""
    if not answer:
        return answer
    at = (4 * len(answer) if bit is None else bit) % (8 * len(answer))
    changed = bytearray(answer)
    changed[at // 8] ^= 0x80 >> at % 8
    return bytes(changed)


def check_reader(faults: Sequence[Fault]) -> None:
    """What a reader and its service refuse before a card is opened. Raises WrongCardError, UsageError."""
    kinds = {fault.kind for fault in faults}
    if Kind.TWO_CARDS in kinds:
        raise UsageError(
            "2 readers hold a card", hint="Leave only the card that is meant on a reader, and try again."
        )
    if Kind.WRONG_PROTOCOL in kinds:
        raise WrongCardError(
            "the card speaks neither T=0 nor T=1", hint="Put in the mumei card; this is another kind of card."
        )
