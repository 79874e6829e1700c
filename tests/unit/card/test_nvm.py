"""The card file: all or nothing at every commit, one program at a time, clear words when it is unusable."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_card.chip import nvm_format
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.flash import PAGE, RamFlash
from mumei_card.chip.nvm import FORMAT, MAGIC, Nvm
from mumei_card.chip.nvm_format import JOURNAL_PAGES, LARGE, MemoryDamaged, commit_octets, fresh_image
from mumei_card.chip.power import Moment, Power, PowerCut, PowerLost, Step, StepKind, StepLog
from mumei_card.errors import CardError, CardFileError
from mumei_card.link.in_process import open_card
from mumei_core.errors import CardBusyError, NoCardError

RECORDS = {"pin": b"\x03123456", "table": bytes(50_000)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "card"
    Nvm.create(file, RECORDS).close()
    return file


def names(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


def contents(path: Path) -> dict[str, bytes | None]:
    nvm = Nvm.read(path)
    return {name: nvm.get(name) for name in nvm.sizes()}


def contents_of(octets: bytes) -> dict[str, bytes]:
    return nvm_format.read_memory(octets).records


def format_1(records: dict[str, bytes], writes: int) -> bytes:
    """A card file as mumei 0.1 wrote it."""
    octets = MAGIC + b"\x01" + writes.to_bytes(8)
    for name, value in sorted(records.items()):
        octets += bytes((len(name),)) + name.encode() + len(value).to_bytes(4) + value
    return octets + hashlib.sha256(octets).digest()


class Broken(Power):
    """A disk that fails at every step of one kind, from the ``first`` on, until it is mended."""

    def __init__(self, kind: StepKind, *, first: int = 1) -> None:
        self.kind, self.first = kind, first
        self.is_mended = False

    def before(self, step: Step) -> None:
        if step.kind is not self.kind or self.is_mended:
            return
        self.first -= 1
        if self.first <= 0:
            raise OSError(28, "No space left on device")


def test_records_come_back_after_closing(path: Path) -> None:
    nvm = Nvm.open(path)
    nvm.commit({"pin": b"\x02123456", "table": None, "new": b""})
    nvm.close()
    again = Nvm.open(path)
    assert contents(path) == {"pin": b"\x02123456", "new": b""}
    assert again.get("table") is None
    assert again.writes == 1
    again.close()


@given(st.dictionaries(st.text("abcz_.09", max_size=20), st.binary(max_size=300), max_size=5))
def test_any_records_round_trip(tmp_path_factory: pytest.TempPathFactory, records: dict[str, bytes]) -> None:
    file = tmp_path_factory.mktemp("nvm") / "card"
    Nvm.create(file, records).close()
    assert contents(file) == records


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    nvm = Nvm.open(path)
    nvm.commit({"pin": b"\x02"})
    nvm.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(CardFileError, match="exists already") as caught:
        Nvm.create(path, {})
    assert caught.value.hint
    assert path.read_bytes() == before
    assert names(path.parent) == ["card"]


def test_a_second_program_gets_busy_also_after_a_commit(path: Path) -> None:
    nvm = Nvm.open(path)
    with pytest.raises(CardBusyError):
        Nvm.open(path)
    nvm.commit({"pin": b"\x02"})
    with pytest.raises(CardBusyError) as caught:
        open_card(str(path))
    assert caught.value.hint
    nvm.close()
    Nvm.open(path).close()


def test_looking_needs_no_lock_and_changes_nothing(path: Path) -> None:
    nvm = Nvm.open(path)
    looked = Nvm.read(path)
    looked.commit({"pin": b"\x00"})
    assert contents(path) == RECORDS
    nvm.close()


def test_no_file_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(NoCardError) as caught:
        Nvm.open(tmp_path / "none")
    assert caught.value.hint


def test_one_flipped_bit_anywhere_is_found_or_harmless() -> None:
    """What was acknowledged is never dropped: not the last commit either, which looks torn when it is damaged."""
    flash = RamFlash(fresh_image({"pin": b"\x03123456", "table": bytes(LARGE)}, writes=0, salt=bytes(16)))
    nvm = Nvm.power_up(flash)
    nvm.commit({"pin": b"\x02123456"})
    nvm.commit({"pin": b"\x01123456", "log": bytes(200)})
    octets, expected = flash.read(), contents_of(flash.read())
    found = 0
    for at in (*range(len(octets) - (JOURNAL_PAGES - 10) * PAGE), len(octets) - 1):
        damaged = octets[:at] + bytes((octets[at] ^ 0x10,)) + octets[at + 1 :]
        try:
            assert contents_of(damaged) == expected, at
        except (MemoryDamaged, nvm_format.UnknownFormat):
            found += 1
    assert found > LARGE + 200


@pytest.mark.parametrize("at", [0, len(MAGIC), len(MAGIC) + 3, 3 * PAGE, 100 * PAGE])
def test_damage_is_told_with_a_way_out(path: Path, at: int) -> None:
    octets = bytearray(path.read_bytes())
    octets[at] ^= 1
    path.write_bytes(octets)
    for use in (Nvm.open, Nvm.read):
        with pytest.raises(CardFileError) as caught:
            use(path)
        assert caught.value.hint


@pytest.mark.parametrize("length", [0, 1, 8, 9, 16, 17, 48, 49, 1000, -1])
def test_a_half_written_file_is_refused_and_the_lock_given_back(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    for _ in range(2):
        with pytest.raises(CardFileError) as caught:
            Nvm.open(path)
        assert caught.value.hint


def test_a_foreign_and_a_newer_file_are_told_apart(path: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "letter.txt"
    foreign.write_text("Dear holder", encoding="utf-8")
    with pytest.raises(CardFileError, match="not a card file"):
        Nvm.open(foreign)
    octets = bytearray(path.read_bytes())
    octets[len(MAGIC)] = FORMAT + 1
    path.write_bytes(octets)
    with pytest.raises(CardFileError, match=f"format {FORMAT + 1}"):
        Nvm.open(path)
    with pytest.raises(CardFileError):
        Nvm.open(tmp_path)


@pytest.mark.parametrize("kind", [StepKind.WRITE, StepKind.SYNC])
@pytest.mark.parametrize("changes", [{"pin": b"\x00"}, {"table": bytes(60_000)}], ids=["small", "large"])
@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("stays", [True, False], ids=["until it is mended", "once"])
def test_a_disk_that_fails_leaves_the_records_as_they_were(
    path: Path, kind: StepKind, changes: dict[str, bytes], first: int, stays: bool
) -> None:
    nvm = Nvm.open(path)
    nvm.commit({"pin": b"\x02", "other": b"acknowledged"})
    nvm.close()
    power = Broken(kind, first=first)
    Nvm.open(path).close()
    nvm = Nvm.open(path, power=power)
    try:
        nvm.commit(changes)
    except CardError as error:
        assert error.sw == 0x6581
        assert nvm.get("pin") == b"\x02"
        assert nvm.get("table") == RECORDS["table"]
        if stays:
            with pytest.raises(CardError):
                nvm.commit(changes)
        power.is_mended = True
        assert contents(path) == {**RECORDS, "pin": b"\x02", "other": b"acknowledged"}
        nvm.commit({"other": b"again"})
        changes = {}
    power.is_mended = True
    nvm.commit({"pin": b"\x01"})
    nvm.close()
    assert contents(path)["pin"] == b"\x01"
    assert contents(path)["table"] == changes.get("table", RECORDS["table"])


class TestWhatAnEarlierVersionWrote:
    OLD: ClassVar = {**RECORDS, "empty": b""}

    @pytest.fixture
    def old(self, tmp_path: Path) -> Path:
        file = tmp_path / "old"
        file.write_bytes(format_1(self.OLD, 7))
        file.chmod(0o600)
        return file

    def test_it_opens_and_its_first_commit_converts_it(self, old: Path) -> None:
        before = old.read_bytes()
        assert contents(old) == self.OLD
        nvm = Nvm.open(old)
        assert (nvm.get("pin"), nvm.writes) == (RECORDS["pin"], 7)
        assert old.read_bytes() == before
        nvm.commit({"pin": b"\x02", "empty": None})
        assert stat.S_IMODE(old.stat().st_mode) == 0o600
        with pytest.raises(CardBusyError):
            Nvm.open(old)
        nvm.commit({"pin": b"\x01"})
        nvm.close()
        again = Nvm.open(old)
        assert contents(old) == {"pin": b"\x01", "table": RECORDS["table"]}
        assert again.writes == 9
        assert names(old.parent) == ["old"]
        again.close()

    @pytest.mark.parametrize("at", [9, 30, -1])
    def test_its_damage_is_found(self, old: Path, at: int) -> None:
        octets = bytearray(old.read_bytes())
        octets[at] ^= 1
        old.write_bytes(octets)
        for use in (Nvm.open, Nvm.read):
            with pytest.raises(CardFileError, match="damaged"):
                use(old)

    def test_a_full_disk_leaves_it_as_it_was(self, old: Path) -> None:
        before = old.read_bytes()
        nvm = Nvm.open(old, power=Broken(StepKind.RENAME))
        with pytest.raises(CardError) as caught:
            nvm.commit({"pin": b"\x00"})
        assert caught.value.sw == 0x6581
        assert (old.read_bytes(), names(old.parent)) == (before, ["old"])
        assert nvm.get("pin") == RECORDS["pin"]
        nvm.close()
        with pytest.raises(CardError):
            nvm.commit({"pin": b"\x00"})

    def test_power_may_be_cut_while_it_is_converted(self, old: Path) -> None:
        for step, moment, converted in (
            (1, Moment.BEFORE, False),
            (2, Moment.BEFORE, False),
            (2, Moment.AFTER, True),
            (3, Moment.BEFORE, True),
        ):
            old.write_bytes(format_1(self.OLD, 7))
            nvm = Nvm.open(old, power=PowerCut(step, moment))
            with pytest.raises(PowerLost):
                nvm.commit({"pin": b"\x02"})
            nvm.close()
            Nvm.open(old).close()
            assert contents(old) == ({**self.OLD, "pin": b"\x02"} if converted else self.OLD)
            assert names(old.parent) == ["old"]


class TestOldValues:
    """What was changed or erased is gone from the file, and when."""

    def test_after_an_erasure_at_the_next_power_up(self) -> None:
        flash = RamFlash(fresh_image({"secret": b"\x5a" * 40, "pin": b"1"}, writes=0, salt=bytes(16)))
        nvm = Nvm.power_up(flash)
        nvm.commit({"secret": None})
        assert b"\x5a" * 40 in flash.read()
        assert Nvm.power_up(flash).get("pin") == b"1"
        assert b"\x5a" * 40 not in flash.read()

    def test_after_a_change_when_the_journal_is_half_full_or_full(self) -> None:
        flash = RamFlash(fresh_image({"pin": b"\x5a" * 40}, writes=0, salt=bytes(16)))
        nvm = Nvm.power_up(flash)
        commits = 0
        while b"\x5a" * 40 in flash.read():
            nvm.commit({"pin": b"\xa5" * 40})
            commits += 1
        assert commits * 2 <= JOURNAL_PAGES
        for _ in range(commits // 2 + 1):
            nvm.commit({"pin": b"\x77" * 40})
        nvm = Nvm.power_up(flash)
        assert b"\xa5" * 40 not in flash.read()
        assert nvm.get("pin") == b"\x77" * 40

    def test_a_table_that_is_replaced_is_gone_at_once(self) -> None:
        flash = RamFlash(fresh_image({"table": b"\x5a" * LARGE}, writes=0, salt=bytes(16)))
        nvm = Nvm.power_up(flash)
        nvm.commit({"table": b"\xa5" * LARGE})
        assert b"\x5a" * 40 not in flash.read()
        nvm.commit({"table": None})
        assert b"\xa5" * 40 not in flash.read()
        assert Nvm.power_up(flash).sizes() == {}

    def test_a_memory_in_use_for_long_does_not_grow(self) -> None:
        flash = RamFlash(fresh_image({"table": bytes(LARGE)}, writes=0, salt=bytes(16)))
        nvm = Nvm.power_up(flash)
        sizes = set()
        for number in range(2000):
            nvm.commit({f"log_{number % 32}": bytes(220)})
            if number > 500:
                sizes.add(flash.size)
        assert len(sizes) == 1
        assert sizes.pop() < LARGE + 3 * (JOURNAL_PAGES * PAGE + 32 * 240)


class TestPowerCutsInTheFile:
    def test_a_commit_is_two_writes_and_a_sync_between(self, path: Path) -> None:
        Nvm.open(path).close()
        log = StepLog()
        nvm = Nvm.open(path, power=log)
        nvm.commit({"pin": b"\x02123456"})
        assert [step.kind for step in log.steps] == [StepKind.WRITE, StepKind.SYNC, StepKind.WRITE]
        assert [len(step.octets) for step in log.steps] == [PAGE, 0, PAGE]
        nvm.close()

    @pytest.mark.parametrize("octets", [0, 1, 20, 45])
    def test_a_torn_commit_is_as_if_it_had_never_begun(self, path: Path, octets: int) -> None:
        Nvm.open(path).close()
        nvm = Nvm.open(path, power=PowerCut(1, Moment.TORN, octets))
        with pytest.raises(PowerLost):
            nvm.commit({"pin": b"\x02"})
        assert contents(path) == RECORDS
        nvm.close()
        again = Nvm.open(path)
        assert again.get("pin") == RECORDS["pin"]
        again.commit({"pin": b"\x02"})
        again.close()
        assert contents(path)["pin"] == b"\x02"


def test_a_neighbours_unfinished_write_is_left_alone(path: Path) -> None:
    neighbours = path.with_name(f".{path.name}.second.ab12cd34.tmp")
    neighbours.touch()
    Nvm.open(path).close()
    assert neighbours.exists()


def test_a_link_to_the_card_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    nvm = Nvm.open(link)
    nvm.commit({"pin": b"\x01"})
    nvm.close()
    assert link.is_symlink()
    assert contents(path)["pin"] == b"\x01"


def test_a_closed_card_writes_nothing(path: Path) -> None:
    nvm = Nvm.open(path)
    nvm.close()
    nvm.close()
    with pytest.raises(CardError):
        nvm.commit({"pin": b""})
    assert contents(path) == RECORDS


def test_commits_are_counted() -> None:
    nvm = Nvm.in_memory({})
    counters = OperationCounters()
    nvm.count_in(counters)
    changes = {"a": b"1", "b": b"2"}
    nvm.commit(changes)
    assert (counters.nvm_writes, nvm.writes) == (1, 1)
    assert counters.nvm_octets == commit_octets(changes) == 2 * PAGE


def test_a_commit_to_a_file_counts_what_it_writes(path: Path) -> None:
    nvm = Nvm.open(path)
    counters = OperationCounters()
    nvm.count_in(counters)
    changes = {"pin": bytes(200)}
    nvm.commit(changes)
    assert counters.nvm_octets == commit_octets(changes) == 5 * PAGE
    nvm.close()


def test_a_name_that_the_disk_does_not_take_is_told(tmp_path: Path) -> None:
    for use in (lambda path: Nvm.create(path, {}), Nvm.open, Nvm.read):
        with pytest.raises(CardFileError, match="too long") as caught:
            use(tmp_path / ("x" * 300))
        assert caught.value.hint


def test_a_card_that_cannot_be_repaired_says_so_and_is_free_again(path: Path) -> None:
    Nvm.open(path).close()
    nvm = Nvm.open(path, power=PowerCut(1, Moment.TORN, 30))
    with pytest.raises(PowerLost):
        nvm.commit({"pin": b"\x02"})
    nvm.close()
    with pytest.raises(CardFileError, match="No space left") as caught:
        Nvm.open(path, power=Broken(StepKind.WRITE))
    assert caught.value.hint
    Nvm.open(path).close()
    assert contents(path) == RECORDS


def test_a_card_that_another_process_writes_to_is_always_readable(path: Path) -> None:
    """Without lock one sees a state that was, whatever of a commit, or of a journal written anew, is there."""
    nvm = Nvm.open(path)
    process = os.fork()
    if process == 0:
        try:
            for commit in range(1, 601):
                nvm.commit({"number": commit.to_bytes(2), "copy": commit.to_bytes(2) * 100})
        finally:
            os._exit(0)
    seen, is_writing = [0], True
    while is_writing:
        is_writing = os.waitpid(process, os.WNOHANG) == (0, 0)
        looked = Nvm.read(path)
        number, copy = looked.get("number") or bytes(2), looked.get("copy") or bytes(200)
        assert copy == number * 100
        assert looked.writes == int.from_bytes(number)
        seen.append(looked.writes)
    nvm.close()
    assert seen == sorted(seen)
    assert seen[-1] == 600
