"""The letter that goes with a new card: the maker's transport PIN and PUK, and a code to report the card lost with.

It is printed once. Where a workstation died while printing, nobody knows whether it was: then another is printed,
with another code, and the first one's is worth nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import which
from typing import Final

from mumei.office.counter.plan import Progress
from mumei.office.counter.report import ReportCodes
from mumei.office.letters import LetterContent, OfficeAddress, letter_file, print_letter
from mumei.office.registry import Registry
from mumei_core.errors import DataError, HostEnvironmentError, UsageError

_PRINTING_LIMIT: Final = 60
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class MakersLetter:
    """What the card's maker wrote for its holder, in a file that is wiped when the letter is printed."""

    file: Path

    def read(self) -> tuple[str, str]:
        """Transport PIN and PUK. Raises DataError; no message repeats them."""
        try:
            text = self.file.read_text("utf-8")[:_LONGEST]
        except (OSError, ValueError) as error:
            raise DataError(
                f"the maker's letter {self.file.name} cannot be read", hint="Check the path."
            ) from error
        found = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        try:
            return found["transport PIN"].strip(), found["PUK"].strip()
        except KeyError:
            raise DataError(
                f"{self.file.name} is no letter of a card maker",
                hint="It has a line 'transport PIN: ...' and a line 'PUK: ...'.",
            ) from None

    def wipe(self) -> None:
        """Overwrite and remove it. On disks that write elsewhere what is overwritten, that is no proof."""
        try:
            with self.file.open("r+b") as file:
                file.write(bytes(self.file.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            self.file.unlink()
        except FileNotFoundError:
            return


def read_sender(file: Path | None) -> OfficeAddress:
    """Who sends letters, from a JSON file. Raises DataError."""
    if file is None:
        return OfficeAddress(name="", address="", telephone="")
    try:
        document = json.loads(file.read_text("utf-8"))
        fields = {name: document.get(name, "") for name in ("name", "address", "telephone", "hours")}
    except (OSError, ValueError, AttributeError):
        fields = {"": None}
    if not all(isinstance(value, str) for value in fields.values()):
        raise DataError(
            f"{file.name} does not say who sends letters",
            hint='It is JSON: {"name": ..., "address": ..., "telephone": ..., "hours": ...}.',
        )
    return OfficeAddress(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDesk:
    """How letters are printed here: to ``printer``, or to a new file ``out`` that the clerk prints."""

    registry: Registry
    clerk: str
    today: date
    maker: MakersLetter
    office: OfficeAddress
    development: bool
    progress: Progress
    printer: str | None = None
    out: Path | None = None

    def print(self, enrolment: int, again: bool) -> None:
        """The letter to this enrolment's card. ``again``: one may have been printed before."""
        transport_pin, puk = self.maker.read()
        resident = self.registry.resident(self.registry.enrolment(enrolment).resident_number).resident
        content = LetterContent(
            name=f"{resident.family_name} {resident.given_name}",
            reading=f"{resident.family_reading} {resident.given_reading}",
            address=resident.address,
            transport_pin=transport_pin,
            puk=puk,
            report_code=ReportCodes(self.registry).new_code(enrolment, clerk=self.clerk),
            office=self.office,
            day=self.today,
            number=enrolment,
            development=self.development,
        )
        if again:
            self.progress("a letter may have been printed before: destroy it, only this one's code is good")
        if self.printer is not None:
            self._to_printer(content, self.printer)
        elif self.out is not None:
            self._to_file(content, self.out)
        else:
            raise UsageError("a letter goes to a printer or to a file", hint="Give --printer or --letter.")
        self.maker.wipe()

    def _to_file(self, content: LetterContent, out: Path) -> None:
        try:
            # Over the one of a workstation that died while it wrote.
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HostEnvironmentError(
                f"the letter {out} cannot be written: {error.strerror}", hint="Name another file."
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            print_letter(content, file)
            file.flush()
            os.fsync(file.fileno())
        self.progress(f"print {out} once, then delete it")

    def _to_printer(self, content: LetterContent, printer: str) -> None:
        program = which("lp")
        if program is None:
            raise HostEnvironmentError(
                "there is no print service on this machine", hint="Install cups, or give --letter FILE."
            )
        with letter_file(content) as (path, _):
            # The file is read when the job is taken in: lp copies it.
            done = subprocess.run(  # noqa: S603 - a fixed program, no shell
                [program, "-d", printer, "-o", "media=A4", "-s", "--", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PRINTING_LIMIT,
                check=False,
            )
        if done.returncode:
            raise HostEnvironmentError(
                f"the printer {printer!a} did not take the letter",
                hint="Look at 'lpstat -p', and run it again.",
            )
