"""The set-up's promises that need no bare machine: what it says when it may not install; no silent skips."""

import subprocess
import sys
from pathlib import Path

import pytest
from tools.setup import system_packages
from tools.setup.console import SetupError
from tools.setup.system_packages import SystemPackage

PROJECT = Path(__file__).resolve().parents[2]


def test_what_is_missing_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # neither apt-get nor sudo is found here
    swig = SystemPackage(name="swig", purpose="writes the wrapper", is_present=lambda: False)

    with pytest.raises(SetupError, match=r"swig  writes the wrapper"):
        system_packages.ensure([swig])


def test_nothing_is_asked_when_everything_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    present = SystemPackage(name="swig", purpose="writes the wrapper", is_present=lambda: True)

    system_packages.ensure([present])


@pytest.mark.parametrize(("plugin", "exit_code"), [([], 0), (["-p", "tools.setup.no_skips"], 1)])
def test_a_skip_fails_a_run_only_with_the_plugin(tmp_path: Path, plugin: list[str], exit_code: int) -> None:
    (tmp_path / "test_skips.py").write_text(
        "import pytest\n"
        "def test_runs() -> None: pass\n"
        "@pytest.mark.skip(reason='for want of a reader')\n"
        "def test_skips() -> None: pass\n",
        encoding="utf-8",
    )
    pytest_alone = [sys.executable, "-m", "pytest", "-c", "/dev/null", f"--rootdir={tmp_path}"]
    command = [*pytest_alone, *plugin, str(tmp_path)]

    finished = subprocess.run(
        command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert finished.returncode == exit_code, finished.stdout
    assert "1 passed, 1 skipped" in finished.stdout.splitlines()[-1]
