"""The bill for a nation's lists: from given unit costs the right sums, and the words that say what they mean."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from tools.revocation_costs import UnitCosts, measure
from tools.revocation_plan import STRUCTURES, Structure, bill, main

COSTS = UnitCosts(multiplication=70.0, evaluation=50.0, alone=80.0, entry=200.0)


def test_the_bill_is_the_product_of_its_parts() -> None:
    found = bill(
        Structure(days=7, buckets=64, slots=16), COSTS, revoked=1_250_000, contexts=100_000, hour_price=0.05
    )
    products = 1_250_000 * 1024
    assert found.trustee_hours == pytest.approx(products * 50e-6 / 3600)
    assert found.authority_hours == pytest.approx(products * 200e-6 / 3600)
    assert found.trustee_gigabytes == pytest.approx(products * 48 / 1e9)
    assert found.terminal_megabytes == pytest.approx(320)
    assert found.contexts_a_bucket == pytest.approx(1562.5)
    assert found.price == pytest.approx((2 * found.trustee_hours + found.authority_hours) * 0.05)


def test_shorter_epochs_cost_as_often_and_relying_parties_cost_nothing() -> None:
    week, day = (bill(Structure(days=days, buckets=64, slots=16), COSTS, revoked=1000, contexts=contexts,
                      hour_price=1) for days, contexts in ((7, 10), (1, 1_000_000)))  # fmt: skip
    assert day.trustee_hours == pytest.approx(7 * week.trustee_hours)
    assert day.trustee_cores == pytest.approx(week.trustee_cores)


def test_the_table_says_which_structure_the_protocol_chose(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text(json.dumps(asdict(COSTS)))
    assert main(["--costs", str(costs), "--revoked", "1%"]) == 0
    said = capsys.readouterr().out
    assert "revoked cards: 1,250,000" in said
    assert "Chosen: the first, 64 buckets of 16 slots" in said
    assert main(["--costs", str(costs), "--json", "--cards", "1000"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["revoked"] == 10 and len(found["bills"]) == len(STRUCTURES)
    with pytest.raises(SystemExit):
        main(["--revoked", "200%"])


def test_unit_costs_are_measured_with_the_product_itself() -> None:
    found = measure(handles=1, few=1, checked=1)
    assert min(asdict(found).values()) > 0
