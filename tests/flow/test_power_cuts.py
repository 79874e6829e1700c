"""Power fails while the card writes to its file: it holds what it held before or after, and the job goes on.

A sample with real files and processes that die; every write of every command is cut by ``tests/tear``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import NoReturn

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
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.power import Power, PowerLost, Step
from mumei_card.link.in_process import SoftwareCard

QUESTION = Question(predicates=(over(20),))


_DIED = 9


class Cut(Enum):
    """When in a commit the power goes."""

    BEGUN = "begun"
    TORN = "torn"
    DONE = "done"


class Dying(Power):
    """The process dies in the ``commit``-th commit of the card, from 1, as by ``kill -9``: nothing is tidied up."""

    def __init__(self, commit: int, cut: Cut) -> None:
        self._left, self._cut = commit, cut

    def watch(self, nvm: Nvm) -> None:
        commit = nvm.commit

        def watched(changes: Mapping[str, bytes | None]) -> None:
            self._left -= 1
            commit(changes)
            if not self._left:
                _die()

        nvm.commit = watched  # type: ignore[method-assign]

    def before(self, step: Step) -> None:
        if not self._left and self._cut is Cut.BEGUN:
            _die()

    def torn(self, step: Step) -> int | None:
        return len(step.octets) // 2 if not self._left and self._cut is Cut.TORN else None


def _die() -> NoReturn:
    os._exit(_DIED)


def power_cut_at(write: int, job: Callable[[Channel], object], file: Path, cut: Cut) -> None:
    """Do ``job`` in a process that dies at the ``write``-th commit to the card file, from 1."""
    process = os.fork()
    if process == 0:
        try:
            power = Dying(write, cut)
            nvm = Nvm.open(file, power=power)
            power.watch(nvm)
            job(_channel(file, nvm))
        except PowerLost:
            _die()
        finally:
            os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == _DIED


def _channel(file: Path, nvm: Nvm) -> Channel:
    channel = Channel(SimulatedConnection(SoftwareCard(nvm), name=str(file)))
    Application.select(channel)
    return channel


@contextmanager
def channel_to(file: Path, power: Power | None = None) -> Iterator[Channel]:
    channel = _channel(file, Nvm.open(file, power=power))
    with channel.connection:
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


@pytest.mark.parametrize("cut", Cut, ids=lambda cut: cut.value)
class TestPowerCuts:
    # Parameters; counter and pending for ENROL; credential.
    @pytest.mark.parametrize("write", [1, 2, 3, 4])
    def test_while_a_card_is_issued(self, tmp_path: Path, write: int, cut: Cut) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.new_card())
        power_cut_at(write, issue, file, cut)
        records = world.records_of(Nvm.read(file))
        assert ("credential" in records) == (write == 4 and cut is Cut.DONE)
        if "credential" not in records:
            with channel_to(file) as channel:
                issue(channel)
        with channel_to(file) as channel:
            answer = visit(channel, terminal(over(20)), QUESTION, today=TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT
        assert_one_file(file)

    def test_while_a_commitment_is_written_the_next_one_has_other_randoms(
        self, tmp_path: Path, cut: Cut
    ) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.card_with_parameters())
        before = rng_counter(file)
        power_cut_at(2, lambda channel: personalisation.enrol(channel, NONCE), file, cut)
        assert rng_counter(file) == before + 1
        with channel_to(file) as channel:
            first = personalisation.enrol(channel, NONCE)
            assert personalisation.enrol(channel, NONCE) == first
        assert rng_counter(file) == before + (1 if cut is Cut.DONE else 2)

    def test_while_a_card_presents(self, tmp_path: Path, cut: Cut) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.sample_card())
        before = rng_counter(file)
        at = terminal(over(20))
        # The coupon has a counter value and a write of its own before.
        power_cut_at(3, lambda channel: visit(channel, at, QUESTION, today=TODAY), file, cut)
        assert rng_counter(file) == before + 1 + (cut is Cut.DONE)
        with channel_to(file) as channel:
            assert visit(channel, at, QUESTION, today=TODAY).verdict.outcome is Outcome.ACCEPT
        assert rng_counter(file) == before + 1 + (cut is Cut.DONE) + 2
        assert_one_file(file)

    def test_while_a_wrong_pin_is_counted_no_try_is_won(self, tmp_path: Path, cut: Cut) -> None:
        file = world.write_card(tmp_path / "hanako.card", world.sample_card())
        power_cut_at(1, lambda channel: verify_pin(channel, Pin(world.WRONG_PIN)), file, cut)
        with channel_to(file) as channel:
            # Before the count nothing was compared; after it the try is gone.
            assert pin_status(channel).tries_left == (2 if cut is Cut.DONE else 3)
            verify_pin(channel, Pin(world.PIN))


class FullDisk(Power):
    """A disk that takes no more, for as long as ``is_full``."""

    is_full = False

    def before(self, step: Step) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")


def test_a_full_disk_is_a_status_word_and_nothing_is_lost(tmp_path: Path) -> None:
    file = world.write_card(tmp_path / "hanako.card", world.sample_card())
    at = terminal(over(20))
    disk = FullDisk()
    with channel_to(file, disk) as channel:
        before = world.records_of(Nvm.read(file))
        disk.is_full = True
        assert visit(channel, at, QUESTION, today=TODAY).verdict.outcome is Outcome.CANNOT_DECIDE
        assert world.records_of(Nvm.read(file)) == before
        disk.is_full = False
        assert visit(channel, at, QUESTION, today=TODAY).verdict.outcome is Outcome.ACCEPT
    assert_one_file(file)


def test_a_card_in_use_can_be_looked_at(tmp_path: Path) -> None:
    """Also while it writes: whatever of a commit is there, one sees the card before it or after it."""
    file = world.write_card(tmp_path / "hanako.card", world.sample_card())
    seen: list[int] = []

    class Looking(Power):
        def before(self, step: Step) -> None:
            seen.append(rng_counter(file))

        after = before

    with channel_to(file, Looking()) as channel:
        visit(channel, terminal(over(20)), QUESTION, today=TODAY)
    assert seen == sorted(seen)
    assert set(seen) == set(range(seen[0], seen[-1] + 1))
    assert seen[-1] > seen[0]
