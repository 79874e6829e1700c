"""Residents on record: added once, found again, listed in pages, and nobody half."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.office.forms import GOOD_FORM, TODAY, resident_with

from mumei.office.database.engine import DuplicateError
from mumei.office.database.models import AuditAction
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.office.residents.resident import Resident
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError, UsageError

CLERK = "窓口 一"


def test_a_resident_comes_back_as_entered(registry: Registry) -> None:
    added = registry.add_resident(resident_with(), clerk=CLERK)
    assert added.resident == resident_with()
    assert registry.resident(added.number) == added
    assert registry.resident_by_code(ResidentCode(digits="24727059608")) == added
    assert added.added_at == datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def test_residents_survive_closing(registry: Registry, registry_path: Path) -> None:
    added = registry.import_residents(sample_residents(TODAY), clerk=CLERK)
    registry.close()
    with Registry.open(registry_path) as again:
        assert again.residents() == added


def test_a_duplicate_code_is_refused_and_the_record_named(registry: Registry) -> None:
    first = registry.add_resident(resident_with(), clerk=CLERK)
    with pytest.raises(DuplicateError, match=f"number {first.number}") as refused:
        registry.add_resident(resident_with(given_name="太郎"), clerk=CLERK)
    assert "2472" not in str(refused.value) + refused.value.hint
    assert registry.residents() == (first,)


def test_an_import_with_one_duplicate_changes_nothing(registry: Registry) -> None:
    hanako = registry.add_resident(sample_residents(TODAY)[5], clerk=CLERK)
    before = registry.history()
    with pytest.raises(DuplicateError):
        registry.import_residents(sample_residents(TODAY), clerk=CLERK)
    assert registry.residents() == (hanako,)
    assert registry.history() == before


def test_a_duplicate_inside_one_import_is_refused(registry: Registry) -> None:
    with pytest.raises(DuplicateError):
        registry.import_residents([resident_with(), resident_with()], clerk=CLERK)
    assert registry.residents() == ()


def test_a_birth_after_the_registrys_today_is_refused(registry: Registry) -> None:
    tomorrow = Resident.from_form({**GOOD_FORM, "birth_date": "2026-11-24"}, today=date(2030, 1, 1))
    with pytest.raises(DataError, match="after today, 2026-11-23"):
        registry.add_resident(tomorrow, clerk=CLERK)
    assert registry.residents() == ()
    registry.add_resident(resident_with(birth_date="2026-11-23"), clerk=CLERK)


def test_lists_are_paged(registry: Registry) -> None:
    added = registry.import_residents(sample_residents(TODAY), clerk=CLERK)
    first = registry.residents(limit=5)
    second = registry.residents(after=first[-1].number, limit=5)
    third = registry.residents(after=second[-1].number, limit=5)
    assert (len(first), len(second), len(third)) == (5, 5, 2)
    assert first + second + third == added


@pytest.mark.parametrize(("after", "limit"), [(0, 0), (0, -1), (0, 1001), (-1, 5), (2**80, 5)])
def test_impossible_pages_are_refused(registry: Registry, after: int, limit: int) -> None:
    with pytest.raises(UsageError):
        registry.residents(after=after, limit=limit)
    with pytest.raises(UsageError):
        registry.history(after=after, limit=limit)


@pytest.mark.parametrize("number", [0, -1, 7, 2**31, 2**63, 10**40])
def test_a_record_that_is_not_there(registry: Registry, number: int) -> None:
    with pytest.raises(NotFoundError, match="no resident number") as refused:
        registry.resident(number)
    assert refused.value.hint
    with pytest.raises(NotFoundError):
        registry.enrolments_of(number)
    with pytest.raises(NotFoundError):
        registry.begin_enrolment(number, clerk=CLERK)
    with pytest.raises(NotFoundError, match="no enrolment number"):
        registry.enrolment(number)


def test_a_code_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="no resident with this code") as refused:
        registry.resident_by_code(ResidentCode(digits="24727059608"))
    assert "2472" not in str(refused.value)


def test_adding_leaves_an_entry_with_the_clerk(registry: Registry) -> None:
    added = registry.add_resident(resident_with(), clerk=CLERK)
    (entry,) = registry.history()
    assert (entry.clerk, entry.action, entry.resident, entry.enrolment) == (
        CLERK,
        AuditAction.RESIDENT_ADDED,
        added.number,
        None,
    )


@pytest.mark.parametrize("clerk", ["", " ", "a" * 51, "a\nb", "\ud800"])
def test_nothing_is_changed_by_nobody(registry: Registry, clerk: str) -> None:
    with pytest.raises(DataError, match="clerk's name"):
        registry.add_resident(resident_with(), clerk=clerk)
    assert registry.residents() == ()


def test_repr_of_a_record_names_nobody(registry: Registry) -> None:
    shown = repr(registry.add_resident(resident_with(), clerk=CLERK))
    assert "花子" not in shown and "2472" not in shown and "岐阜" not in shown
