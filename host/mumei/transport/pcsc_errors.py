"""PC/SC return codes as our errors, each with the fix (names and numbers: pcsc-lite 1.9, ``pcsclite.h``).

Codes are 32-bit unsigned here; some platforms report them as negative numbers.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from mumei_core.errors import (
    CardBusyError,
    CardRemovedError,
    CardResetError,
    HostEnvironmentError,
    MumeiError,
    NoCardError,
    NoPermissionError,
    NoReaderError,
    NoServiceError,
    WrongCardError,
)

SUCCESS = 0x00000000
INTERNAL_ERROR = 0x80100001
CANCELLED = 0x80100002
INVALID_HANDLE = 0x80100003
UNKNOWN_READER = 0x80100009
TIMEOUT = 0x8010000A
SHARING_VIOLATION = 0x8010000B
NO_SMARTCARD = 0x8010000C
PROTO_MISMATCH = 0x8010000F
NOT_READY = 0x80100010
SYSTEM_CANCELLED = 0x80100012
COMM_ERROR = 0x80100013
NOT_TRANSACTED = 0x80100016
READER_UNAVAILABLE = 0x80100017
NO_SERVICE = 0x8010001D
SERVICE_STOPPED = 0x8010001E
NO_READERS_AVAILABLE = 0x8010002E
COMM_DATA_LOST = 0x8010002F
NO_ACCESS = 0x80100027
UNSUPPORTED_CARD = 0x80100065
UNRESPONSIVE_CARD = 0x80100066
UNPOWERED_CARD = 0x80100067
RESET_CARD = 0x80100068
REMOVED_CARD = 0x80100069
SECURITY_VIOLATION = 0x8010006A

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
DEFAULT_SOCKET = "/run/pcscd/pcscd.comm"

INSTALL_HINT = (
    "Install the extra: pip install 'mumei[pcsc]'. On Debian and Ubuntu its build needs: "
    "apt install gcc swig libpcsclite-dev python3-dev; the service itself is the package pcscd."
)
SERVICE_HINT = (
    "Start it: 'systemctl start pcscd.socket' (or, without systemd, 'pcscd' as root); on Debian and Ubuntu "
    "'apt install pcscd' brings it."
)
PERMISSION_HINT = (
    "Join the group that polkit's rule for pcscd names, or have an administrator write one: "
    "'mumei doctor' prints the rule and the file it belongs in."
)
READER_HINT = "Plug the reader in (or out and in again); 'mumei doctor' shows what the service sees."
CARD_HINT = "Lay the card on the reader, or push it in chip first, and try again."
BUSY_HINT = "Close the other program that uses the card, or wait for it, and try again; nothing was changed."
REMOVED_HINT = "Hold the card to the reader again and leave it there until the end; starting anew is safe."
UNEXPECTED_HINT = "Run 'mumei doctor'; if it finds nothing, report its output."
MUTE_HINT = "Take the card out, wipe the contacts, and put it in the other way round; or try another card."

_FAMILIES: Mapping[int, tuple[type[MumeiError], str, str]] = MappingProxyType(
    {
        NO_SERVICE: (NoServiceError, "the PC/SC service does not answer", SERVICE_HINT),
        SERVICE_STOPPED: (NoServiceError, "the PC/SC service stopped", SERVICE_HINT),
        # What pcsc-lite's library says when the service went away under an open context.
        INVALID_HANDLE: (NoServiceError, "the PC/SC service was restarted", "Try again."),
        COMM_ERROR: (NoServiceError, "the PC/SC service broke off", SERVICE_HINT),
        SECURITY_VIOLATION: (NoPermissionError, "the PC/SC service refuses this user", PERMISSION_HINT),
        NO_ACCESS: (NoPermissionError, "the PC/SC service refuses this user", PERMISSION_HINT),
        NO_READERS_AVAILABLE: (NoReaderError, "no card reader is attached", READER_HINT),
        UNKNOWN_READER: (NoReaderError, "the card reader was unplugged", READER_HINT),
        READER_UNAVAILABLE: (NoReaderError, "the card reader was unplugged", READER_HINT),
        NO_SMARTCARD: (NoCardError, "there is no card in the reader", CARD_HINT),
        TIMEOUT: (NoCardError, "no card came within the time given", CARD_HINT),
        SHARING_VIOLATION: (CardBusyError, "another program holds the card", BUSY_HINT),
        NOT_READY: (CardBusyError, "the reader is not ready", BUSY_HINT),
        UNSUPPORTED_CARD: (WrongCardError, "the reader does not understand this card", MUTE_HINT),
        UNRESPONSIVE_CARD: (WrongCardError, "the card does not answer", MUTE_HINT),
        UNPOWERED_CARD: (WrongCardError, "the card takes no power", MUTE_HINT),
        PROTO_MISMATCH: (WrongCardError, "the card speaks neither T=0 nor T=1", MUTE_HINT),
        REMOVED_CARD: (CardRemovedError, "the card was removed", REMOVED_HINT),
        RESET_CARD: (CardResetError, "another program reset the card", REMOVED_HINT),
        NOT_TRANSACTED: (CardRemovedError, "contact with the card was lost", REMOVED_HINT),
        COMM_DATA_LOST: (CardRemovedError, "contact with the card was lost", REMOVED_HINT),
    }
)

# In the middle of a session these no longer mean "no card yet" or "no reader yet", but "gone".
_GONE = frozenset({NO_SMARTCARD, UNKNOWN_READER, READER_UNAVAILABLE, UNPOWERED_CARD, UNRESPONSIVE_CARD})


def error_for(code: int, *, doing: str, in_session: bool = False) -> MumeiError:
    """Return the error for a PC/SC return code.

    Args:
        code: as the library gave it, signed or not.
        doing: what failed, as PC/SC names the function.
        in_session: whether a card had been reached before; a vanished reader then counts as a removed card.
    """
    code &= 0xFFFFFFFF
    if in_session and code in _GONE:
        return CardRemovedError("the card was removed", hint=REMOVED_HINT)
    unexpected = (HostEnvironmentError, "PC/SC reports an unexpected error", UNEXPECTED_HINT)
    # It spoke one protocol before; a card that was just reset speaks none yet.
    meant = RESET_CARD if in_session and code == PROTO_MISMATCH else code
    family, message, hint = _FAMILIES.get(meant, unexpected)
    return family(f"{message} ({doing}: {code:08X})", hint=hint)


def error_without_context(code: int) -> MumeiError:
    """Return the error for a failed SCardEstablishContext: the service absent, or refusing.

    pcsc-lite says "no service" for both, so its socket is asked: a service that this user may not speak to
    has one that we cannot write to, or that takes the connection and hangs up (a refusal by polkit).
    """
    unsigned = code & 0xFFFFFFFF
    if unsigned in (NO_SERVICE, COMM_ERROR, INTERNAL_ERROR) and _socket_refuses_us():
        unsigned = SECURITY_VIOLATION
    return error_for(unsigned, doing="SCardEstablishContext")


def _socket_refuses_us() -> bool:
    path = Path(os.environ.get(SOCKET_VARIABLE) or DEFAULT_SOCKET)
    if not hasattr(socket, "AF_UNIX"):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except PermissionError:
            return True
        except OSError:
            # Absent, or left behind by a killed service.
            return False
    return True
