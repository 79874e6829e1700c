"""Every example in apdu_specs is sent to a card, and the generated constants are those of the specs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mumei_core.commands import codes

from .conftest import make_card

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "apdu_specs"


def entries() -> list[dict[str, Any]]:
    groups = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SPECS.glob("*.yaml"))]
    return [command for group in groups for command in group.get("commands", [])]


EXAMPLES = [
    pytest.param(example, id=f"{entry['name']}: {example['about']}")
    for entry in entries()
    for example in entry.get("examples", [])
    if "steps" in example
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_card_answers_as_the_example_says(example: dict[str, Any]) -> None:
    card = make_card(example.get("given", "pin"))
    for command, answer in example["steps"]:
        # Dots stand for hex digits that differ each time.
        pattern = answer.replace(" ", "").replace(".", "[0-9A-F]")
        assert re.fullmatch(pattern, card.send(command)), command


def test_the_generated_constants_are_not_stale() -> None:
    check = [sys.executable, str(ROOT / "tools" / "gen_commands.py"), "--check"]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_each_command_of_the_specs_has_its_constant_and_name() -> None:
    for entry in entries():
        ins = getattr(codes, "INS_" + entry["name"].replace(" ", "_"))
        assert ins == int(entry["ins"], 16)
        assert codes.COMMAND_NAMES[int(entry["cla"], 16), ins] == entry["name"]


def test_commands_that_carry_a_pin_are_marked_secret() -> None:
    for name in ("VERIFY", "CHANGE_REFERENCE_DATA", "RESET_RETRY_COUNTER"):
        assert (codes.CLA_ISO, getattr(codes, f"INS_{name}")) in codes.SECRET_COMMANDS
