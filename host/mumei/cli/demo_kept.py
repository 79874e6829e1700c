"""What ``mumei demo --keep`` leaves: the story's cards and terminals in a folder, to try things and write tests."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from mumei.cli.demo_revocation import NAMES, NEEDED, PASSPHRASE, next_week
from mumei.cli.demo_world import LETTER, Person, World
from mumei.cli.tracing import through_trace
from mumei.files import write_new_file
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, set_pin
from mumei.session.pace import establish
from mumei.terminal.access import CertificateAccess
from mumei.terminal.trust import Terminal, add_parameters
from mumei.transport.simulator import open_simulator
from mumei_core.dates import age_on, day_number
from mumei_core.errors import ProtocolError, UsageError

README: Final = "README.txt"
#: Nothing here is worth a better one: whoever has the folder has the cards.
PIN: Final = "271828"
PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - a file's name
_TRANSPORT_LINE: Final = "transport PIN:"


def make_empty_folder(folder: Path) -> None:
    """Raises UsageError if something is in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="Name a new folder: nothing is ever overwritten.")


def leave_behind(folder: Path, world: World) -> None:
    """The holders set their PINs, the terminals' folders are written, and a page says what is there."""
    for person in world.people:
        _set_pin(person)
    for name, terminal in world.terminals.items():
        _save(terminal, folder / name)
    write_new_file(folder / PASSPHRASE_FILE, f"{PASSPHRASE}\n".encode(), mode=0o600)
    write_new_file(folder / README, _page(world).encode(), mode=0o644)


def _set_pin(person: Person) -> None:
    letter = person.card.with_suffix(LETTER).read_text(encoding="utf-8")
    transport = next(line for line in letter.splitlines() if line.startswith(_TRANSPORT_LINE))
    with through_trace(partial(open_simulator, person.card)) as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, TransportPin(transport.removeprefix(_TRANSPORT_LINE).strip()))
        set_pin(channel, Pin(PIN))


def _save(terminal: Terminal, folder: Path) -> None:
    if not isinstance(terminal.access, CertificateAccess):
        raise ProtocolError("a demo terminal has certificates")
    terminal.access.credentials.save(folder, PASSPHRASE.encode())
    add_parameters(folder, terminal.parameters)


def _page(world: World) -> str:
    day = day_number(world.today)
    people = [
        f"  {person.card.name}   {person.name}, born {person.resident.birth_date}, "
        f"{age_on(day_number(person.resident.birth_date), day)} years old"
        for person in world.people
    ]
    return "\n".join(
        (
            f"DEMO: invented people and authorities, made on {world.today}. The certificates are good for 35 days.",
            "",
            *people,
            "",
            f"Every card's PIN is {PIN}; PUK and CAN are in its .letter file. The terminals' keys have the",
            f"passphrase {PASSPHRASE!r}, which is also in the file {PASSPHRASE_FILE}.",
            "",
            "  sake     may ask: 20 or over",
            "  cinema   may ask: under 12, 65 or over, its own pseudonym",
            "  forum    may ask: prefecture, its own pseudonym",
            "",
            f"1.card was reported lost: all three refuse it from Monday {next_week(world.today)} on. Trustees and",
            f"authority are in the folder revocation: {NEEDED} of {len(NAMES)} are needed; one passphrase.",
            "",
            "Try, in this folder:",
            "  mumei terminal verify --terminal sake --over 20 --card 1.card --passphrase-file passphrase",
            "  mumei terminal verify --terminal forum --prefecture 21 --pseudonym --card 1.card \\",
            "    --passphrase-file passphrase",
            "  mumei terminal status sake",
            "  mumei trustee show revocation/court",
            "  mumei card log --card 1.card",
            "  mumei-card show 1.card",
            "",
        )
    )
