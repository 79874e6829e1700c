"""Command chaining: what one side splits, the other puts together; broken chains are dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.iso7816.apdu import ApduError, CommandAPDU
from mumei_core.iso7816.chaining import ChainCollector, ChainError, split


def command(data: bytes = b"", *, cla: int = 0x80, le: int | None = 256) -> CommandAPDU:
    return CommandAPDU(cla=cla, ins=0x32, p1=0, p2=0, data=data, le=le)


@given(st.binary(max_size=2000), st.none() | st.integers(1, 65_536), st.integers(1, 255))
def test_the_collector_gives_back_what_was_split(data: bytes, le: int | None, max_data: int) -> None:
    whole = command(data, le=le)
    parts = split(whole, max_data=max_data)
    collector = ChainCollector(max_data=2000)
    assert [collector.add(part) for part in parts[:-1]] == [None] * (len(parts) - 1)
    assert collector.add(parts[-1]) == whole


def test_only_the_last_part_is_unmarked_and_asks_for_an_answer() -> None:
    parts = split(command(bytes(600)))
    assert [len(part.data) for part in parts] == [255, 255, 90]
    assert [part.cla for part in parts] == [0x90, 0x90, 0x80]
    assert [part.le for part in parts] == [None, None, 256]


def test_a_part_cannot_be_split_again() -> None:
    with pytest.raises(ApduError):
        split(command(cla=0x90))


def test_another_header_breaks_the_chain_and_is_not_executed() -> None:
    collector = ChainCollector(max_data=100)
    collector.add(command(b"one", cla=0x90))
    with pytest.raises(ChainError) as caught:
        collector.add(CommandAPDU(cla=0x80, ins=0x34, p1=0, p2=0))
    assert caught.value.sw == 0x6883
    assert collector.add(command(b"two")) == command(b"two")


def test_the_sum_is_bounded() -> None:
    collector = ChainCollector(max_data=4)
    collector.add(command(b"abc", cla=0x90))
    with pytest.raises(ChainError) as caught:
        collector.add(command(b"de"))
    assert caught.value.sw == 0x6700
    assert collector.add(command(b"abcd")) == command(b"abcd")
