"""Logging in, sessions that lock, and the gate before every command."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.fixtures.clerks import (
    PASSWORD,
    TEMPORARY,
    Clock,
    clerks_of,
    log_in,
    logins_of,
)
from tests.office.clerk_fixtures import clock as clock
from tests.office.clerk_fixtures import office as office
from tests.office.clerk_fixtures import people as people

from mumei.office.audit.actions import AuditAction
from mumei.office.clerks import keys
from mumei.office.clerks.gate import enter, token_file
from mumei.office.clerks.logins import IDLE, LONGEST, LoginThrottledError, PasswordChangeNeededError
from mumei.office.clerks.passwords import WrongPasswordError
from mumei.office.clerks.roles import (
    Right,
    Role,
)
from mumei.office.clerks.session import ClerkSession, NoRightError, NotLoggedInError, SetUpOnlyError
from mumei.office.registry import Registry
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.errors import DataError, HostEnvironmentError, InvalidProof, UsageError

SET_UP = ClerkSession.in_set_up("root")


class TestLogin:
    def test_a_password_set_by_it_is_changed_first(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        clerks_of(office).add("endo", frozenset({Role.CLERK}), TEMPORARY, by=people["ito"])
        with pytest.raises(PasswordChangeNeededError):
            log_in(office, "endo", TEMPORARY)
        for chosen in (TEMPORARY, "short"):
            with pytest.raises(UsageError):
                logins_of(office).login("endo", TEMPORARY, new_password=chosen)
        began = logins_of(office).login("endo", TEMPORARY, new_password=PASSWORD)
        assert began.session.may(Right.ISSUE_CARDS)
        with pytest.raises(WrongPasswordError):
            log_in(office, "endo", TEMPORARY)

    def test_a_wrong_password_and_an_unknown_name_look_the_same(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        said = []
        for name, password in (("sato", TEMPORARY), ("nobody", PASSWORD), ("", PASSWORD)):
            with pytest.raises(WrongPasswordError) as refused:
                log_in(office, name, password)
            said.append((refused.value.message, refused.value.hint))
        assert len(set(said)) == 1
        # What was typed as a name may have been a password: only names on record are kept.
        assert [entry.clerk for entry in office.history() if entry.action is AuditAction.LOGIN_REFUSED] == [
            "sato"
        ]

    def test_wrong_tries_wait_longer_and_longer_but_never_for_good(
        self, office: Registry, people: dict[str, ClerkSession], clock: Clock
    ) -> None:
        waits: list[int] = []
        waited = 0
        while len(waits) < 12:
            try:
                log_in(office, "sato", TEMPORARY)
            except LoginThrottledError:
                waited += 1
                clock.forward(seconds=1)
            except WrongPasswordError:
                waits.append(waited)
                waited = 0
        assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60]
        clock.forward(seconds=60)
        log_in(office, "sato")

    def test_who_tries_elsewhere_locks_nobody_out(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        for _ in range(4):
            with pytest.raises(WrongPasswordError):
                logins_of(office, b"elsewhere").login("sato", TEMPORARY)
        with pytest.raises(LoginThrottledError, match="in 2 seconds") as refused:
            logins_of(office, b"elsewhere").login("sato", PASSWORD)
        assert "another desk" in refused.value.hint
        log_in(office, "sato")

    def test_a_right_password_forgives_the_wrong_ones(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        for _ in range(5):
            for _ in range(3):
                with pytest.raises(WrongPasswordError):
                    log_in(office, "sato", TEMPORARY)
            log_in(office, "sato")

    def test_a_try_counts_before_it_is_compared(
        self, office: Registry, people: dict[str, ClerkSession], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("mumei.office.clerks.logins.verify_password", killed)
            for _ in range(4):
                with pytest.raises(KeyboardInterrupt):
                    log_in(office, "sato")
        with pytest.raises(LoginThrottledError):
            log_in(office, "sato")

    def test_tries_at_once_are_all_counted(self, registry_url: str, clock: Clock) -> None:
        with Registry.open(registry_url, clock=clock, busy_timeout=20) as registry:
            clerks_of(registry).add("ito", frozenset({Role.IT}), PASSWORD, by=SET_UP)
            outcomes: list[type[Exception]] = []

            def attempt() -> None:
                try:
                    log_in(registry, "ito", TEMPORARY)
                except (WrongPasswordError, LoginThrottledError) as error:
                    outcomes.append(type(error))

            threads = [threading.Thread(target=attempt) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert outcomes.count(WrongPasswordError) == 4 and outcomes.count(LoginThrottledError) == 4


class TestSession:
    def test_locked_when_idle_and_over_after_a_day(
        self, office: Registry, people: dict[str, ClerkSession], clock: Clock
    ) -> None:
        logins, token = logins_of(office), log_in(office, "sato").token
        for _ in range(3):
            clock.now += IDLE
            assert logins.resume(token).name == "sato"
        clock.now += IDLE + timedelta(seconds=1)
        for _ in range(2):
            with pytest.raises(NotLoggedInError, match="sato's session is locked") as refused:
                logins.resume(token)
            assert "unlock" in refused.value.hint
        with pytest.raises(WrongPasswordError):
            logins.unlock(token, TEMPORARY)
        assert logins.unlock(token, PASSWORD).name == "sato"
        clock.now += LONGEST
        for attempt in (
            lambda: logins.resume(token),
            lambda: logins.unlock(token, PASSWORD),
            lambda: logins.lock(token),
        ):
            with pytest.raises(NotLoggedInError):
                attempt()

    def test_a_clock_put_back_locks_too(
        self, office: Registry, people: dict[str, ClerkSession], clock: Clock
    ) -> None:
        token = log_in(office, "sato").token
        clock.forward(hours=-1)
        with pytest.raises(NotLoggedInError):
            logins_of(office).resume(token)

    def test_locked_by_hand_the_key_is_gone_from_the_registry(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        logins, began = logins_of(office), log_in(office, "sato")
        assert logins.lock(began.token) == "sato"
        with office._reading() as session:
            sealed = session.execute(
                text("SELECT sealed_key FROM clerk_session ORDER BY id DESC LIMIT 1")
            ).scalar()
        assert sealed is None
        again = logins.unlock(began.token, PASSWORD)
        assert again.key is not None and began.session.key is not None
        assert again.key.point == began.session.key.point

    def test_logged_out_is_out(self, office: Registry, people: dict[str, ClerkSession]) -> None:
        logins, token = logins_of(office), log_in(office, "sato").token
        assert logins.logout(token) == "sato"
        for attempt in (lambda: logins.resume(token), lambda: logins.logout(token)):
            with pytest.raises(NotLoggedInError):
                attempt()
        assert office.history()[-1].action is AuditAction.LOGGED_OUT

    @pytest.mark.parametrize("token", [b"", bytes(32), b"x" * 32])
    def test_no_other_token_fits(
        self, office: Registry, people: dict[str, ClerkSession], token: bytes
    ) -> None:
        with pytest.raises(NotLoggedInError):
            logins_of(office).resume(token)

    def test_a_password_change_ends_every_session_and_keeps_the_key(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        logins, began = logins_of(office), log_in(office, "sato")
        with pytest.raises(WrongPasswordError):
            logins.change_password("sato", TEMPORARY, "another one, quite long")
        logins.change_password("sato", PASSWORD, "another one, quite long")
        with pytest.raises(NotLoggedInError):
            logins.resume(began.token)
        key = log_in(office, "sato", "another one, quite long").session.key
        assert key is not None and began.session.key is not None
        assert key.point == began.session.key.point

    def test_a_password_set_by_it_never_opens_the_clerk_s_key(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        before = log_in(office, "sato")
        clerks_of(office).reset_password("sato", TEMPORARY, by=people["ito"])
        with pytest.raises(NotLoggedInError):
            logins_of(office).resume(before.token)
        with office._reading() as session:
            numbers = session.execute(
                text(
                    "SELECT count(*) FROM clerk_key JOIN clerk ON clerk.id = clerk_id"
                    " WHERE name = 'sato' AND wrapped IS NOT NULL"
                )
            ).scalar()
        assert numbers == 0
        after = logins_of(office).login("sato", TEMPORARY, new_password=PASSWORD).session
        assert after.key is not None and before.session.key is not None
        assert after.key.point != before.session.key.point

    def test_a_session_signs_with_the_key_that_the_trail_names(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        session = logins_of(office).resume(log_in(office, "sato").token)
        signature = session.sign(b"record")
        assert session.key is not None
        verify(session.key.point, b"record", signature)
        with pytest.raises(InvalidProof):
            verify(session.key.point, b"other", signature)
        named = {
            entry.digest
            for entry in office.history()
            if entry.action is AuditAction.CLERK_KEY_SET and entry.about == "sato"
        }
        assert named == {keys.fingerprint(session.key.point)}

    def test_a_key_put_into_the_registry_is_noticed(self) -> None:
        token, key = bytes(32), SigningKey(5)
        sealed = keys.seal_for_session(key, token)
        assert keys.open_for_session(sealed, token).point == key.point
        for wrong in (b"", sealed[:-1], SigningKey(6).point + sealed[65:]):
            with pytest.raises(DataError):
                keys.open_for_session(wrong, token)
        with pytest.raises(DataError):
            keys.open_for_session(sealed, bytes(31) + b"x")

    def test_nobody_signs_in_set_up_and_real_cards_wait_for_named_clerks(
        self, people: dict[str, ClerkSession]
    ) -> None:
        with pytest.raises(NotLoggedInError):
            SET_UP.sign(b"x")
        SET_UP.check_card(development=True)
        with pytest.raises(SetUpOnlyError, match="development cards only"):
            SET_UP.check_card(development=False)
        people["sato"].check_card(development=False)


class TestGate:
    @pytest.fixture(autouse=True)
    def _runtime(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def test_in_set_up_anybody_under_any_name(self, office: Registry) -> None:
        assert enter(office, Right.ISSUE_CARDS, name=None, default="root").name == "root"
        assert enter(office, Right.MANAGE_CLERKS, name="sato", default="root").name == "sato"

    def test_afterwards_whoever_has_logged_in(
        self, office: Registry, people: dict[str, ClerkSession]
    ) -> None:
        with pytest.raises(NotLoggedInError, match="nobody has logged in"):
            enter(office, Right.ISSUE_CARDS, name=None, default="root")
        place = token_file(office)
        place.write(log_in(office, "sato").token)
        assert enter(office, Right.ISSUE_CARDS, name=None, default="root").name == "sato"
        assert enter(office, Right.ISSUE_CARDS, name="sato", default="root").named
        with pytest.raises(NotLoggedInError, match="is sato"):
            enter(office, Right.ISSUE_CARDS, name="kato", default="root")
        with pytest.raises(NoRightError):
            enter(office, Right.MANAGE_CLERKS, name=None, default="root")
        place.remove()
        place.remove()
        with pytest.raises(NotLoggedInError):
            enter(office, Right.ISSUE_CARDS, name=None, default="root")

    def test_the_token_s_file_is_private(self, office: Registry, tmp_path: Path) -> None:
        place = token_file(office)
        place.write(bytes(32))
        place.write(b"x" * 32)
        assert place.read() == b"x" * 32
        assert place.path.stat().st_mode & 0o777 == 0o600
        assert place.path.parent == tmp_path / "mumei" and place.path.parent.stat().st_mode & 0o777 == 0o700
        place.path.chmod(0o644)
        with pytest.raises(HostEnvironmentError, match="read by others"):
            place.read()
        place.path.chmod(0o600)
        for octets in (b"", b"x" * 32, b"mumei session 1\nshort"):
            place.path.write_bytes(octets)
            assert place.read() is None

    def test_a_runtime_folder_that_others_may_enter(self, office: Registry, tmp_path: Path) -> None:
        (tmp_path / "mumei").mkdir(mode=0o755)
        with pytest.raises(HostEnvironmentError, match="others may enter"):
            token_file(office)

    def test_without_a_runtime_folder_one_of_our_own(
        self, office: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        place = token_file(office)
        place.write(bytes(32))
        assert place.path.parent.parent == tmp_path and place.read() == bytes(32)
