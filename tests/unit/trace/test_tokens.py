"""A visit with a revocation token in a trace: nothing in it by which the card could be known again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.revocation import DEVELOPMENT, token_under
from tests.fixtures.world import TODAY, Wire, in_memory, over

from mumei.session.channel import Channel
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.trace.against_card import replay_against
from mumei.trace.file import read_trace
from mumei.trace.recorder import Recorder
from mumei.trace.show import show
from mumei_core.crypto.hash_to_curve import recognise_point, slot_points
from mumei_core.dates import day_number
from mumei_core.epochs import bucket_of, epoch_of

CONTEXT = b"sake.example"
EPOCH = epoch_of(day_number(TODAY))


@pytest.mark.parametrize("recognise", [False, True], ids=["slot", "recognise"])
@pytest.mark.parametrize("extended", [True, False], ids=["whole", "in parts"])
def test_the_token_is_masked_and_the_rest_is_replayed(
    tmp_path: Path, recognise: bool, extended: bool
) -> None:
    at = DEVELOPMENT.informed(world.terminal(over(20), recognise=recognise), tmp_path)
    records, path = world.sample_card(), tmp_path / "visit.trace"
    recorder = Recorder(path)
    with in_memory(records) as card, recorder.attach(Wire(card.connection, extended=extended)) as connection:
        answer = visit(Channel(connection), at, Question(predicates=(over(20),)), today=TODAY)
    assert recorder.finish() == "" and answer.verdict.outcome is Outcome.ACCEPT and answer.wire is not None

    points = [*slot_points(EPOCH, bucket_of(CONTEXT)), recognise_point(EPOCH, CONTEXT)]
    tokens = [token_under(point, records) for point in points]
    trace = read_trace(path)
    shown = "".join(show(trace, wire=True).text().split())
    assert any(token in answer.wire for token in tokens)
    for token in tokens:
        for form in (token, token.hex().encode(), token.hex().upper().encode()):
            assert form not in path.read_bytes() and form.decode("latin-1") not in shown

    with in_memory(records) as card:
        report = replay_against(trace.sessions[0], card.connection)
    assert report.differs is None
    left = [each.reason for each in report.not_sent]
    assert (left == []) if recognise else (len(left) == 1 and "slot" in left[0])
