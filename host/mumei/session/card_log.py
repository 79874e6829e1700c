"""Reading the card's own log of who asked what (mumei protocol 2.6). The holder's PIN comes first."""

from __future__ import annotations

from mumei.session.channel import Channel
from mumei.session.holder_only import refused
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry
from mumei_core.commands.messages import identity as messages
from mumei_core.errors import DecodingError, ProtocolError


def read_log(channel: Channel) -> tuple[LogEntry, ...]:
    """All entries that the card still has, newest first; at most 32.

    Raises HolderNeededError where the PIN was not verified in this session or a terminal has shown its rights
    in it, CardRefused, ProtocolError; and what :meth:`Channel.send` raises.
    """
    entries: list[LogEntry] = []
    for place in range(codes.LOG_ENTRIES):
        entry = _read_entry(channel, place)
        if entry is None:
            break
        if entries and entry.sequence != entries[-1].sequence - 1:
            raise ProtocolError("the card's log has a gap: its sequence numbers do not follow each other")
        entries.append(entry)
    return tuple(entries)


def _read_entry(channel: Channel, place: int) -> LogEntry | None:
    response = channel.send(messages.log(entry=place))
    if response.sw == codes.SW_RECORD_NOT_FOUND:
        return None
    if response.sw != codes.SW_OK:
        raise refused(response.sw, doing="show its log")
    try:
        return LogEntry.from_octets(response.data)
    except DecodingError as error:
        raise ProtocolError(f"the card's log is malformed: {error}") from error
