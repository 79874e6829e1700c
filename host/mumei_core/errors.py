"""Every error the project raises on purpose: what kind of trouble it is, and what to do about it.

A family answers "whose problem is it?"; the command line maps families to exit codes. Hostile input never
leaks a ``ValueError``: decoders raise :class:`DecodingError` or one of its children.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class MumeiError(Exception):
    """Base of all. ``hint`` is one sentence saying what the reader can do; it may be empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(MumeiError):
    """The caller asked for something impossible or contradictory."""


class DataError(MumeiError):
    """A document, record or file given to us is wrong (a check digit, a date, a half-written file)."""


class DecodingError(DataError):
    """Octets do not have the form that their type demands."""


class InvalidProof(MumeiError):  # noqa: N818 - the drafts' word
    """A signature or proof does not hold.

    The message is the same for all of them; ``reason`` is for the log and must not reach the prover.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("the proof does not hold")
        self.reason = reason


class CardRefused(MumeiError):  # noqa: N818 - a verdict, not a fault
    """The card answered with an error status word. ``sw`` is SW1-SW2 as a number (ISO/IEC 7816-4)."""

    def __init__(self, message: str, *, sw: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sw = sw


class ProtocolError(MumeiError):
    """The other side answered something that the standards do not allow."""


class HostEnvironmentError(MumeiError):
    """Something this machine lacks: service, permission, reader, card, or exclusive use of it."""


class NoServiceError(HostEnvironmentError):
    """The PC/SC service does not answer."""


class NoPermissionError(HostEnvironmentError):
    """The PC/SC service answers, but not to this user."""


class NoReaderError(HostEnvironmentError):
    """The service runs and no reader, or no such reader, is attached."""


class NoCardError(HostEnvironmentError):
    """The reader is empty, or the card file is not there."""


class CardBusyError(HostEnvironmentError):
    """Another program holds the card."""


class WrongCardError(HostEnvironmentError):
    """There is a card, but not one with our application, or not the expected one."""


class FailedLayer(StrEnum):
    """Between which ends a session broke off, from the bottom."""

    READER = "reader"
    CARD = "card"
    CHANNEL = "channel"
    APPLICATION = "application"


class SessionLostError(MumeiError):
    """A session with a card broke off in the middle. Nothing was lost: trying again from the start is safe."""

    layer: ClassVar[FailedLayer] = FailedLayer.CARD


class CardRemovedError(SessionLostError):
    """The card went away in the middle. Nothing was lost: trying again is safe."""

    layer = FailedLayer.READER


class CardResetError(CardRemovedError):
    """Another program, or the reader, reset the card in the middle: it is there, and has forgotten the session."""


class MuteCardError(SessionLostError):
    """The card, or its reader, gave no answer within the time allowed."""


class GarbledAnswerError(ProtocolError, SessionLostError):
    """What came back is no answer that ISO/IEC 7816-4 knows; as likely a bad contact as a bad card."""


class ChannelBrokenError(ProtocolError, SessionLostError):
    """An answer does not carry the proof of the secure channel: it was altered, lost or repeated on its way."""

    layer = FailedLayer.CHANNEL


class AnsweredAlreadyError(SessionLostError):
    """The application had answered this session's one request before it reached us: the reader repeated it."""

    layer = FailedLayer.APPLICATION


class TrustError(MumeiError):
    """Our own trust material is missing, unknown, expired or contradictory."""


class CannotDecide(MumeiError):  # noqa: N818 - a verdict, not a fault
    """Neither yes nor no can be said about this card here and now."""
