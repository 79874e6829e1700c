"""What lies in files: traces and the card's memory; and the decoder that shows commands to people."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import PROTOCOL_BAR, Runner, Target
from tools.fuzz.targets.documented import EXAMPLES
from tools.fuzz.world import World

from mumei.trace.file import read_trace
from mumei.trace.show import show
from mumei_card.chip.flash import PAGE, RamFlash
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.nvm_format import MemoryDamaged, UnknownFormat
from mumei_card.chip.nvm_journal import Journal
from mumei_core.commands.decoder import explain, redact
from mumei_core.errors import DataError, MumeiError
from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU

_TRANSCRIPTS: Final = Path(__file__).parents[3] / "tests" / "transcripts"
_LONGEST_SEED: Final = 3_072


# Traces


def _make_trace(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    path = Path(tempfile.mkdtemp(prefix="mumei-fuzz-trace-")) / "trace"

    def run(octets: bytes) -> int:
        path.write_bytes(octets)
        try:
            trace = read_trace(path)
        except DataError:
            return 1
        except MumeiError as error:
            raise Violation("family", f"{type(error).__name__} for a file that is there") from error
        show(trace).text()
        return 1

    return run


def _trace_seeds(world: World) -> list[bytes]:
    """The frozen transcripts, cut after a line where they are long."""
    del world
    found = []
    for path in sorted(_TRANSCRIPTS.glob("**/*.trace")):
        octets = path.read_bytes()[:_LONGEST_SEED]
        found.append(octets[: octets.rfind(b"\n") + 1])
    return found


# The card's memory: an input is a list of damages to a good image. Each has a kind and two places of two octets.


def _images() -> tuple[list[bytes], list[dict[str, bytes]]]:
    """(images after each commit, the states that the memory was in)."""
    states = [{"pin": b"\3271828", "rng_counter": bytes(8), "table": bytes(5_000)}]
    flash = RamFlash()
    Journal.create(flash, states[0])
    nvm = Nvm.power_up(flash)
    images = [flash.read()]
    for number in range(1, 6):
        changes = {
            "pin": bytes([number]) + b"271828",
            "rng_counter": number.to_bytes(8),
            "pending": bytes(number * 30),
        }
        nvm.commit(changes)
        states.append(states[-1] | changes)
        images.append(flash.read())
    return images, states


def _make_memory(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    images, states = _images()

    def run(octets: bytes) -> int:
        if not octets:
            return 1
        image = bytearray(images[octets[0] % len(images)])
        for at in range(1, len(octets) - 4, 5):
            first, second = (int.from_bytes(octets[place : place + 2]) for place in (at + 1, at + 3))
            _damage(image, octets[at], first, second)
        try:
            nvm = Nvm.power_up(RamFlash(bytes(image)))
        except (MemoryDamaged, UnknownFormat):
            return 1
        if _records(nvm) not in states:
            raise Violation("memory", "a damaged memory is taken for one that was never written")
        nvm.commit({"pin": b"\0"})
        return 1

    return run


def _damage(image: bytearray, kind: int, first: int, second: int) -> None:
    place = first % len(image) if image else 0
    page = place - place % PAGE
    if kind % 5 == 0:
        image[place : place + 1] = bytes([second & 0xFF])
    elif kind % 5 == 1:
        image[page : page + PAGE] = b"\xff" * PAGE
    elif kind % 5 == 2:
        source = second % len(image) if image else 0
        source -= source % PAGE
        image[page : page + PAGE] = image[source : source + PAGE]
    elif kind % 5 == 3:
        del image[place:]
    else:
        image[place : place + 1] = bytes([image[place] ^ (1 << second % 8)]) if image else b""


def _records(nvm: Nvm) -> dict[str, bytes]:
    return {name: value for name in nvm.sizes() if (value := nvm.get(name)) is not None}


def _memory_seeds(world: World) -> list[bytes]:
    del world
    return [bytes([image]) + bytes([kind, 0, 200, 1, 0]) for image in range(6) for kind in range(5)]


# The decoder: a command with two octets of length, then an answer.


def _decode(octets: bytes) -> int:
    length = int.from_bytes(octets[:2])
    try:
        command = CommandAPDU.from_bytes(octets[2 : 2 + length])
    except ApduError:
        return 1
    answer = octets[2 + length :]
    response = ResponseAPDU.from_bytes(answer) if len(answer) >= 2 else None
    try:
        explain(command, response)
        redact(command, response)
    except MumeiError as error:
        raise Violation("family", f"{type(error).__name__} out of the decoder, which never raises") from error
    return 1


def _make_decoder(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    return _decode


def _decoder_seeds(world: World) -> list[bytes]:
    commands = [command for commands in EXAMPLES for command in commands]
    commands += [command for tape in world.tapes.values() for command in tape.commands]
    return [len(command).to_bytes(2) + command + b"\x90\x00" for command in commands]


TARGETS: Final = (
    Target(
        name="trace",
        about="trace files, read and shown",
        make=_make_trace,
        seeds=_trace_seeds,
        # Each input is a file, read back and shown.
        bar=PROTOCOL_BAR,
        share=6.0,
        max_octets=_LONGEST_SEED,
    ),
    Target(
        name="memory",
        about="the card's journal with pages damaged, copied, erased and cut off",
        make=_make_memory,
        seeds=_memory_seeds,
        bar=PROTOCOL_BAR,
        share=2.5,
        max_octets=256,
    ),
    Target(
        name="decoder",
        about="commands and answers as traces and logs show them",
        make=_make_decoder,
        seeds=_decoder_seeds,
        share=4.0,
    ),
)
