"""``mumei issuer``'s commands for offices, service, log, periods, back-up and ceremony, as they are typed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import PASSPHRASE, mumei, mumei_json
from tests.issuer import cards
from tests.issuer.desks import trusted
from tests.issuer.ledgers import beginning, terms
from tests.issuer.rooms import OFFICE_PASSPHRASE, Room

from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import Issuance
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.tls import Identity
from mumei_core.commands.codes import PROFILE_STANDARD


def certify(room: Room, **options: str) -> dict[str, Any]:
    """An office CA, the service's certificate, and an office's."""
    ca = room.folder / "offices"
    passphrase = room.passphrase
    mumei_json("issuer", "office-ca", "init", ca, "--name", "Offices TEST", *passphrase)
    mumei_json(
        *("issuer", "service-certificate", room.issuer, "--ca", ca, "--host", "127.0.0.1", *passphrase),
        *("--ca-passphrase-file", passphrase[1]),
    )
    wanted = {"--may": "enrol", "--prefectures": "21,23", "--per-hour": "100"} | options
    return mumei_json(
        *("issuer", "office-certificate", cards.OFFICE, "--ca", ca, "--out", room.folder / "ward"),
        *(word for pair in wanted.items() for word in pair),
        *passphrase,
        *("--office-passphrase-file", room.secret("office", OFFICE_PASSPHRASE)),
    )


class TestOffices:
    def test_are_certified_for_what_is_said(self, room: Room) -> None:
        report = certify(room)

        assert report["may"] == ["enrol"] and report["prefectures"] == [21, 23] and report["per_hour"] == 100
        assert stat.S_IMODE((room.folder / "ward/office.key").stat().st_mode) == 0o600
        assert b"ENCRYPTED" in (room.folder / "ward/office.key").read_bytes()
        assert sorted(path.name for path in (room.folder / "ward").iterdir()) == [
            *("office-ca.pem", "office.key", "office.pem")
        ]
        # The CA's key stays where it is.
        assert sorted(path.name for path in room.issuer.iterdir()) == [
            *("issuer.key", "office-ca.pem", "parameters.cbor", "service.key", "service.pem")
        ]

    def test_that_keep_their_key_send_a_request(self, room: Room) -> None:
        certify(room)
        key, request = room.folder / "own.key", room.folder / "own.csr"
        subprocess.run(
            [
                *("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *("-subj", "/CN=whatever", "-keyout", key, "-out", request),
            ],
            check=True,
            capture_output=True,
        )
        arguments = (
            *("issuer", "office-certificate", "Seki TEST", "--ca", room.folder / "offices", "--may", "renew"),
            *("--prefectures", "21", "--per-hour", "5", "--out", room.folder / "seki", *room.passphrase),
        )
        report = mumei_json(*arguments, "--request", request)

        # What may be signed is the CA's word, and the name too.
        assert report["subject"] == "Seki TEST" and report["may"] == ["renew"]
        assert not (room.folder / "seki/office.key").exists()
        shown = subprocess.run(
            [
                "openssl",
                "verify",
                "-CAfile",
                room.folder / "seki/office-ca.pem",
                room.folder / "seki/office.pem",
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        assert shown.returncode == 0, shown.stderr
        assert mumei(*arguments, "--request", request).exit_code == 2
        assert mumei(*arguments[:-3], room.folder / "x", *room.passphrase, "--request", key).exit_code == 5

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--may", "everything"),
            ("--may", ""),
            ("--prefectures", "48"),
            ("--prefectures", "Gifu"),
            ("--per-hour", "0"),
        ],
    )
    def test_get_no_certificate_that_makes_no_sense(self, room: Room, option: str, value: str) -> None:
        wanted = {"--may": "enrol", "--prefectures": "21", "--per-hour": "10"} | {option: value}
        result = mumei(
            *("issuer", "office-certificate", "X", "--ca", room.folder / "none", "--out", room.folder / "x"),
            *(word for pair in wanted.items() for word in pair),
            *room.passphrase,
        )
        assert result.exit_code == 2 and not (room.folder / "x").exists()

    def test_are_revoked_one_after_the_other(self, room: Room) -> None:
        first = certify(room)
        ca = room.folder / "offices"
        arguments = (
            "issuer",
            "office-ca",
            "revoke",
            room.folder / "ward/office.pem",
            "--ca",
            ca,
            *room.passphrase,
        )

        assert mumei_json(*arguments)["serials"] == [first["serial"]]
        assert mumei_json(*arguments)["serials"] == [first["serial"]]
        other = Room(room.folder / "other")
        other.folder.mkdir()
        other.make_issuer()
        certify(other)
        result = mumei(*arguments[:3], other.folder / "ward/office.pem", *arguments[4:])
        # Both CAs have one name; the certificate is told by who signed it.
        assert result.exit_code == 2 and "another CA" in result.stderr


class TestServe:
    def start(self, room: Room, *options: str | Path) -> tuple[subprocess.Popen[str], str]:
        """The service, as it is started; where it listens."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mumei.cli.main", "issuer", "serve", room.issuer),
                *("--listen", "127.0.0.1:0", *map(str, room.passphrase), *map(str, options)),
            ],
            env={**os.environ, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "https://" in line:
                return process, next(word for word in line.split() if word.startswith("https://")).rstrip(";")
        raise AssertionError(f"it did not start: {process.wait()}")

    def test_signs_for_an_office_and_ends_in_order(self, room: Room) -> None:
        certify(room)
        ward = room.folder / "ward"
        identity = Identity(
            certificate=ward / "office.pem",
            key=ward / "office.key",
            ca=ward / "office-ca.pem",
            passphrase=OFFICE_PASSPHRASE.encode(),
        )
        asked = cards.request()
        process, url = self.start(room)
        try:
            with RemoteIssuer(url, identity, trusted()) as issuer:
                issuer.check_ready()
                issued = issuer.issue(asked)
        finally:
            process.send_signal(signal.SIGTERM)
            said, log = process.communicate(timeout=20)

        assert isinstance(issued, Issuance) and process.returncode == 0 and said == ""
        assert f"{cards.OFFICE}: enrol request {asked.digest[:8].hex()} signed" in log
        assert "ended; everything that was begun is on file" in log
        for secret in (PASSPHRASE, *(value.decode("latin-1") for value in asked.attributes[3:])):
            assert secret not in log
        report = mumei_json("issuer", "log", room.issuer, "--verify")
        assert report["count"] == 1 and report["lines"][0]["digest"] == asked.digest.hex()

    def test_for_real_cards_wants_to_know_whom_to_trust(self, room: Room) -> None:
        certify(room)
        (room.issuer / "parameters.cbor").unlink()
        replace(world.issuer().parameters, profile=PROFILE_STANDARD).save(room.issuer / "parameters.cbor")

        result = mumei("issuer", "serve", room.issuer, "--listen", "127.0.0.1:0", *room.passphrase)
        assert result.exit_code == 2 and "--maker-root" in result.stderr and "--trustees" in result.stderr

    def test_that_lacks_something_says_what(self, room: Room) -> None:
        result = mumei("issuer", "serve", room.issuer, *room.passphrase)
        assert result.exit_code == 5 and "service.pem" in result.stderr
        wrong = room.secret("wrong", "not the passphrase")
        assert mumei("issuer", "serve", room.issuer, "--passphrase-file", wrong).exit_code == 2
        assert not (room.issuer / "ledger.key").exists()


class TestLog:
    def test_is_shown_verified_and_compared_with_a_noted_head(self, room: Room) -> None:
        with room.ledger() as ledger:
            for _ in range(3):
                ledger.begin(beginning(), terms)
            noted = ledger.head().text()
            ledger.begin(beginning(office="Tokyo TEST"), terms)

        arguments = ("issuer", "log", room.issuer)
        text = mumei(*arguments, "--verify", "--noted", noted).stdout
        assert "verified: 4 lines" in text and "Tokyo TEST" in text
        report = mumei_json(*arguments, "--last", "1")
        assert [line["office"] for line in report["lines"]] == ["Tokyo TEST"] and not report["verified"]
        assert set(report["lines"][0]) == {"number", "at", "office", "key_id", "purpose", "digest", "hash"}
        assert mumei(*arguments, "--noted", noted.replace("3:", "2:")).exit_code == 5
        assert mumei(*arguments, "--noted", "nonsense").exit_code == 2

    def test_that_is_not_there_is_said_and_not_made(self, room: Room) -> None:
        result = mumei("issuer", "log", room.issuer)

        assert result.exit_code == 5 and "no ledger" in result.stderr
        assert not (room.issuer / "ledger.db").exists()


class TestKeeping:
    def passphrases(self, room: Room, *numbers: int) -> list[str | Path]:
        found: list[str | Path] = []
        for i in numbers:
            found += ["--share-passphrase-file", room.secret(f"holder{i}", f"holder number {i}")]
        return found

    def test_a_back_up_comes_back_with_the_ledger(self, room: Room) -> None:
        with room.ledger() as ledger:
            kept = ledger.begin(beginning(), terms)
        out = room.folder / "shares"
        report = mumei_json(
            *("issuer", "backup", room.issuer, "--shares", "3", "--threshold", "2", "--out", out),
            *room.passphrase,
            *self.passphrases(room, 1, 2, 3),
        )
        assert report["threshold"] == 2 and len(report["files"]) == 3

        back = room.folder / "back"
        new = room.secret("new", "quite another passphrase")
        restored = mumei_json(
            *("issuer", "restore", back, out / "share-3.key", out / "share-1.key", "--passphrase-file", new),
            *self.passphrases(room, 3, 1),
        )
        assert restored["key_id"] == world.issuer().key.key_id.hex()
        (back / "ledger.db").write_bytes(b"")
        for name in ("ledger.db", "ledger.db-wal"):
            if (room.issuer / name).exists():
                (back / name).write_bytes((room.issuer / name).read_bytes())
        (back / "ledger.db").chmod(0o600)
        with DurableLedger.of_folder(back, b"quite another passphrase") as ledger:
            assert ledger.by_record(kept.beginning.record) == (kept,)

    def test_too_few_shares_are_said_before_any_passphrase(self, room: Room) -> None:
        out = room.folder / "shares"
        mumei_json(
            *("issuer", "backup", room.issuer, "--shares", "3", "--threshold", "2", "--out", out),
            *room.passphrase,
            *self.passphrases(room, 1, 2, 3),
        )
        back = room.folder / "back"
        result = mumei("issuer", "restore", back, out / "share-1.key", *room.passphrase)
        assert result.exit_code == 2 and "2 shares are needed" in result.stderr
        result = mumei(
            *("issuer", "restore", back, out / "share-1.key", out / "share-2.key", *room.passphrase),
            *self.passphrases(room, 1, 3),
        )
        assert result.exit_code == 2 and "passphrase" in result.stderr and not back.exists()
        result = mumei(
            *("issuer", "restore", back, out / "share-1.key", out / "share-2.key", *room.passphrase),
            *self.passphrases(room, 1),
        )
        assert result.exit_code == 2 and "2 shares and 1 passphrases" in result.stderr

    def test_a_new_period_says_what_is_next(self, room: Room) -> None:
        result = mumei("issuer", "rotate", room.issuer, "--period", "2027", *room.passphrase)

        assert result.exit_code == 0 and "mumei auditor sign issuer-key" in result.stdout
        assert mumei("issuer", "audit", room.issuer / "periods/2027/parameters.cbor").exit_code == 0
        again = mumei("issuer", "rotate", room.issuer, "--period", "2027", *room.passphrase)
        assert again.exit_code == 2
