"""The linkage audit in its small form: nothing in the product, every planted leak found, chance accounted for."""

from __future__ import annotations

import json
import random
from datetime import date
from functools import cache

import pytest
from tools.linkage_audit import chance, report
from tools.linkage_audit.__main__ import main
from tools.linkage_audit.audit import SMALL, AuditResult, Size, run_audit
from tools.linkage_audit.chance import Sample
from tools.linkage_audit.databases import join
from tools.linkage_audit.findings import Observer
from tools.linkage_audit.knowledge import look_for_knowledge
from tools.linkage_audit.observation import CardTrace, StoredRow, Text
from tools.linkage_audit.planted import PLANTS
from tools.linkage_audit.profiles import WAYS
from tools.linkage_audit.strings import look_across_parties, look_within_parties, varying_steps

TODAY = date(2026, 11, 23)
#: Enough for what every card with the plant does; not for what only some do.
FEW = Size(cards=4, parties=2, visits=2)
STEP = "a visit / an answer"


@cache
def audited(profile: str) -> AuditResult:
    return run_audit(SMALL, way=profile, today=TODAY)


@pytest.mark.parametrize("profile", sorted(WAYS))
class TestProduct:
    def test_nothing_tells_its_cards_apart(self, profile: str) -> None:
        assert report.leaks(audited(profile).findings) == []

    def test_what_may_be_recognised_was_recognised(self, profile: str) -> None:
        seen_again, recognised = audited(profile).control
        assert seen_again == recognised == 2 * SMALL.cards

    def test_the_page_says_what_was_found_and_which_classes_remain(self, profile: str) -> None:
        page = report.markdown(audited(profile), [])
        assert "Nothing was found that tells cards apart" in page
        for admitted in WAYS[profile].admitted:
            assert admitted.name in page

    def test_the_cards_were_not_all_alike(self, profile: str) -> None:
        sizes = {entry.admitted.name: entry.sizes for entry in audited(profile).features.classes}
        assert len(sizes["credential expiry"]) > 1
        assert len(sizes["shown on request: prefecture"]) > 1


@pytest.mark.parametrize("name", [plant.name for plant in PLANTS.values() if plant.required])
def test_a_planted_leak_is_found(name: str) -> None:
    found = report.leaks(run_audit(FEW, way="development", today=TODAY, plant=name).findings)
    tests = {leak.first.test for leak in found}
    expected = {
        "a serial number in FCI": "strings that come back",
        "randomness used again": "strings that come back",
        "a length that depends on the name": "length and counted operations",
        "a certificate per card": "strings that come back",
    }
    assert expected[name] in tests


def test_randomness_used_again_under_fresh_points_is_found() -> None:
    plant = "blindings used again under fresh points"
    found = report.leaks(run_audit(FEW, way="development", today=TODAY, plant=plant).findings)
    assert {leak.first.test for leak in found} == {"blindings used twice"}


def test_a_slot_that_is_shown_again_is_found() -> None:
    found = report.leaks(run_audit(FEW, way="development", today=TODAY, plant="a slot shown again").findings)
    assert "strings that come back" in {leak.first.test for leak in found}
    assert any(leak.first.where.endswith("/ token") for leak in found)


def test_less_work_after_a_torn_session_is_found() -> None:
    plant = "less work after a torn session"
    found = report.leaks(run_audit(FEW, way="development", today=TODAY, plant=plant).findings)
    assert {leak.first.test for leak in found} == {"the card's state", "counted operations"}


class TestCommandLine:
    def test_a_leaky_card_makes_a_page_that_says_so_and_exit_code_1(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["--cards", "3", "--parties", "1", "--visits", "2", "--small"]
        assert main([*arguments, "--plant", "a certificate per card", "--json"]) == 1
        document = json.loads(capsys.readouterr().out)
        assert document["passed"] is False
        places = {leak["where"].rpartition(" / ")[2] for leak in document["product"]["leaks"]}
        assert "GET DATA, certificate" in places

    def test_a_number_that_is_none_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["--cards", "0"])
        assert caught.value.code == 2
        assert "1 or more" in capsys.readouterr().err


def cards(
    number: int, *, visits: int, length: int, mark: int = 0, same: int = 1, parties: int = 1
) -> list[CardTrace]:
    """Cards that say random octets, with a mark of ``mark`` octets in ``same`` cards each."""
    draw = random.Random(number)
    marks = [draw.randbytes(mark) for _ in range(number)]
    traces = []
    for card in range(number):
        trace = CardTrace(card=card)
        for visit in range(visits):
            place = draw.randrange(length)
            octets = draw.randbytes(place) + marks[card // same] + draw.randbytes(length - place)
            trace.texts.setdefault(STEP, []).append(Text(visit, octets))
            trace.party_of[visit] = visit % parties
        traces.append(trace)
    return traces


class TestChance:
    def test_random_octets_raise_no_alarm(self) -> None:
        traces = cards(100, visits=10, length=2000)
        steps = varying_steps(traces)
        assert look_across_parties(traces, steps).findings == ()
        assert look_within_parties(traces, steps).findings == ()

    def test_four_octets_of_a_cards_own_are_found_wherever_they_stand(self) -> None:
        traces = cards(100, visits=10, length=500, mark=4)
        found = look_across_parties(traces, varying_steps(traces)).findings
        assert [(finding.cards, finding.shared_by) for finding in found] == [(100, 1)]

    def test_a_class_that_nobody_named_is_found_with_its_size(self) -> None:
        traces = cards(60, visits=8, length=500, mark=8, same=20)
        found = look_across_parties(traces, varying_steps(traces)).findings
        assert [(finding.cards, finding.shared_by) for finding in found] == [(60, 20)]

    def test_what_all_cards_say_is_no_mark(self) -> None:
        traces = cards(20, visits=5, length=300, mark=16, same=20)
        assert look_across_parties(traces, varying_steps(traces)).findings == ()

    def test_what_the_terminal_sent_is_no_mark(self) -> None:
        traces = cards(1, visits=4, length=300, mark=16)
        other = cards(2, visits=4, length=300)[1]
        mark = next(iter(varying_marks(traces[0])))
        assert look_across_parties([traces[0], other], frozenset({STEP})).findings
        traces[0].sent = dict.fromkeys(range(4), b"before" + mark + b"after")
        assert look_across_parties([traces[0], other], frozenset({STEP})).findings == ()

    def test_the_expected_number_of_false_alarms_is_below_one_in_a_million(self) -> None:
        samples = {Sample(15, 2000): 200, Sample(3, 2000): 1000}
        lengths = chance.shortest_telling(samples)
        total = sum(
            chance.expected(samples, times=times, length=longer)
            for times, length in lengths.items()
            for longer in range(length, length + 40)
        )
        assert total * chance.TESTS <= chance.FALSE_ALARMS

    def test_more_visits_let_a_shorter_string_tell(self) -> None:
        lengths = chance.shortest_telling({Sample(15, 2000): 200})
        assert sorted(lengths.values(), reverse=True) == list(lengths.values())
        assert lengths[15] <= 4 < lengths[2]


def varying_marks(trace: CardTrace) -> set[bytes]:
    """The one string of 16 octets that all of a card's texts have in common."""
    first, *others = (text.octets for text in trace.texts[STEP])
    pieces = {first[i : i + 16] for i in range(len(first) - 15)}
    return {piece for piece in pieces if all(piece in other for other in others)}


class TestObservers:
    def test_a_pseudonym_may_come_back_where_it_belongs_and_nowhere_else(self) -> None:
        """The same private string at one party is expected, at two it joins them."""
        for parties, expected in ((1, 0), (2, 1)):
            trace, other = CardTrace(card=0), CardTrace(card=1)
            draw = random.Random(5)
            pseudonym = draw.randbytes(48)
            for visit in range(4):
                trace.texts.setdefault(STEP, []).append(Text(visit, pseudonym, True))
                other.texts.setdefault(STEP, []).append(Text(visit, draw.randbytes(48), True))
                trace.party_of[visit] = other.party_of[visit] = visit % parties
            found = look_across_parties([trace, other], frozenset({STEP})).findings
            assert len(found) == expected
            assert look_within_parties([trace, other], frozenset({STEP})).findings == ()

    def test_what_the_issuer_has_on_file_is_recognised_in_one_answer(self) -> None:
        trace, other = cards(2, visits=1, length=300, mark=16)
        trace.issuer_knows = {"entropy of the pseudonym": next(iter(varying_marks(trace)))}
        (finding,) = look_for_knowledge([trace, other], frozenset({STEP})).findings
        assert finding.observer is Observer.POOLED
        assert "entropy of the pseudonym" in finding.what

    def test_databases_with_a_common_value_are_joined(self) -> None:
        def row(party: int, card: int, value: bytes) -> StoredRow:
            return StoredRow(party=party, card=card, words={}, parts={"c": value}, whole=value)

        draw = random.Random(9)
        shared = draw.randbytes(32)
        rows = [row(0, 0, shared), row(0, 1, draw.randbytes(32)), row(1, 1, draw.randbytes(32))]
        assert join(rows).findings == ()
        found = join([*rows, row(1, 0, shared)]).findings
        assert {finding.what for finding in found} >= {"equal values: c = c"}
