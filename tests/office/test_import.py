"""Imports: every row's faults with what to do, nothing half done, the same file again changes nothing."""

from __future__ import annotations

import codecs
import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.office.conftest import noon
from tests.office.forms import GOOD_FORM, TODAY, resident_with
from tests.office.import_desk import CLERK, HANAKO, HEADING, TARO, Desk, change, counts, many

from mumei.office.database.engine import DuplicateError, RegistryUnavailableError
from mumei.office.database.models import AuditAction, ResidentState
from mumei.office.database.models_residents import EventKind, EventReason
from mumei.office.registry import Registry
from mumei.office.residents.import_text import CsvFile, Encoding
from mumei.office.residents.resident import Resident
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError

#: For what no database sees.
on_sqlite = pytest.mark.parametrize("registry_url", ["sqlite"], indirect=True)


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """On SQLite and again on PostgreSQL."""
    with Registry.open(registry_url, clock=noon) as opened:
        yield opened


@pytest.fixture
def desk(registry: Registry, tmp_path: Path) -> Desk:
    return Desk(registry, tmp_path)


def test_residents_come_as_they_are_written(desk: Desk, registry: Registry) -> None:
    report = desk.take(HANAKO, TARO)
    assert counts(report) == (2, 0, 0, 0, 0)
    hanako, taro = registry.residents()
    assert hanako.resident == resident_with()
    assert (taro.resident.name, taro.resident.reading) == ("見本 太郎", "ミホン タロウ")
    assert taro.resident.birth_date == date(1990, 1, 9)
    entry = registry.history()[-1]
    assert entry.action is AuditAction.RESIDENTS_IMPORTED
    assert entry.digest == hashlib.sha256(desk.path.read_bytes()).digest()


def test_the_same_file_again_changes_nothing(desk: Desk, registry: Registry) -> None:
    desk.take(HANAKO, TARO)
    before = registry.residents()
    assert counts(desk.again()) == (0, 0, 2, 0, 0)
    assert registry.residents() == before


@on_sqlite
@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", Encoding.UTF_8), ("utf-8-sig", Encoding.UTF_8), ("cp932", Encoding.CP932)],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_are_found_out(
    desk: Desk, registry: Registry, encoding: str, found: Encoding, end: str
) -> None:
    assert desk.take(HANAKO, TARO, encoding=encoding, end=end).encoding is found
    assert registry.residents()[0].resident == resident_with()


@on_sqlite
@pytest.mark.parametrize(
    ("octets", "read_as", "says"),
    [
        pytest.param(HEADING.encode("utf-16"), Encoding.AUTO, "UTF-16", id="UTF-16"),
        pytest.param(b"", Encoding.AUTO, "empty", id="empty"),
        pytest.param(
            f"{HEADING}\n{HANAKO}\n{TARO}\n".encode("cp932"),
            Encoding.UTF_8,
            "not utf-8",
            id="CP932 said to be UTF-8",
        ),
        pytest.param(
            f"{HEADING}\n{HANAKO}\n".encode() + "佐藤".encode("cp932"),
            Encoding.AUTO,
            "damaged in line 3",
            id="joined",
        ),
        pytest.param(
            codecs.BOM_UTF8 + HEADING.encode("cp932"),
            Encoding.AUTO,
            "damaged in line 1",
            id="a mark that lies",
        ),
        pytest.param(b"\x81\x30\xff\xfe\xa0\xa0", Encoding.AUTO, "neither", id="neither"),
        pytest.param(
            f'{HEADING}\n"{HANAKO}\n'.encode(), Encoding.AUTO, "CSV", id="a quote that does not close"
        ),
        pytest.param(
            f"{HEADING}\n{'x' * 5000}\n".encode(), Encoding.AUTO, "too long", id="a field without end"
        ),
        pytest.param(b"a,b\n1,2\n", Encoding.AUTO, "lacks resident_code", id="no heading"),
        pytest.param(
            f"{HEADING},sex\n".encode(), Encoding.AUTO, "two columns are the sex", id="a column twice"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_said_before_anything_is_done(
    desk: Desk, registry: Registry, octets: bytes, read_as: Encoding, says: str
) -> None:
    desk.path.write_bytes(octets)
    with pytest.raises(DataError, match=says) as refused:
        desk.again(read_as=read_as)
    assert refused.value.hint
    assert registry.residents() == () and registry.history() == ()


@on_sqlite
@pytest.mark.parametrize(
    ("row", "fields"),
    [
        pytest.param(change(HANAKO, 0, "24727059609"), ["resident_code"], id="check digit"),
        pytest.param(change(HANAKO, 0, "２４７２７０５９６０８"), ["resident_code"], id="full-width digits"),
        pytest.param(change(HANAKO, 0, "4727059608"), ["resident_code"], id="a zero lost to a spreadsheet"),
        pytest.param(change(HANAKO, 1, "岐阜花子"), ["given_name"], id="name in one piece"),
        pytest.param(change(HANAKO, 1, "岐阜 花\ue000"), ["given_name"], id="gaiji"),
        pytest.param(change(HANAKO, 2, "gifu hanako"), ["family_reading", "given_reading"], id="no kana"),
        pytest.param(change(HANAKO, 3, "F女"), ["sex"], id="sex"),
        pytest.param(change(HANAKO, 4, "2004-02-30"), ["birth_date"], id="no such day"),
        pytest.param(change(HANAKO, 4, "昭和64年1月8日"), ["birth_date"], id="no such day of the era"),
        pytest.param(change(HANAKO, 4, "2026-11-24"), ["birth_date"], id="tomorrow"),
        pytest.param(change(HANAKO, 4, "1879-12-31"), ["birth_date"], id="before 1880"),
        pytest.param(change(HANAKO, 5, " "), ["address"], id="no address"),
        pytest.param(change(HANAKO, 6, "212017"), ["municipality"], id="municipality"),
        pytest.param(HANAKO + ",more", ["row"], id="a field too many"),
        pytest.param(
            change(change(change(HANAKO, 0, "1"), 3, "x"), 4, "y"),
            ["birth_date", "resident_code", "sex"],
            id="all faults of a row at once",
        ),
    ],
)
def test_a_wrong_row_is_named_with_its_fields_and_keeps_all_out(
    desk: Desk, registry: Registry, row: str, fields: list[str]
) -> None:
    report = desk.take(TARO, "", row)
    assert counts(report) == (1, 0, 0, 0, 1) and report.is_refused
    assert desk.errors == [(4, field) for field in fields]
    assert all(one.problem and one.hint for one in desk.said)
    # A report of errors goes by mail: it holds nothing of anybody.
    said = "".join(one.problem + one.hint for one in desk.said)
    assert not any(private in said for private in ("花子", "岐阜県岐阜市", "24727059608", "太郎"))
    assert registry.residents() == ()


def test_with_skip_errors_the_good_rows_come(desk: Desk, registry: Registry) -> None:
    report = desk.take(change(HANAKO, 3, "x"), TARO, skip_errors=True)
    assert counts(report) == (1, 0, 0, 0, 1) and not report.is_refused
    assert [one.resident.given_name for one in registry.residents()] == ["太郎"]


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk, registry: Registry) -> None:
    report = desk.take(HANAKO, TARO, dry_run=True)
    assert counts(report) == (2, 0, 0, 0, 0) and report.number is None
    assert registry.residents() == () and registry.history() == ()


def test_a_row_that_is_there_twice_counts_once(desk: Desk, registry: Registry) -> None:
    report = desk.take(HANAKO, TARO, HANAKO)
    assert counts(report) == (2, 0, 0, 1, 0)
    assert desk.warnings == [(4, "row")]


@on_sqlite
def test_contradictory_rows_are_both_refused(desk: Desk, registry: Registry) -> None:
    report = desk.take(HANAKO, TARO, change(HANAKO, 5, "岐阜県岐阜市架空町9番地"), skip_errors=True)
    assert counts(report) == (1, 0, 0, 0, 2)
    assert desk.errors == [(2, "resident_code"), (4, "resident_code")]
    assert [one.resident.given_name for one in registry.residents()] == ["太郎"]


@on_sqlite
def test_one_person_under_two_codes_is_pointed_out(desk: Desk) -> None:
    assert counts(desk.take(HANAKO, change(HANAKO, 0, "11111111113"))) == (2, 0, 0, 0, 0)
    assert desk.warnings == [(3, "resident_code")]


class TestRowsOnRecord:
    def test_a_row_that_differs_is_refused_unless_it_may_change_the_record(
        self, desk: Desk, registry: Registry
    ) -> None:
        desk.take(HANAKO, TARO)
        moved = change(HANAKO, 5, "岐阜県岐阜市架空町9番地")
        assert counts(desk.take(moved, TARO)) == (0, 0, 1, 0, 1)
        assert "address" in desk.said[0].problem and "--update" in desk.said[0].hint
        assert registry.residents()[0].resident == resident_with()
        report = desk.take(moved, TARO, update=True)
        assert counts(report) == (0, 1, 1, 0, 0)
        assert registry.residents()[0].resident == resident_with(address="岐阜県岐阜市架空町9番地")
        (entered,) = registry.events_of(1)
        assert (entered.kind, entered.reason, entered.import_number) == (
            EventKind.MOVED_WITHIN,
            EventReason.IMPORT,
            report.number,
        )
        assert entered.before == {"address": "岐阜県岐阜市架空町1番地"}

    @on_sqlite
    @pytest.mark.parametrize(
        ("place", "entry", "kind"),
        [
            (1, "大垣 花子", EventKind.NAME_CHANGED),
            (4, "2004-03-01", EventKind.CORRECTED),
            (6, "212024", EventKind.MOVED_WITHIN),
        ],
    )
    def test_what_changed_names_the_event(
        self, desk: Desk, registry: Registry, place: int, entry: str, kind: EventKind
    ) -> None:
        desk.take(HANAKO)
        desk.take(change(HANAKO, place, entry), update=True)
        assert [one.kind for one in registry.events_of(1)] == [kind]
        assert registry.resident(1).version == 2

    @on_sqlite
    def test_the_dead_are_not_brought_back(self, desk: Desk, registry: Registry) -> None:
        desk.take(HANAKO)
        registry.record_death(1, on=TODAY, clerk=CLERK)
        for update in (False, True):
            assert counts(desk.again(update=update)) == (0, 0, 0, 0, 1)
            assert "died" in desk.said[0].problem
        assert registry.resident(1).state is ResidentState.DECEASED

    @on_sqlite
    def test_who_moved_out_comes_back_when_asked_for(self, desk: Desk, registry: Registry) -> None:
        desk.take(HANAKO)
        registry.move_out(1, on=TODAY, clerk=CLERK)
        assert counts(desk.again()) == (0, 0, 0, 0, 1)
        assert counts(desk.again(update=True)) == (0, 1, 0, 0, 0)
        assert registry.resident(1).state is ResidentState.RESIDENT
        assert registry.events_of(1)[-1].kind is EventKind.MOVED_IN


class TestWhateverBreaksOff:
    def test_a_cut_in_the_middle_leaves_nothing_half(
        self, registry: Registry, registry_url: str, tmp_path: Path
    ) -> None:
        desk = Desk(registry, tmp_path)
        desk.path.write_text(HEADING + "\n" + "\n".join(many(2500)), encoding="utf-8")

        def cut(_rows: int, share: float) -> None:
            if share > 0.7:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            registry.import_file(CsvFile(desk.path), clerk=CLERK, progress=cut)
        with Registry.open(registry_url, clock=noon) as again:
            assert again.residents() == () and again.history() == ()
            assert counts(again.import_file(CsvFile(desk.path), clerk=CLERK)) == (2500, 0, 0, 0, 0)
            found = again.resident_by_code(ResidentCode(digits=many(2500)[-1].split(",")[0]))
            assert found.resident.address == "架空町2499番地"

    @on_sqlite
    def test_a_full_disk_is_said_and_leaves_nothing(
        self, registry: Registry, registry_url: str, tmp_path: Path
    ) -> None:
        desk = Desk(registry, tmp_path)
        desk.path.write_text(HEADING + "\n" + "\n".join(many(2500)), encoding="utf-8")

        def limit(connection: sqlite3.Connection, _record: object) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages + 20}")

        with Registry.open(registry_url, clock=noon) as full:
            event.listen(full._engine, "connect", limit)
            full._engine.dispose()
            with pytest.raises(RegistryUnavailableError, match="disk is full") as refused:
                full.import_file(CsvFile(desk.path), clerk=CLERK)
        assert "space" in refused.value.hint
        assert registry.residents() == () and registry.history() == ()
        assert counts(desk.again()) == (2500, 0, 0, 0, 0)

    @pytest.mark.parametrize("meanwhile", ["the file", "the registry"])
    @on_sqlite
    def test_a_change_between_the_two_readings_stops_it(
        self, desk: Desk, registry: Registry, meanwhile: str
    ) -> None:
        desk.path.write_text(f"{HEADING}\n{HANAKO}\n{TARO}\n", encoding="utf-8")

        def changed(_rows: int, share: float) -> None:
            if share > 0.5:
                return
            if meanwhile == "the file":
                desk.path.write_text(f"{HEADING}\n{HANAKO}\n", encoding="utf-8")
            else:
                other = {**GOOD_FORM, "address": "岐阜県岐阜市架空町77番地"}
                registry.add_resident(Resident.from_form(other, today=TODAY), clerk="窓口 二")

        with pytest.raises(DataError, match="changed while"):
            registry.import_file(CsvFile(desk.path), clerk=CLERK, progress=changed)
        assert len(registry.residents()) == (0 if meanwhile == "the file" else 1)

    def test_an_import_and_another_clerk_do_not_both_add_one(self, desk: Desk, registry: Registry) -> None:
        desk.take(HANAKO)
        with pytest.raises(DuplicateError):
            registry.add_resident(resident_with(), clerk="窓口 二")


class TestCharacters:
    @on_sqlite
    def test_rare_ones_are_kept_and_pointed_out(self, desk: Desk, registry: Registry) -> None:
        row = change(HANAKO, 1, "𠮷田 葛\U000e0100髙")
        report = desk.take(row)
        assert counts(report) == (1, 0, 0, 0, 0) and report.warnings == 3
        assert registry.resident(1).resident.name == "𠮷田 葛\U000e0100髙"
        assert {one.field for one in desk.said} == {"name"}
        assert "outside JIS X 0208" in desk.said[0].problem

    @on_sqlite
    def test_what_nfc_replaced_is_pointed_out(self, desk: Desk, registry: Registry) -> None:
        desk.take(change(HANAKO, 1, "\ufa19田 花子"))
        assert registry.resident(1).resident.family_name == "神田"
        assert "U+FA19" in desk.said[0].problem and "IVS" in desk.said[0].hint

    @on_sqlite
    def test_windows_letters_are_no_news(self, desk: Desk) -> None:
        desk.take(change(HANAKO, 5, "岐阜県岐阜市架空町1－2～3"), encoding="cp932")
        assert desk.said == []


@on_sqlite
def test_tabs_and_semicolons_divide_as_well(desk: Desk, registry: Registry) -> None:
    for mark in ("\t", ";"):
        desk.path.write_text(f"{HEADING}\n{HANAKO}\n".replace(",", mark), encoding="utf-8")
        desk.again()
    assert len(registry.residents()) == 1


@on_sqlite
def test_the_samples_come_through_a_file_as_they_are(desk: Desk, registry: Registry) -> None:
    forms = [one.to_form() for one in sample_residents(TODAY)]
    desk.path.write_text(
        "\n".join([",".join(forms[0]), *(",".join(form.values()) for form in forms)]), encoding="cp932"
    )
    desk.again()
    assert [record.resident for record in registry.residents()] == list(sample_residents(TODAY))
