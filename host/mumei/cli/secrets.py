"""Secrets typed by people: asked at the terminal, or read from a file or a file descriptor.

Never an argument's value and never an environment variable: both are seen by others on the machine and kept
in histories.
"""

from __future__ import annotations

import functools
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from mumei.cli.output import progress, warn
from mumei.session.holder import Digits
from mumei_core.errors import DataError, UsageError

Command = Callable[..., Any]
Kind = TypeVar("Kind", bound=Digits)

# Octets; far above any passphrase, far below what a mistaken file would cost.
_LONGEST = 1024
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """Where one secret comes from.

    Attributes:
        option: its options' stem: ``pin`` for ``--pin-file`` and ``--pin-fd``.
        file: a file whose first line it is.
        fd: an open file descriptor whose next line it is; several secrets may follow each other in one.
    """

    option: str
    file: Path | None = None
    fd: int | None = None

    def digits(self, kind: type[Kind], *, prompt: str, confirm: bool = False) -> Kind:
        """Return a PIN or PUK; at the terminal a malformed one is asked for again.

        Raises:
            UsageError: malformed, or there is no terminal to ask at.
            DataError: the file or descriptor cannot be read.
        """
        if self.is_given:
            return kind(self.text(prompt=prompt))
        for _ in range(_TRIES - 1):
            try:
                return kind(self.text(prompt=prompt, confirm=confirm))
            except UsageError as error:
                if not sys.stdin.isatty():
                    raise
                progress(f"{error.message}. {error.hint}")
        return kind(self.text(prompt=prompt, confirm=confirm))

    def text(self, *, prompt: str, confirm: bool = False) -> str:
        """Return any secret as typed, without the end of its line.

        Args:
            prompt: what to ask for at the terminal.
            confirm: ask twice there; for secrets that are newly chosen.

        Raises:
            UsageError: there is no terminal to ask at, or the two answers differ.
            DataError: the file or descriptor cannot be read, is empty, or holds no text.
        """
        if self.file is not None:
            return self._from_file(self.file)
        if self.fd is not None:
            return self._from_fd(self.fd)
        if not sys.stdin.isatty():
            raise UsageError(
                f"there is no terminal to ask for the {prompt} at",
                hint=f"Use --{self.option}-file FILE or --{self.option}-fd N.",
            )
        answer: str = click.prompt(prompt, hide_input=True, err=True, default="", show_default=False)
        if confirm and answer != click.prompt(
            f"{prompt}, again", hide_input=True, err=True, default="", show_default=False
        ):
            raise UsageError("the two are not the same", hint="Type it twice, slowly.")
        return answer

    @property
    def is_given(self) -> bool:
        """Whether a file or descriptor was named, so that nobody is asked."""
        return self.file is not None or self.fd is not None

    def _from_file(self, file: Path) -> str:
        try:
            with file.open("rb") as stream:
                if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
                    warn(f"others on this machine may read {file}", hint=f"Close it: chmod 600 {file}")
                return self._decode(stream.readline(_LONGEST + 1), str(file))
        except OSError as error:
            raise DataError(
                f"the file {file} cannot be read: {error.strerror}", hint=f"Check --{self.option}-file."
            ) from error

    def _from_fd(self, fd: int) -> str:
        line = bytearray()
        try:
            # One octet at a time: the next line may be another secret's.
            while not line.endswith(b"\n") and len(line) <= _LONGEST and (octet := os.read(fd, 1)):
                line += octet
        except OSError as error:
            raise DataError(
                f"file descriptor {fd} cannot be read: {error.strerror}",
                hint=f"Check --{self.option}-fd; a shell opens one with, for example, '{fd}<FILE'.",
            ) from error
        return self._decode(bytes(line), f"file descriptor {fd}")

    def _decode(self, line: bytes, place: str) -> str:
        if len(line) > _LONGEST:
            raise DataError(f"the first line of {place} is too long for a secret")
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            # Without the cause: it would carry the octets.
            raise DataError(f"{place} does not hold text") from None
        if not text:
            raise DataError(f"{place} is empty", hint="The secret is to be its first line.")
        return text


def secret_options(option: str, what: str) -> Callable[[Command], Command]:
    """Add ``--OPTION-file`` and ``--OPTION-fd``; the command gets ``OPTION: SecretSource``.

    Args:
        option: stem such as ``pin`` or ``new-pin``; the parameter has underscores for hyphens.
        what: how the help calls the secret.
    """
    parameter = option.replace("-", "_")

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            file, fd = kwargs.pop(f"{parameter}_file"), kwargs.pop(f"{parameter}_fd")
            if file is not None and fd is not None:
                raise UsageError(f"--{option}-file and --{option}-fd were both given", hint="Give one.")
            kwargs[parameter] = SecretSource(option=option, file=file, fd=fd)
            return function(*args, **kwargs)

        with_fd = click.option(
            f"--{option}-fd", type=click.IntRange(min=0), metavar="N", help=f"Read {what} from descriptor N."
        )(wrapper)
        return click.option(
            f"--{option}-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"Read {what} from the first line of FILE. [default: ask]",
        )(with_fd)

    return decorate
