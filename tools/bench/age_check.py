"""Bar 5: an age check over a real pcscd, from the answer to SELECT to the verdict, on cards of both profiles."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from tools import pcscd_runner
from tools.bench.bars import MANY, Bar, Details, Progress, Section
from tools.bench.phases import AFTER_SELECT
from tools.bench.through_pcscd import Split, Visit, visits
from tools.bench.world import AGE_AND_PSEUDONYM, AGE_ONLY, World
from tools.pcscd_runner import Pcscd

from mumei.terminal.phases import Phase, phase_of

_WHOLE_BAR: Final = 30.0
_TRANSPORT_BAR: Final = 5.0
_CHANNEL_BAR: Final = 80.0
_SPLIT_COLUMNS: Final = ("whole", "terminal", "card", "transport")


def measure(development: World, standard: World, say: Progress) -> Section:
    """Bar 5, and the same inside the secure channel."""
    say("starting pcscd with a virtual reader (waits for test runs that use one)")
    with pcscd_runner.exclusive():
        reason = pcscd_runner.missing()
        if reason:
            return Section(bars=_bars(None, None, reason), details=())
        folder = development.folder / "pcscd"
        folder.mkdir()
        service = Pcscd(folder)
        try:
            service.start()
            say(f"visiting a development card {MANY} times, age only and age + pseudonym, through pcscd")
            plain = visits(development, service, (AGE_ONLY, AGE_AND_PSEUDONYM))
            say(f"visiting a standard card {MANY} times through pcscd")
            (secured,) = visits(standard, service, (AGE_ONLY,))
        finally:
            service.stop()
    splits = [Split.medians([visit.split() for visit in found]) for found in plain]
    whole = Split.medians([visit.split() for visit in secured])
    return Section(
        bars=_bars(splits[0], whole, ""), details=(_plain_details(splits), _channel_details(secured, whole))
    )


def _bars(plain: Split | None, secured: Split | None, note: str) -> tuple[Bar, ...]:
    return (
        _bar(
            "development card: age check through pcscd after SELECT",
            plain.whole if plain else None,
            _WHOLE_BAR,
            note,
        ),
        _bar("of which APDU transport", plain.transport if plain else None, _TRANSPORT_BAR, note),
        _bar(
            "standard card: age check with PACE and TA through pcscd after SELECT",
            secured.whole if secured else None,
            _CHANNEL_BAR,
            note,
        ),
    )


def _bar(what: str, measured: float | None, limit: float, note: str) -> Bar:
    return Bar(what=what, measured=measured, limit=limit, unit="ms", digits=1, strict=True, note=note)


def _plain_details(splits: Sequence[Split]) -> Details:
    return Details(
        title=f"development card through a real pcscd, milliseconds after SELECT, medians of {MANY}",
        columns=("visit", *_SPLIT_COLUMNS),
        rows=[
            (name, *split.cells) for name, split in zip(("age only", "age + pseudonym"), splits, strict=True)
        ],
        said=(
            "Whole: from the answer to SELECT to the verdict, by the wall clock, whichever process works. Terminal:"
            " outside exchanges (tables filled). Card: inside its process from command to answer, writing memory to"
            " disk included. Transport: round trips less the card's part. A median each, so they need not add up.",
        ),
    )


def _channel_details(found: Sequence[Visit], whole: Split) -> Details:
    return Details(
        title=f"standard card through a real pcscd, milliseconds after SELECT, medians of {MANY}",
        columns=("phase", *_SPLIT_COLUMNS),
        rows=[
            *((phase, *_phase(found, phase).cells) for phase in AFTER_SELECT),
            ("verification", *_verification(found).cells),
            ("all of it", *whole.cells),
        ],
        said=(
            "An age check with PACE (shop code), Terminal Authentication (two certificates) and secure messaging."
            " The terminal's part of a phase is what it does before each command of it: keys, certificates,"
            " signature, protection of the command. The card is reset before each visit; neither that nor SELECT"
            " is counted.",
        ),
    )


def _phase(found: Sequence[Visit], phase: Phase) -> Split:
    """Of one phase; its exchanges follow each other."""
    return Split.medians(
        [
            visit.part([phase_of(each.exchange.ins, each.exchange.p1) is phase for each in visit.rounds])
            for visit in found
        ]
    )


def _verification(found: Sequence[Visit]) -> Split:
    taken = median(visit.verification for visit in found)
    return Split(whole=taken, host=taken, card=0.0, transport=0.0)
