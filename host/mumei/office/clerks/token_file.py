"""Where a desk keeps the token of its session: a file of mode 0600 in the user's runtime folder."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mumei.files import make_folder
from mumei.office.clerks.keys import TOKEN_SIZE
from mumei_core.errors import HostEnvironmentError

_FIRST_LINE: Final = b"mumei session 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """The token for one registry, known by the identity of its audit trail (16 octets)."""

    path: Path

    @classmethod
    def for_trail(cls, trail_id: bytes) -> TokenFile:
        """In this user's runtime folder. Raises HostEnvironmentError where it belongs to somebody else."""
        return cls(path=_runtime_folder() / f"{trail_id.hex()}.session")

    def read(self) -> bytes | None:
        """The token; None where there is none. Raises HostEnvironmentError if others may read the file."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise HostEnvironmentError(
                    "the session's file can be read by others", hint=f"Remove it and log in: rm {self.path}"
                )
            octets = file.read(200)
        token = octets.removeprefix(_FIRST_LINE)
        return token if len(token) == TOKEN_SIZE and octets != token else None

    def write(self, token: bytes) -> None:
        """Put a new token in the place of an old one."""
        self.remove()
        descriptor = os.open(
            self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(_FIRST_LINE + token)

    def remove(self) -> None:
        """There is no session any more. Again is fine."""
        self.path.unlink(missing_ok=True)


def _runtime_folder() -> Path:
    # XDG Base Directory Specification 0.8; without it, a folder of our own that nobody else may enter.
    given = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(given) / "mumei" if given else Path(tempfile.gettempdir()) / f"mumei-{os.getuid()}"
    make_folder(folder)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise HostEnvironmentError(
            f"others may enter {folder}, where sessions are kept",
            hint="Remove it, or name a folder of your own in XDG_RUNTIME_DIR.",
        )
    return folder
