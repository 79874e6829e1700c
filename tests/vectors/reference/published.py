"""Finds and reads the published test vectors of the three drafts (folder `vectors/{bbs,blind,pseudonym}`)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, TypeAlias

from . import bbs

Vector: TypeAlias = dict[str, Any]

ENVIRONMENT: Final = "MUMEI_VECTORS"
SUITES: Final = {"bls12-381-sha-256": bbs.SHA_256, "bls12-381-shake-256": bbs.SHAKE_256}


def folder() -> Path:
    """The folder named by MUMEI_VECTORS, or ../shared/vectors beside the repository; it need not exist."""
    default = Path(__file__).resolve().parents[4] / "shared" / "vectors"
    return Path(os.environ.get(ENVIRONMENT, default))


def paths(pattern: str) -> list[Path]:
    """Files matching a glob under the folder, in a fixed order."""
    return sorted(folder().glob(pattern))


def read(path: Path) -> Vector:
    vector: Vector = json.loads(path.read_text("utf-8"))
    return vector


def suite_of(path: Path) -> bbs.Ciphersuite:
    """The ciphersuite, told by the folder's name."""
    return next(suite for name, suite in SUITES.items() if name in path.parts)


def octets(text: str | None) -> bytes:
    """Octets of a hexadecimal field; null and absent fields are empty."""
    return bytes.fromhex(text or "")


def scalar(text: str | None) -> int:
    """A scalar; some vectors drop leading zeros, and null (no commitment) counts as 0."""
    return int(text or "0", 16)


def point(text: str) -> bytes:
    """The 48 octets of a traced point; nymSignature001 (SHA-256) carries a stray `s` after B."""
    return bytes.fromhex(text.removesuffix("s"))
