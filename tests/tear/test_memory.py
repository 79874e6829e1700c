"""The card's memory by itself: lives of many commits, cut and failing anywhere, against a dictionary."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from tools.tear.cuts import Detail, cuts

from mumei_card.chip.flash import PAGE, RamFlash
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.nvm_format import JOURNAL_PAGES, LARGE, Changes, fresh_image, read_memory
from mumei_card.chip.power import Power, Step, StepLog
from mumei_card.errors import CardError

NAMES = ("pin", "log_00", "coupon", "table", "credential", "x" * 40)


def records_of(nvm: Nvm) -> dict[str, bytes]:
    return {name: value for name in nvm.sizes() if (value := nvm.get(name)) is not None}


def changes_of(chance: random.Random) -> Changes:
    """One to three records; some erased, a few of them large."""
    return {
        name: None
        if chance.random() < 0.15
        else chance.randbytes(chance.choice((0, 1, 7, 30, 200, 900, LARGE - 1, LARGE, LARGE + 3)))
        for name in chance.sample(NAMES, chance.randint(1, 3))
    }


def changed(records: dict[str, bytes], changes: Changes) -> dict[str, bytes]:
    return {name: value for name, value in {**records, **changes}.items() if value is not None}


class Moody(Power):
    """A disk that fails now and then, before or after it has done as it was told."""

    def __init__(self, chance: random.Random, rate: float) -> None:
        self._chance, self.rate = chance, rate

    def before(self, step: Step) -> None:
        if self._chance.random() < self.rate:
            raise OSError(28, "No space left on device")

    after = before


@pytest.mark.parametrize("seed", range(8))
def test_a_life_of_commits_each_cut_somewhere(seed: int) -> None:
    chance = random.Random(seed)
    flash, records = RamFlash(fresh_image({}, writes=0, salt=chance.randbytes(16))), dict[str, bytes]()
    for _ in range(60):
        log = StepLog()
        nvm = Nvm.power_up(RamFlash(flash.read()), power=log)
        assert records_of(nvm) == records
        image, number = flash.read(), len(log.steps)
        after = changed(records, changes := changes_of(chance))
        nvm.commit(changes)
        cut = chance.choice(list(cuts(image, log.steps, Detail.PAGES)))
        flash = RamFlash(cut.image)
        left = read_memory(flash.read()).records
        if cut.begun <= number:
            assert left == records
        elif cut.done == len(log.steps):
            assert left == after
        assert left in (records, after)
        records = left


@pytest.mark.parametrize("seed", range(8))
def test_a_life_on_a_disk_that_fails(seed: int) -> None:
    chance = random.Random(seed)
    flash, records = RamFlash(fresh_image({}, writes=0, salt=chance.randbytes(16))), dict[str, bytes]()
    power = Moody(chance, 0.1)
    nvm = Nvm.power_up(flash, power=power)
    refused = 0
    for number in range(200):
        changes = changes_of(chance)
        try:
            nvm.commit(changes)
        except CardError as error:
            assert error.sw == 0x6581
            refused += 1
        else:
            records = changed(records, changes)
        assert records_of(nvm) == records
        if number % 40 == 0:
            power.rate = 0.0
            nvm.commit({})
            assert read_memory(flash.read()).records == records
            nvm = Nvm.power_up(flash, power=power)
            assert records_of(nvm) == records
            power.rate = 0.1
    assert 10 < refused < 190


def _lives() -> Iterator[tuple[dict[str, bytes], Changes]]:
    """A commit that is appended, one that writes the journal anew, one that moves a table, one that erases all."""
    small, table = {"pin": b"\x03123456", "card_key": bytes(32)}, {"table": bytes(LARGE)}
    yield {**small, **table}, {"pin": b"\x02123456"}
    yield (
        {**small, **table},
        {"pin": bytes(LARGE - 1), "a": bytes(LARGE - 1), "b": bytes(LARGE - 1), "c": bytes(4000)},
    )
    yield {**small, **table}, {"table": b"\x01" * LARGE, "pin": None}
    yield {**small, **table}, dict.fromkeys({**small, **table})
    yield {}, {}


@pytest.mark.parametrize(("records", "changes"), list(_lives()))
def test_every_cut_and_every_cut_while_that_is_repaired(records: dict[str, bytes], changes: Changes) -> None:
    flash = RamFlash(fresh_image(records, writes=0, salt=bytes(16)))
    log = StepLog()
    nvm = Nvm.power_up(flash, power=log)
    image = flash.read()
    log.steps.clear()
    nvm.commit(changes)
    after, seen = changed(records, changes), set()
    for cut in cuts(image, log.steps, Detail.PAGES):
        again = StepLog()
        left = records_of(Nvm.power_up(RamFlash(cut.image), power=again))
        assert left in (records, after), str(cut)
        seen.add(left == after)
        for nested in cuts(cut.image, again.steps, Detail.STEPS):
            assert records_of(Nvm.power_up(RamFlash(nested.image))) == left, f"{cut}, {nested}"
    assert seen == ({False, True} if records != after else {True})


def test_the_room_for_commits_is_used_to_its_end() -> None:
    flash = RamFlash(fresh_image({"pin": b"0"}, writes=0, salt=bytes(16)))
    log = StepLog()
    nvm = Nvm.power_up(flash, power=log)
    written: list[int] = []
    for _ in range(JOURNAL_PAGES + 1):
        log.steps.clear()
        nvm.commit({"pin": b"1"})
        written.append(sum(len(step.octets) for step in log.steps))
    assert written[: JOURNAL_PAGES - 1] == [2 * PAGE] * (JOURNAL_PAGES - 1)
    assert max(written[JOURNAL_PAGES - 1 :]) > JOURNAL_PAGES * PAGE
