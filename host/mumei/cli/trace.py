"""``mumei trace``: sessions with cards on record; made, shown and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mumei.authority.credentials import TerminalCredentials
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import EXIT_DENY, emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.cli.tracing import answer_from, record_to
from mumei.session.holder import Digits, Pin, Puk, TransportPin
from mumei.session.pace import Can, ShopCode
from mumei.terminal.access import CONTACT_SHOP_CODE
from mumei.trace.against_card import replay_against
from mumei.trace.file import read_trace
from mumei.trace.lines import json_schema
from mumei.trace.model import Session, Trace
from mumei.trace.show import show
from mumei_core.eac.pace_messages import Password
from mumei_core.errors import DataError, UsageError

_ONE_COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group()
def trace() -> None:
    """Record what cards are told and answer; show it in the specs' words; replay it.

    A trace is safe to mail: PIN, PUK, keys, credential, log, shown attributes, pseudonyms and chip numbers are
    masked before they reach the file, readers' serial numbers and card files' names left out. PACE stays as it
    travelled: nobody can try passwords on it. A trace does say which shop asked what, and when.
    """


@trace.command(context_settings=_ONE_COMMAND)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def record(context: click.Context, file: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND, and record in a new FILE what it says to cards; exit code and output are the command's.

    The same as 'mumei --trace FILE COMMAND'.

    \b
    Examples:
      mumei trace record visit.trace terminal verify --terminal sake --over 20 --card hanako.card
      mumei trace record info.trace -- card info
      mumei trace record log.trace card log --card hanako.card
    """
    record_to(file, context)
    _run(context, command)


@trace.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--exchange", type=click.IntRange(min=1), metavar="N", help="Only this one, with all its octets."
)
@click.option("--wire", is_flag=True, help="Also the APDUs as they travelled.")
@json_option
def show_command(file: Path, exchange: int | None, wire: bool, as_json: bool) -> None:
    """Show a trace: each command by its name, each data object by its name, what each status word means.

    ``>`` goes to the card, ``<`` comes from it; times are those the terminal waited. Masked octets are counted.

    \b
    Examples:
      mumei trace show visit.trace
      mumei trace show visit.trace --exchange 14 --wire
      mumei trace show visit.trace --json
    """
    emit(show(read_trace(file), only=exchange, wire=wire), as_json=as_json)


@trace.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--session",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which session, where several were recorded. [default: the only one]",
)
@click.option(
    "--shop-code",
    default=CONTACT_SHOP_CODE,
    show_default=True,
    metavar="NN",
    help="The two digits on the card's face; over contacts they are always 00.",
)
@click.option(
    "--terminal",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the terminal whose certificate is to be shown to the card again.",
)
@click.option("--changes", is_flag=True, help="Also send what changes the card for good.")
@card_options
@secret_options("pin", "the holder's PIN")
@secret_options("can", "the CAN")
@secret_options("puk", "the PUK")
@secret_options("passphrase", "the passphrase of the terminal's key")
@json_option
@click.pass_context
def replay(
    context: click.Context,
    file: Path,
    number: int | None,
    shop_code: str,
    folder: Path | None,
    changes: bool,
    place: CardPlace,
    pin: SecretSource,
    can: SecretSource,
    puk: SecretSource,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Send a recorded session to a card again, and say at which exchange its answer differs in a way that matters.

    Status words, data objects and lengths matter; random and masked octets do not. Inside a secure channel the keys
    are new each time: give the password that it was opened with, and --terminal where a terminal showed its
    certificate; what cannot be sent is listed. A question that is asked again stands in the card's log. Exit
    code 0: no answer differs; 1: one does.

    \b
    Examples:
      mumei trace replay info.trace --card other.card
      mumei trace replay visit.trace --terminal sake --passphrase-file pass --reader ACR122
      mumei trace replay log.trace --card my.card --pin-file pin.txt
    """
    session = _session(read_trace(file), number)
    credentials = None
    if folder is not None:
        credentials = TerminalCredentials.load(
            folder, passphrase.text(prompt="passphrase of the terminal's key").encode()
        )

    def password(kind: Password) -> Digits:
        if kind is Password.SHOP_CODE:
            return ShopCode(shop_code)
        if kind is Password.CAN:
            return can.digits(Can, prompt="CAN (six digits, on the card's back)")
        if kind is Password.PUK:
            return puk.digits(Puk, prompt="PUK (eight digits)")
        text = pin.text(prompt="PIN (six digits)")
        return TransportPin(text) if len(text) == TransportPin.length else Pin(text)

    with place.open() as connection:
        report = replay_against(
            session, connection, passwords=password, credentials=credentials, changes=changes
        )
    emit(report, as_json=as_json)
    context.exit(0 if report.differs is None else EXIT_DENY)


@trace.command(context_settings=_ONE_COMMAND)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def feed(context: click.Context, file: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND with the recording in the place of the card; what --card and --reader say is not looked at.

    The command must send what was sent then, in that order. That holds for everything in which this side draws
    nothing. A secure channel and a question to a card begin with fresh keys and nonces, which no trace holds: there
    the replay ends, and says so.

    \b
    Examples:
      mumei trace feed info.trace card info
      mumei trace feed log.trace -- card pin verify --pin-file pin.txt
    """
    connections = [session.connection() for session in read_trace(file).sessions]
    answer_from(connections, context)
    try:
        _run(context, command)
    finally:
        if left := sum(connection.left for connection in connections):
            progress(f"{left} recorded APDUs were not asked for")


@trace.command()
def schema() -> None:
    """Print the JSON Schema of one line of a trace file.

    \b
    Examples:
      mumei trace schema > trace.schema.json
    """
    emit(json_schema(), as_json=True)


def _run(context: click.Context, command: Sequence[str]) -> None:
    """Another command of ours, in this call."""
    root = context.find_root().command
    words = list(command)
    with root.make_context("mumei", words, parent=context) as inner:
        root.invoke(inner)


def _session(found: Trace, number: int | None) -> Session:
    count = len(found.sessions)
    if not count:
        raise DataError("the trace holds no session", hint="No card was opened when it was recorded.")
    if number is None and count > 1:
        raise UsageError(f"the trace holds {count} sessions", hint=f"Choose one with --session 1 to {count}.")
    if number is not None and number > count:
        raise UsageError(f"there is no session {number}", hint=f"The trace holds {count}.")
    return found.sessions[(number or 1) - 1]
