"""Where the published vectors are, and how they mock randomness. Data is read in place, never copied."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mumei_core.crypto.curve import R
from mumei_core.crypto.hashing import EXPAND_LENGTH, SHA_256, SHAKE_256, Ciphersuite

ROOT = Path(
    os.environ.get("MUMEI_VECTORS") or Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
)
SUITES: dict[str, Ciphersuite] = {"bls12-381-sha-256": SHA_256, "bls12-381-shake-256": SHAKE_256}
MISSING = f"no published vectors at {ROOT}: set MUMEI_VECTORS to the folder of bbs/, blind/ and pseudonym/"


def files(pattern: str) -> list[Path]:
    return sorted(ROOT.glob(pattern))


def load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def suite_of(path: Path) -> Ciphersuite:
    return SUITES[next(part for part in path.parts if part in SUITES)]


def unhex(value: str) -> bytes:
    return bytes.fromhex(value)


def integer(value: str) -> int:
    """Scalars of a few files are printed without their leading zeros."""
    return int(value, 16)


def seeded_random_scalars(suite: Ciphersuite, seed: bytes, dst: bytes, count: int) -> list[int]:
    """seeded_random_scalars of the BBS draft, "Mocked Random Scalars"."""
    v = suite.expand_message(seed, dst, EXPAND_LENGTH * count)
    return [int.from_bytes(v[i : i + EXPAND_LENGTH], "big") % R for i in range(0, len(v), EXPAND_LENGTH)]


class MockedRng:
    """calculate_random_scalars of one vector; remembers what it gave, to compare with the vector's trace."""

    def __init__(self, suite: Ciphersuite, seed: bytes, dst: bytes) -> None:
        self.suite, self.seed, self.dst = suite, seed, dst
        self.given: Sequence[int] = ()

    def __call__(self, count: int) -> Sequence[int]:
        self.given = seeded_random_scalars(self.suite, self.seed, self.dst, count)
        return self.given

    @classmethod
    def of(cls, path: Path, vector: dict[str, Any], step: str) -> MockedRng:
        parameters = vector["mockRngParameters"]
        return cls(suite_of(path), parameters["SEED"].encode(), parameters[step]["DST"].encode())
