"""The hedged generator: a broken random source or a repeated state alone must not repeat its output."""

from __future__ import annotations

import pytest

from mumei_card.chip.rng import HedgedRng
from mumei_card.os.kernel import Kernel

from .conftest import Card

KEY = bytes(range(32))


def stuck(n: int) -> bytes:
    return bytes(n)


def draw(*, key: bytes = KEY, counter: int = 1, transcript: tuple[bytes, ...] = ()) -> bytes:
    rng = HedgedRng(key, counter, stuck)
    for piece in transcript:
        rng.mix(piece)
    return rng.octets(48)


def test_with_a_stuck_source_every_other_input_still_counts() -> None:
    outputs = [
        draw(),
        draw(key=bytes(32)),
        draw(counter=2),
        draw(transcript=(b"challenge",)),
        draw(transcript=(b"chall", b"enge")),
    ]
    assert len(set(outputs)) == len(outputs)


def test_calls_differ_even_when_nothing_was_said_between() -> None:
    rng = HedgedRng(KEY, 1, stuck)
    assert rng.octets(48) != rng.octets(48)


def test_with_the_same_state_the_source_still_counts() -> None:
    card_random = iter((b"\x01" * 32, b"\x02" * 32))
    outputs = {HedgedRng(KEY, 1, lambda n: next(card_random)).octets(48) for _ in range(2)}
    assert len(outputs) == 2


@pytest.mark.parametrize("n", [1, 32, 48, 8160])
def test_as_many_octets_as_asked(n: int) -> None:
    assert len(HedgedRng(KEY, 1, stuck).octets(n)) == n


def test_each_job_burns_a_counter_value_that_survives_power_off(card: Card) -> None:
    kernel = Kernel(card.nvm, random_source=stuck)
    first = kernel.context.rng().octets(32)
    again = Kernel(card.nvm, random_source=stuck)
    assert again.context.rng().octets(32) != first
    assert card.nvm.get("rng_counter") == (2).to_bytes(8)
    assert again.counters.random_octets == 32
