"""What happens to residents: entered with day and ground, kept for ever, and seen where a card is concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from tests.office.conftest import noon
from tests.office.forms import TODAY, resident_with

from mumei.office.database.engine import DuplicateError
from mumei.office.database.models import AuditAction, ResidentState
from mumei.office.database.models_cards import CardState, Recall
from mumei.office.database.models_residents import EventKind, EventReason
from mumei.office.database.place import place_of
from mumei.office.records import NotFoundError, ResidentRecord, ResidentStateError, StaleRecordError
from mumei.office.registry import Registry
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.resident_events import ResidentChange
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError, UsageError

CLERK = "窓口 一"
#: For what no database sees.
on_sqlite = pytest.mark.parametrize("registry_url", ["sqlite"], indirect=True)
OTHER_CODE = "11111111113"
ADDRESS = "岐阜県岐阜市架空町2番地"


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """On SQLite and again on PostgreSQL."""
    with Registry.open(registry_url, clock=noon, busy_timeout=5.0) as opened:
        yield opened


@pytest.fixture
def hanako(registry: Registry) -> ResidentRecord:
    return registry.add_resident(resident_with(), clerk=CLERK)


def test_a_move_changes_the_address_and_keeps_the_old_one(registry: Registry, hanako: ResidentRecord) -> None:
    on = date(2026, 11, 20)
    moved = registry.move_within(hanako.number, address=ADDRESS, on=on, clerk=CLERK)
    assert moved.resident == resident_with(address=ADDRESS)
    assert registry.resident(hanako.number) == moved
    assert (moved.version, moved.record) == (hanako.version + 1, hanako.record)
    added, event = registry.events_of(hanako.number)
    assert added.kind is EventKind.ADDED
    assert (event.kind, event.reason, event.happened_on, event.clerk) == (
        EventKind.MOVED_WITHIN,
        EventReason.NOTIFICATION,
        on,
        CLERK,
    )
    assert event.before == {"address": "岐阜県岐阜市架空町1番地"}
    assert registry.history()[-1].action is AuditAction.RESIDENT_MOVED_WITHIN


@on_sqlite
def test_a_name_outside_jis_x_0208_is_kept_as_it_is(registry: Registry, hanako: ResidentRecord) -> None:
    variant = "葛\U000e0100飾"
    for name in ("𠮷野", "髙橋", variant, "龍"):
        changed = registry.change_name(hanako.number, ResidentChange(family_name=name), on=TODAY, clerk=CLERK)
        assert registry.resident(hanako.number).resident.family_name == name == changed.resident.family_name
    names = [event.before["family_name"] for event in registry.events_of(hanako.number)[1:]]
    assert names == ["岐阜", "𠮷野", "髙橋", variant]


def test_a_code_is_corrected_and_found_under_the_new_one_only(
    registry: Registry, hanako: ResidentRecord
) -> None:
    change = ResidentChange(resident_code=ResidentCode(digits=OTHER_CODE), birth_date=date(2004, 3, 1))
    registry.correct(hanako.number, change, on=TODAY, clerk=CLERK)
    assert registry.resident_by_code(ResidentCode(digits=OTHER_CODE)).number == hanako.number
    with pytest.raises(NotFoundError):
        registry.resident_by_code(hanako.resident.resident_code)
    event = registry.events_of(hanako.number)[-1]
    assert event.before == {"birth_date": "2004-02-29", "resident_code": "another one"}
    assert "2004" not in repr(event)


@on_sqlite
def test_somebody_elses_code_is_refused(registry: Registry, hanako: ResidentRecord) -> None:
    other = registry.add_resident(resident_with(resident_code=OTHER_CODE), clerk=CLERK)
    with pytest.raises(DuplicateError, match=f"number {other.number}") as refused:
        registry.correct(
            hanako.number, ResidentChange(resident_code=other.resident.resident_code), on=TODAY, clerk=CLERK
        )
    assert OTHER_CODE not in str(refused.value) + refused.value.hint
    assert registry.resident(hanako.number) == hanako


@pytest.mark.parametrize(
    ("leave", "state", "recall"),
    [
        (Registry.move_out, ResidentState.MOVED_OUT, Recall.MOVED_OUT),
        (Registry.record_death, ResidentState.DECEASED, Recall.DIED),
    ],
)
def test_who_left_gets_no_card_and_the_one_in_hand_is_recalled(
    registry: Registry,
    hanako: ResidentRecord,
    issue: Callable[[Registry, int], int],
    leave: Callable[..., ResidentRecord],
    state: ResidentState,
    recall: Recall,
) -> None:
    issue(registry, hanako.number)
    gone = leave(registry, hanako.number, on=date(2026, 11, 1), clerk=CLERK)
    assert (gone.state, gone.state_since) == (state, date(2026, 11, 1))
    with pytest.raises(ResidentStateError, match="2026-11-01") as refused:
        registry.begin_enrolment(hanako.number, clerk=CLERK, replacement=True)
    assert refused.value.hint
    (card,) = registry.recalled_cards()
    assert (card.recall, card.recall_on, card.to_be_returned) == (recall, date(2026, 11, 1), True)
    assert "TO BE RETURNED" in card.words()
    returned = registry.return_card(card.card, clerk=CLERK)
    assert (returned.state, returned.to_be_returned) == (CardState.RETURNED, False)
    assert registry.recalled_cards() == ()


@on_sqlite
def test_a_card_finished_after_its_holder_died_is_recalled_at_once(
    registry: Registry, hanako: ResidentRecord, sign: Callable[[Registry, int], int]
) -> None:
    number = sign(registry, hanako.number)
    registry.record_death(hanako.number, on=TODAY, clerk=CLERK)
    registry.mark_stored(number, clerk=CLERK)
    (card,) = registry.recalled_cards()
    assert card.recall is Recall.DIED


def test_who_moved_out_can_come_back(
    registry: Registry, hanako: ResidentRecord, issue: Callable[[Registry, int], int]
) -> None:
    issue(registry, hanako.number)
    registry.move_out(hanako.number, on=date(2026, 10, 1), clerk=CLERK)
    back = registry.move_in_again(
        hanako.number,
        address="岐阜県大垣市架空町9番地",
        municipality=MunicipalityCode(digits="212024"),
        on=date(2026, 11, 1),
        clerk=CLERK,
    )
    assert back.state is ResidentState.RESIDENT
    assert back.resident.municipality.digits == "212024"
    assert registry.recalled_cards() == ()
    assert [event.kind for event in registry.events_of(hanako.number)] == [
        EventKind.ADDED,
        EventKind.MOVED_OUT,
        EventKind.MOVED_IN,
    ]


@on_sqlite
def test_a_death_entered_for_the_wrong_person_is_undone(registry: Registry, hanako: ResidentRecord) -> None:
    registry.record_death(hanako.number, on=TODAY, clerk=CLERK)
    back = registry.reinstate(hanako.number, on=TODAY, clerk=CLERK)
    assert back.state is ResidentState.RESIDENT
    assert registry.begin_enrolment(hanako.number, clerk=CLERK)
    assert registry.events_of(hanako.number)[-1].before["state"] == "DECEASED"


@on_sqlite
def test_events_that_do_not_fit_the_state(registry: Registry, hanako: ResidentRecord) -> None:
    number = hanako.number
    place = MunicipalityCode(digits="212016")
    with pytest.raises(ResidentStateError):
        registry.move_in_again(number, address=ADDRESS, municipality=place, on=TODAY, clerk=CLERK)
    with pytest.raises(ResidentStateError):
        registry.reinstate(number, on=TODAY, clerk=CLERK)
    registry.record_death(number, on=TODAY, clerk=CLERK)
    with pytest.raises(ResidentStateError, match="died"):
        registry.move_within(number, address=ADDRESS, on=TODAY, clerk=CLERK)
    with pytest.raises(ResidentStateError, match="died"):
        registry.move_out(number, on=TODAY, clerk=CLERK)
    with pytest.raises(ResidentStateError):
        registry.record_death(number, on=TODAY, clerk=CLERK)
    # An entry can be wrong of the dead, too.
    registry.correct(number, ResidentChange(birth_date=date(2004, 3, 1)), on=TODAY, clerk=CLERK)


@on_sqlite
@pytest.mark.parametrize("on", [date(2026, 11, 24), date(2004, 2, 28)])
def test_a_day_to_come_and_one_before_birth_are_refused(
    registry: Registry, hanako: ResidentRecord, on: date
) -> None:
    with pytest.raises(DataError, match="the day lies"):
        registry.record_death(hanako.number, on=on, clerk=CLERK)
    assert registry.resident(hanako.number) == hanako
    assert len(registry.events_of(hanako.number)) == 1


@on_sqlite
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(ResidentChange(address="岐阜県岐阜市架空町1番地"), id="the same"),
        pytest.param(ResidentChange(), id="nothing"),
    ],
)
def test_a_change_of_nothing_is_refused(
    registry: Registry, hanako: ResidentRecord, change: ResidentChange
) -> None:
    with pytest.raises(UsageError, match="nothing would change"):
        registry.correct(hanako.number, change, on=TODAY, clerk=CLERK)


@on_sqlite
@pytest.mark.parametrize(
    "change",
    [
        ResidentChange(family_name=""),
        ResidentChange(family_reading="gifu"),
        ResidentChange(birth_date=date(2026, 11, 24)),
        ResidentChange(address="a\nb"),
    ],
)
def test_a_wrong_entry_is_refused_as_at_the_first_time(
    registry: Registry, hanako: ResidentRecord, change: ResidentChange
) -> None:
    with pytest.raises(DataError):
        registry.correct(hanako.number, change, on=TODAY, clerk=CLERK)
    assert registry.resident(hanako.number) == hanako


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    registry: Registry, hanako: ResidentRecord
) -> None:
    registry.move_within(hanako.number, address=ADDRESS, on=TODAY, clerk="窓口 二")
    with pytest.raises(StaleRecordError, match="somebody else") as refused:
        registry.move_within(
            hanako.number, address="岐阜県岐阜市架空町3番地", on=TODAY, clerk=CLERK, version=hanako.version
        )
    assert "Look" in refused.value.hint
    assert registry.resident(hanako.number).resident.address == ADDRESS


@on_sqlite
def test_looking_somebody_up_by_code_leaves_an_entry(registry: Registry, hanako: ResidentRecord) -> None:
    assert registry.look_up_code(hanako.resident.resident_code, clerk="窓口 二") == hanako
    entry = registry.history()[-1]
    assert (entry.action, entry.clerk) == (AuditAction.RESIDENT_FOUND_BY_CODE, "窓口 二")


def test_residents_are_found_by_reading_and_birth_date(registry: Registry) -> None:
    added = registry.import_residents(sample_residents(TODAY), clerk=CLERK)
    assert registry.residents(reading="ギフ") == (added[0],)
    assert registry.residents(birth_date=added[2].resident.birth_date) == (added[2],)
    assert registry.residents(reading="ギフ", birth_date=added[2].resident.birth_date) == ()


class TestTheDatabaseItself:
    def test_refuses_a_second_valid_card(
        self,
        registry: Registry,
        registry_url: str,
        hanako: ResidentRecord,
        issue: Callable[[Registry, int], int],
    ) -> None:
        issue(registry, hanako.number)
        assert _refuses(
            registry_url,
            "INSERT INTO card (record, state, resident_id, added_at, changed_at, version)"
            " SELECT nonce, 'ISSUED', resident_id, started_at, changed_at, 1 FROM enrolment",
        )

    def test_refuses_what_is_impossible(
        self,
        registry: Registry,
        registry_url: str,
        hanako: ResidentRecord,
        issue: Callable[[Registry, int], int],
    ) -> None:
        issue(registry, hanako.number)
        assert [statement for statement in IMPOSSIBLE if not _refuses(registry_url, statement)] == []


IMPOSSIBLE = (
    "UPDATE resident SET state = 'GONE'",
    "UPDATE resident SET record = NULL",
    "UPDATE card SET state = 'EATEN'",
    "UPDATE card SET resident_id = NULL",
    "UPDATE card SET recall = 'BORED'",
    "UPDATE card SET resident_id = 77",
    "INSERT INTO registry_key (id, number, check_value, swept) SELECT 2, number, check_value, swept"
    " FROM registry_key",
)


def _refuses(where: str, statement: str) -> bool:
    engine = create_engine(place_of(where).url)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        try:
            connection.execute(text(statement))
        except IntegrityError:
            return True
        finally:
            connection.rollback()
            engine.dispose()
    return False
