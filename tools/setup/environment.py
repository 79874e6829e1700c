"""Virtual environments filled from the lock files: made once, then recognised by a stamp and left alone.

Every file that pip takes is named by hash in tools/setup/locks. Nothing is built in isolation, because that
would fetch build tools by name alone: the lock holds them instead.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.setup.console import SetupError, stage

_PROJECT = Path(__file__).resolve().parents[2]
_LOCKS = _PROJECT / "tools" / "setup" / "locks"
_PROBE = "import pip, sys; print(sys.version); sys.exit(sys.version_info < (3, 11))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment: its folder in the project, and the lock files to install, in this order."""

    folder: str
    locks: tuple[str, ...]

    @property
    def python(self) -> Path:
        return _PROJECT / self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return _PROJECT / self.folder / ".installed"


# Two folders, so that neither target can break the other: the demo's holds nothing compiled and no test tool.
DEMO = Environment(folder=".venv-demo", locks=("demo.txt",))
# The demo's lock comes first: it brings the tools that the source packages of the second are built with.
TEST = Environment(folder=".venv", locks=("demo.txt", "dev.txt"))


def ensure(environment: Environment) -> None:
    """Bring the environment to what the locks and pyproject.toml say; without pip and network if it is there.

    Raises SetupError when the environment cannot be made or a package cannot be had.
    """
    version = _version_inside(environment)
    if version is not None and _is_stamped(environment, version):
        return
    if version is None:
        stage("virtual environment", f"making {environment.folder} with {sys.executable}")
        folder = str(_PROJECT / environment.folder)
        _run("making the virtual environment", [sys.executable, "-m", "venv", "--clear", folder])
        version = _version_inside(environment)
        if version is None:
            raise SetupError(f"{environment.folder} was made but has no working pip; remove it and try again")
    environment.stamp.unlink(missing_ok=True)
    for lock in environment.locks:
        stage("dependencies", f"installing what tools/setup/locks/{lock} pins into {environment.folder}")
        wheels_only = ["--only-binary", ":all:"] if lock == "demo.txt" else []
        _pip(environment, ["--require-hashes", *wheels_only, "--requirement", str(_LOCKS / lock)])
    stage("mumei", f"linking this source tree into {environment.folder}")
    _pip(environment, ["--no-index", "--no-deps", "--editable", str(_PROJECT)])
    environment.stamp.write_text(_fingerprint(environment, version))


def _version_inside(environment: Environment) -> str | None:
    """Return the environment's Python version, or None if it has no Python >= 3.11 with a pip that works."""
    if not environment.python.exists():
        return None
    command = [str(environment.python), "-c", _PROBE]
    probe = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return probe.stdout.strip() if probe.returncode == 0 else None


def _is_stamped(environment: Environment, version: str) -> bool:
    return environment.stamp.exists() and environment.stamp.read_text() == _fingerprint(environment, version)


def _fingerprint(environment: Environment, version: str) -> str:
    """Digest what decides on the content: the locks, pyproject.toml, the Python, and where the tree lies."""
    digest = hashlib.sha256()
    for part in (str(_PROJECT).encode(), version.encode(), (_PROJECT / "pyproject.toml").read_bytes()):
        digest.update(hashlib.sha256(part).digest())
    for lock in environment.locks:
        digest.update(hashlib.sha256((_LOCKS / lock).read_bytes()).digest())
    return digest.hexdigest() + "\n"


def _pip(environment: Environment, arguments: list[str]) -> None:
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    # As root pip advises a virtual environment, which this is; the user's `--user` habit has no place in one.
    _run(
        "pip",
        [*pip, "install", "--no-build-isolation", *arguments],
        PIP_ROOT_USER_ACTION="ignore",
        PIP_USER="0",
    )


def _run(what: str, command: list[str], **settings: str) -> None:
    settings = {**os.environ, **settings}
    for name in ("PYTHONPATH", "PYTHONHOME"):
        settings.pop(name, None)
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, env=settings, check=False)
    if finished.returncode != 0:
        raise SetupError(
            f"{what} failed (its words are above). Without network or behind a mirror, configure pip"
            " (pip.conf or PIP_INDEX_URL) and run the same make target again: it resumes here."
        )
