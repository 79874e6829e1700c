"""No published vector is left out: every file of the three drafts is taken by one of the tests beside this."""

from __future__ import annotations

import pytest

from .published import MISSING, ROOT, files

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason=MISSING)

TAKEN = (
    "bbs/messages.json",
    "bbs/*/keypair.json",
    "bbs/*/h2s.json",
    "bbs/*/mockedRng.json",
    "bbs/*/MapMessageToScalarAsHash.json",
    "bbs/*/generators.json",
    "bbs/*/signature/*.json",
    "bbs/*/proof/*.json",
    "blind/messages.json",
    "blind/*/generators.json",
    "blind/*/commit/*.json",
    "blind/*/signature/*.json",
    "blind/*/proof/*.json",
    "pseudonym/messages.json",
    "pseudonym/*/generators.json",
    "pseudonym/*/nymCommit/*.json",
    "pseudonym/*/nymSignature/*.json",
    "pseudonym/*/nymProof/*.json",
)


def test_every_file_is_used() -> None:
    published = {p for draft in ("bbs", "blind", "pseudonym") for p in (ROOT / draft).rglob("*.json")}
    assert {p for pattern in TAKEN for p in files(pattern)} == published
    assert len(published) == 139
