"""The tool that compares every cited figure with its file, on small files of the two kinds."""

from __future__ import annotations

import pytest
from tools.chip_figures import algtest_figures, differences, markdown_figures, sources_of

from mumei_card.chip.figures import Source
from mumei_card.chip.profiles import CHIPS
from mumei_card.chip.published import common

TABLE = """
method name:; ALG_X update()
measurement config:;appletPrepareINS;34
operation stats (ms/op):;avg op:;5.34;min op:;5.31;max op:;5.41;
operation info:;data length;256;total iterations;250;total invocations;250;

method name:; ALG_NONE
NO_SUCH_ALGORITHM

method name:; ALG_X update();16;
operation stats (ms/op):;avg op:;0.88;min op:;0.68;max op:;1.08;;CHECK
operation info:;data length;16;total iterations;25;total invocations;25;
"""
LIBRARY = """
# Performance
|	 Operation (time in ms) 	|	CARD A (16.7.2023)	|	CARD B (16.7.2023)	|
|	 --- 	|	 --- 	|	 --- 	|
|	 add/INS_ADD      	|	86	|	--	|
"""


def test_rows_of_both_kinds_of_files() -> None:
    assert algtest_figures(TABLE) == {("ALG_X update()", "256"): 5.34, ("ALG_X update()", "16"): 0.88}
    assert markdown_figures(LIBRARY) == {("add/INS_ADD", "CARD A"): 86.0}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (common.fixed("X", {"ALG_X update()": 5.34}), TABLE),
        (common.variable("X", "ALG_X update()", {16: 0.88, 256: 5.34}), TABLE),
        (common.big_numbers("CARD A", "add/INS_ADD", 86, "").sources[0], LIBRARY),
    ],
)
def test_what_stands_there_is_no_difference(source: Source, text: str) -> None:
    assert list(differences(source, lambda _: text)) == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (common.fixed("X", {"ALG_X update()": 5.35}), TABLE),
        (common.fixed("X", {"ALG_NONE": 1.0}), TABLE),
        (common.variable("X", "ALG_X update()", {32: 0.88}), TABLE),
        (common.big_numbers("CARD B", "add/INS_ADD", 86, "").sources[0], LIBRARY),
    ],
)
def test_another_figure_and_a_missing_row_are(source: Source, text: str) -> None:
    (found,) = differences(source, lambda _: text)
    assert "cited" in found


def test_every_profile_has_rows_to_compare() -> None:
    for chip in CHIPS.values():
        assert sum(len(source.rows) for source in sources_of(chip)) >= 15
