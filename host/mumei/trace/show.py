"""A trace for people, at most 100 columns wide, and for programs: the same dataclasses."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mumei.trace.model import Exchange, Reset, Session, Trace
from mumei.trace.naming import Item, Named, name_message
from mumei.trace.phases import Phase, phases
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.errors import UsageError

WIDTH: Final = 100
_INDENT: Final = "        "
_NAME: Final = 44
_PACE_STEPS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWire:
    """One APDU each way as it travelled; octets as the file has them."""

    command: str
    response: str | None
    ms: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownItem:
    """A data object or stretch of octets; ``value``: hexadecimal, ``[n]`` for masked octets, None where divided."""

    depth: int
    name: str
    tag: str
    octets: int
    masked: int
    value: str | None
    gloss: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExchange:
    """One exchange in the specs' words. ``apdus``: how many went over the wire for it, ``octets``: both ways."""

    number: int
    phase: Phase
    step: int
    command: str
    clause: str
    header: str
    parameters: tuple[str, ...]
    inside: tuple[str, ...]
    data: tuple[ShownItem, ...]
    le: int | None
    answer: tuple[ShownItem, ...]
    sw: str
    meaning: str
    documented: bool
    error: str
    apdus: int
    octets: int
    at_ms: float
    ms: float
    wire: tuple[ShownWire, ...]

    def lines(self, *, wire: bool, whole: bool) -> Iterator[str]:
        inside = f"  [{' > '.join(self.inside)}]" if self.inside else ""
        title = f"{self.number:4}  {self.command}{inside}"
        figures = _figures(self.octets, self.ms)
        yield f"{title[: WIDTH - len(figures) - 1]:<{WIDTH - len(figures)}}{figures}"
        yield from _wrapped(f"{self.header}  {'; '.join(self.parameters)}".rstrip())
        for arrow, items in ((">", self.data), ("<", self.answer)):
            for item in items:
                yield from _item_lines(arrow, item, whole=whole)
        if self.error:
            yield from _wrapped(f"!  no answer: {self.error}")
        elif self.sw:
            odd = "" if self.documented else " (NOT IN THE SPECIFICATIONS OF THIS COMMAND)"
            yield from _wrapped(f"=  {self.sw} {self.meaning}{odd}")
        if wire:
            for one in self.wire:
                yield from _octet_lines("wire >", one.command)
                yield from _octet_lines("wire <", one.response or f"none: {one.error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """From opening a card to closing it. ``profile``: None where the card never said it."""

    reader: str
    atr: bytes
    extended_length: bool
    profile: str | None
    exchanges: tuple[ShownExchange, ...]
    resets_before: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTrace:
    """A whole trace, or some exchanges of it."""

    mumei: str
    started: datetime
    complete: bool
    left_out: int
    octets: int
    ms: float
    masked: int
    sessions: tuple[ShownSession, ...]
    with_wire: bool
    whole: bool

    def text(self) -> str:
        """Everything, readable at 100 columns."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        exchanges = sum(len(session.exchanges) for session in self.sessions)
        yield f"recorded {self.started:%Y-%m-%d %H:%M:%S %Z} by mumei {self.mumei}"
        yield (
            f"{_count(exchanges, 'exchange')}, {self.octets:,} octets, {self.ms:,.1f} ms waiting for the card; "
            f"{self.masked:,} octets masked"
        )
        if not self.complete:
            yield "THE RECORDING BREAKS OFF: the program that made it did not come to its end."
        if self.left_out:
            yield f"THE RECORDING IS FULL: {_count(self.left_out, 'APDU')} more are not in it."
        for number, session in enumerate(self.sessions, start=1):
            yield ""
            profile = f"{session.profile} profile" if session.profile else "profile not said"
            lengths = "extended" if session.extended_length else "short"
            yield f"session {number}: {session.reader}, {profile}, {lengths} lengths"
            yield f"answer to reset {session.atr.hex(' ')}"
            yield from self._session_lines(session)

    def _session_lines(self, session: ShownSession) -> Iterator[str]:
        before: Phase | None = None
        for exchange in session.exchanges:
            if exchange.number in session.resets_before:
                yield from ("", "  -- the card was reset --")
                before = None
            if exchange.phase is not before or exchange.step == 1:
                yield from ("", _phase_line(exchange, session.exchanges))
            before = exchange.phase
            yield from exchange.lines(wire=self.with_wire, whole=self.whole)


def show(trace: Trace, *, only: int | None = None, wire: bool = False) -> ShownTrace:
    """The trace in words. ``only``: one exchange, with all its octets; ``wire``: also what travelled.

    Raises UsageError where there is no such exchange.
    """
    exchanges = trace.exchanges
    if only is not None and not any(exchange.number == only for exchange in exchanges):
        raise UsageError(
            f"there is no exchange {only}", hint=f"They are numbered from 1 to {len(exchanges)}."
        )
    return ShownTrace(
        mumei=trace.mumei,
        started=trace.started,
        complete=trace.ended,
        left_out=trace.left_out,
        octets=sum(exchange.octets for exchange in exchanges),
        ms=round(sum(exchange.took for exchange in exchanges) * 1000, 3),
        masked=sum(_masked(exchange) for exchange in exchanges),
        sessions=tuple(
            shown
            for session in trace.sessions
            if (shown := _session(session, only)).exchanges or only is None
        ),
        with_wire=wire,
        whole=only is not None,
    )


def _session(session: Session, only: int | None) -> ShownSession:
    profile = session.profile
    shown, resets, was_reset = [], [], False
    for step, phase, place in phases(session.steps):
        if isinstance(step, Reset) or phase is None:
            was_reset = True
            continue
        if was_reset:
            resets.append(step.number)
            was_reset = False
        if only in (None, step.number):
            shown.append(_exchange(step, phase, place))
    return ShownSession(
        reader=session.reader,
        atr=session.atr,
        extended_length=session.extended,
        profile=None if profile is None else profile.name.lower(),
        exchanges=tuple(shown),
        resets_before=tuple(resets),
    )


def _exchange(exchange: Exchange, phase: Phase, place: int) -> ShownExchange:
    named: Named = name_message(exchange.message)
    return ShownExchange(
        number=exchange.number,
        phase=phase,
        step=place,
        command=f"{named.command}, {place} of {_PACE_STEPS}" if phase is Phase.PACE else named.command,
        clause=named.clause,
        header=named.header,
        parameters=named.parameters,
        inside=exchange.message.inside,
        data=_shown(named.data),
        le=named.le,
        answer=_shown(named.answer),
        sw=named.sw,
        meaning=named.meaning,
        documented=named.documented,
        error=exchange.error,
        apdus=len(exchange.wires),
        octets=exchange.octets,
        at_ms=round(exchange.at * 1000, 3),
        ms=round(exchange.took * 1000, 3),
        wire=tuple(
            ShownWire(
                command=wire.command.to_text(),
                response=None if wire.response is None else wire.response.to_text(),
                ms=round(wire.took * 1000, 3),
                error=wire.error,
            )
            for wire in exchange.wires
        ),
    )


def _shown(items: Sequence[Item]) -> tuple[ShownItem, ...]:
    return tuple(
        ShownItem(
            depth=item.depth,
            name=item.name,
            tag=item.tag,
            octets=item.octets,
            masked=0 if item.value is None else item.value.hidden_octets,
            value=None if item.value is None else item.value.to_text(),
            gloss=item.gloss,
        )
        for item in items
    )


def _masked(exchange: Exchange) -> int:
    message = exchange.message.command.hidden_octets + exchange.message.response.hidden_octets
    wires = sum(
        wire.command.hidden_octets + (wire.response.hidden_octets if wire.response else 0)
        for wire in exchange.wires
    )
    return max(message, wires)


def _item_lines(arrow: str, item: ShownItem, *, whole: bool) -> Iterator[str]:
    label = f"{arrow} {'  ' * item.depth}{item.tag + ' ' if item.tag else ''}{item.name}"
    if item.value is None:
        yield f"{_INDENT}{label}"[:WIDTH]
        return
    value = item.gloss or for_people(MaskedOctets.from_text(item.value))
    room = WIDTH - len(_INDENT) - max(len(label), _NAME) - 2
    if len(value) <= room:
        yield f"{_INDENT}{label:<{_NAME}}  {value}".rstrip()
    elif whole:
        yield f"{_INDENT}{label} ({_count(item.octets, 'octet')})"[:WIDTH]
        if item.gloss:
            yield from _wrapped(f"   {item.gloss}")
        yield from _octet_lines("", item.value)
    else:
        tail = f"... {_count(item.octets, 'octet')}"
        yield f"{_INDENT}{label:<{_NAME}}  {value[: max(room - len(tail) - 1, 0)]}{tail}"[:WIDTH]


def for_people(octets: MaskedOctets) -> str:
    """Hexadecimal digits, and how many octets are masked."""
    text, at = [], 0
    for start, end in octets.hidden:
        text += [octets.zeroed[at:start].hex(), f"‹{_count(end - start, 'octet')}›"]
        at = end
    return "".join((*text, octets.zeroed[at:].hex()))


def _octet_lines(label: str, text: str) -> Iterator[str]:
    prefix = f"{_INDENT}{label} " if label else f"{_INDENT}    "
    shown = text if text.startswith("none") else for_people(MaskedOctets.from_text(text))
    room = WIDTH - len(prefix)
    for at in range(0, max(len(shown), 1), room):
        yield prefix + shown[at : at + room]
        prefix = " " * len(prefix)


def _phase_line(first: ShownExchange, exchanges: Sequence[ShownExchange]) -> str:
    """The phase that begins here, and all that it took."""
    run = [first]
    for exchange in exchanges[exchanges.index(first) + 1 :]:
        if exchange.phase is not first.phase or exchange.step <= run[-1].step:
            break
        run.append(exchange)
    figures = _figures(sum(one.octets for one in run), sum(one.ms for one in run))
    title = f"  {first.phase.value}"
    return f"{title:<{WIDTH - len(figures)}}{figures}" if len(run) > 1 else title


def _figures(octets: int, ms: float) -> str:
    return f"{octets:7,} octets {ms:9,.1f} ms"


def _wrapped(text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "   ", break_on_hyphens=False
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
