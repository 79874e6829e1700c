"""The card's own log of who asked what: a ring of 32 entries, which only the holder reads (mumei protocol 2.6).

An entry is written twice. *Begun* goes into the commit that burns the presentation's counter, so that nothing is
computed without an entry; the outcome follows before anything is answered, so that no answer leaves without it.
Power that fails in between leaves the entry as *interrupted*. Both writes are made whatever the outcome.

Each place is a record of its own, of one fixed length: a chip then writes one page and not the whole ring.
"""

from __future__ import annotations

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands.card_log import LogEntry, Outcome
from mumei_core.commands.codes import LOG_ENTRIES, SW_RECORD_NOT_FOUND
from mumei_core.commands.request import Request
from mumei_core.iso7816.apdu import CommandAPDU

RECORD_LAST_SEQUENCE = "log_sequence"
_SEQUENCE_LENGTH = 4


def read_log(command: CommandAPDU, context: CardContext) -> bytes:
    """LOG: the entry P2 places before the newest. Needs the holder."""
    # What is older than the ring lies under a number whose place has been taken since: never P2 >= LOG_ENTRIES.
    sequence = _last_sequence(context) - command.p2
    if sequence < 1:
        raise CardError(SW_RECORD_NOT_FOUND, "no such entry")
    return context.record(_place(sequence))


def begun(context: CardContext, request: Request, display_name: str) -> dict[str, bytes]:
    """The records to commit with the presentation's counter: its entry, not yet with an outcome."""
    sequence = _last_sequence(context) + 1
    entry = LogEntry.of(
        request,
        sequence=sequence,
        display_name=display_name,
        pin_used=context.security_status.pin_verified,
    )
    return {
        RECORD_LAST_SEQUENCE: sequence.to_bytes(_SEQUENCE_LENGTH),
        _place(sequence): entry.to_octets(),
    }


def ended(context: CardContext, outcome: Outcome) -> None:
    """Commits the outcome of the newest entry. Raises :class:`CardError` 65 81; the presentation stays used."""
    place = _place(_last_sequence(context))
    entry = LogEntry.from_octets(context.record(place)).ended(outcome)
    context.nvm.commit({place: entry.to_octets()})


def _last_sequence(context: CardContext) -> int:
    """0 on a card that has presented nothing."""
    return int.from_bytes(context.nvm.get(RECORD_LAST_SEQUENCE) or b"")


def _place(sequence: int) -> str:
    return f"log_{sequence % LOG_ENTRIES:02}"
