"""No check on clerks is there for nothing: each stops something that passes without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import text
from tests.fixtures.clerks import PASSWORD, TEMPORARY, Clock, clerks_of, log_in, logins_of
from tests.negative.mutants import Mutation
from tests.office.clerk_fixtures import clock as clock
from tests.office.clerk_fixtures import office as office
from tests.office.clerk_fixtures import people as people

from mumei.office.clerks import clerks as clerks_module
from mumei.office.clerks import gate, logins
from mumei.office.clerks.approvals import LIFETIME, ApprovalNeededError, Approvals, Operation
from mumei.office.clerks.logins import LONGEST, Logins
from mumei.office.clerks.passwords import WrongPasswordError
from mumei.office.clerks.roles import Right, Role
from mumei.office.clerks.session import ClerkSession
from mumei.office.registry import Registry
from mumei_core.errors import MumeiError


@dataclass(frozen=True)
class Office:
    """What an attempt has to work with."""

    registry: Registry
    people: dict[str, ClerkSession]
    clock: Clock
    patch: pytest.MonkeyPatch

    def write(self, statement: str) -> None:
        with self.registry._writing("root") as session:
            session.execute(text(statement))

    def meanwhile(self, happens: Callable[[], object]) -> None:
        """Something happens between the comparison of a password and what follows."""

        def compared(*_: object) -> None:
            happens()

        self.patch.setattr(logins, "verify_password", compared)

    def request(self, by: str = "sato") -> int:
        try:
            Approvals(self.registry).needed(Operation.REVOKE, 1, by=self.people[by])
        except ApprovalNeededError as needed:
            return needed.number
        raise AssertionError


def after_a_day(office: Office) -> None:
    began = log_in(office.registry, "sato")
    for _ in range(int(LONGEST / timedelta(minutes=10)) + 1):
        office.clock.forward(minutes=10)
        logins_of(office.registry).resume(began.token)


def after_a_pause(office: Office) -> None:
    began = log_in(office.registry, "sato")
    office.clock.forward(minutes=16)
    logins_of(office.registry).resume(began.token)


def session_of_a_disabled_clerk(office: Office) -> None:
    began = log_in(office.registry, "sato")
    office.write("UPDATE clerk SET disabled = TRUE WHERE name = 'sato'")
    logins_of(office.registry).resume(began.token)


def login_of_a_disabled_clerk(office: Office) -> None:
    office.write("UPDATE clerk SET disabled = TRUE WHERE name = 'sato'")
    office.patch.setattr(Logins, "_store", lambda *_: None)
    logins_of(office.registry)._open("sato", PASSWORD, None)


def disabled_meanwhile(office: Office) -> None:
    office.meanwhile(lambda: office.write("UPDATE clerk SET disabled = TRUE WHERE name = 'sato'"))
    log_in(office.registry, "sato")


def password_set_meanwhile(office: Office) -> None:
    office.meanwhile(
        lambda: office.write(
            "UPDATE clerk SET password = (SELECT password FROM clerk WHERE name = 'kato') WHERE name = 'sato'"
        )
    )
    log_in(office.registry, "sato")


def one_try_too_many(office: Office) -> None:
    for _ in range(4):
        with pytest.raises(WrongPasswordError):
            log_in(office.registry, "sato", TEMPORARY)
    log_in(office.registry, "sato")


def temporary_for_good(office: Office) -> None:
    office.write("UPDATE clerk SET temporary = TRUE WHERE name = 'sato'")
    log_in(office.registry, "sato")


def wrong_password(office: Office) -> None:
    # A key of its own would stop it too: as for a clerk who has none yet.
    office.write("DELETE FROM clerk_key")
    log_in(office.registry, "sato", TEMPORARY + "!")


def own_request(office: Office) -> None:
    number = office.request("kato")
    Approvals(office.registry).decide(number, approve=True, by=office.people["kato"])


def a_clerk_approves(office: Office) -> None:
    number = office.request("kato")
    Approvals(office.registry).decide(number, approve=True, by=office.people["sato"])


def approved_too_late(office: Office) -> None:
    number = office.request()
    office.clock.now += LIFETIME
    Approvals(office.registry).decide(number, approve=True, by=office.people["kato"])


def refused_then_approved(office: Office) -> None:
    number = office.request()
    Approvals(office.registry).decide(number, approve=False, by=office.people["kato"])
    Approvals(office.registry).decide(number, approve=True, by=office.people["mori"])


def last_it_disabled(office: Office) -> None:
    clerks_of(office.registry).disable("ito", by=office.people["ito"])


def managed_by_a_supervisor(office: Office) -> None:
    clerks_of(office.registry).disable("sato", by=office.people["kato"])


def managed_in_set_up(office: Office) -> None:
    clerks_of(office.registry).disable("sato", by=ClerkSession.in_set_up("root"))


def first_is_no_it(office: Office) -> None:
    for table in ("clerk_session", "clerk_key", "clerk"):
        office.write(f"DELETE FROM {table}")
    clerks_of(office.registry).add(
        "sato", frozenset({Role.CLERK}), PASSWORD, by=ClerkSession.in_set_up("root")
    )


def gate_without_right(office: Office) -> None:
    gate.token_file(office.registry).write(log_in(office.registry, "sato").token)
    gate.enter(office.registry, Right.MANAGE_CLERKS, name=None, default="x")


def gate_under_another_name(office: Office) -> None:
    gate.token_file(office.registry).write(log_in(office.registry, "sato").token)
    gate.enter(office.registry, Right.ISSUE_CARDS, name="kato", default="x")


@dataclass(frozen=True)
class Check:
    """In ``owner.name``, ``old`` stops the attempt, which passes where ``new`` stands."""

    attempt: Callable[[Office], None]
    owner: ModuleType | type
    name: str
    old: str
    new: str = "False"


CHECKS = [
    Check(after_a_day, logins, "_find", "now - row.started_at > LONGEST"),
    Check(after_a_pause, Logins, "resume", "not -_CLOCK_SLACK <= now - row.used_at <= IDLE"),
    Check(session_of_a_disabled_clerk, logins, "_find", "clerk.disabled"),
    Check(login_of_a_disabled_clerk, Logins, "_count_try", ", ClerkRow.disabled.is_(False)", ""),
    Check(disabled_meanwhile, Logins, "_store", "row.disabled"),
    Check(password_set_meanwhile, Logins, "_store", "row.password != opened.verified"),
    Check(one_try_too_many, Logins, "_count_try", "0 < wait <= LONGEST_WAIT"),
    Check(temporary_for_good, Logins, "_open", "elif temporary:", "elif False:"),
    Check(wrong_password, Logins, "_open", "verify_password(encoded, password)", "pass"),
    Check(a_clerk_approves, Approvals, "decide", "by.require(Right.APPROVE)", "pass"),
    Check(approved_too_late, Approvals, "decide", "row.expires_at <= now"),
    Check(refused_then_approved, Approvals, "decide", "row.state != ApprovalState.REQUESTED.value"),
    Check(
        last_it_disabled,
        clerks_module,
        "_keep_an_it",
        "row.roles == Role.IT.value and session",
        "False and session",
    ),
    Check(
        managed_by_a_supervisor, clerks_module, "_check_manager", "by.require(Right.MANAGE_CLERKS)", "pass"
    ),
    Check(managed_in_set_up, clerks_module, "_check_manager", "not (first or by.named)"),
    Check(first_is_no_it, clerks_module.Clerks, "add", "first and roles != {Role.IT}"),
    Check(gate_without_right, gate, "enter", "session.require(right)", "pass"),
    Check(gate_under_another_name, gate, "enter", "name is not None and name != session.name"),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.attempt.__name__)
def test_no_check_is_there_for_nothing(
    check: Check,
    office: Registry,
    people: dict[str, ClerkSession],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    Mutation(owner=check.owner, name=check.name, old=check.old, new=check.new).apply(monkeypatch)
    check.attempt(Office(registry=office, people=people, clock=clock, patch=monkeypatch))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.attempt.__name__)
def test_with_the_check_it_is_refused(
    check: Check,
    office: Registry,
    people: dict[str, ClerkSession],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(MumeiError):
        check.attempt(Office(registry=office, people=people, clock=clock, patch=monkeypatch))


def test_the_requester_s_own_approval_is_stopped_twice(
    office: Registry, people: dict[str, ClerkSession], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without our check the database still refuses it."""
    tools = Office(registry=office, people=people, clock=clock, patch=monkeypatch)
    check = Mutation(owner=Approvals, name="decide", old="row.requester == by.number", new="False")
    check.apply(monkeypatch)
    with pytest.raises(MumeiError, match="contradictory"):
        own_request(tools)
