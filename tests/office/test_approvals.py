"""What takes two persons: never one, never twice, never for another record or somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.fixtures.clerks import Clock, name_clerks
from tests.negative.mutants import Mutation
from tests.office.clerk_fixtures import clock as clock
from tests.office.clerk_fixtures import office as office
from tests.office.clerk_fixtures import people as people

from mumei.office.audit.actions import AuditAction
from mumei.office.clerks import approvals as approvals_module
from mumei.office.clerks.approvals import (
    LIFETIME,
    ApprovalNeededError,
    Approvals,
    ApprovalState,
    Operation,
    use,
)
from mumei.office.clerks.session import ClerkSession, NoRightError, NotLoggedInError
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei_core.errors import DataError, MumeiError

People = dict[str, ClerkSession]


def spend(
    registry: Registry, number: int | None, operation: Operation, subject: int, by: ClerkSession
) -> None:
    with registry._writing(by.name) as session:
        use(session, number, operation, subject, by=by, at=registry._clock())


def asked(
    registry: Registry, by: ClerkSession, operation: Operation = Operation.REVOKE, subject: int = 7
) -> int:
    with pytest.raises(ApprovalNeededError) as needed:
        Approvals(registry).needed(operation, subject, by=by)
    assert f"mumei office approve {needed.value.number}" in needed.value.hint
    return needed.value.number


def approved(registry: Registry, people: People, operation: Operation = Operation.REVOKE) -> int:
    number = asked(registry, people["sato"], operation)
    Approvals(registry).decide(number, approve=True, by=people["kato"])
    return number


@pytest.mark.parametrize("operation", Operation)
def test_asked_approved_and_done_once(office: Registry, people: People, operation: Operation) -> None:
    approvals, sato = Approvals(office), people["sato"]
    number = asked(office, sato, operation)
    # Asking again is the same request.
    assert asked(office, sato, operation) == number
    assert approvals.approval(number).state is ApprovalState.REQUESTED
    decided = approvals.decide(number, approve=True, by=people["kato"])
    assert (decided.state, decided.requester, decided.decider) == (ApprovalState.APPROVED, "sato", "kato")
    assert approvals.needed(operation, 7, by=sato) == number
    spend(office, number, operation, 7, sato)
    assert approvals.approval(number).state is ApprovalState.USED
    with pytest.raises(DataError, match="not approved"):
        spend(office, number, operation, 7, sato)
    assert asked(office, sato, operation) == number + 1
    told = [entry for entry in office.history(limit=1000) if entry.approval == number]
    assert [(entry.action, entry.clerk) for entry in told] == [
        (AuditAction.APPROVAL_REQUESTED, "sato"),
        (AuditAction.APPROVAL_GIVEN, "kato"),
        (AuditAction.APPROVAL_USED, "sato"),
    ]
    assert {(entry.card, entry.resident) for entry in told} == {
        (7, None) if operation is Operation.WIPE else (None, 7)
    }


class TestWhoApproves:
    @pytest.mark.parametrize("name", ["sato", "abe", "ito"])
    def test_only_a_supervisor(self, office: Registry, people: People, name: str) -> None:
        number = asked(office, people["mori"])
        for approve in (True, False):
            with pytest.raises(NoRightError):
                Approvals(office).decide(number, approve=approve, by=people[name])
        assert Approvals(office).approval(number).state is ApprovalState.REQUESTED

    def test_never_the_requester(self, office: Registry, people: People) -> None:
        number = asked(office, people["kato"])
        for approve in (True, False):
            with pytest.raises(NoRightError, match="their own"):
                Approvals(office).decide(number, approve=approve, by=people["kato"])
        Approvals(office).decide(number, approve=True, by=people["mori"])

    def test_not_even_in_the_database(self, office: Registry, people: People) -> None:
        number = asked(office, people["kato"])
        with pytest.raises(MumeiError), office._writing("kato") as session:
            session.execute(
                text("UPDATE approval SET decider = requester, state = 'APPROVED' WHERE id = :id"),
                {"id": number},
            )

    def test_nobody_without_a_name(self, office: Registry, people: People) -> None:
        number = asked(office, people["sato"])
        with pytest.raises(NotLoggedInError):
            Approvals(office).decide(number, approve=True, by=ClerkSession.in_set_up("root"))

    def test_in_set_up_there_is_nobody_to_ask(self, office: Registry) -> None:
        root = ClerkSession.in_set_up("root")
        assert Approvals(office).needed(Operation.REVOKE, 7, by=root) is None
        spend(office, None, Operation.REVOKE, 7, root)
        assert Approvals(office).all() == ()


class TestState:
    def test_refused_is_refused(self, office: Registry, people: People) -> None:
        approvals = Approvals(office)
        number = asked(office, people["sato"])
        assert approvals.decide(number, approve=False, by=people["kato"]).state is ApprovalState.REFUSED
        for approve in (True, False):
            with pytest.raises(DataError, match="decided already"):
                approvals.decide(number, approve=approve, by=people["mori"])
        assert asked(office, people["sato"]) == number + 1

    def test_a_day_and_no_longer(self, office: Registry, people: People, clock: Clock) -> None:
        approvals = Approvals(office)
        waiting, given = asked(office, people["mori"]), approved(office, people)
        clock.now += LIFETIME - timedelta(seconds=1)
        assert approvals.needed(Operation.REVOKE, 7, by=people["sato"]) == given
        clock.forward(seconds=1)
        assert {item.state for item in approvals.all()} == {ApprovalState.EXPIRED}
        assert approvals.all(open_only=True) == ()
        with pytest.raises(DataError):
            approvals.decide(waiting, approve=True, by=people["kato"])
        with pytest.raises(DataError):
            spend(office, given, Operation.REVOKE, 7, people["sato"])
        assert asked(office, people["sato"]) > given

    @pytest.mark.parametrize("number", [0, -1, 99, 1 << 40])
    def test_no_such_request(self, office: Registry, people: People, number: int) -> None:
        attempts: tuple[Callable[[], object], ...] = (
            lambda: Approvals(office).decide(number, approve=True, by=people["kato"]),
            lambda: Approvals(office).approval(number),
            lambda: spend(office, number, Operation.REVOKE, 7, people["sato"]),
        )
        for attempt in attempts:
            with pytest.raises(NotFoundError):
                attempt()

    def test_taken_back_with_the_operation_it_was_for(self, office: Registry, people: People) -> None:
        number = approved(office, people)
        with pytest.raises(RuntimeError), office._writing("sato") as session:
            use(session, number, Operation.REVOKE, 7, by=people["sato"], at=office._clock())
            raise RuntimeError
        spend(office, number, Operation.REVOKE, 7, people["sato"])


#: An approval is for one operation, one record, one clerk, once: each wrong use, and the check that stops it.
WRONG_USES: dict[str, tuple[str, Callable[[Registry, People, int], None]]] = {
    "another operation": (
        "row.operation != operation.value",
        lambda office, people, number: spend(office, number, Operation.SECOND_CARD, 7, people["sato"]),
    ),
    "another record": (
        "row.subject != subject",
        lambda office, people, number: spend(office, number, Operation.REVOKE, 8, people["sato"]),
    ),
    "somebody else": (
        "row.requester != by.number",
        lambda office, people, number: spend(office, number, Operation.REVOKE, 7, people["mori"]),
    ),
    "the approver": (
        "row.requester != by.number",
        lambda office, people, number: spend(office, number, Operation.REVOKE, 7, people["kato"]),
    ),
}


@pytest.mark.parametrize("case", WRONG_USES)
def test_a_wrong_use_and_the_check_that_stops_it(
    office: Registry, people: People, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, attempt = WRONG_USES[case]
    number = approved(office, people)
    with pytest.raises(DataError):
        attempt(office, people, number)
    Mutation(owner=approvals_module, name="use", old=check, new="False").apply(monkeypatch)
    monkeypatch.setattr("tests.office.test_approvals.use", approvals_module.use)
    attempt(office, people, number)


@pytest.mark.parametrize("state", ["REQUESTED", "REFUSED", "USED"])
def test_nothing_is_done_on_what_is_not_approved(
    office: Registry, people: People, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = approved(office, people)
    with office._writing("root") as session:
        session.execute(text("UPDATE approval SET state = :state"), {"state": state})
    with pytest.raises(DataError):
        spend(office, number, Operation.REVOKE, 7, people["sato"])
    check = "row.state != ApprovalState.APPROVED.value"
    Mutation(owner=approvals_module, name="use", old=check, new="False").apply(monkeypatch)
    monkeypatch.setattr("tests.office.test_approvals.use", approvals_module.use)
    spend(office, number, Operation.REVOKE, 7, people["sato"])


def test_two_at_once_spend_it_once(registry_url: str) -> None:
    with Registry.open(registry_url, busy_timeout=20) as registry:
        people = name_clerks(registry)
        number, outcomes = approved(registry, people), []

        def attempt() -> None:
            try:
                spend(registry, number, Operation.REVOKE, 7, people["sato"])
                outcomes.append("done")
            except DataError:
                outcomes.append("refused")

        threads = [threading.Thread(target=attempt) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["done", "refused", "refused", "refused"]
