"""A connection that answers from a recording, for hosts that are to behave as they did when it was made.

Strict: the host has to send what was recorded, in that order; where octets were masked, as many. What was masked in
an answer cannot be given.

Which sessions can be fed to a host? Every one in which the host draws nothing: plain commands, PIN, log, a new
card's parameters. A host that opens a secure channel, or asks for a presentation, draws fresh keys and nonces,
which no recording holds: whoever has them can read the session. It can be replayed only where the same randoms are
injected, as the tests do; everywhere else the first fresh octets end the replay with :class:`FreshRandomsError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei.transport.base import CardConnection
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands import codes
from mumei_core.errors import CardRemovedError, ProtocolError, UsageError
from mumei_core.iso7816.secure_messaging import is_protected

_HEADER = 4
_SAME: Final = "Run what the recording was made with: the same program, with the same options."
# Instructions whose data field the host draws at random, or makes of what it drew.
_DRAWN: Final = frozenset(
    {
        codes.INS_GENERAL_AUTHENTICATE,
        codes.INS_INITIALIZE_UPDATE,
        codes.INS_EXTERNAL_AUTHENTICATE,
        codes.INS_ENROL,
        codes.INS_STORE_CREDENTIAL,
        codes.INS_PRESENT,
    }
)


class RecordingDiffersError(ProtocolError):
    """The host does something else than it did when the recording was made. ``number``: of the exchange."""

    def __init__(self, message: str, *, number: int, hint: str = _SAME) -> None:
        super().__init__(f"exchange {number}: {message}", hint=hint)
        self.number = number


class FreshRandomsError(RecordingDiffersError):
    """The host drew other keys or nonces than the recorded ones: this session cannot be replayed to it."""


class MaskedAnswerError(UsageError):
    """What the card answered was masked when it was recorded, so it cannot be answered again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One APDU each way. ``response``: None where none came. ``number``: what the recording calls the exchange."""

    number: int
    command: MaskedOctets
    response: MaskedOctets | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReset:
    """The host reset the card after the exchange ``number``."""

    number: int


class ReplayConnection(CardConnection):
    """A card that is a recording."""

    def __init__(
        self,
        steps: Sequence[Recorded | RecordedReset],
        *,
        name: str,
        atr: bytes,
        supports_extended: bool = True,
    ) -> None:
        self.name, self.atr, self.supports_extended = name, atr, supports_extended
        self._steps = tuple(steps)
        self._at = 0

    @property
    def left(self) -> int:
        """How many recorded exchanges the host has not asked for; resets are not counted."""
        return sum(isinstance(step, Recorded) for step in self._steps[self._at :])

    def transmit(self, apdu: bytes) -> bytes:
        """See :meth:`CardConnection.transmit`.

        Raises:
            RecordingDiffersError: something else was sent then; FreshRandomsError where that cannot be otherwise.
            MaskedAnswerError: the answer was masked.
            CardRemovedError: no answer came then either.
        """
        step = self._next(f"the host sends {_header(apdu)}")
        if isinstance(step, RecordedReset):
            raise RecordingDiffersError(
                f"the card was reset here, and now the host sends {_header(apdu)}", number=step.number
            )
        if not step.command.agrees_with(apdu):
            raise _difference(step, apdu)
        self._at += 1
        if step.response is None:
            raise CardRemovedError(
                f"exchange {step.number}: the card did not answer when this was recorded",
                hint="The recording ends here as the session did.",
            )
        if not step.response.is_whole:
            raise MaskedAnswerError(
                f"exchange {step.number}: {step.response.hidden_octets} octets of the answer were masked",
                hint="They were secret or personal; what comes after them cannot be replayed to a host.",
            )
        return step.response.zeroed

    def reset(self) -> None:
        """See :meth:`CardConnection.reset`. Raises :class:`RecordingDiffersError` where there was none."""
        step = self._next("the host resets the card")
        if isinstance(step, Recorded):
            raise RecordingDiffersError(
                f"the host resets the card and sent {_header(step.command.zeroed)} then", number=step.number
            )
        self._at += 1

    def close(self) -> None:
        """See :meth:`CardConnection.close`. May come at any time: :attr:`left` tells whether it was early."""

    def _next(self, doing: str) -> Recorded | RecordedReset:
        if self._at == len(self._steps):
            last = self._steps[-1].number if self._steps else 0
            raise RecordingDiffersError(f"{doing}, and the recording has ended", number=last + 1)
        return self._steps[self._at]


def _difference(step: Recorded, apdu: bytes) -> RecordingDiffersError:
    was, now = step.command.zeroed, apdu
    alike = was[:_HEADER] == now[:_HEADER] and len(was) == len(now)
    if alike and (is_protected(now[0]) or now[1] in _DRAWN):
        return FreshRandomsError(
            f"the host drew other randoms for {_header(apdu)} than when this was recorded",
            number=step.number,
            hint="Keys and nonces of a session are fresh, and no recording holds them: only its part before this "
            "can be replayed to a host, or all of it where a test injects the same randoms.",
        )
    if was[:_HEADER] != now[:_HEADER]:
        return RecordingDiffersError(
            f"the host sends {_header(now)}, recorded is {_header(was)}", number=step.number
        )
    if len(was) != len(now):
        return RecordingDiffersError(
            f"the host sends {_header(now)} with {len(now)} octets in all, recorded are {len(was)}",
            number=step.number,
        )
    visible = MaskedOctets.masking(now, step.command.hidden).zeroed
    place = next(at for at, (a, b) in enumerate(zip(was, visible, strict=True)) if a != b)
    return RecordingDiffersError(
        f"the host sends another {_header(now)}: octet {place + 1} of {len(now)} is not the recorded one",
        number=step.number,
    )


def _header(apdu: bytes) -> str:
    return apdu[:_HEADER].hex(" ").upper()
