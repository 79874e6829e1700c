"""``mumei office``, towards trustees: envelopes, confirmations, irrevocable cards, cases and their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Place, calendar_at, mumei, mumei_json
from tests.fixtures.counter import Counter

from mumei.office.cases import Cases
from mumei.office.registry import Registry
from mumei.trustee.documents import CaseFile
from mumei.trustee.folder import TrusteeFolder, TrusteeKeys
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.statements import SignedStatement

NAMES = ("first", "second", "third")


@pytest.fixture
def desk(place: Place) -> Iterator[Place]:
    """An office that issued one card, and the three trustees of development cards."""
    with calendar_at(world.TODAY):
        with Registry.open(place.registry) as registry:
            counter = Counter(registry=registry, folder=place.folder)
            counter.enrol(counter.card())
        for number, name in enumerate(NAMES, start=1):
            keys = TrusteeKeys.of_development(number)
            folder, _ = TrusteeFolder.create(
                place.folder / name, name, PASSPHRASE.encode(), keys=keys, log2_n=CHEAP
            )
            folder.join(development_trustees())
        root, auditor = (
            development_key(role) for role in (DevelopmentRole.ISSUER_ROOT, DevelopmentRole.AUDITOR)
        )
        (place.folder / "root.pub").write_bytes(root.point)
        (place.folder / "auditor.pub").write_bytes(auditor.point)
        octets = development_trustees().to_octets()
        signed = SignedStatement(record=octets, authority=root.sign(octets), auditor=auditor.sign(octets))
        (place.folder / "trustees.statement").write_bytes(signed.to_octets())
        yield place


def office(place: Place, *arguments: str | Path) -> tuple[str | Path, ...]:
    return ("office", *arguments, "--registry", place.registry)


def know(place: Place, *names: str) -> tuple[str | Path, ...]:
    members = [word for name in names for word in ("--trustee", place.folder / name / "trustee.pub")]
    return office(
        place, "trustees", place.folder / "trustees.statement", *members,
        "--root", place.folder / "root.pub", "--auditor", place.folder / "auditor.pub",
    )  # fmt: skip


def check(place: Place, name: str, envelopes: Path) -> list[Path]:
    made = mumei_json(
        "trustee", "check", place.folder / name, envelopes, "--out", place.folder / f"from-{name}",
        "--passphrase-file", place.passphrase,
    )  # fmt: skip
    return [Path(file) for file in made["files"]]


def test_until_enough_trustees_confirm_a_card_is_irrevocable_and_the_office_says_so(desk: Place) -> None:
    envelopes = desk.folder / "day.envelopes"
    assert mumei_json(*know(desk, *NAMES))["count"] == 3
    assert "0 of 2 trustees have confirmed" in mumei(*office(desk, "irrevocable")).stdout
    assert mumei_json(*office(desk, "envelopes", envelopes))["count"] == 1
    taken = mumei_json(*office(desk, "confirmations", *check(desk, "third", envelopes)))
    assert (taken["new"], taken["revocable"]) == (1, 0)
    assert mumei_json(*office(desk, "irrevocable"))["cards"][0]["have"] == 1
    both = [*check(desk, "third", envelopes), *check(desk, "first", envelopes)]
    assert "1 more cards can be revoked now" in mumei(*office(desk, "confirmations", *both)).stdout
    assert mumei(*office(desk, "irrevocable")).stdout == "every unexpired card can be revoked\n"


def test_trustees_that_are_not_those_of_the_list_are_refused(desk: Place) -> None:
    refused = mumei(*know(desk, "first", "second"))
    assert refused.exit_code == 2 and "not those of the list" in refused.stderr
    unknown = mumei(*office(desk, "confirmations", desk.folder / "trustees.statement"))
    assert unknown.exit_code == 2


def test_a_case_goes_out_without_a_name_and_comes_back_withdrawn(desk: Place) -> None:
    with Registry.open(desk.registry) as registry:
        number = Cases(registry).open_case(1, clerk="sato").number
    listed = mumei(*office(desk, "cases", "list"))
    assert "resident 1  open  NOT COVERED: enrolments 1" in listed.stdout
    exported = mumei(*office(desk, "cases", "export", str(number)), "--out", desk.folder / "out")
    assert exported.exit_code == 0 and "not enough trustees have confirmed" in exported.stderr
    (file,) = (desk.folder / "out").iterdir()
    found = CaseFile.load(file)
    assert found.words in exported.stdout and len(found.handles) == 1
    approved = mumei("trustee", "approve", desk.folder / "second", file, "--passphrase-file", desk.passphrase)
    assert f"case {found.words}" in approved.stdout
    marked = mumei_json(*office(desk, "cases", "listed", str(number)))
    assert marked["count"] == 1
    with Registry.open(desk.registry) as registry:
        Cases(registry).withdraw_case(number, clerk="sato")
    mumei_json(*office(desk, "cases", "export", str(number)), "--out", desk.folder / "out")
    back = CaseFile.load(file.with_name(f"{found.words}-found.case"))
    assert back.withdrawn and back.handles == found.handles
    assert "no cases" in mumei(*office(desk, "cases", "list")).stdout
    assert "withdrawn" in mumei(*office(desk, "cases", "list"), "--all").stdout
    missing = mumei(*office(desk, "cases", "export", "99"), "--out", desk.folder / "out")
    assert missing.exit_code == 2 and "no case number 99" in missing.stderr
