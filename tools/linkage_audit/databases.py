"""Joins relying parties' databases: which rows of one belong to which rows of another, by anything stored.

Three joins for each two databases: equal octet strings in any two columns; for the first two parties and the
first two that keep pseudonyms, any common string inside what they stored; and all comparable words together.
The last must find something (both may know the prefecture), and how little, is reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from tools.linkage_audit import chance
from tools.linkage_audit.findings import Finding, Observer
from tools.linkage_audit.observation import StoredRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsJoin:
    """``columns``: compared. ``candidates``: cards of the second database that fit a row of the first, mean;
    ``cards``: that a guess would choose from.
    """

    first: int
    second: int
    columns: tuple[str, ...]
    candidates: float
    cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinReport:
    """``pairs``: of databases. ``rows``: in all. ``length``: octets of a common string that tells."""

    findings: tuple[Finding, ...]
    words: tuple[WordsJoin, ...]
    pairs: int
    rows: int
    length: int


def join(rows: Sequence[StoredRow]) -> JoinReport:
    """All three joins."""
    by_party: dict[int, list[StoredRow]] = defaultdict(list)
    for row in rows:
        by_party[row.party].append(row)
    pairs = list(combinations(sorted(by_party), 2))
    octets = {party: sum(len(row.whole) for row in kept) for party, kept in by_party.items()}
    chosen = _chosen(by_party)
    comparisons = sum(float(octets[a]) * octets[b] for a, b in chosen)
    length = chance.shortest_known(comparisons=comparisons)
    findings: list[Finding] = []
    for a, b in pairs:
        findings += _join_columns(a, b, by_party[a], by_party[b])
    for a, b in chosen:
        findings += _join_strings(a, b, by_party[a], by_party[b], length)
    return JoinReport(
        findings=tuple(findings),
        words=tuple(_join_words(a, b, by_party[a], by_party[b]) for a, b in pairs),
        pairs=len(pairs),
        rows=len(rows),
        length=length,
    )


def _chosen(by_party: dict[int, list[StoredRow]]) -> list[tuple[int, int]]:
    """The pairs whose stored octets are compared in full."""
    parties = sorted(by_party)
    with_pseudonym = [p for p in parties if any("pseudonym" in row.parts for row in by_party[p])]
    return sorted({tuple(pair[:2]) for pair in (parties, with_pseudonym) if len(pair) > 1})  # type: ignore[misc]


def _join_columns(a: int, b: int, first: Iterable[StoredRow], second: Iterable[StoredRow]) -> list[Finding]:
    """Any octet column of one with any of the other."""
    where: dict[bytes, tuple[str, int]] = {}
    for row in first:
        for column, value in row.parts.items():
            where[value] = (column, row.card)
    found: dict[str, set[int]] = defaultdict(set)
    for row in second:
        for column, value in row.parts.items():
            if value in where:
                found[f"{where[value][0]} = {column}"].add(row.card)
    return [_finding(a, b, f"equal values: {columns}", cards) for columns, cards in sorted(found.items())]


def _join_strings(
    a: int, b: int, first: Iterable[StoredRow], second: Iterable[StoredRow], length: int
) -> list[Finding]:
    known = {row.whole[i : i + length] for row in first for i in range(len(row.whole) - length + 1)}
    cards = {
        row.card
        for row in second
        if any(row.whole[i : i + length] in known for i in range(len(row.whole) - length + 1))
    }
    return [_finding(a, b, f"a common string of {length} octets or more", cards)] if cards else []


def _finding(a: int, b: int, what: str, cards: set[int]) -> Finding:
    return Finding(
        test="two databases joined",
        observer=Observer.ALL_PARTIES,
        where=f"databases of parties {a + 1} and {b + 1}",
        what=what,
        cards=len(cards),
        shared_by=1,
    )


def _join_words(a: int, b: int, first: Sequence[StoredRow], second: Sequence[StoredRow]) -> WordsJoin:
    """Every card's words at both parties, and how many cards of the second fit a card of the first."""
    ours, theirs = _by_card(first), _by_card(second)
    columns = sorted(
        set().union(*(words.keys() for words in ours.values()))
        & set().union(*(words.keys() for words in theirs.values()))
    )
    groups: dict[tuple[str | None, ...], int] = defaultdict(int)
    for words in theirs.values():
        groups[tuple(words.get(column) for column in columns)] += 1
    fitting = [groups[tuple(words.get(column) for column in columns)] for words in ours.values()]
    return WordsJoin(
        first=a,
        second=b,
        columns=tuple(columns),
        candidates=sum(fitting) / len(fitting) if fitting else 0.0,
        cards=len(theirs),
    )


def _by_card(rows: Iterable[StoredRow]) -> dict[int, dict[str, str]]:
    """All words that a party has of each card; the audit lends it the knowledge of whose rows are whose."""
    words: dict[int, dict[str, str]] = defaultdict(dict)
    for row in rows:
        words[row.card].update(row.words)
    return words
