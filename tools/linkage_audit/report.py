"""The report: a page that a data-protection officer can read, as Markdown, and the same as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tools.linkage_audit import chance
from tools.linkage_audit.audit import EVERY_OBJECT_CARDS, LONG_BATTERY_CARDS, AuditResult
from tools.linkage_audit.findings import ClassSizes, Finding, Observer
from tools.linkage_audit.planted import PLANTS
from tools.linkage_audit.probes import long_battery, short_battery, visit_battery
from tools.linkage_audit.profiles import WAYS
from tools.linkage_audit.states import SEATS, states

_MOST_LEAKS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Findings of one kind at one place. ``situations``: in how many it was seen."""

    first: Finding
    observers: tuple[Observer, ...]
    situations: int
    cards: int


def leaks(findings: Iterable[Finding]) -> list[Leak]:
    """Findings put together: the same place and test in many situations is one leak."""
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.test, finding.where.rpartition(" / ")[2]].append(finding)
    return [
        Leak(
            first=group[0],
            observers=tuple(sorted({finding.observer for finding in group}, key=list(Observer).index)),
            situations=len({finding.where for finding in group}),
            cards=max(finding.cards for finding in group),
        )
        for group in groups.values()
    ]


def passed(product: AuditResult, plants: Sequence[AuditResult]) -> bool:
    """Nothing in the product, something in every card with a plant, and the control was seen."""
    seen_again, recognised = product.control
    return not product.findings and seen_again == recognised and all(plant.findings for plant in plants)


def markdown(product: AuditResult, plants: Sequence[AuditResult]) -> str:
    """The page."""
    sections = (
        _head(product, plants),
        _watched(product),
        _looked_for(product),
        _found(product),
        _classes(product),
        _joined(product),
        _proof_of_method(product, plants),
        _limits(product),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _head(product: AuditResult, plants: Sequence[AuditResult]) -> list[str]:
    required = [result for result in plants if result.plant and PLANTS[result.plant].required]
    found = sum(bool(result.findings) for result in required)
    count = len(leaks(product.findings))
    verdict = "Nothing was found that tells cards apart." if not count else f"{count} LEAKS WERE FOUND."
    size = product.size
    lines = [
        "# Can a card be recognised? Linkage audit",
        "",
        f"**{verdict}** {size.cards} cards ({WAYS[product.way].profile_name} profile) were shown to {size.parties} "
        f"relying parties, {size.visits} times at each, on {product.today.isoformat()}.",
    ]
    if plants:
        lines.append(
            f"To prove that the audit can see, leaks were planted: {found} of {len(required)} that had to be found "
            f"were found, and {sum(bool(r.findings) for r in plants) - found} of {len(plants) - len(required)} "
            "harder ones."
        )
    if any(entry.development_only for entry in WAYS[product.way].admitted):
        lines += [
            "",
            "**These are development cards.** They are open by intention and never for real residents; what that "
            "costs is listed under *Development only* below.",
        ]
    return lines


def _watched(product: AuditResult) -> list[str]:
    way = WAYS[product.way]
    return [
        "## What was watched",
        "",
        "Every octet and every status word that came out of a card, in the product's own code from the office's "
        f"registry to the terminal's verdict: {product.exchanges:,} exchanges, {product.octets:,} octets, "
        f"{product.presentations:,} presentations. Names of two to sixty characters, ten months of issue days, "
        "birth years 1930 to 2023.",
        "",
        f"- Way in: {way.name}. Stages: {'; '.join(way.stage_names)}.",
        f"- States of the card: {'; '.join(state.name for state in states())}"
        + (f" (on one card in {way.sample})." if way.sample > 1 else "."),
        f"- Probes: {len(short_battery())} in every state, {len(visit_battery())} at every visit, "
        f"{len(long_battery()):,} (all instructions, classes, data objects of one octet) on "
        f"{min(LONG_BATTERY_CARDS, product.size.cards)} cards"
        + (f", all 65,536 data objects on {EVERY_OBJECT_CARDS}." if product.size.every_object else "."),
        "- Relying parties: "
        + "; ".join(
            f"{party.context} ({', '.join(asked.name for asked in party.questions)})"
            for party in product.parties
        )
        + ". Each also asks twice, asks too much, and passes on other parties' requests.",
        "- Besides: wrong passwords in every state, a search for the card's last known date, and the issuer's own "
        "file of a card tried on it.",
    ]


def _looked_for(product: AuditResult) -> list[str]:
    within, across = product.strings
    return [
        "## What was looked for",
        "",
        "1. **Strings that come back** for one card and not for all others: at one relying party (pseudonym left "
        "out, since it is meant to come back there), and at all of them together (where a pseudonym must not). "
        "What the terminal sent itself does not count.",
        "2. **Status words, lengths, numbers of exchanges, counted operations** (what a stopwatch would show): the "
        "same command in the same situation must look the same on every card, and a card's state must not show.",
        f"3. **What the issuer knows** ({', '.join(product.knowledge.names)}; secrets of the card included) inside "
        "anything that a relying party saw.",
        f"4. **Randomness used twice**: {product.knowledge.quotients:,} differences of answers, none of which may "
        "give a secret.",
        f"5. **Databases joined**: {product.joins.rows:,} stored rows of {product.size.parties} relying parties, "
        f"all {product.joins.pairs} pairs.",
        "",
        "Short strings come back by accident. So a string counts from a length at which fewer than one audit in a "
        f"million ({chance.FALSE_ALARMS:.0e}, shared by {chance.TESTS} tests) would raise a false alarm: at one "
        f"relying party {chance.in_words(within.lengths)} (of {within.windows:,} compared places); all together "
        f"{chance.in_words(across.lengths)}; what the issuer knows {product.knowledge.length} octets; databases "
        f"{product.joins.length} octets.",
    ]


def _found(product: AuditResult) -> list[str]:
    found = leaks(product.findings)
    if not found:
        return ["## What was found", "", "Nothing."]
    return ["## What was found", "", *_leak_lines(found)]


def _leak_lines(found: Sequence[Leak]) -> list[str]:
    lines = []
    for leak in found[:_MOST_LEAKS]:
        first = leak.first
        lines.append(
            f"- **{first.test}**, at *{first.where}*"
            + (f" and {leak.situations - 1} more situations" if leak.situations > 1 else "")
            + f": {first.what}. Marks {leak.cards} cards, the smallest group {first.shared_by}. "
            f"Seen by: {'; '.join(leak.observers)}."
            + (f" For example: {' | '.join(first.examples)}" if first.examples else "")
        )
    if len(found) > _MOST_LEAKS:
        lines.append(f"- and {len(found) - _MOST_LEAKS} more (see --json)")
    return lines


def _classes(product: AuditResult) -> list[str]:
    """Tables of what remains: a class is a crowd, and its size is the anonymity that is left."""
    remaining = [c for c in product.features.classes if not c.admitted.development_only]
    doors = [c for c in product.features.classes if c.admitted.development_only]
    lines = [
        "## What remains: classes",
        "",
        "The design admits that cards fall into these classes. None of them is one card's own; a class with few "
        "cards in it hides its holders badly, and the issuing office has to keep them large.",
        "",
        *_table(remaining),
    ]
    if doors:
        lines += ["", "**Development only** (a card with a channel must not show these):", "", *_table(doors)]
    return lines


def _table(classes: Sequence[ClassSizes]) -> list[str]:
    lines = ["| class | what it is | values seen (at most) | cards in the smallest | in the largest |"]
    lines.append("|---|---|---|---|---|")
    for entry in classes:
        sizes = entry.sizes.values()
        seen = (
            f"{len(sizes)} ({entry.admitted.most_values}) | {min(sizes)} | {max(sizes)}"
            if sizes
            else f"not seen ({entry.admitted.most_values}) | - | -"
        )
        lines.append(f"| {entry.admitted.name} | {entry.admitted.meaning} | {seen} |")
    return lines


def _joined(product: AuditResult) -> list[str]:
    lines = [
        "## Two databases joined",
        "",
        "All that two relying parties have in common is what both may know. For a customer of the first, so many "
        "customers of the second fit, on average:",
        "",
        "| databases | comparable | candidates | of |",
        "|---|---|---|---|",
    ]
    for words in product.joins.words:
        names = f"{product.parties[words.first].context}, {product.parties[words.second].context}"
        columns = ", ".join(words.columns) or "nothing"
        lines.append(f"| {names} | {columns} | {words.candidates:.0f} | {words.cards} |")
    return lines


def _proof_of_method(product: AuditResult, plants: Sequence[AuditResult]) -> list[str]:
    seen_again, recognised = product.control
    lines = [
        "## Why this can be believed",
        "",
        f"- What is meant to come back was seen to come back: {recognised} of {seen_again} pseudonyms were "
        "recognised at the relying party that they are for.",
    ]
    for result in plants:
        found = leaks(result.findings)
        size = result.size
        lines.append(
            f"- Planted: {result.plant} ({size.cards} cards, {size.parties} parties, {size.visits} visits): "
            + (
                f"found, by {', '.join(sorted({leak.first.test for leak in found}))}."
                if found
                else "**MISSED.**"
            )
        )
    return lines


def _limits(product: AuditResult) -> list[str]:
    return [
        "## What this cannot show",
        "",
        *(f"- Not watched: {line}." for line in (*WAYS[product.way].not_watched, *SEATS)),
        "- Not tried: personalisation commands that would change the card, beyond the issuer's own record.",
        "- The radio and its unique identifier, currents and fields, and real time: the software card has none; "
        "counted operations stand for time.",
        "- A mark that only the holder of a key can see, put into random octets by a malicious chip: "
        "certification's job.",
        "- When and where someone came: two visits in the same minute are guessed to be one person.",
        "- What was asked for and allowed: a relying party that may ask for the name knows the name.",
    ]


def as_json(product: AuditResult, plants: Sequence[AuditResult]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "passed": passed(product, plants),
        "product": _result(product),
        "classes": [
            {
                "name": entry.admitted.name,
                "meaning": entry.admitted.meaning,
                "most_values": entry.admitted.most_values,
                "development_only": entry.admitted.development_only,
                "sizes": entry.sizes,
            }
            for entry in product.features.classes
        ],
        "joins": [
            {
                "databases": [product.parties[w.first].context, product.parties[w.second].context],
                "comparable": list(w.columns),
                "candidates": round(w.candidates, 2),
                "cards": w.cards,
            }
            for w in product.joins.words
        ],
        "false_alarms": chance.FALSE_ALARMS,
        "lengths": {str(report.observer): report.lengths for report in product.strings},
        "planted": [_result(result) for result in plants],
        "not_watched": [*WAYS[product.way].not_watched, *SEATS],
    }


def _result(result: AuditResult) -> dict[str, Any]:
    return {
        "plant": result.plant,
        "profile": result.way,
        "cards": result.size.cards,
        "parties": result.size.parties,
        "visits": result.size.visits,
        "exchanges": result.exchanges,
        "octets": result.octets,
        "presentations": result.presentations,
        "seconds": round(result.seconds, 1),
        "pseudonyms_recognised": list(result.control),
        "leaks": [
            {
                "test": leak.first.test,
                "where": leak.first.where,
                "what": leak.first.what,
                "observers": list(map(str, leak.observers)),
                "situations": leak.situations,
                "cards": leak.cards,
                "smallest_group": leak.first.shared_by,
                "examples": list(leak.first.examples),
            }
            for leak in leaks(result.findings)
        ],
    }
