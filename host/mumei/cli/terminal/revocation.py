"""``mumei terminal trust``, ``update`` and ``status``: epoch statements and revocation lists, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.issuer.parameters import PublicParameters
from mumei.revocation.store import TakenIn
from mumei.terminal.revocation_check import Rule
from mumei.terminal.revocation_folder import RevocationFolder, Signers, TakenStatements
from mumei.terminal.revocation_status import RevocationStatus, status_of
from mumei.terminal.trust import PARAMETERS_FILE, rights_in
from mumei_core.dates import today

_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What was taken in, and how the terminal stands now."""

    statements: TakenStatements
    lists: TakenIn
    status: RevocationStatus

    def text(self) -> str:
        """What is new, what was left, and the status."""
        found, lists = self.statements, self.lists
        lines = [
            f"taken in: {found.new} epoch statement(s), {lists.new} revocation list(s)",
            f"already there: {found.already_there} and {lists.already_there}; not this terminal's: "
            f"{found.not_ours} and {lists.not_ours}; older or over: {found.over} and {lists.older + lists.over}",
            "",
            self.status.text(),
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whose signatures count at a terminal from now on."""

    folder: Path
    revocation_authority: tuple[bytes, ...]
    auditor: tuple[bytes, ...]


@click.command()
@click.argument("folder", type=_PATH)
@click.option(
    "--revocation-authority", "authority", required=True, type=_PATH, help="Its public key, a .pub file."
)
@click.option("--auditor", required=True, type=_PATH, help="The auditor's public key, a .pub file.")
@json_option
def trust(folder: Path, authority: Path, auditor: Path, as_json: bool) -> None:
    """Pin whose epoch statements and revocation lists the terminal in FOLDER takes in; once.

    \b
    Examples:
      mumei terminal trust sake --revocation-authority revocation/authority.pub --auditor auditor/auditor.pub
    """
    rights_in(folder)
    signers = Signers.of_files(authority, auditor)
    signers.save(folder)
    emit(
        Trusted(folder=folder, revocation_authority=signers.authority, auditor=signers.auditor),
        as_json=as_json,
    )


@click.command()
@click.argument("folder", type=_PATH)
@click.option(
    "--from",
    "source",
    required=True,
    type=_PATH,
    metavar="PLACE",
    help="A folder, as a USB stick's, or one file.",
)
@click.option(
    "--revocation",
    type=click.Choice([rule.value for rule in Rule]),
    help="Set the terminal's own rule. [default: once it has lists, it requires them]",
)
@json_option
def update(folder: Path, source: Path, revocation: str | None, as_json: bool) -> None:
    """Take in epoch statements and revocation lists from PLACE. Needs no network.

    Files of other terminals are left out. What was altered, comes from another authority or is older than what is
    here is refused, and what is here stays: exit code 5.

    \b
    Examples:
      mumei terminal update sake --from /media/stick
      mumei terminal update sake --from bucket012-slot03.list
      mumei terminal update sake --from /media/stick --revocation if-present
    """
    opened = _open(folder)
    statements, lists = opened.take_in(source, today())
    if revocation is not None:
        opened.set_rule(Rule(revocation))
    none = TakenIn(new=0, already_there=0, older=0, not_ours=0, over=0)
    emit(
        Updated(
            statements=statements, lists=lists or none, status=status_of(opened, rights_in(folder), today())
        ),
        as_json=as_json,
    )


@click.command()
@click.argument("folder", type=_PATH)
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show the epoch statements and revocation lists of the terminal in FOLDER, and until when they are good.

    Exit code 0, also where they have run out.

    \b
    Examples:
      mumei terminal status sake
    """
    emit(status_of(_open(folder), rights_in(folder), today()), as_json=as_json)


def _open(folder: Path) -> RevocationFolder:
    parameters = PublicParameters.load(folder / PARAMETERS_FILE)
    return RevocationFolder.open(folder, rights_in(folder).rp_context, development=parameters.is_development)
