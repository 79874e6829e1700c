"""AES-CMAC, SP 800-108 in counter mode, and kdf3: every vector of the standards' folder."""

from __future__ import annotations

from typing import Any

import pytest

from mumei_core.gp.diversification import kdf3_keys
from mumei_core.gp.kdf import aes_cmac, counter_mode
from mumei_core.gp.keys import key_check_value

from .published import MISSING, ROOT, load, unhex

STANDARDS = ROOT / "standards"
pytestmark = pytest.mark.skipif(not STANDARDS.is_dir(), reason=MISSING)


def vectors(name: str) -> list[dict[str, Any]]:
    path = STANDARDS / name
    found: list[dict[str, Any]] = load(path)["vectors"] if path.is_file() else []
    return found


def test_aes_cmac() -> None:
    found = vectors("aes_cmac.json")
    assert len(found) == 12
    for vector in found:
        assert aes_cmac(unhex(vector["key"]), unhex(vector["message"])) == unhex(vector["tag"])


def test_counter_mode() -> None:
    found = vectors("sp800_108_cmac_counter.json")
    assert len(found) == 108
    for vector in found:
        before, after = b"", unhex(vector.get("fixed_input", ""))
        if vector["counter_location"] == "AFTER_FIXED":
            before, after = after, b""
        elif vector["counter_location"] == "MIDDLE_FIXED":
            before, after = unhex(vector["before"]), unhex(vector["after"])
        derived = counter_mode(
            unhex(vector["KI"]),
            before=before,
            after=after,
            length=vector["L_bits"] // 8,
            counter_octets=vector["counter_bits"] // 8,
        )
        assert derived == unhex(vector["KO"]), vector


def test_kdf3() -> None:
    found = vectors("key_diversification_kdf3.json")
    assert sum(len(vector["keys"]) for vector in found) == 10
    for vector in found:
        keys = kdf3_keys(unhex(vector["master"]), unhex(vector["KDD"]))
        by_name = {"ENC": keys.enc, "MAC": keys.mac, "DEK": keys.dek}
        for expected in vector["keys"]:
            assert by_name[expected["key"]] == unhex(expected["value"])
            assert key_check_value(by_name[expected["key"]]) == unhex(expected["KCV"])
