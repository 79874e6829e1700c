"""What can be told without looking into answers: status words, lengths, numbers of exchanges, counted operations.

In one step all cards must show the same, and in one probe all states of a card: what differs is a class that
the way in admits, or a finding.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.linkage_audit.findings import ClassSizes, Finding, Observer
from tools.linkage_audit.observation import CardTrace, Visible
from tools.linkage_audit.states import State, states
from tools.linkage_audit.ways import NOT_YET_ISSUED, Way

#: The place where states that answer nothing are asked a good question.
ASKED = "asked / PRESENT, a good question"

_FIELDS = {"sw": "status word", "length": "length", "operations": "counted operations"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesReport:
    """``steps``: compared over all cards."""

    findings: tuple[Finding, ...]
    classes: tuple[ClassSizes, ...]
    steps: int


def look_at_features(traces: Sequence[CardTrace], way: Way) -> FeaturesReport:
    """Compare all cards, then all states, then count the classes."""
    findings: list[Finding] = []
    marks: dict[str, dict[int, list[object]]] = defaultdict(lambda: defaultdict(list))
    per_step: dict[str, dict[int, frozenset[Visible]]] = defaultdict(dict)
    for trace in traces:
        for step, seen in trace.visible.items():
            per_step[step][trace.card] = frozenset(seen)
    for step, by_card in sorted(per_step.items()):
        everything = frozenset[Visible]().union(*by_card.values())
        if len(everything) == 1:
            continue
        admitted = next((c for c in way.admitted if c.steps and re.search(c.steps, step)), None)
        if admitted is None:
            findings.append(_difference(step, by_card, everything))
        else:
            for card, shown in by_card.items():
                marks[admitted.name][card].append((step, shown))
    findings += _exchange_counts(traces)
    state_classes, state_findings = _compare_states(traces, way)
    findings += state_findings
    return FeaturesReport(
        findings=tuple(findings + _class_findings(traces, way)),
        classes=_sizes(traces, way, marks, state_classes),
        steps=len(per_step),
    )


def _difference(step: str, by_card: dict[int, frozenset[Visible]], everything: Iterable[Visible]) -> Finding:
    groups = Counter(by_card.values())
    values = list(everything)
    differing = [word for name, word in _FIELDS.items() if len({getattr(v, name) for v in values}) > 1]
    usual = groups.most_common(1)[0][1]
    return Finding(
        test=" and ".join(differing),
        observer=_observer(step),
        where=step,
        what=f"{len(values)} different answers to the same command in the same situation",
        cards=len(by_card) - usual if len(groups) > 1 else len(by_card),
        shared_by=min(groups.values()),
        examples=tuple(
            f"{shown.sw:04X}, {shown.length} octets, operations {shown.operations}"
            for shown in sorted(values, key=lambda v: (v.sw, v.length, v.operations))[:3]
        ),
    )


def _observer(step: str) -> Observer:
    return Observer.ANYONE if "before authentication" in step else Observer.ONE_PARTY


def _exchange_counts(traces: Sequence[CardTrace]) -> list[Finding]:
    by_scope: dict[str, dict[int, frozenset[int]]] = defaultdict(dict)
    for trace in traces:
        for scope, counts in trace.exchanges_in.items():
            by_scope[scope][trace.card] = frozenset(counts)
    return [
        Finding(
            test="number of exchanges",
            observer=_observer(scope),
            where=scope,
            what="the same session takes one card more exchanges than another",
            cards=len(by_card),
            shared_by=min(Counter(by_card.values()).values()),
            examples=(str(sorted(frozenset[int]().union(*by_card.values()))),),
        )
        for scope, by_card in sorted(by_scope.items())
        if len(frozenset[int]().union(*by_card.values())) > 1
    ]


def _compare_states(
    traces: Sequence[CardTrace], way: Way
) -> tuple[dict[str, dict[str, list[object]]], list[Finding]]:
    """By class, by state, what it showed; and the probes by which a state shows that may not."""
    stepped: dict[str, dict[str, str]] = defaultdict(dict)
    for state in states():
        for stage in way.stage_names:
            for probe in way.battery(stage):
                place = f"{stage} / {probe.name}"
                stepped[place][state.name] = f"{state.name}: {place}"
                stepped[f"{place}, opened"][state.name] = f"{state.name}: {place}, opened"
        for place in _places(traces, state, way):
            stepped[place][state.name] = f"{state.name}: {place}"
        if state.refuses:
            stepped[ASKED][state.name] = f"{state.name}: {ASKED}"
    issued = {state.name for state in states() if state.issued}
    shown = {place: _answers(traces, steps) for place, steps in stepped.items()}
    classes: dict[str, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
    findings = []
    for place, by_state in shown.items():
        if len(set(by_state.values())) <= 1:
            continue
        admitted = next((c for c in way.admitted if c.probes and re.search(c.probes, place)), None)
        if admitted is None and len({by_state[name] for name in issued & by_state.keys()}) <= 1:
            # A card that nobody holds yet may look different from those that people carry.
            admitted = NOT_YET_ISSUED if NOT_YET_ISSUED in way.admitted else None
        if admitted is None:
            findings.append(
                Finding(
                    test="the card's state",
                    observer=_observer(place),
                    where=place,
                    what="a reader can tell the card's state: " + "; ".join(_groups(by_state)),
                    cards=len(traces),
                    shared_by=len(traces),
                )
            )
            continue
        for name, answers in by_state.items():
            classes[admitted.name][name].append(answers)
    return classes, findings


def _places(traces: Sequence[CardTrace], state: State, way: Way) -> set[str]:
    """Steps, without the state's name, at which wrong passwords were tried in it.

    Of a card that somebody holds, also those of the way in, and of a question that was answered.
    """
    start = f"{state.name}: "
    kinds = ["a wrong "]
    if state.issued:
        kinds += ["answered ", *(f"{stage}, on the way / " for stage in way.stage_names)]
    return {
        step.removeprefix(start)
        for trace in traces
        for step in trace.visible
        if any(step.startswith(start + kind) for kind in kinds)
    }


def _answers(traces: Sequence[CardTrace], steps: dict[str, str]) -> dict[str, object]:
    """By state, what cards showed at its step; with the octets, where these never vary within a state."""
    visible: dict[str, frozenset[Visible]] = {}
    octets: dict[str, frozenset[bytes]] = {}
    for state, step in steps.items():
        seen = [trace.visible[step] for trace in traces if step in trace.visible]
        if seen:
            visible[state] = frozenset[Visible]().union(*seen)
            octets[state] = frozenset(text.octets for trace in traces for text in trace.texts.get(step, ()))
    is_random = any(len(values) > 1 for values in octets.values())
    return {state: (visible[state], None if is_random else octets[state]) for state in visible}


def _groups(by_state: dict[str, object]) -> list[str]:
    groups: dict[object, list[str]] = defaultdict(list)
    for state, answers in by_state.items():
        groups[answers].append(state)
    return [", ".join(states) for states in groups.values()]


def _class_findings(traces: Sequence[CardTrace], way: Way) -> list[Finding]:
    """Named fields that no class admits, or that have more values than it may."""
    limits = {admitted.name: admitted.most_values for admitted in way.admitted}
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for trace in traces:
        for name, seen in trace.classes.items():
            values[name].update(seen)
    return [
        Finding(
            test="classes",
            observer=Observer.ALL_PARTIES,
            where=name,
            what=f"{len(counts)} values where the design admits {limits.get(name, 0)}",
            cards=len(traces),
            shared_by=min(counts.values()),
        )
        for name, counts in sorted(values.items())
        if len(counts) > limits.get(name, 0)
    ]


def _sizes(
    traces: Sequence[CardTrace],
    way: Way,
    marks: dict[str, dict[int, list[object]]],
    states_shown: dict[str, dict[str, list[object]]],
) -> tuple[ClassSizes, ...]:
    classes = []
    for admitted in way.admitted:
        sizes: Counter[str] = Counter()
        if admitted.name in states_shown:
            by_state = {state: tuple(answers) for state, answers in states_shown[admitted.name].items()}
            sizes.update({group: len(traces) for group in _groups(dict(by_state))})
        elif admitted.name in marks:
            sizes = _numbered(marks[admitted.name])
        elif admitted.name == "card profile":
            sizes[way.profile_name] = len(traces)
        for trace in traces:
            if admitted.name in trace.classes:
                sizes[", ".join(sorted(trace.classes[admitted.name]))] += 1
        classes.append(ClassSizes(admitted=admitted, sizes=dict(sizes)))
    return tuple(classes)


def _numbered(by_card: dict[int, list[object]]) -> Counter[str]:
    groups = Counter(tuple(shown) for shown in by_card.values())
    return Counter({f"class {i}": size for i, size in enumerate(sorted(groups.values()), start=1)})
