"""What the figures were measured on: processor, cores, interpreter, libraries."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_LIBRARIES: Final = ("pyblst", "py_arkworks_bls12381", "cryptography", "pyscard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine and what runs on it."""

    cpu: str
    cores: int
    system: str
    python: str
    libraries: dict[str, str]

    @classmethod
    def this(cls) -> Machine:
        return cls(
            cpu=_cpu_model(),
            cores=_cores(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            libraries={name: _version(name) for name in _LIBRARIES},
        )

    def text(self) -> str:
        """One line."""
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries.items())
        return f"{self.cpu}, {self.cores} cores, {self.system}; {self.python}; {libraries}"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    fields = {name.strip(): value.strip() for name, value in found.items()}
    model = fields.get("model name") or platform.processor() or "unknown processor"
    # Clouds hide the model's name behind its maker's; family and model then say which it is.
    if "cpu family" in fields and "model" in fields:
        model += f" (family {fields['cpu family']}, model {fields['model']})"
    return model


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
