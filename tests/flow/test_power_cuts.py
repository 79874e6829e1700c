"""Power fails while the card writes: its file is the one before or the one after, and the job goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.world import NONCE, TODAY, issuer, over, terminal

from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, pin_status, verify_pin
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm

QUESTION = Question(predicates=(over(20),))


_DIED = 9


def power_cut_at(write: int, job: Callable[[Channel], object], file: Path, *, after: bool) -> None:
    """Do ``job`` in a process that dies at the ``write``-th commit of the card file, from 1.

    It dies just before or just after the new file has the name, as ``kill -9`` does: nothing is tidied up.
    """
    process = os.fork()
    if process == 0:
        try:
            _die_at(write, after=after)
            with channel_to(file) as channel:
                job(channel)
        finally:
            os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == _DIED


def _die_at(write: int, *, after: bool) -> None:
    rename = Path.replace
    count = 0

    def dying(self: Path, target: Any) -> Path:
        nonlocal count
        count += 1
        if count == write and not after:
            os._exit(_DIED)
        renamed = rename(self, target)
        if count == write:
            os._exit(_DIED)
        return renamed

    Path.replace = dying  # type: ignore[method-assign,assignment]


@contextmanager
def channel_to(file: Path) -> Iterator[Channel]:
    with open_simulator(file) as connection:
        channel = Channel(connection)
        Application.select(channel)
        yield channel


def rng_counter(file: Path) -> int:
    return int.from_bytes(Nvm.read(file).get("rng_counter") or b"")


def assert_one_file(file: Path) -> None:
    """Opened once more, the card has tidied up after itself."""
    with channel_to(file):
        pass
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def issue(channel: Channel) -> None:
    """Parameters, commitment, credential; each is skipped where the card has it."""
    if "parameters" not in world.records_of(Nvm.read(channel.connection.name)):
        personalisation.store_parameters(channel, issuer().parameters.for_card(TODAY))
    credential = world.credential_for(channel, world.residents()[0])
    personalisation.store_credential(channel, credential)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
class TestPowerCuts:
    # Parameters; counter and pending for ENROL; credential.
    @pytest.mark.parametrize("write", [1, 2, 3, 4])
    def test_while_a_card_is_issued(self, tmp_path: Path, write: int, after: bool) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.new_card())
        power_cut_at(write, issue, file, after=after)
        records = world.records_of(Nvm.read(file))
        assert ("credential" in records) == (write == 4 and after)
        if "credential" not in records:
            with channel_to(file) as channel:
                issue(channel)
        with channel_to(file) as channel:
            answer = visit(channel, terminal(over(20)), QUESTION, today=TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT
        assert_one_file(file)

    def test_while_a_commitment_is_written_the_next_one_has_other_randoms(
        self, tmp_path: Path, after: bool
    ) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.card_with_parameters())
        before = rng_counter(file)
        power_cut_at(2, lambda channel: personalisation.enrol(channel, NONCE), file, after=after)
        assert rng_counter(file) == before + 1
        with channel_to(file) as channel:
            first = personalisation.enrol(channel, NONCE)
            assert personalisation.enrol(channel, NONCE) == first
        assert rng_counter(file) == before + (1 if after else 2)

    def test_while_a_card_presents(self, tmp_path: Path, after: bool) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.sample_card())
        before = rng_counter(file)
        at = terminal(over(20))
        power_cut_at(1, lambda channel: visit(channel, at, QUESTION, today=TODAY), file, after=after)
        assert rng_counter(file) == before + after
        with channel_to(file) as channel:
            assert visit(channel, at, QUESTION, today=TODAY).verdict.outcome is Outcome.ACCEPT
        assert rng_counter(file) == before + after + 1
        assert_one_file(file)

    def test_while_a_wrong_pin_is_counted_no_try_is_won(self, tmp_path: Path, after: bool) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.sample_card())
        power_cut_at(1, lambda channel: verify_pin(channel, Pin(world.WRONG_PIN)), file, after=after)
        with channel_to(file) as channel:
            # Before the count nothing was compared; after it the try is gone.
            assert pin_status(channel).tries_left == (2 if after else 3)
            verify_pin(channel, Pin(world.PIN))


def test_a_full_disk_is_a_status_word_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.write_card(tmp_path / "hanako.card", world.sample_card())
    before = file.read_bytes()
    at = terminal(over(20))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with channel_to(file) as channel:
        with monkeypatch.context() as here:
            here.setattr(Path, "replace", full)
            answer = visit(channel, at, QUESTION, today=TODAY)
        assert answer.verdict.outcome is Outcome.CANNOT_DECIDE
        assert file.read_bytes() == before
        assert visit(channel, at, QUESTION, today=TODAY).verdict.outcome is Outcome.ACCEPT
    assert_one_file(file)
