"""What the issuer knows and what the card keeps secret: none of it may turn up, nor be computable from answers.

Two tests: strings of the card's file or secrets in anything a relying party saw of that card; and the
quotients of responses (:func:`tools.linkage_audit.driver.quotients`), which give a secret where a blinding
served twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tools.linkage_audit import chance
from tools.linkage_audit.findings import Finding, Observer
from tools.linkage_audit.observation import CardTrace

_SMALL: Final = 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeReport:
    """``length``: octets from which a known string tells. ``quotients``: computed. ``names``: looked for."""

    findings: tuple[Finding, ...]
    length: int
    quotients: int
    names: tuple[str, ...]


def look_for_knowledge(traces: Sequence[CardTrace], steps: frozenset[str]) -> KnowledgeReport:
    """Both tests. ``steps``: those where answers vary; what is the same for all cards is no card's secret."""
    comparisons = whole_comparisons = 0.0
    for trace in traces:
        known = [*trace.issuer_knows.values(), *trace.secrets.values()]
        said = sum(len(text.octets) for step in steps for text in trace.texts.get(step, ()))
        comparisons += float(sum(map(len, known))) * said
        whole_comparisons += float(len(known)) * said
    length = chance.shortest_known(comparisons=comparisons, budget=chance.BUDGET / 2)
    # Digits are shorter than what tells as a part of something longer; whole, they may still tell.
    whole = chance.shortest_known(comparisons=whole_comparisons, budget=chance.BUDGET / 2)
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for trace in traces:
        for name, step in _spoken(trace, steps, length=length, whole=whole):
            found[name, step].add(trace.card)
    findings = [
        Finding(
            test="what the issuer knows",
            observer=Observer.POOLED,
            where=step,
            what=f"{length} octets or more, or all, of: {name}",
            cards=len(cards),
            shared_by=1,
        )
        for (name, step), cards in sorted(found.items())
    ]
    return KnowledgeReport(
        findings=tuple(findings + _quotient_findings(traces)),
        length=length,
        quotients=sum(len(values) for trace in traces for values in trace.quotients.values()),
        names=tuple(
            sorted(
                {
                    name
                    for trace in traces
                    for name, octets in (*trace.issuer_knows.items(), *trace.secrets.items())
                    if len(octets) >= whole
                }
            )
        ),
    )


def _spoken(trace: CardTrace, steps: frozenset[str], *, length: int, whole: int) -> set[tuple[str, str]]:
    """(name of what is known, step where the card said ``length`` octets of it, or all of it)."""
    names: dict[bytes, str] = {}
    short: dict[bytes, str] = {}
    for name, octets in (*trace.issuer_knows.items(), *trace.secrets.items()):
        for i in range(len(octets) - length + 1):
            names[octets[i : i + length]] = name
        if whole <= len(octets) < length:
            short[octets] = name
    spoken = set()
    for step in steps:
        for text in trace.texts.get(step, ()):
            said = text.octets
            spoken |= {(name, step) for octets, name in short.items() if octets in said}
            for i in range(len(said) - length + 1):
                if said[i : i + length] in names:
                    spoken.add((names[said[i : i + length]], step))
    return spoken


def _quotient_findings(traces: Sequence[CardTrace]) -> list[Finding]:
    repeated: dict[str, set[int]] = defaultdict(set)
    for trace in traces:
        secrets = {int.from_bytes(octets, "big") for octets in trace.secrets.values() if len(octets) == 32}
        for name, values in trace.quotients.items():
            again = any(times > 1 for times in Counter(values).values())
            # A quotient so small is a date or a code: by chance it would have 255 bits.
            small = any(value < _SMALL for value in values)
            if again or small or secrets.intersection(values):
                repeated[name].add(trace.card)
    return [
        Finding(
            test="blindings used twice",
            observer=Observer.ALL_PARTIES,
            where=f"response {name}",
            what="two presentations have the same blinding: their difference gives the secret behind it",
            cards=len(cards),
            shared_by=1,
        )
        for name, cards in sorted(repeated.items())
    ]
