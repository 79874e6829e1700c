"""The whole suite once more through a real PC/SC service: what passes in process passes there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from tools.conformance.bench_file import DEVELOPMENT, ISSUED, BenchFile

from mumei_core.errors import HostEnvironmentError, WrongCardError

from .on_pcscd import ThroughPcscd
from .on_reader import RealReader
from .running import failures
from .suite import checks

#: Enough to see that the way works; the whole suite goes it in the test above.
SOME = ("test_the_atr_is_well_formed", "test_case_4[extended]", "test_pace[pin]", "test_an_age_check")
MODULES = sorted({check.function.__module__.rpartition(".")[2] for check in checks()})


@pytest.fixture(scope="module")
def through(bench: BenchFile) -> Iterator[ThroughPcscd]:
    try:
        target = ThroughPcscd(bench)
    except HostEnvironmentError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield target
    target.close()


@pytest.mark.parametrize("module", MODULES)
def test_every_check_passes(module: str, through: ThroughPcscd) -> None:
    wanted = [check for check in checks() if check.function.__module__.endswith(f".{module}")]
    assert wanted
    assert failures(wanted, through) == {}


def test_the_named_card_in_a_reader_of_the_service(bench: BenchFile, through: ThroughPcscd) -> None:
    through.connect(ISSUED, fresh=True).close()
    serial = bench.cards[ISSUED].serial
    with closing(RealReader(bench, reader="PCD 00 00", serial=serial, destructive=False)) as target:
        wanted = [check for check in checks() if check.name in SOME]
        assert len(wanted) == len(SOME)
        assert failures(wanted, target) == {}
    through.connect(DEVELOPMENT, fresh=False).close()
    with pytest.raises(WrongCardError):
        RealReader(bench, reader="PCD 00 00", serial=serial, destructive=False)
