"""The oracles of decoders: only ``DecodingError`` may come out, and what is taken is written back the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import Runner, Target
from tools.fuzz.world import World

from mumei_core.errors import DecodingError, MumeiError

T = TypeVar("T")


def attempt(decode: Callable[[bytes], T], octets: bytes) -> T | None:
    """What ``decode`` gives; None where it refuses. Raises :class:`Violation` for another family of errors."""
    try:
        return decode(octets)
    except DecodingError:
        return None
    except MumeiError as error:
        raise Violation("family", f"{type(error).__name__} out of a decoder: {error}") from error


def canonical(decode: Callable[[bytes], T], encode: Callable[[T], bytes]) -> Callable[[bytes], None]:
    """Accepted octets are encoded to themselves: no two messages mean the same."""

    def check(octets: bytes) -> None:
        value = attempt(decode, octets)
        if value is not None and encode(value) != octets:
            raise Violation("round trip", "accepted octets are encoded to others")

    return check


def stable(decode: Callable[[bytes], T], encode: Callable[[T], bytes]) -> Callable[[bytes], None]:
    """Where a standard allows several encodings: what is written again means what was read."""

    def check(octets: bytes) -> None:
        value = attempt(decode, octets)
        if value is not None and decode(encode(value)) != value:
            raise Violation("round trip", "what is written again means something else")

    return check


def tolerant(decode: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """No way back: only the family of errors counts."""

    def check(octets: bytes) -> None:
        attempt(decode, octets)

    return check


def parser(
    name: str,
    about: str,
    *checks: Callable[[bytes], None],
    kinds: Sequence[str] = (),
    seeds: Sequence[bytes] = (),
    max_octets: int = 1024,
    share: float = 1.0,
) -> Target:
    """A target that gives each input to all of ``checks``. ``kinds``: of samples; ``seeds``: further ones."""

    def run(octets: bytes) -> int:
        for check in checks:
            check(octets)
        return 1

    def make(world: World, stopwatch: Stopwatch) -> Runner:
        del world, stopwatch
        return run

    def good(world: World) -> list[bytes]:
        return [*seeds, *world.good(*kinds)]

    return Target(name=name, about=about, make=make, seeds=good, max_octets=max_octets, share=share)
