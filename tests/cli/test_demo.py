"""``mumei demo``: what it keeps is usable as its page says, and the README's first test of one's own runs on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures.command_line import mumei

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``world`` was kept."""
    made = tmp_path_factory.mktemp("demo")
    assert mumei("demo", "--keep", made / "world").exit_code == 0
    return made


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_command_that_the_kept_page_suggests_works(folder: Path) -> None:
    page = (folder / "world" / "README.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    suggested = [line.split() for line in page.splitlines() if line.startswith("  mumei")]
    assert len(suggested) == 6
    (folder / "pin").write_text("271828\n")
    (folder / "pin").chmod(0o600)
    for program, *arguments in suggested:
        module = {"mumei": "mumei.cli.main", "mumei-card": "mumei_card"}[program]
        if arguments[:2] == ["card", "log"]:
            arguments += ["--pin-file", "../pin"]
        done = run([sys.executable, "-m", module, *arguments], folder / "world")
        assert (done.returncode, done.stderr) == (0, ""), done


def test_a_folder_with_something_in_it_is_left_alone(folder: Path) -> None:
    before = sorted((folder / "world").iterdir())
    refused = mumei("demo", "--keep", folder / "world")
    assert refused.exit_code == 2 and "is not empty" in refused.stderr
    assert sorted((folder / "world").iterdir()) == before


def test_the_first_test_in_the_readme_runs_as_it_stands(folder: Path) -> None:
    chapter = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## For developers")[2]
    found = re.search(r"^```python\n(.*?)^```$", chapter, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    (folder / "test_counter.py").write_text(found[1], encoding="utf-8")
    done = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_counter.py"], folder)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "mumei trace record visit.trace terminal verify --terminal world/sake --over 20 --card world/1.card"
            " --passphrase-file world/passphrase",
            "ACCEPT",
        ),
        ("mumei trace show visit.trace", "PRESENT"),
        (
            "mumei trace replay visit.trace --card world/4.card --terminal world/sake"
            " --passphrase-file world/passphrase",
            "15 of 16",
        ),
        ("mumei-card faults", "remove@PRESENT:after"),
        ("mumei-card chips", "J3R180"),
    ],
)
def test_what_the_readme_tells_developers_to_type_works(folder: Path, line: str, said: str) -> None:
    assert f"`{line}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    program, *arguments = line.split()
    module = {"mumei": "mumei.cli.main", "mumei-card": "mumei_card"}[program]
    done = run([sys.executable, "-m", module, *arguments], folder)
    assert done.returncode == 0 and said in done.stdout, done.stderr
