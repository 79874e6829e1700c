"""The holder's PIN (ISO/IEC 7816-4:2005, 7.5.6, 7.5.7 and 7.5.10; kinds of PIN: TR-03110-2 v2.21, 2.2).

A new card has a transport PIN of five digits, which does nothing but be changed. Three wrong tries block the
PIN; the PUK, with ten tries of its own, is the way out: a development card takes a new PIN with it, a standard
card gives the old one its tries again. What travels in plain is for development cards; standard ones want PACE
first.

Secrets here are mutable octets that can be wiped. That is best effort: the text they were typed as and the
APDU that carries them are immutable in Python and live until they are collected.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, NoReturn, Self

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import Channel
from mumei_core.commands import codes
from mumei_core.commands.messages import pin as messages
from mumei_core.errors import CardRefused, SessionLostError, UsageError
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import CommandAPDU


class WrongPinError(CardRefused):
    """The PIN or PUK was wrong; ``tries_left`` is the card's own counter, 0 for now blocked, None if not told."""

    def __init__(self, message: str, *, sw: int, tries_left: int | None, hint: str) -> None:
        super().__init__(message, sw=sw, hint=hint)
        self.tries_left = tries_left


class PinBlockedError(CardRefused):
    """No tries are left, and the card no longer compares."""


class TransportPinError(CardRefused):
    """The transport PIN must be changed before anything else."""


class Digits:
    """A secret of so many decimal digits, as the card takes it: ASCII octets."""

    __slots__ = ("_octets",)

    label: ClassVar[str]
    length: ClassVar[int]

    def __init__(self, text: str) -> None:
        """Take ``text``, which must be exactly the right number of the digits 0 to 9.

        Raises:
            UsageError: it is not; the message does not repeat it.
        """
        if not text.isascii() and any(character.isdecimal() for character in text):
            raise UsageError(
                f"the {self.label} was typed with full-width digits",
                hint="Switch the input method to half-width (半角) digits and type it again.",
            )
        if len(text) != self.length or not (text.isascii() and text.isdigit()):
            raise UsageError(
                f"a {self.label} has exactly {self.length} digits",
                hint="Type the digits 0 to 9 and nothing else.",
            )
        self._octets = bytearray(text, "ascii")

    @property
    def octets(self) -> bytes:
        """The digits as ASCII octets. The copy cannot be wiped: use it at once and keep it nowhere.

        Raises:
            UsageError: they were wiped.
        """
        if not self._octets:
            raise UsageError(f"the {self.label} was wiped already")
        return bytes(self._octets)

    def wipe(self) -> None:
        """Overwrite the digits; may be repeated."""
        self._octets[:] = bytes(len(self._octets))
        self._octets.clear()

    def same_as(self, other: Digits) -> bool:
        """Whether both are the same digits, in constant time."""
        return hmac.compare_digest(self._octets, other._octets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"<{self.label}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {self.label} is not to be stored")


class Pin(Digits):
    """The holder's own PIN, six digits."""

    __slots__ = ()
    label = "PIN"
    length = codes.PIN_DIGITS


class TransportPin(Digits):
    """The PIN a card is handed over with, five digits, good for nothing but setting the holder's own."""

    __slots__ = ()
    label = "transport PIN"
    length = codes.TRANSPORT_PIN_DIGITS


class Puk(Digits):
    """The key that unblocks the PIN, eight digits; on development cards it sets a new one."""

    __slots__ = ()
    label = "PUK"
    length = codes.PUK_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStatus:
    """How things stand with the PIN, as the card says; asking costs no try.

    Attributes:
        tries_left: 0 to 3; ``None`` where the card does not tell: verified already, or transport PIN.
        is_verified: verified since the application was selected.
        is_blocked: only the PUK helps.
        is_transport: the holder has not set a PIN yet.
    """

    tries_left: int | None = None
    is_verified: bool = False
    is_blocked: bool = False
    is_transport: bool = False


def pin_status(channel: Channel) -> PinStatus:
    """Ask how the PIN stands (VERIFY without data); costs no try.

    Raises:
        CardRefused: the card does not tell.
    """
    return _status(channel, messages.verify_pin(), Pin.label)


def puk_status(channel: Channel) -> PinStatus:
    """Ask how the PUK stands, as :func:`pin_status`; ``tries_left`` is 0 to 10."""
    return _status(channel, messages.verify_puk_tries(), Puk.label)


def _status(channel: Channel, question: CommandAPDU, label: str) -> PinStatus:
    sw = channel.send(question).sw
    if sw == codes.SW_OK:
        return PinStatus(is_verified=True)
    if sw == codes.SW_BLOCKED:
        return PinStatus(tries_left=0, is_blocked=True)
    if sw == codes.SW_REFERENCE_DATA_UNUSABLE:
        return PinStatus(is_transport=True)
    tries = _tries(sw)
    if tries is None:
        raise CardRefused(f"the card does not say how its {label} stands: {status_word.describe(sw)}", sw=sw)
    return PinStatus(tries_left=tries, is_blocked=tries == 0)


def require_usable(status: PinStatus, *, label: str = Pin.label) -> None:
    """Pass if a try is worth making.

    Raises:
        PinBlockedError: blocked; the hint names the way out.
        TransportPinError: the holder has not set a PIN yet.
    """
    if status.is_blocked:
        raise _blocked(label)
    if status.is_transport:
        raise _not_set()


def tries_left(channel: Channel) -> int | None:
    """Return how many tries the PIN has, ``None`` where the card does not tell; see :func:`pin_status`."""
    return pin_status(channel).tries_left


def verify_pin(channel: Channel, pin: Pin) -> None:
    """Show the card that its holder is here (VERIFY); holds until reset or the next SELECT.

    Raises:
        WrongPinError: wrong; one try is gone.
        PinBlockedError: blocked before this try.
        TransportPinError: the holder has not set a PIN yet.
        CardRefused: any other refusal.
    """
    _run(channel, messages.verify_pin(pin=pin.octets), label=Pin.label)


def change_pin(channel: Channel, old: Pin | TransportPin, new: Pin) -> None:
    """Replace the PIN, or the transport PIN (CHANGE REFERENCE DATA).

    Raises:
        UsageError: old and new are the same.
        WrongPinError: the old one is wrong; one try is gone.
        PinBlockedError: blocked before this try.
        CardRefused: any other refusal.
    """
    require_another(old, new)
    command = messages.change_reference_data(old_pin=old.octets, new_pin=new.octets)
    with _perhaps_done():
        _run(channel, command, label=old.label)


def require_another(old: Digits, new: Pin) -> None:
    """Pass if the PIN would change. Raises UsageError."""
    if old.same_as(new):
        raise UsageError("the new PIN is the old one", hint="Choose another.")


def unblock(channel: Channel, puk: Puk, new: Pin) -> None:
    """Set a new PIN with all its tries (RESET RETRY COUNTER).

    Raises:
        WrongPinError: the PUK is wrong; one of its tries is gone.
        PinBlockedError: the PUK is blocked.
        CardRefused: any other refusal.
    """
    command = messages.reset_retry_counter_with_puk(puk=puk.octets, new_pin=new.octets)
    with _perhaps_done():
        _run(channel, command, label=Puk.label)


def set_pin(channel: Channel, new: Pin) -> None:
    """Set the holder's PIN inside a channel that was opened with the old or the transport PIN.

    After a transport PIN, open a channel with the new PIN before anything else.

    Raises:
        CardRefused: another channel, or a terminal was let into it.
    """
    with _perhaps_done():
        channel.execute(messages.reset_retry_counter_change(new_pin=new.octets), doing="set the PIN")


def restore_tries(channel: Channel) -> None:
    """Unblock the PIN, which stays as it is, inside a channel that was opened with the PUK.

    Raises:
        CardRefused: another channel.
    """
    channel.execute(messages.reset_retry_counter_unblock(), doing="unblock the PIN")


def _tries(sw: int) -> int | None:
    return sw & 0xF if sw & 0xFFF0 == codes.SW_TRIES_LEFT else None


@contextmanager
def _perhaps_done() -> Iterator[None]:
    """Says of an answer that never came that it may have been a yes: the old PIN would then cost a try."""
    try:
        yield
    except SessionLostError as error:
        error.hint = f"The new PIN may be set already: try it first ('mumei card pin verify'). {error.hint}"
        raise


def _run(channel: Channel, command: CommandAPDU, *, label: str) -> None:
    sw = channel.send(command).sw
    refuse_exhausted_memory(sw)
    if sw == codes.SW_OK:
        return
    way_out = _way_out(label)
    tries = _tries(sw)
    if tries == 0:
        raise WrongPinError(f"wrong {label}: it is blocked now", sw=sw, tries_left=0, hint=way_out)
    if tries is not None:
        left = "one try is left" if tries == 1 else f"{tries} tries are left"
        hint = f"Be sure before the last try. {way_out}" if tries == 1 else "Try again."
        raise WrongPinError(f"wrong {label}: {left}", sw=sw, tries_left=tries, hint=hint)
    if sw == codes.SW_AUTHENTICATION_FAILED:
        # All that a standard card says to a shop's terminal: a counter would be a mark.
        raise WrongPinError(
            f"the card did not accept the {label}: wrong, or its tries are used up",
            sw=sw,
            tries_left=None,
            hint="The card tells the tries left on the holder's own machine only: 'mumei card pin verify'.",
        )
    if sw == codes.SW_BLOCKED:
        raise _blocked(label)
    if sw == codes.SW_REFERENCE_DATA_UNUSABLE:
        raise _not_set()
    raise CardRefused(f"the card refused the {label}: {status_word.describe(sw)}", sw=sw)


def _way_out(label: str) -> str:
    if label == Puk.label:
        return "The issuing office replaces the card."
    return "Unblock it with the PUK: 'mumei card pin unblock'; without the PUK the issuing office helps."


def _blocked(label: str) -> PinBlockedError:
    return PinBlockedError(f"the {label} is blocked", sw=codes.SW_BLOCKED, hint=_way_out(label))


def _not_set() -> TransportPinError:
    return TransportPinError(
        "the holder has not set a PIN yet",
        sw=codes.SW_REFERENCE_DATA_UNUSABLE,
        hint="Set one with the five-digit transport PIN: 'mumei card pin change'.",
    )
