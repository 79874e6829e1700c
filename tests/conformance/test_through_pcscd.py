"""The whole suite once more through a real PC/SC service: what passes in process passes there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tools.conformance.bench_file import BenchFile

from mumei_core.errors import HostEnvironmentError

from .on_pcscd import ThroughPcscd
from .running import failures
from .suite import checks

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
