"""Strings that come back: for one card and not for every card, longer than chance allows (:mod:`.chance`).

Two observers look: a relying party at its own visits, and all relying parties together. What a terminal sent
itself during the visit does not count, nor does a pseudonym within the one relying party that it is for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tools.linkage_audit import chance
from tools.linkage_audit.chance import Sample
from tools.linkage_audit.findings import Finding, Observer
from tools.linkage_audit.observation import SHORTEST, CardTrace, Text

_EXAMPLES: Final = 3
#: Octets of a piece that is a frame when every card says it: three come by chance on all cards never, two often.
_FRAME: Final = 3
#: Visits beyond each card's first that must agree: 256^-6 over some 10^5 places is below the budget.
_AGREEING: Final = 6
_SEPARATOR: Final = bytes.fromhex("00FF00FF00FF")


@dataclass(frozen=True, slots=True, kw_only=True)
class StringsReport:
    """``lengths``: what counted as telling, by number of visits. ``windows``: compared, in all."""

    observer: Observer
    findings: tuple[Finding, ...]
    lengths: dict[int, int]
    windows: int
    groups: int


def varying_steps(traces: Sequence[CardTrace]) -> frozenset[str]:
    """Steps where not every card always gave the same answer: the others tell nobody apart."""
    first: dict[str, bytes] = {}
    varying = set()
    for trace in traces:
        for step, texts in trace.texts.items():
            known = first.setdefault(step, texts[0].octets)
            if step not in varying and any(text.octets != known for text in texts):
                varying.add(step)
    return frozenset(varying)


def look_across_parties(traces: Sequence[CardTrace], steps: frozenset[str]) -> StringsReport:
    """All relying parties put together what they saw. A private string counts once for each of them."""
    groups = [_Group(trace, steps, _once_per_party(trace)) for trace in traces]
    return _look(Observer.ALL_PARTIES, traces, groups, steps)


def look_within_parties(traces: Sequence[CardTrace], steps: frozenset[str]) -> StringsReport:
    """Each relying party compares the visits to itself. A private string does not count."""
    groups = []
    for trace in traces:
        for party in sorted(set(trace.party_of.values())):
            groups.append(_Group(trace, steps, _at_party(trace, party)))
    return _look(Observer.ONE_PARTY, traces, groups, steps)


def recurring_private(traces: Sequence[CardTrace]) -> tuple[int, int]:
    """A control of the method: (pairs of card and party with a pseudonym, those where it was seen again)."""
    pairs: dict[tuple[int, int], set[bytes]] = defaultdict(set)
    times: Counter[tuple[int, int]] = Counter()
    for trace in traces:
        for texts in trace.texts.values():
            for text in texts:
                if text.private:
                    key = (trace.card, trace.party_of[text.visit])
                    pairs[key].add(text.octets)
                    times[key] += 1
    repeated = {key for key, count in times.items() if count > 1}
    return len(repeated), sum(len(pairs[key]) == 1 for key in repeated)


def look_at_columns(traces: Sequence[CardTrace], steps: frozenset[str]) -> tuple[Finding, ...]:
    """Single octets: places in an answer where each card always says the same, and not all cards the same.

    Each visit of a card beyond the first agrees by chance in one of 256, so a place counts where so many agree
    that the budget is kept over all places.
    """
    findings = []
    for step in sorted(steps):
        answers = {
            trace.card: {(text.visit, text.octets) for text in trace.texts[step] if not text.private}
            for trace in traces
            if step in trace.texts
        }
        agreeing = sum(len(seen) - 1 for seen in answers.values() if len(seen) > 1)
        several = [[octets for _, octets in seen] for seen in answers.values() if len(seen) > 1]
        if agreeing < _AGREEING or len({len(octets) for seen in several for octets in seen}) != 1:
            continue
        own = [
            place
            for place in range(len(several[0][0]))
            if all(len({octets[place] for octets in seen}) == 1 for seen in several)
            and len({seen[0][place] for seen in several}) > 1
        ]
        if own:
            shown = Counter(bytes(seen[0][place] for place in own) for seen in several)
            findings.append(
                Finding(
                    test="octets of a card's own",
                    observer=Observer.ALL_PARTIES,
                    where=step,
                    what=f"{len(own)} octets of the answer are always the same on a card, and not on all cards",
                    cards=len(several),
                    shared_by=min(shown.values()),
                    examples=tuple(octets[:16].hex(" ") for octets in list(shown)[:_EXAMPLES]),
                )
            )
    return tuple(findings)


Keep = Callable[[Text], bool]


def _once_per_party(trace: CardTrace) -> Keep:
    met: set[tuple[int, bytes]] = set()

    def keep(text: Text) -> bool:
        if not text.private:
            return True
        key = (trace.party_of.get(text.visit, -1), text.octets)
        new = key not in met
        met.add(key)
        return new

    return keep


def _at_party(trace: CardTrace, party: int) -> Keep:
    return lambda text: not text.private and trace.party_of.get(text.visit) == party


class _Group:
    """What one observer compares: the texts of one card at some visits."""

    def __init__(self, trace: CardTrace, steps: frozenset[str], keep: Keep) -> None:
        self.card = trace.card
        self.texts: list[tuple[str, Text]] = [
            (step, text)
            for step, texts in trace.texts.items()
            if step in steps
            for text in texts
            if keep(text)
        ]
        self.visits = {text.visit for _, text in self.texts}
        self._sent = trace.sent

    def window_count(self) -> int:
        """Of the visit with most."""
        counts: Counter[int] = Counter()
        for _, text in self.texts:
            counts[text.visit] += len(text.octets) - SHORTEST + 1
        return max(counts.values(), default=0)

    def recurring(self) -> Iterator[tuple[str, bytes]]:
        """(step, string): longest strings all of whose windows came in two visits or more."""
        first: dict[bytes, int] = {}
        again: set[bytes] = set()
        for _, text in self.texts:
            sent = self._sent.get(text.visit, b"")
            for window in windows(text.octets):
                if first.setdefault(window, text.visit) != text.visit and window not in sent:
                    again.add(window)
        if not again:
            return
        for step, text in self.texts:
            for run in _runs(text.octets, again):
                yield step, run


def windows(octets: bytes) -> set[bytes]:
    """All strings of the shortest length in ``octets``."""
    return {octets[i : i + SHORTEST] for i in range(len(octets) - SHORTEST + 1)}


def _runs(octets: bytes, wanted: set[bytes]) -> Iterator[bytes]:
    """The longest stretches of ``octets`` whose every window is wanted."""
    start = None
    last = len(octets) - SHORTEST + 1
    for i in range(last + 1):
        inside = i < last and octets[i : i + SHORTEST] in wanted
        if inside and start is None:
            start = i
        elif not inside and start is not None:
            yield octets[start : i + SHORTEST - 1]
            start = None


def _look(
    observer: Observer, traces: Sequence[CardTrace], groups: Sequence[_Group], steps: frozenset[str]
) -> StringsReport:
    samples = Counter(Sample(len(group.visits), group.window_count()) for group in groups)
    lengths = chance.shortest_telling(samples)
    everyone = _Everyone(traces, steps)
    marks: dict[str, dict[bytes, set[int]]] = defaultdict(lambda: defaultdict(set))
    for group in groups:
        judged: dict[tuple[str, bytes], bool] = {}
        for step, string in group.recurring():
            if (step, string) not in judged:
                judged[step, string] = _tells(step, string, group, lengths, everyone)
            if judged[step, string]:
                marks[step][string].add(group.card)
    return StringsReport(
        observer=observer,
        findings=tuple(
            _finding(observer, step, strings, everyone) for step, strings in sorted(marks.items())
        ),
        lengths=lengths,
        windows=sum(len(t.octets) - SHORTEST + 1 for group in groups for _, t in group.texts),
        groups=len(groups),
    )


def _tells(step: str, string: bytes, group: _Group, lengths: dict[int, int], everyone: _Everyone) -> bool:
    """Whether enough of the string is not what everybody says.

    A constant with one more octet beside it comes back by chance soon: only what is beside it counts.
    """
    times = len({text.visit for _, text in group.texts if string in text.octets})
    least = lengths.get(times)
    # The second question costs more than the first, and is rarely asked.
    return (
        least is not None
        and len(string) >= least
        and everyone.own_octets(string) >= least
        and everyone.own_octets(string, step) >= least
    )


class _Everyone:
    """What all cards say, anywhere or at one step: frames of data objects, names, status words inside."""

    def __init__(self, traces: Sequence[CardTrace], steps: frozenset[str]) -> None:
        self._traces = traces
        self._said = [
            _SEPARATOR.join({text.octets for step in steps for text in trace.texts.get(step, ())})
            for trace in traces
        ]
        self._said_at: dict[str, list[bytes]] = {}
        self._counts: dict[bytes, int] = {}

    def own_octets(self, string: bytes, step: str | None = None) -> int:
        """Octets of ``string`` in no short piece that every card says, at ``step`` or anywhere.

        One card alone has all to itself.
        """
        covered: set[int] = set()
        for i in range(len(string) - _FRAME + 1):
            piece = string[i : i + _FRAME]
            if self._saying(piece) == len(self._said) > 1 or (step and self._all_say_at(step, piece)):
                covered.update(range(i, i + _FRAME))
        return len(string) - len(covered)

    def _all_say_at(self, step: str, piece: bytes) -> bool:
        if step not in self._said_at:
            self._said_at[step] = [
                _SEPARATOR.join({text.octets for text in trace.texts[step]})
                for trace in self._traces
                if step in trace.texts
            ]
        here = self._said_at[step]
        return len(here) > 1 and all(piece in said for said in here)

    def sharing(self, string: bytes) -> int:
        """Cards that say the most common part of ``string`` that not all of them say."""
        counts = {self._saying(string[i : i + SHORTEST]) for i in range(len(string) - SHORTEST + 1)}
        return max((count for count in counts if count < len(self._said)), default=len(self._said))

    def _saying(self, window: bytes) -> int:
        if window not in self._counts:
            self._counts[window] = sum(window in said for said in self._said)
        return self._counts[window]


def _finding(observer: Observer, step: str, strings: dict[bytes, set[int]], everyone: _Everyone) -> Finding:
    longest = max(strings, key=len)
    return Finding(
        test="strings that come back",
        observer=observer,
        where=step,
        cards=len(set[int]().union(*strings.values())),
        what=f"a string of {len(longest)} octets comes back for a card and not for all others",
        shared_by=min(everyone.sharing(string) for string in strings),
        examples=_examples(strings),
    )


def _examples(strings: Iterable[bytes]) -> tuple[str, ...]:
    longest = sorted(strings, key=len, reverse=True)[:_EXAMPLES]
    return tuple(string[:16].hex(" ") + (" ..." if len(string) > 16 else "") for string in longest)
