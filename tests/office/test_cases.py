"""From enrolment to a case: envelopes out, confirmations in, a lost card reported, a found one withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.counter import Counter

from mumei.office.audit.actions import AuditAction
from mumei.office.cases import Cases
from mumei.office.database.models_cases import CaseState
from mumei.office.envelopes import TrusteeDesk
from mumei.office.records import EnrolmentConflictError, NotFoundError
from mumei.office.registry import Registry
from mumei.trustee import work
from mumei.trustee.documents import CaseFile, Confirmations, Envelopes
from mumei.trustee.folder import TrusteeFolder, TrusteeKeys
from mumei_core.dates import day_number
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.errors import DataError, TrustError, UsageError
from mumei_core.statements import SignedStatement

DAY = day_number(world.TODAY)
ROOT, AUDITOR = development_key(DevelopmentRole.ISSUER_ROOT), development_key(DevelopmentRole.AUDITOR)


@dataclass(frozen=True)
class Desk:
    """An office with one issued card, and the trustees of development cards."""

    registry: Registry
    counter: Counter
    trustees: tuple[tuple[TrusteeFolder, TrusteeKeys], ...]

    @property
    def cases(self) -> Cases:
        return Cases(self.registry)

    @property
    def to_trustees(self) -> TrusteeDesk:
        return TrusteeDesk(self.registry)

    def know(self) -> None:
        octets = development_trustees().to_octets()
        statement = SignedStatement(record=octets, authority=ROOT.sign(octets), auditor=AUDITOR.sign(octets))
        self.to_trustees.know_trustees(
            statement,
            [folder.info() for folder, _ in self.trustees],
            root_keys=[ROOT.point],
            auditor_keys=[AUDITOR.point],
            clerk="it",
        )

    def confirm(self, *numbers: int) -> None:
        envelopes = self.to_trustees.envelopes(clerk="suzuki")
        for number in numbers:
            folder, keys = self.trustees[number - 1]
            (made,) = work.check_envelopes(folder, keys, envelopes, day=DAY).confirmations
            self.to_trustees.take_confirmations(made, clerk="suzuki")


@pytest.fixture
def desk(registry_url: str, tmp_path: Path) -> Iterator[Desk]:
    trustees = []
    for number in (1, 2, 3):
        keys = TrusteeKeys.of_development(number)
        folder, _ = TrusteeFolder.create(
            tmp_path / f"trustee{number}", f"Trustee {number}", b"correct horse", keys=keys, log2_n=10
        )
        folder.join(development_trustees())
        trustees.append((folder, keys))
    with Registry.open(registry_url, clock=world.noon) as registry:
        registry.import_residents(world.residents(), clerk="sato")
        counter = Counter(registry=registry, folder=tmp_path)
        counter.enrol(counter.card())
        yield Desk(registry=registry, counter=counter, trustees=tuple(trustees))


def test_a_card_is_irrevocable_until_enough_trustees_have_confirmed(desk: Desk) -> None:
    desk.know()
    assert [(each.have, each.needed) for each in desk.to_trustees.waiting()] == [(0, 2)]
    desk.confirm(1)
    assert [(each.have, each.needed) for each in desk.to_trustees.waiting()] == [(1, 2)]
    desk.confirm(3)
    assert desk.to_trustees.waiting() == ()
    assert len(desk.to_trustees.envelopes(clerk="suzuki").handles) == 1
    desk.confirm(2)
    assert desk.to_trustees.envelopes(clerk="suzuki").handles == ()


def test_confirmations_count_once_and_from_trustees_only(desk: Desk, tmp_path: Path) -> None:
    folder, keys = desk.trustees[0]
    envelopes = desk.to_trustees.envelopes(clerk="suzuki")
    (made,) = work.check_envelopes(folder, keys, envelopes, day=DAY).confirmations
    with pytest.raises(DataError, match="trustee that is not known"):
        desk.to_trustees.take_confirmations(made, clerk="suzuki")
    desk.know()
    made.save(tmp_path / "a.confirmations")
    made = Confirmations.load(tmp_path / "a.confirmations")
    assert desk.to_trustees.take_confirmations(made, clerk="suzuki").new == 1
    assert desk.to_trustees.take_confirmations(made, clerk="suzuki").new == 0
    forged = replace(made, index=2)
    with pytest.raises(TrustError, match="not signed by trustee 2"):
        desk.to_trustees.take_confirmations(forged, clerk="suzuki")
    elsewhere = replace(made, handles=(bytes(32),)).signed(keys.signing)
    assert desk.to_trustees.take_confirmations(elsewhere, clerk="suzuki").unknown == 1


def test_who_is_in_two_lists_counts_once(desk: Desk) -> None:
    """The same trustee under another number of another list has no second share of this card's."""
    desk.know()
    desk.confirm(1)
    (_, keys), infos = desk.trustees[0], [each.info() for each, _ in desk.trustees]
    first = development_trustees()
    other = replace(first, version=2, keys=first.keys[::-1])
    desk.to_trustees.know_trustees(
        SignedStatement.by(other.to_octets(), ROOT, AUDITOR),
        infos,
        root_keys=[ROOT.point],
        auditor_keys=[AUDITOR.point],
        clerk="it",
    )
    (handle,) = desk.to_trustees.envelopes(clerk="suzuki").handles
    again = Confirmations(trustees=other.digest, index=3, handles=(handle.digest,)).signed(keys.signing)
    taken = desk.to_trustees.take_confirmations(again, clerk="suzuki")
    assert (taken.new, taken.unknown) == (0, 1)
    assert [(each.have, each.needed) for each in desk.to_trustees.waiting()] == [(1, 2)]


def test_the_list_of_trustees_is_signed_by_root_and_auditor(desk: Desk) -> None:
    octets = development_trustees().to_octets()
    infos = [folder.info() for folder, _ in desk.trustees]
    forged = SignedStatement(record=octets, authority=AUDITOR.sign(octets), auditor=AUDITOR.sign(octets))
    keys = {"root_keys": [ROOT.point], "auditor_keys": [AUDITOR.point]}
    with pytest.raises(TrustError, match="root and auditor"):
        desk.to_trustees.know_trustees(forged, infos, clerk="it", **keys)
    signed = replace(forged, authority=ROOT.sign(octets))
    with pytest.raises(UsageError, match="not those of the list"):
        desk.to_trustees.know_trustees(signed, infos[:2], clerk="it", **keys)


def test_envelopes_name_nobody_and_open_for_trustees(desk: Desk, tmp_path: Path) -> None:
    made = desk.to_trustees.envelopes(clerk="suzuki")
    made.save(tmp_path / "day.envelopes")
    found = Envelopes.load(tmp_path / "day.envelopes")
    assert found == made
    octets = (tmp_path / "day.envelopes").read_bytes()
    resident = world.residents()[0]
    for word in (resident.family_name, resident.given_name, resident.resident_code.digits):
        assert word.encode() not in octets
    folder, keys = desk.trustees[1]
    assert (checked := work.check_envelopes(folder, keys, found, day=DAY)).new == 1 and not checked.bad
    altered = replace(found.handles[0], points=found.handles[0].points[48:] + found.handles[0].points[:48])
    bad = work.check_envelopes(folder, keys, Envelopes(day=DAY, handles=(altered,)), day=DAY)
    assert (bad.new, bad.bad, bad.confirmations) == (0, (altered.digest,), ())


def test_a_report_covers_every_unexpired_handle_and_says_which_cannot_be_listed(desk: Desk) -> None:
    case = desk.cases.open_case(1, clerk="sato")
    assert (case.state, case.enrolments, case.irrevocable) == (CaseState.OPEN, (1,), (1,))
    assert desk.cases.open_case(1, clerk="sato") == case
    desk.know()
    desk.confirm(1, 2)
    assert desk.cases.case(case.number).irrevocable == ()
    assert desk.cases.live_case_of(1) == desk.cases.case(case.number)
    assert desk.cases.live_case_of(2) is None


def test_a_case_file_names_nobody_and_trustees_approve_it(desk: Desk, tmp_path: Path) -> None:
    case = desk.cases.open_case(1, clerk="sato", consent=True)
    file = desk.cases.case_file(case.number, clerk="suzuki")
    file.save(tmp_path / "a.case")
    found = CaseFile.load(tmp_path / "a.case")
    assert found == file
    assert (found.words, found.consent, found.withdrawn, len(found.handles)) == (case.words, True, False, 1)
    octets = found.to_octets()
    resident = world.residents()[0]
    for word in (resident.family_name, resident.resident_code.digits):
        assert word.encode() not in octets
    folder, keys = desk.trustees[2]
    assert work.approve(folder, keys, found, day=DAY)
    assert not work.approve(folder, keys, found, day=DAY)
    assert desk.cases.case(case.number).state is CaseState.EXPORTED


def test_a_found_card_is_withdrawn_and_a_second_loss_is_a_new_case(desk: Desk) -> None:
    case = desk.cases.open_case(1, clerk="sato")
    file = desk.cases.case_file(case.number, clerk="suzuki")
    desk.cases.mark_listed(case.number, clerk="suzuki")
    assert desk.cases.withdraw_case(case.number, clerk="sato").state is CaseState.WITHDRAWN
    assert desk.cases.withdraw_case(case.number, clerk="sato").state is CaseState.WITHDRAWN
    assert desk.cases.case_file(case.number, clerk="suzuki") == replace(file, withdrawn=True)
    with pytest.raises(EnrolmentConflictError, match="cannot become"):
        desk.cases.mark_listed(case.number, clerk="suzuki")
    again = desk.cases.open_case(1, clerk="sato")
    assert again.number != case.number and again.enrolments == case.enrolments
    assert [each.number for each in desk.cases.cases(live_only=True)] == [again.number]
    actions = [entry.action for entry in desk.registry.history(resident_number=1, limit=1000)]
    assert [action for action in actions if action.startswith("CASE_")] == [
        AuditAction.CASE_OPENED,
        AuditAction.CASE_EXPORTED,
        AuditAction.CASE_LISTED,
        AuditAction.CASE_WITHDRAWN,
        AuditAction.CASE_OPENED,
    ]


def test_nobody_without_a_card_can_be_reported(desk: Desk) -> None:
    with pytest.raises(EnrolmentConflictError, match="no unexpired card"):
        desk.cases.open_case(2, clerk="sato")
    with pytest.raises(NotFoundError):
        desk.cases.case(99)
    assert desk.cases.cases() == ()
