"""The command ``mumei``: one module per group of commands, loaded when it is first used."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from mumei.cli import output
from mumei.cli.lazy import Entry, LazyCommands
from mumei.cli.tracing import record_to
from mumei_core.errors import HostEnvironmentError, MumeiError

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "audit": Entry("mumei.cli.audit", "audit", "Seal, export and verify an office's audit trail."),
        "auditor": Entry("mumei.cli.auditor", "auditor", "Recompute what cards cannot, and sign it."),
        "authority": Entry("mumei.cli.authority", "authority", "Certificates: who may ask cards what."),
        "card": Entry("mumei.cli.card", "card", "Look at a card; its PIN, its log, its settings."),
        "demo": Entry("mumei.cli.demo", "demo", "Tell the whole story on one screen."),
        "doctor": Entry(
            "mumei.cli.doctor", "doctor", "Say which layer keeps a card from working, and the fix."
        ),
        "issuer": Entry(
            "mumei.cli.issuer.group", "issuer", "The issuer: keys, parameters, and the service that signs."
        ),
        "maker": Entry("mumei.cli.maker", "maker", "The card maker: master key, and keys for new cards."),
        "office": Entry("mumei.cli.office.group", "office", "The resident registry, and issuing cards."),
        "receipt": Entry("mumei.cli.receipt", "receipt", "Verify a receipt, which names nobody."),
        "revocation": Entry(
            "mumei.cli.revocation", "revocation", "Statements for cards, and lists of reported ones."
        ),
        "terminal": Entry("mumei.cli.terminal.group", "terminal", "Set up a terminal, and ask cards."),
        "trace": Entry(
            "mumei.cli.trace", "trace", "Record what cards are told and answer; show and replay it."
        ),
        "trustee": Entry("mumei.cli.trustee", "trustee", "Hold shares; approve and evaluate reported cards."),
    }
)


class ErrorsGroup(LazyCommands):
    """The whole command line: whatever goes wrong in a command ends here, in words and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error leaves with its message, its hint and its family's exit code."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, BrokenPipeError):
            raise
        except (click.Abort, KeyboardInterrupt):
            output.progress("mumei: interrupted")
            code = output.EXIT_INTERRUPTED
        except click.ClickException as error:
            # Not left to click: its code for an unreadable file is 1, which says DENY here.
            error.show()
            code = 2
        except MumeiError as error:
            self._trace(ctx)
            code = output.fail(error)
        except OSError as error:
            self._trace(ctx)
            code = output.fail(_environment(error))
        except Exception as error:
            self._trace(ctx)
            code = _confess(error)
        return ctx.exit(code)

    @staticmethod
    def _trace(ctx: click.Context) -> None:
        if ctx.params.get("debug"):
            output.progress(traceback.format_exc().rstrip())


def _environment(error: OSError) -> HostEnvironmentError:
    place = f"{error.filename}: " if error.filename else ""
    return HostEnvironmentError(
        f"{place}{error.strerror or type(error).__name__}",
        hint="Check that the path is right, may be read or written by you, and that the disk is not full.",
    )


def _confess(error: Exception) -> int:
    """Say that the program is at fault. The error's own words may hold data, so only its type is named."""
    output.progress(f"mumei: a fault in this program ({type(error).__name__}); nothing you did wrong")
    output.progress("  Run the same command as 'mumei --debug ...' and send the developers what it prints,")
    output.progress("  after a look that it holds nothing private.")
    return output.EXIT_BUG


@click.group(cls=ErrorsGroup, entries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Print a traceback with every error.")
@click.option(
    "--trace",
    "trace_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Record what goes over the wire in a new FILE, secrets masked; see 'mumei trace'.",
)
@click.version_option(package_name="mumei")
@click.pass_context
def cli(context: click.Context, debug: bool, trace_file: Path | None) -> None:
    """A smart-card ID that proves what a counter needs to know, and never who.

    \b
    Examples:
      mumei doctor                      is everything there for a card in a reader?
      mumei card info --card my.card    look at a simulated card
      mumei card pin change             the holder sets a PIN

    \b
    Exit codes:
      0 done or ACCEPT     1 DENY, or refused by the card    2 usage or bad data
      3 service, permission, reader or card missing or busy  4 card lost: try again
      5 own trust material unknown, expired or stale         6 CANNOT DECIDE
      70 fault of the program                                130 interrupted
    """
    if trace_file is not None:
        record_to(trace_file, context)


def main() -> None:
    """Run the command line and exit."""
    cli(prog_name="mumei")


if __name__ == "__main__":
    main()
