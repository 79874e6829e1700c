"""``mumei office login | clerk | approve``: named clerks at the command line, and every command's gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from tests.fixtures.clerks import PASSWORD, PEOPLE, TEMPORARY, cheap_passwords, staffed_registry
from tests.fixtures.command_line import Place, mumei, mumei_json

from mumei.cli.main import cli
from mumei.cli.office import group
from mumei.office.clerks.approvals import ApprovalNeededError, Approvals, Operation
from mumei.office.clerks.gate import enter
from mumei.office.clerks.roles import RIGHTS, Right, Role
from mumei.office.registry import Registry

OTHER = "quite another password"


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    cheap_passwords(monkeypatch)
    yield


def office(place: Place, *arguments: str | Path, **options: Any) -> Result:
    result = mumei("office", *arguments, "--registry", place.registry, **options)
    assert PASSWORD not in result.output and TEMPORARY not in result.output and OTHER not in result.output
    return result


def login(place: Place, name: str, password: str = PASSWORD, new: str | None = None) -> Result:
    options: list[str | Path] = ["--password-file", place.secret(f"{name}.password", password)]
    if new is not None:
        options += ["--new-password-file", place.secret(f"{name}.new", new)]
    return office(place, "login", name, *options)


def add(place: Place, name: str, *roles: Role) -> Result:
    named = [part for role in roles for part in ("--role", role.value)]
    password = PASSWORD if roles == (Role.IT,) else TEMPORARY
    return office(place, "clerk", "add", name, *named, "--password-file", place.secret("new", password))


@pytest.fixture
def staffed(place: Place) -> Place:
    """One clerk of every role, and nobody logged in."""
    staffed_registry(place.registry, residents=12)
    return place


def commands() -> dict[str, click.Command]:
    """Every command of the office by its path."""
    found: dict[str, click.Command] = {}

    def walk(path: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                walk(f"{path} {name}".strip(), below)
        else:
            found[path] = command

    walk("", group.office)
    return found


#: What works without a gate: making a registry, bringing an old one up to date, and the gate itself.
WITHOUT_GATE = {"init", "upgrade", "login", "lock", "unlock", "logout", "whoami"}


def right_of(command: click.Command) -> Right | None:
    callback: Any = command.callback
    while callback is not None:
        if hasattr(callback, "right"):
            assert isinstance(callback.right, Right)
            return callback.right
        callback = getattr(callback, "__wrapped__", None)
    return None


def test_every_command_of_the_office_has_a_gate() -> None:
    open_commands = {path for path, command in commands().items() if right_of(command) is None}
    assert open_commands == WITHOUT_GATE


@pytest.mark.parametrize("role", Role)
def test_no_role_passes_a_gate_that_is_not_its_own(staffed: Place, role: Role) -> None:
    """Every right that some command asks for, against every role: in or out as the table says."""
    name = next(name for name, has in PEOPLE.items() if has is role)
    login(staffed, name)
    with Registry.open(staffed.registry) as registry:
        for right in {right_of(command) for command in commands().values()} - {None}:
            assert isinstance(right, Right)
            if right in RIGHTS[role]:
                assert enter(registry, right, name=None, default="x").name == name
            else:
                with pytest.raises(Exception, match=f"{name} may not"):
                    enter(registry, right, name=None, default="x")


def filled(command: click.Command, file: Path) -> list[str]:
    """Something for everything that the command must be given, but its registry."""
    arguments: list[str] = []
    for parameter in command.params:
        if not parameter.required or parameter.name == "registry":
            continue
        kind = parameter.type
        if isinstance(kind, click.Choice):
            value = str(kind.choices[0])
        else:
            value = str(file) if isinstance(kind, click.Path) else "1"
        arguments += [value] if isinstance(parameter, click.Argument) else [parameter.opts[0], value]
    return arguments


def test_a_clerk_without_the_right_gets_nowhere_with_any_command(staffed: Place) -> None:
    """Whatever the command and its arguments: refused before anything is read or changed."""
    file = staffed.secret("given", "something")
    tried = 0
    for name, role in PEOPLE.items():
        login(staffed, name)
        with Registry.open(staffed.registry) as registry:
            before = registry.history(limit=1000)
        for path, command in commands().items():
            right = right_of(command)
            lacking = [other for other in Role if right is not None and right not in RIGHTS[other]]
            if lacking and lacking[0] is role and name != "mori":
                refused = office(staffed, *path.split(), *filled(command, file))
                assert refused.exit_code == 3, (path, refused.stderr)
                assert f"{name} may not {right}" in refused.stderr, path
                tried += 1
        with Registry.open(staffed.registry) as registry:
            assert registry.history(limit=1000) == before
    assert tried > 30


class TestLogin:
    def test_a_clerk_s_day(self, staffed: Place) -> None:
        refused = office(staffed, "residents")
        assert refused.exit_code == 3 and "mumei office login" in refused.stderr
        assert "sato (CLERK): logged in" in login(staffed, "sato").stdout
        assert "岐阜 花子" in office(staffed, "residents").stdout
        assert mumei_json("office", "whoami", "--registry", staffed.registry) == {
            "clerk": "sato",
            "roles": ["clerk"],
            "named": True,
            "state": "logged in",
        }
        assert office(staffed, "lock").stdout == "sato: locked\n"
        locked = office(staffed, "residents")
        assert locked.exit_code == 3 and "unlock" in locked.stderr
        wrong = office(staffed, "unlock", "--password-file", staffed.secret("wrong", OTHER))
        assert wrong.exit_code == 3
        opened = office(staffed, "unlock", "--password-file", staffed.secret("right", PASSWORD))
        assert opened.exit_code == 0 and office(staffed, "residents").exit_code == 0
        assert office(staffed, "logout").exit_code == office(staffed, "logout").exit_code == 0
        assert office(staffed, "whoami").exit_code == 3

    def test_what_a_clerk_does_is_signed_and_theirs(self, staffed: Place) -> None:
        login(staffed, "sato")
        assert office(staffed, "residents", "--clerk", "kato").exit_code == 3
        login(staffed, "abe")
        entries = mumei_json("audit", "show", "--registry", staffed.registry, "--by", "sato")["entries"]
        assert entries and all(entry["clerk"] == "sato" for entry in entries)
        assert [entry["action"] for entry in entries if entry["signed"]][-2:] == ["LOGGED_IN", "LOGGED_OUT"]

    @pytest.mark.parametrize("name", ["sato", "nobody"])
    def test_wrong(self, staffed: Place, name: str) -> None:
        wrong = login(staffed, name, OTHER)
        assert wrong.exit_code == 3 and "do not go together" in wrong.stderr
        assert office(staffed, "whoami").exit_code == 3

    def test_the_second_at_a_desk_ends_the_first_s_session(self, staffed: Place) -> None:
        login(staffed, "sato")
        login(staffed, "kato")
        assert "kato" in office(staffed, "whoami").stdout
        login(staffed, "abe")
        actions = mumei_json(
            "audit", "show", "--registry", staffed.registry, "--action", "LOGGED_OUT", "--by", "sato"
        )
        assert len(actions["entries"]) == 1

    def test_in_set_up_nobody_logs_in(self, place: Place) -> None:
        assert "in set-up" in office(place, "whoami").stdout
        assert office(place, "lock").exit_code == 3
        assert login(place, "sato").exit_code == 3


class TestClerk:
    def test_list(self, staffed: Place) -> None:
        login(staffed, "abe")
        listed = mumei_json("office", "clerk", "list", "--registry", staffed.registry)["clerks"]
        assert {line["name"]: line["roles"] for line in listed} == {
            name: [role.name.lower()] for name, role in PEOPLE.items()
        }
        assert "sato  CLERK\n" in office(staffed, "clerk", "list").stdout

    def test_before_there_are_any(self, place: Place) -> None:
        assert "in set-up" in office(place, "clerk", "list").stdout
        refused = add(place, "sato", Role.CLERK)
        assert refused.exit_code == 2 and "IT" in refused.stderr
        made = add(place, "ito", Role.IT)
        assert made.exit_code == 0 and "every command wants a login" in made.stderr
        assert office(place, "residents").exit_code == 3

    def test_roles_disabling_and_back(self, staffed: Place) -> None:
        login(staffed, "ito")
        changed = office(staffed, "clerk", "role", "sato", "--role", "clerk", "--role", "supervisor")
        assert changed.stdout == "sato  CLERK, SUPERVISOR\n"
        assert "(disabled)" in office(staffed, "clerk", "disable", "sato").stdout
        assert "(disabled)" not in office(staffed, "clerk", "enable", "sato").stdout
        assert office(staffed, "clerk", "disable", "ito").exit_code == 2
        assert office(staffed, "clerk", "disable", "nobody").exit_code == 2

    def test_passwords(self, staffed: Place) -> None:
        login(staffed, "sato")
        options: list[str | Path] = ["--password-file", staffed.secret("old", PASSWORD)]
        options += ["--new-password-file", staffed.secret("fresh", OTHER)]
        changed = office(staffed, "clerk", "password", *options)
        assert changed.exit_code == 0 and "log in with the new" in changed.stderr
        assert office(staffed, "whoami").exit_code == 3
        assert login(staffed, "sato", OTHER).exit_code == 0
        refused = office(staffed, "clerk", "password", "kato", *options)
        assert refused.exit_code == 3 and "may not" in refused.stderr
        login(staffed, "ito")
        set_by_it = office(staffed, "clerk", "password", "sato", *options[2:])
        assert "must choose a password" in set_by_it.stdout
        wanted = login(staffed, "sato", OTHER)
        assert wanted.exit_code == 2 and "new-password" in wanted.stderr
        assert login(staffed, "sato", OTHER, PASSWORD).exit_code == 0


class TestApprovals:
    def test_two_persons(self, staffed: Place) -> None:
        login(staffed, "kato")
        with Registry.open(staffed.registry) as registry:
            kato = enter(registry, Right.REPORT_LOST, name=None, default="x")
            for subject in (1, 2):
                with pytest.raises(ApprovalNeededError):
                    Approvals(registry).needed(Operation.REVOKE, subject, by=kato)
        own = office(staffed, "approve", "1")
        assert own.exit_code == 3 and "their own request" in own.stderr
        login(staffed, "sato")
        assert office(staffed, "approve", "1").exit_code == 3
        assert "REVOKE of resident 1, asked by kato: REQUESTED" in office(staffed, "approvals").stdout
        login(staffed, "mori")
        assert "APPROVED, by mori" in office(staffed, "approve", "1").stdout
        assert "REFUSED, by mori" in office(staffed, "refuse", "2").stdout
        assert office(staffed, "approve", "2").exit_code == 2
        assert office(staffed, "approve", "9").exit_code == 2
        listed = mumei_json("office", "approvals", "--registry", staffed.registry, "--all")["approvals"]
        assert [item["state"] for item in listed] == ["approved", "refused"]
        login(staffed, "sato")
        assert office(staffed, "approvals").stdout.count("\n") == 1


def test_help_names_the_groups() -> None:
    assert "audit" in click.Context(cli).command.list_commands(click.Context(cli))  # type: ignore[attr-defined]
