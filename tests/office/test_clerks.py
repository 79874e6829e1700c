"""Named clerks: who is on record, with which rights and which passwords."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from sqlalchemy import select
from tests.fixtures.clerks import (
    PASSWORD,
    PEOPLE,
    TEMPORARY,
    clerks_of,
    log_in,
    logins_of,
    name_clerks,
)
from tests.office.clerk_fixtures import clock as clock
from tests.office.clerk_fixtures import office as office
from tests.office.clerk_fixtures import people as people

from mumei.office.audit.actions import AuditAction
from mumei.office.clerks import passwords
from mumei.office.clerks.clerks import Clerks
from mumei.office.clerks.logins import Logins
from mumei.office.clerks.passwords import DEFAULT_COST, LOWEST_COST, PasswordCost, WrongPasswordError
from mumei.office.clerks.roles import (
    RIGHTS,
    Right,
    Role,
    check_roles,
    from_text,
    rights_of,
    roles_with,
    to_text,
)
from mumei.office.clerks.session import ClerkSession, NoRightError, NotLoggedInError
from mumei.office.database.engine import DuplicateError
from mumei.office.database.models_clerks import ClerkKeyRow, ClerkRow
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei_core.errors import DataError, UsageError

SET_UP = ClerkSession.in_set_up("root")


#: Who may do what, written down once more. A change of the table is a decision, not an accident.
TABLE: Final = {
    Right.SEE_RESIDENTS: {Role.CLERK, Role.SUPERVISOR},
    Right.CHANGE_RESIDENTS: {Role.CLERK, Role.SUPERVISOR},
    Right.ISSUE_CARDS: {Role.CLERK, Role.SUPERVISOR},
    Right.SERVE_CARDS: {Role.CLERK, Role.SUPERVISOR},
    Right.REPORT_LOST: {Role.CLERK, Role.SUPERVISOR},
    Right.RUN_BATCHES: {Role.CLERK, Role.SUPERVISOR},
    Right.EXPORT_CASES: {Role.SUPERVISOR},
    Right.APPROVE: {Role.SUPERVISOR},
    Right.SEE_APPROVALS: {Role.CLERK, Role.SUPERVISOR, Role.AUDITOR},
    Right.SEE_TRAIL: {Role.SUPERVISOR, Role.AUDITOR},
    Right.SEE_CLERKS: {Role.SUPERVISOR, Role.AUDITOR, Role.IT},
    Right.MANAGE_CLERKS: {Role.IT},
    Right.MANAGE_REGISTRY: {Role.IT},
    Right.SEAL_TRAIL: {Role.IT},
    Right.OWN_ACCOUNT: set(Role),
}


class TestRights:
    @pytest.mark.parametrize("right", Right)
    @pytest.mark.parametrize("role", Role)
    def test_every_role_has_what_the_table_says(self, role: Role, right: Right) -> None:
        session = ClerkSession(name="x", roles=frozenset({role}), number=1)
        if role in TABLE[right]:
            session.require(right)
        else:
            with pytest.raises(NoRightError, match=f"x may not {right}") as refused:
                session.require(right)
            assert all(other in refused.value.hint for other in TABLE[right])

    def test_it_sees_no_resident_and_the_auditor_changes_nothing(self) -> None:
        assert not RIGHTS[Role.IT] & {
            Right.SEE_RESIDENTS,
            Right.CHANGE_RESIDENTS,
            Right.ISSUE_CARDS,
            Right.SEE_TRAIL,
            Right.SEE_APPROVALS,
        }
        assert {right for right in RIGHTS[Role.AUDITOR] if not right.value.startswith(("see", "read"))} == {
            Right.OWN_ACCOUNT
        }

    @pytest.mark.parametrize(
        "roles",
        [set(), {Role.IT, Role.CLERK}, {Role.AUDITOR, Role.SUPERVISOR}, {Role.IT, Role.AUDITOR}, set(Role)],
    )
    def test_roles_that_one_person_must_not_have_together(self, roles: set[Role]) -> None:
        with pytest.raises(UsageError) as refused:
            check_roles(frozenset(roles))
        assert refused.value.hint

    def test_roles_as_they_are_kept(self) -> None:
        both = frozenset({Role.SUPERVISOR, Role.CLERK})
        check_roles(both)
        assert to_text(both) == "CLERK,SUPERVISOR" and from_text("CLERK,SUPERVISOR") == both
        assert rights_of(both) == RIGHTS[Role.CLERK] | RIGHTS[Role.SUPERVISOR]
        assert roles_with(Right.APPROVE) == (Role.SUPERVISOR,)


class TestRecord:
    def test_the_first_is_it_and_ends_the_set_up(self, office: Registry) -> None:
        clerks = clerks_of(office)
        assert not clerks.are_named()
        for role in (Role.CLERK, Role.SUPERVISOR, Role.AUDITOR):
            with pytest.raises(UsageError, match="first clerk"):
                clerks.add("ito", frozenset({role}), PASSWORD, by=SET_UP)
        added = clerks.add("ito", frozenset({Role.IT}), PASSWORD, by=SET_UP)
        assert clerks.are_named() and not added.temporary
        with pytest.raises(NotLoggedInError):
            clerks.add("mallory", frozenset({Role.IT}), PASSWORD, by=SET_UP)
        actions = [entry.action for entry in office.history()]
        assert actions == [AuditAction.CLERK_ADDED, AuditAction.CLERK_KEY_SET]

    @pytest.mark.parametrize("name", [name for name, role in PEOPLE.items() if role is not Role.IT])
    def test_only_it_manages_clerks(
        self, office: Registry, people: dict[str, ClerkSession], name: str
    ) -> None:
        clerks, by = clerks_of(office), people[name]
        before = clerks.all()
        attempts: list[Callable[[], object]] = [
            lambda: clerks.add("new", frozenset({Role.CLERK}), PASSWORD, by=by),
            lambda: clerks.set_roles(name, frozenset({Role.IT}), by=by),
            lambda: clerks.disable("ito", by=by),
            lambda: clerks.enable("sato", by=by),
            lambda: clerks.reset_password("ito", PASSWORD, by=by),
        ]
        for attempt in attempts:
            with pytest.raises(NoRightError):
                attempt()
        assert clerks.all() == before

    def test_a_name_is_given_once(self, office: Registry, people: dict[str, ClerkSession]) -> None:
        clerks = clerks_of(office)
        clerks.disable("sato", by=people["ito"])
        with pytest.raises(DuplicateError):
            clerks.add(" sato ", frozenset({Role.CLERK}), PASSWORD, by=people["ito"])
        for name in ("", "x" * 51, "a\u202eb"):
            with pytest.raises(DataError):
                clerks.add(name, frozenset({Role.CLERK}), PASSWORD, by=people["ito"])
        with pytest.raises(NotFoundError):
            clerks.disable("nobody", by=people["ito"])

    def test_the_last_it_stays(self, office: Registry, people: dict[str, ClerkSession]) -> None:
        clerks, ito = clerks_of(office), people["ito"]
        attempts: tuple[Callable[[], object], ...] = (
            lambda: clerks.disable("ito", by=ito),
            lambda: clerks.set_roles("ito", frozenset({Role.CLERK}), by=ito),
        )
        for attempt in attempts:
            with pytest.raises(UsageError, match="only clerk with the role IT"):
                attempt()
        clerks.add("goto", frozenset({Role.IT}), TEMPORARY, by=ito)
        assert clerks.disable("ito", by=ito).disabled
        goto = logins_of(office).login("goto", TEMPORARY, new_password=PASSWORD).session
        with pytest.raises(UsageError):
            clerks.disable("goto", by=goto)

    def test_other_roles_hold_from_the_next_command_on(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        began = log_in(office, "sato")
        clerks_of(office).set_roles("sato", frozenset({Role.AUDITOR}), by=people["ito"])
        now = logins_of(office).resume(began.token)
        assert not now.may(Right.ISSUE_CARDS) and now.may(Right.SEE_TRAIL)
        clerks_of(office).set_roles("sato", frozenset({Role.AUDITOR}), by=people["ito"])
        assert [entry.action for entry in office.history()].count(AuditAction.CLERK_ROLES_SET) == 1

    def test_a_disabled_clerk_is_out_at_once(self, office: Registry, people: dict[str, ClerkSession]) -> None:
        began = log_in(office, "sato")
        clerks_of(office).disable("sato", by=people["ito"])
        with pytest.raises(NotLoggedInError):
            logins_of(office).resume(began.token)
        with pytest.raises(WrongPasswordError):
            log_in(office, "sato")
        clerks_of(office).enable("sato", by=people["ito"])
        log_in(office, "sato")

    @pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 201])
    def test_passwords_that_cannot_be_chosen(self, office: Registry, password: str) -> None:
        with pytest.raises(UsageError, match="12 to 200"):
            clerks_of(office).add("ito", frozenset({Role.IT}), password, by=SET_UP)


class TestPasswords:
    def test_argon2id_with_its_parameters_in_the_registry(self, office: Registry) -> None:
        clerks_of(office).add("ito", frozenset({Role.IT}), PASSWORD, by=SET_UP)
        with office._reading() as session:
            kept = session.scalars(select(ClerkRow.password)).one()
        found = extract_parameters(kept)
        assert (found.type, found.time_cost, found.memory_cost, found.parallelism) == (Type.ID, 1, 8, 1)
        assert (DEFAULT_COST.passes, DEFAULT_COST.memory, DEFAULT_COST.lanes) == (3, 65536, 4)

    def test_no_password_and_no_open_key_is_on_disk(
        self, office: Registry, people: dict[str, ClerkSession], registry_path: Path
    ) -> None:
        began = log_in(office, "sato")
        key = began.session.key
        assert key is not None
        octets = b"".join(path.read_bytes() for path in registry_path.parent.iterdir())
        assert PASSWORD.encode() not in octets and TEMPORARY.encode() not in octets
        assert key.secret_octets not in octets and began.token not in octets
        assert began.token.hex() not in repr(began) and "SigningKey" not in repr(began)

    def test_hashed_and_wrapped_anew_when_the_cost_has_risen(self, office: Registry) -> None:
        clerks_of(office).add("ito", frozenset({Role.IT}), PASSWORD, by=SET_UP)
        first = log_in(office, "ito").session.key
        dearer = PasswordCost(passes=2, memory=16, lanes=1)
        Logins(office, cost=dearer).login("ito", PASSWORD)
        with office._reading() as session:
            kept = session.scalars(select(ClerkRow.password)).one()
            wrapped = session.scalars(select(ClerkKeyRow.wrapped)).one()
        assert "$m=16,t=2,p=1$" in kept
        assert wrapped is not None and wrapped[1:4] == bytes((2, 16, 1))
        again = Logins(office, cost=dearer).login("ito", PASSWORD).session.key
        assert first is not None and again is not None and first.point == again.point

    def test_keyboards_differ_in_what_they_send(self) -> None:
        encoded = passwords.hash_password("パスワードは長いです", LOWEST_COST)
        passwords.verify_password(encoded, "パスワードは長いです")
        passwords.verify_password(encoded, "ﾊﾟｽﾜｰﾄﾞは長いです")
        with pytest.raises(WrongPasswordError):
            passwords.verify_password(encoded, "パスワードは短いです")
        with pytest.raises(DataError):
            passwords.verify_password("$argon2id$nonsense", "x")

    def test_a_wrapped_key_opens_with_its_password_only(self) -> None:
        wrapped = passwords.wrap(b"secret", PASSWORD, LOWEST_COST, context=b"a")
        assert passwords.unwrap(wrapped, PASSWORD, context=b"a") == b"secret"
        for password, context in ((TEMPORARY, b"a"), (PASSWORD, b"b")):
            with pytest.raises(WrongPasswordError):
                passwords.unwrap(wrapped, password, context=context)
        hostile = passwords.wrap(b"secret", PASSWORD, LOWEST_COST, context=b"a").replace(
            b"\x86\x01\x08", b"\x86\x01\x1a\xff\xff\xff\xff", 1
        )
        for wrong in (b"", b"\x80", wrapped[:-1], wrapped + b"\0", hostile):
            with pytest.raises(DataError):
                passwords.unwrap(wrong, PASSWORD, context=b"a")


def test_clerks_on_both_databases(registry_url: str) -> None:
    with Registry.open(registry_url) as registry:
        people = name_clerks(registry)
        records = Clerks(registry).all()
    assert {record.name: record.roles for record in records} == {
        name: frozenset({role}) for name, role in PEOPLE.items()
    }
    assert all(session.named for session in people.values())
