"""The whole path of a standard card through the commands: as people type it, and as programs read it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fixtures import world
from tests.fixtures.clerks import cheap_passwords
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Shell, calendar_at, mumei

from mumei.key_file import KeyFile
from mumei_card.__main__ import main as mumei_card

_KEY = "--passphrase-file pass"
_BY = f"{_KEY} --by-passphrase-file pass"
_ENROL = (
    "mumei office enrol 1 --registry ward.db --issuer gifu --card hanako.card"
    f" {_KEY} --card-master maker.key --card-master-passphrase-file pass --maker-root maker/maker.root"
    " --root root/certificate.cvcert --auditor auditor/auditor.pub --issuer-root issuer-root/root.pub"
    " --digits gifu.statement --authority revocation/authority.pub --trustees trustees.statement"
    " --issuer-key key.statement"
)
_DESK = "--registry ward.db --password-file pass"
_TRUST = "--revocation-authority revocation/authority.pub --auditor auditor/auditor.pub"
_ASK = f"mumei terminal verify --card hanako.card {_KEY} --terminal"
_RECEIPT = "mumei receipt verify visit.receipt --parameters gifu/parameters.cbor"


@dataclass(frozen=True, slots=True)
class Step:
    """One line; words of its text (or, where it fails, of its error), and some of its JSON."""

    line: str
    words: str
    json: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0


STEPS: Final = (
    Step(f"mumei issuer init gifu --name 'Gifu TEST' {_KEY}", "audit:", {"development": False}),
    Step(f"mumei maker init maker.key {_KEY}", "maker.key", {"bits": 128}),
    Step(f"mumei maker root maker --name 'Cards TEST' {_KEY}", "maker.root", {"maker": "Cards TEST"}),
    Step(
        f"mumei maker card-keys hanako.keys --master maker.key --root maker {_KEY} --root-passphrase-file pass",
        "delete the file",
        {"file": "hanako.keys"},
    ),
    Step("mumei-card new hanako.card --personalisation-keys hanako.keys --letter letter", ""),
    Step(f"mumei authority init root --name JPROOT {_KEY}", "JPROOT00001", {"role": "root (CVCA)"}),
    Step(
        "mumei authority sector shops --by root --name JPSHOPS --over 20 --under 12 --over 65"
        f" --show prefecture --pseudonym {_BY}",
        "sector authority",
        {"signed_by": "JPROOT00001", "further_rights": ["pseudonym"]},
    ),
    Step(f"mumei auditor init auditor {_KEY}", "for cards to pin", {"folder": "auditor"}),
    Step(f"mumei auditor init issuer-root --root {_KEY}", "for cards to pin", {"folder": "issuer-root"}),
    Step(
        "mumei auditor sign digits gifu.statement --by auditor --root issuer-root"
        f" --parameters gifu/parameters.cbor {_KEY} --root-passphrase-file pass",
        "gifu.statement",
        {"issuer": "Gifu TEST"},
    ),
    Step(
        "mumei auditor sign issuer-key key.statement --by auditor --root issuer-root --first 2026-01-01"
        f" --last 2027-12-31 --parameters gifu/parameters.cbor {_KEY} --root-passphrase-file pass",
        "key.statement",
    ),
    Step(f"mumei trustee init court --name Court {_KEY}", "trustee Court", {"name": "Court"}),
    Step(f"mumei trustee init board --name Board {_KEY}", "trustee Board", {"name": "Board"}),
    Step(
        "mumei auditor sign trustees trustees.statement --by auditor --root issuer-root --threshold 2"
        f" --trustee court/trustee.pub --trustee board/trustee.pub {_KEY} --root-passphrase-file pass",
        "2 of 2",
    ),
    Step(f"mumei revocation init revocation {_KEY}", "for cards to pin", {}),
    Step(f"mumei revocation statements revocation week {_KEY}", "for the auditor", {"count": 64}),
    Step(
        f"mumei auditor sign statements week --by auditor --authority revocation/authority.pub {_KEY}",
        "64",
    ),
    Step(
        "mumei auditor sign context forum.context --by auditor --context forum.example --display-name Forum"
        f" --sector JPSHOPS00001 {_KEY}",
        "forum.context",
        {"rp_context": "forum.example", "sector": "JPSHOPS00001"},
    ),
    Step(
        "mumei authority terminal sake --by shops --name JPSAKE --context sake.example"
        f" --display-name 'Sake Shop' --over 20 --under 12 --show prefecture {_BY}",
        "20 or over",
        {"may_ask": ["20 or over", "under 12"], "may_see": ["prefecture"]},
    ),
    Step(
        f"mumei authority terminal forum --by shops --name JPFORUM --audited forum.context --pseudonym {_BY}"
        " --show prefecture",
        "forum.example",
        {"audited": True, "further_rights": ["pseudonym"]},
    ),
    Step(
        "mumei terminal init sake --parameters gifu/parameters.cbor", "sake.example", {"development": False}
    ),
    Step("mumei terminal init forum --parameters gifu/parameters.cbor", "forum.example", {"pseudonym": True}),
    Step("mumei terminal update sake --from week", "mumei terminal trust", exit_code=5),
    Step(f"mumei terminal trust sake {_TRUST}", "revocation authority", {"folder": "sake"}),
    Step(f"mumei terminal trust forum {_TRUST}", "revocation authority", {"folder": "forum"}),
    Step(
        "mumei terminal update sake --from week",
        "1 epoch statement(s), 0 revocation list(s)",
        {"statements": {"new": 1, "already_there": 0, "not_ours": 63, "over": 0}},
    ),
    Step("mumei terminal status sake", "good today", {"rule": "off"}),
    Step("mumei terminal show sake", "Sake Shop", {"issuer": "Gifu TEST", "pseudonym": False}),
    Step("mumei office init --registry ward.db", "is made"),
    Step("mumei office import --samples --registry ward.db", "12 residents", {"residents": 12}),
    Step(f"mumei office clerk add tanaka --role IT {_DESK}", "tanaka", {}),
    Step(f"mumei office login tanaka {_DESK}", "logged in", {"clerk": "tanaka"}),
    Step(f"mumei office clerk add sato --role CLERK {_DESK}", "sato", {}),
    Step(f"mumei office login sato {_DESK} --new-password-file new", "logged in", {"named": True}),
    Step(_ENROL, "the card is issued", {"resident": 1, "resumed": False, "development": False}),
    Step(f"{_ASK} sake --over 20", "ACCEPT", {"outcome": "accept", "proven": ["20 or over"]}),
    Step(f"{_ASK} sake --over 20 --revocation required", "no revocation list", {"reason": "no_list"}, 6),
    Step(f"{_ASK} sake --under 12", "DENY", {"outcome": "deny", "reason": "cannot_prove"}, 1),
    Step(f"{_ASK} sake --over 65", "no right to ask", exit_code=2),
    Step(f"{_ASK} sake --over 20 --shop-code 07", "wrong shop code", exit_code=1),
    Step(
        f"{_ASK} forum --pseudonym --prefecture gifu",
        "pseudonym here",
        {"disclosed": {"prefecture": "21"}, "rp_context": "forum.example"},
    ),
    Step(f"{_ASK} sake --over 20 --sign contract --receipt visit.receipt", "signed: SHA-256", {"detail": ""}),
    Step(
        f"{_RECEIPT} --signed contract --root root/certificate.cvcert",
        "VALID",
        {"display_name": "Sake Shop", "transaction_checked": True, "proven": ["20 or over"]},
    ),
    Step(f"{_RECEIPT} --signed pass --root root/certificate.cvcert", "another file was signed", exit_code=1),
    Step(_RECEIPT, "--root", exit_code=5),
    Step(
        "mumei card pin change --card hanako.card --pin-file transport --new-pin-file pin",
        "PIN changed",
        {"done": "changed"},
    ),
    Step(
        "mumei card settings set --always-pin on --card hanako.card --pin-file pin",
        "always PIN: on",
        {"always_pin": True},
    ),
    Step(f"{_ASK} sake --over 20 --pin-file wrong", "did not accept the PIN", exit_code=1),
    Step(f"{_ASK} sake --over 20 --pin-file pin", "ACCEPT", {"outcome": "accept"}),
    Step("mumei card log --card hanako.card --pin-file pin", "Sake Shop"),
    Step("mumei card info --card hanako.card", "profile: standard", {"profile": "standard"}),
    Step(f"{_ENROL} --replacement", "issued already", exit_code=3),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where people work, on TODAY: secrets in files, and a contract to sign. Passphrases guard nothing here."""
    seal = KeyFile.seal
    monkeypatch.setattr(KeyFile, "seal", lambda *args, **options: seal(*args, **{**options, "log2_n": CHEAP}))
    cheap_passwords(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    secrets = {"pass": PASSPHRASE, "new": f"{PASSPHRASE} anew", "pin": world.PIN, "wrong": world.WRONG_PIN}
    for name, text in secrets.items():
        _secret(tmp_path / name, text)
    (tmp_path / "contract").write_text("sake on credit")
    with calendar_at(world.TODAY):
        yield tmp_path


def _secret(file: Path, text: str) -> None:
    file.write_text(f"{text}\n")
    file.chmod(0o600)


def _take_transport_pin(folder: Path) -> None:
    """The holder opens the letter."""
    words = (folder / "letter").read_text().split()
    _secret(folder / "transport", words[words.index("PIN:") + 1])


def test_as_people_type_it(folder: Path) -> None:
    def said(line: str, *, expect: int = 0) -> str:
        result = mumei(*shlex.split(line)[1:])
        assert result.exit_code == expect, (line, result.stderr)
        return result.stdout or result.stderr

    for step in STEPS:
        if step.line.startswith("mumei-card"):
            assert mumei_card(shlex.split(step.line)[1:]) == 0
            _take_transport_pin(folder)
        else:
            assert step.words in said(step.line, expect=step.exit_code), step.line
    assert "DEVELOPMENT" not in said("mumei terminal show sake")
    assert said("mumei card log --card hanako.card --pin-file pin").count("Sake Shop") == 4
    # What was made so is there for another program.
    assert "life cycle: SECURED" in Shell(folder).run("mumei-card show hanako.card")


def test_as_programs_read_it(folder: Path) -> None:
    for step in STEPS:
        program, *arguments = shlex.split(step.line)
        if program == "mumei-card":
            assert mumei_card(arguments) == 0
            _take_transport_pin(folder)
            continue
        result = mumei(*arguments, "--json")
        assert result.exit_code == step.exit_code, (step.line, result.stderr)
        if not result.stdout:
            assert step.words in result.stderr, step.line
            continue
        found = json.loads(result.stdout)
        assert {name: found[name] for name in step.json} == step.json, step.line
    log = json.loads(mumei("card", "log", "--card", "hanako.card", "--pin-file", "pin", "--json").stdout)
    entries = [(visit["display_name"], visit["outcome"], visit["pin_used"]) for visit in log["visits"]]
    assert entries == [
        ("Sake Shop", "proven", True),
        ("Sake Shop", "proven", False),
        ("Forum", "proven", False),
        ("Sake Shop", "cannot_prove", False),
        ("Sake Shop", "proven", False),
    ]
