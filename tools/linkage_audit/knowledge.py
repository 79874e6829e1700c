"""What the issuer knows and what the card keeps secret: none of it may turn up, nor be computable from answers.

Two tests: strings of the card's file or secrets in anything a relying party saw of that card; and the
quotients of responses (:func:`tools.linkage_audit.driver.quotients`), which give a secret where a blinding
served twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tools.linkage_audit import chance
from tools.linkage_audit.findings import Finding, Observer
from tools.linkage_audit.observation import CardTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeReport:
    """``length``: octets from which a known string tells. ``quotients``: computed. ``names``: looked for."""

    findings: tuple[Finding, ...]
    length: int
    quotients: int
    names: tuple[str, ...]


def look_for_knowledge(traces: Sequence[CardTrace], steps: frozenset[str]) -> KnowledgeReport:
    """Both tests. ``steps``: those where answers vary; what is the same for all cards is no card's secret."""
    comparisons = 0.0
    for trace in traces:
        known = sum(map(len, trace.issuer_knows.values())) + sum(map(len, trace.secrets.values()))
        said = sum(len(text.octets) for step in steps for text in trace.texts.get(step, ()))
        comparisons += float(known) * said
    length = chance.shortest_known(comparisons=comparisons)
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for trace in traces:
        for name, step in _spoken(trace, steps, length):
            found[name, step].add(trace.card)
    findings = [
        Finding(
            test="what the issuer knows",
            observer=Observer.POOLED,
            where=step,
            what=f"{length} octets or more of: {name}",
            cards=len(cards),
            shared_by=1,
        )
        for (name, step), cards in sorted(found.items())
    ]
    return KnowledgeReport(
        findings=tuple(findings + _quotient_findings(traces)),
        length=length,
        quotients=sum(len(values) for trace in traces for values in trace.quotients.values()),
        names=tuple(sorted({name for t in traces for name in (*t.issuer_knows, *t.secrets)})),
    )


def _spoken(trace: CardTrace, steps: frozenset[str], length: int) -> set[tuple[str, str]]:
    """(name of what is known, step where the card said it)."""
    names: dict[bytes, str] = {}
    for name, octets in (*trace.issuer_knows.items(), *trace.secrets.items()):
        # What is shorter than a telling string (a PIN) cannot be told from chance; it is looked for whole.
        for i in range(len(octets) - length + 1):
            names[octets[i : i + length]] = name
    return {
        (names[window], step)
        for step in steps
        for text in trace.texts.get(step, ())
        for i in range(len(text.octets) - length + 1)
        if (window := text.octets[i : i + length]) in names
    }


def _quotient_findings(traces: Sequence[CardTrace]) -> list[Finding]:
    repeated: dict[str, set[int]] = defaultdict(set)
    for trace in traces:
        secrets = {int.from_bytes(octets, "big") for octets in trace.secrets.values() if len(octets) == 32}
        for name, values in trace.quotients.items():
            again = any(times > 1 for times in Counter(values).values())
            if again or secrets.intersection(values):
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
