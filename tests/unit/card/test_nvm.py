"""The card file: all or nothing at every commit, one program at a time, clear words when it is unusable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import FORMAT, MAGIC, Nvm
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


@pytest.mark.parametrize("at", [0, len(MAGIC), len(MAGIC) + 3, 40, -1])
def test_one_flipped_bit_is_found(path: Path, at: int) -> None:
    octets = bytearray(path.read_bytes())
    octets[at] ^= 1
    path.write_bytes(octets)
    with pytest.raises(CardFileError):
        Nvm.open(path)


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


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_file_and_records_as_they_were(
    path: Path, mocker: MockerFixture, step: str
) -> None:
    nvm = Nvm.open(path)
    before = path.read_bytes()
    failure = mocker.patch(step, side_effect=OSError(28, "No space left on device"))
    with pytest.raises(CardError) as caught:
        nvm.commit({"pin": b"\x00"})
    assert caught.value.sw == 0x6581
    assert path.read_bytes() == before
    assert nvm.get("pin") == RECORDS["pin"]
    assert names(path.parent) == ["card"]
    mocker.stop(failure)
    nvm.commit({"pin": b"\x01"})
    nvm.close()
    assert contents(path)["pin"] == b"\x01"


def test_a_cut_between_write_and_rename_leaves_the_old_state_and_no_litter(
    path: Path, mocker: MockerFixture
) -> None:
    class PowerCut(BaseException):
        pass

    nvm = Nvm.open(path)
    mocker.patch("pathlib.Path.replace", side_effect=PowerCut)
    with pytest.raises(PowerCut):
        nvm.commit({"pin": b"\x00"})
    mocker.stopall()
    nvm.close()
    assert len(names(path.parent)) == 2
    Nvm.open(path).close()
    assert names(path.parent) == ["card"]
    assert contents(path) == RECORDS


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
    nvm.commit({"a": b"1", "b": b"2"})
    assert (counters.nvm_writes, nvm.writes) == (1, 1)
