"""Where commands get their card from while a trace is made of them, or a recording stands in for the card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import click

from mumei.cli.output import warn
from mumei.transport.base import CardConnection
from mumei_core.errors import UsageError

Opener = Callable[[], CardConnection]

# Places in the context that all commands of one call share.
_THROUGH: Final = "mumei.trace.through"


def through_trace(open_card: Opener) -> CardConnection:
    """The card that ``open_card`` opens; recorded, or replaced by a recording, where the call says so."""
    context = click.get_current_context(silent=True)
    through = None if context is None else context.meta.get(_THROUGH)
    return open_card() if through is None else through(open_card)


def record_to(path: Path, context: click.Context) -> None:
    """Record every card that is opened from here on in a new file, until ``context`` ends.

    Raises UsageError where the file is there already, or this call is recorded already; HostEnvironmentError.
    """
    from mumei.trace.recorder import Recorder

    if _THROUGH in context.meta:
        raise UsageError("a trace of this call is made already", hint="Name one file, once.")
    recorder = Recorder(path)
    context.meta[_THROUGH] = lambda open_card: recorder.attach(open_card())

    @context.call_on_close
    def finish() -> None:
        if not recorder.sessions:
            warn("the command opened no card that could be recorded: the trace holds no session")
        if trouble := recorder.finish():
            warn(trouble, hint="The command itself was not disturbed.")


def answer_from(connections: Sequence[CardConnection], context: click.Context) -> None:
    """Give commands these recorded cards, one after the other, and none else.

    Raises UsageError where this call is recorded itself.
    """
    if _THROUGH in context.meta:
        raise UsageError("a replay is not recorded", hint="Leave out --trace.")
    waiting = list(connections)

    def next_card(open_card: Opener) -> CardConnection:
        del open_card
        if not waiting:
            raise UsageError(
                "the command opens a card more often than was recorded",
                hint="Run the command that the recording was made with.",
            )
        return waiting.pop(0)

    context.meta[_THROUGH] = next_card
