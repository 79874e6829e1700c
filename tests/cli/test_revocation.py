"""The whole of revocation on the command line: keys, lists of trustees, statements, a lost card, a found one."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.command_line import CHEAP, PASSPHRASE, calendar_at, mumei, mumei_json
from tests.revocation.world import Card, case_of, envelopes_of
from tests.revocation.world import World as Handles

from mumei.revocation.folder import AuthorityFolder
from mumei.revocation.store import ListStore
from mumei.signing_key import save_key
from mumei.trustee.documents import Confirmations, TrusteeInfo
from mumei.trustee.folder import TrusteeFolder
from mumei_core.crypto.hash_to_curve import slot_point
from mumei_core.dates import day_number
from mumei_core.epoch_statements import SlotRecord
from mumei_core.epochs import epoch_of
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

MONDAY = date(2026, 11, 23)
NEXT_MONDAY = MONDAY + timedelta(days=7)
EPOCH = epoch_of(day_number(MONDAY))
NAMES = ("ombudsman", "court", "board")


class Folder:
    """A folder with every role, made by commands; ``pass.txt`` opens all keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "pass.txt").write_text(PASSPHRASE + "\n", encoding="ascii")
        (path / "pass.txt").chmod(0o600)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def passphrase(self) -> tuple[str | Path, ...]:
        return "--passphrase-file", self / "pass.txt"

    @property
    def roots(self) -> tuple[str | Path, ...]:
        return "--root", self / "root" / "root.pub", "--auditor", self / "auditor" / "auditor.pub"

    def handles(self) -> Handles:
        statement = SignedStatement.from_octets((self / "trustees.statement").read_bytes())
        record = TrusteeListRecord.from_octets(statement.record)
        return Handles(trustees=(), record=record, authority=AuthorityFolder(folder=self / "authority"))


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    functions: tuple[Any, ...] = (save_key, TrusteeFolder.create, AuthorityFolder.create)
    for made in functions:
        monkeypatch.setitem(getattr(made, "__func__", made).__kwdefaults__, "log2_n", CHEAP)
    # An epoch has 1,024 lists, each flushed to the disk: seconds, in which nothing is tested.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    with calendar_at(MONDAY):
        mumei_json("auditor", "init", made / "auditor", *made.passphrase)
        mumei_json("auditor", "init", made / "root", "--root", *made.passphrase)
        mumei_json("revocation", "init", made / "authority", *made.passphrase)
        for name in NAMES:
            mumei_json("trustee", "init", made / name, "--name", name, *made.passphrase)
        members = [word for name in NAMES for word in ("--trustee", made / name / "trustee.pub")]
        mumei_json(
            "auditor", "sign", "trustees", made / "trustees.statement", "--by", made / "auditor", "--root",
            made / "root", "--threshold", "2", *members, *made.passphrase, "--root-passphrase-file",
            made / "pass.txt",
        )  # fmt: skip
        mumei_json("revocation", "trustees", made / "authority", made / "trustees.statement", *made.roots)
    return made


def evaluate(folder: Folder, name: str, *more: str | Path, expect: int = 0) -> dict[str, object]:
    return mumei_json(
        "trustee", "evaluate", folder / name, "--out", folder / f"from-{name}", "--processes", "1",
        *more, *folder.passphrase, expect=expect,
    )  # fmt: skip


def approve(folder: Folder, name: str, card: Card, **more: bool) -> Path:
    case = case_of(card, opened=day_number(MONDAY), number=b"A" * 16, **more)
    file = folder / "lost.case"
    case.save(file)
    listed = ("--trustees", folder / "trustees.statement", *folder.roots)
    mumei_json("trustee", "approve", folder / name, file, *listed, *folder.passphrase)
    return file


def test_a_lost_card_is_on_next_weeks_lists_and_a_found_one_leaves_them(folder: Folder) -> None:
    card = folder.handles().card()
    with calendar_at(MONDAY):
        for name in ("ombudsman", "board"):
            file = approve(folder, name, card)
            evaluate(folder, name)
        mumei_json("revocation", "cases", folder / "authority", file)
        sources = (folder / "from-ombudsman", folder / "from-board")
        combined = mumei_json("revocation", "combine", folder / "authority", *sources, "--processes", "1")
        assert combined["handles"] == 1
        published = mumei_json(
            "revocation", "publish", folder / "authority", "--out", folder / "www", *folder.passphrase
        )
        assert (published["epoch"], published["number"], published["cases"]) == (EPOCH + 1, 1, 1)
        status = mumei("revocation", "status", folder / "authority")
        assert f"lists of epoch {EPOCH + 1}: number 1" in status.stdout
        shown = mumei("trustee", "show", folder / "board")
        assert "4141-4141-4141-4141  approved 2026-11-23" in shown.stdout
    point = (folder / "authority" / "authority.pub").read_bytes()
    store = ListStore.open(folder / "lists", [point], bucket=3)
    assert store.take_in(folder / "www" / str(EPOCH + 1) / "bucket003", day=day_number(NEXT_MONDAY)).new == 16
    token = (slot_point(EPOCH + 1, 3, 2) * card.secret).to_octets()
    assert store.list_for(EPOCH + 1, 3, 2).holds(token)
    with calendar_at(NEXT_MONDAY):
        for name in ("ombudsman", "board"):
            approve(folder, name, card, withdrawn=True)
            assert evaluate(folder, name)["withdrawn"] == 1


def test_what_stops_a_list(folder: Folder, tmp_path: Path) -> None:
    card = folder.handles().card()
    with calendar_at(MONDAY):
        file = approve(folder, "court", card)
        evaluate(folder, "court")
        mumei_json("revocation", "cases", folder / "authority", file)
        lacking = mumei(
            "revocation", "combine", folder / "authority", folder / "from-court", "--processes", "1"
        )
        assert lacking.exit_code == 2
        assert "needs 2 trustees, and there are evaluations of: 2" in lacking.stderr
        past = ("--epoch", str(EPOCH - 1))
        refused = mumei(
            "trustee", "evaluate", folder / "court", "--out", folder / "x", *past, *folder.passphrase
        )
        assert refused.exit_code == 2 and "lists for past epochs are never made" in refused.stderr
        assert not (folder / "x").exists()
        (evaluations,) = (folder / "from-court").iterdir()
        octets = bytearray(evaluations.read_bytes())
        octets[-1] ^= 1
        evaluations.write_bytes(octets)
        for name in ("board", "ombudsman"):
            approve(folder, name, card)
        evaluate(folder, "board")
        both = [folder / f"from-{name}" for name in ("court", "board")]
        wrong = mumei("revocation", "combine", folder / "authority", *both, "--processes", "1")
        assert wrong.exit_code == 5 and "trustee 2 evaluated case 4141-4141-4141-4141 wrongly" in wrong.stderr


def test_trustees_check_the_days_envelopes(folder: Folder) -> None:
    world = folder.handles()
    good, other = world.card(), world.card()
    swapped = case_of(good)
    assert swapped.handles[0].handle == good.sealed
    mixed = Card(
        secret=0,
        polynomial=(),
        sealed=type(good.sealed)(
            commitment=good.sealed.commitment,
            points=other.sealed.points,
            shares=good.sealed.shares,
            trustees=good.sealed.trustees,
        ),
    )
    envelopes_of(good, mixed).save(folder / "day.envelopes")
    listed = ("--trustees", folder / "trustees.statement", *folder.roots, "--out", folder / "confirmed")
    with calendar_at(MONDAY):
        first = mumei_json(
            "trustee", "check", folder / "court", folder / "day.envelopes", *listed, *folder.passphrase
        )
        again = mumei_json(
            "trustee", "check", folder / "court", folder / "day.envelopes", "--out", folder / "confirmed",
            *folder.passphrase,
        )  # fmt: skip
    assert (first["confirmed"], len(first["bad"]), again["confirmed"], again["again"]) == (1, 1, 0, 1)
    (file,) = (folder / "confirmed").iterdir()
    confirmations = Confirmations.load(file)
    confirmations.check(TrusteeInfo.load(folder / "court" / "trustee.pub").signing)
    assert confirmations.handles == (good.sealed.digest,)


def test_statements_are_signed_by_both_and_not_before_their_first_day(folder: Folder) -> None:
    authority = ("--authority", folder / "authority" / "authority.pub")
    make = ("revocation", "statements", folder / "authority", folder / "week", "--epoch", str(EPOCH + 1))
    with calendar_at(NEXT_MONDAY - timedelta(days=1)):
        early = mumei(*make, *folder.passphrase)
        assert early.exit_code == 2 and "before 2026-11-30" in early.stderr
    with calendar_at(NEXT_MONDAY):
        (folder / "recognising.txt").write_text("forum.example\n", encoding="utf-8")
        mumei_json("revocation", "contexts", folder / "authority", folder / "recognising.txt")
        assert mumei_json(*make, *folder.passphrase)["count"] == 65
        sign = ("auditor", "sign", "statements", folder / "week", "--by", folder / "auditor")
    with calendar_at(NEXT_MONDAY - timedelta(days=1)):
        assert mumei(*sign, *authority, *folder.passphrase).exit_code == 2
        assert not list((folder / "week").glob("*.statement"))
    with calendar_at(NEXT_MONDAY):
        assert mumei_json(*sign, *authority, *folder.passphrase)["signed"] == 65
        file = folder / "week" / f"{EPOCH + 1}-bucket007.statement"
        signed = SignedStatement.from_octets(file.read_bytes())
        assert SlotRecord.from_octets(signed.record).bucket == 7
        verify = ("auditor", "verify", "statement", file, "--auditor", folder / "auditor" / "auditor.pub")
        shown = mumei(*verify, *authority)
        assert "bucket 7" in shown.stdout and "2026-11-30 to 2026-12-13" in shown.stdout
        assert mumei(*verify).exit_code == 2
        wrong = mumei(*verify, "--authority", folder / "root" / "root.pub")
        assert wrong.exit_code == 5 and "not signed as it must be" in wrong.stderr


def test_a_trustee_joins_no_list_that_an_office_wrote_itself(folder: Folder) -> None:
    envelopes_of(folder.handles().card()).save(folder / "day.envelopes")
    command = (
        "trustee", "check", folder / "court", folder / "day.envelopes", "--out", folder / "confirmed",
        *folder.passphrase, "--trustees", folder / "trustees.statement",
    )  # fmt: skip
    _, root, _, auditor = folder.roots
    with calendar_at(MONDAY):
        alone = mumei(*command)
        assert alone.exit_code == 2 and "--root and --auditor" in alone.stderr
        swapped = mumei(*command, "--root", auditor, "--auditor", root)
        assert swapped.exit_code == 5 and "root and auditor have signed" in swapped.stderr
        assert TrusteeFolder.open(folder / "court").counts() == (0, 0)
        assert mumei(*command, *folder.roots).exit_code == 0


def test_the_list_of_trustees_stands_only_with_both_signatures(folder: Folder) -> None:
    verify = ("auditor", "verify", "statement", folder / "trustees.statement")
    keys = ("--auditor", folder / "auditor" / "auditor.pub", "--root", folder / "root" / "root.pub")
    assert "trustees, version 1: 2 of 3" in mumei(*verify, *keys).stdout
    swapped = ("--auditor", folder / "root" / "root.pub", "--root", folder / "auditor" / "auditor.pub")
    assert mumei(*verify, *swapped).exit_code == 5
    taken = mumei("revocation", "trustees", folder / "authority", folder / "trustees.statement", *swapped)
    assert taken.exit_code == 5 and "root and auditor" in taken.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--processes", "2", "--cluster", "tls://head:8786"], "--cluster for others"),
        (["--tls-ca", "ca.pem"], "are of a cluster"),
        (["--cluster", "tcp://head.example:8786"], "in clear"),
        (["--cluster", "head"], "no address"),
    ],
    ids=["both", "TLS alone", "in clear", "no address"],
)
def test_where_to_compute_is_said_once_and_safely(folder: Folder, options: list[str], said: str) -> None:
    command = ("trustee", "evaluate", folder / "court", "--out", folder / "x", *folder.passphrase)
    with calendar_at(MONDAY):
        refused = mumei(*command, *options)
    assert refused.exit_code == 2 and said in refused.stderr
    assert not (folder / "x").exists()


def test_wrong_files_are_said(folder: Folder) -> None:
    (folder / "a.file").write_bytes(b"something else")
    court, wrong = folder / "court", folder / "a.file"
    cases: tuple[tuple[tuple[str | Path, ...], int], ...] = (
        (("trustee", "approve", court, wrong, *folder.passphrase), 2),
        (("trustee", "check", court, wrong, "--out", folder / "x", *folder.passphrase), 2),
        (("trustee", "check", court, wrong, "--out", folder / "x", "--trustees", wrong, *folder.roots,
          *folder.passphrase), 5),
        (("trustee", "show", folder / "nowhere"), 5),
        (("revocation", "cases", folder / "authority", wrong), 2),
        (("revocation", "status", folder / "nowhere"), 5),
        (("revocation", "trustees", folder / "authority", wrong, *folder.roots), 5),
        (("auditor", "verify", "statement", wrong, "--auditor", folder / "auditor" / "auditor.pub"), 5),
        (("auditor", "sign", "statements", folder / "x", "--by", folder / "auditor", "--authority",
          folder / "authority" / "authority.pub", *folder.passphrase), 2),
        (("trustee", "init", court, "--name", "again", *folder.passphrase), 2),
        (("revocation", "init", folder / "authority", *folder.passphrase), 2),
    )  # fmt: skip
    with calendar_at(MONDAY):
        for command, code in cases:
            assert mumei(*command).exit_code == code, command


def test_several_handles_are_evaluated_with_progress(folder: Folder) -> None:
    with calendar_at(MONDAY):
        approve(folder, "court", folder.handles().card())
        made = mumei(
            "trustee", "evaluate", folder / "court", "--out", folder / "o", "--processes", "1",
            *folder.passphrase,
        )  # fmt: skip
    assert "evaluating for epoch 7666, which begins on 2026-11-30" in made.stderr
    assert "multiplications: 1,024 of 1,024" in made.stderr
