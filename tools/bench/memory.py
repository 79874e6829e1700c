"""Bar 6: the memory of a process that verifies: a new one, with its tables filled, alone and in a batch."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.verification import Items
from tools.bench.world import World

_BAR: Final = 100.0


def measure(world: World, items: Items, say: Progress) -> Section:
    """Bar 6."""
    say("verifying in a new process, for its memory")
    terminal, questions = world.folder / "terminal", world.folder / "presentations.json"
    world.terminal.save(terminal)
    questions.write_text(json.dumps([[part.hex() for part in item] for item in items]))
    command = [sys.executable, "-m", "tools.bench.verifying_process", str(terminal), str(questions)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    before, after = json.loads(finished.stdout)
    return Section(
        bars=(
            Bar(
                what="memory of a verifying process",
                measured=after,
                limit=_BAR,
                unit="MB",
                digits=0,
                strict=True,
            ),
        ),
        details=(
            Details(
                title="memory",
                said=(
                    f"The most that a new process ever held in memory: {before:.0f} MB once everything was imported"
                    f" and the terminal's folder read, {after:.0f} MB after filling the tables and verifying"
                    f" {len(items)} presentations one by one and in a batch. 1 MB is a million octets.",
                ),
            ),
        ),
    )
