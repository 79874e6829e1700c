"""``mumei issuer``: key and parameters, made, audited, shown."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import Place, mumei, mumei_json

from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters
from mumei_core.commands import codes


class TestInit:
    def test_a_folder_with_key_and_parameters_is_made(self, place: Place) -> None:
        folder = place.folder / "new"
        result = mumei(
            *("issuer", "init", folder, "--name", "New TEST", "--development"),
            *("--passphrase-file", place.passphrase),
        )
        assert result.exit_code == 0
        assert "audit: key and all 256 digit signatures are right" in result.stdout
        assert "DEVELOPMENT" in result.stdout
        assert sorted(path.name for path in folder.iterdir()) == ["issuer.key", "parameters.cbor"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "issuer.key").stat().st_mode) == 0o600
        key = IssuerKey.load(folder / "issuer.key", place.passphrase.read_bytes().strip())
        parameters = PublicParameters.load(folder / "parameters.cbor")
        parameters.audit()
        assert key.key_id == parameters.key_id
        assert parameters.ages == (12, 15, 18, 20, 60, 65, 70)

        before = place.files()
        again = mumei(
            *("issuer", "init", folder, "--name", "New TEST", "--development"),
            *("--passphrase-file", place.passphrase),
        )
        assert (again.exit_code == 2 and "not overwritten" in again.stderr) or "already" in again.stderr
        assert place.files() == before

    def test_json_names_the_key_and_the_table(self, place: Place) -> None:
        arguments = ("issuer", "init", place.folder / "new", "--name", "New TEST", "--development")
        report = mumei_json(*arguments, "--passphrase-file", place.passphrase)
        assert report["issuer"] == "New TEST"
        assert report["development"] is True and report["audited"] is True
        assert len(report["key_id"]) == len(report["digit_table"]) == 64

    def test_parameters_are_for_standard_cards_unless_said_otherwise(self, place: Place) -> None:
        folder = place.folder / "new"
        result = mumei("issuer", "init", folder, "--name", "X", "--passphrase-file", place.passphrase)
        assert result.exit_code == 0 and "DEVELOPMENT" not in result.stdout
        parameters = PublicParameters.load(folder / "parameters.cbor")
        parameters.audit()
        assert parameters.profile == codes.PROFILE_STANDARD
        shown = mumei_json("issuer", "show", folder / "parameters.cbor")
        assert shown["development"] is False

    @pytest.mark.parametrize("options", [(), ("--development",)])
    def test_without_a_name_nothing_is_made(self, place: Place, options: tuple[str, ...]) -> None:
        passphrase = place.passphrase
        before = place.files()
        result = mumei("issuer", "init", place.folder / "new", *options, "--passphrase-file", passphrase)
        assert result.exit_code == 2 and "--name" in result.stderr
        assert place.files() == before

    def test_a_short_passphrase_makes_nothing(self, place: Place) -> None:
        short = place.secret("short", "seven77")
        before = place.files()
        result = mumei(
            *("issuer", "init", place.folder / "new", "--name", "X", "--development"),
            *("--passphrase-file", short),
        )
        assert result.exit_code == 2 and "passphrase" in result.stderr
        assert place.files() == before

    def test_no_terminal_to_ask_at(self, place: Place) -> None:
        result = mumei("issuer", "init", place.folder / "new", "--name", "X", "--development")
        assert result.exit_code == 2 and "--passphrase-file" in result.stderr

    def test_where_no_folder_can_be(self, place: Place) -> None:
        result = mumei(
            *("issuer", "init", place.passphrase / "new", "--name", "X", "--development"),
            *("--passphrase-file", place.passphrase),
        )
        assert result.exit_code == 3

    @pytest.mark.parametrize("there", ["issuer.key", "parameters.cbor"])
    def test_half_of_a_folder_is_there_already(self, place: Place, there: str) -> None:
        folder = place.folder / "new"
        folder.mkdir()
        (folder / there).write_bytes(b"mine")
        passphrase = place.passphrase
        before = place.files()
        result = mumei(
            *("issuer", "init", folder, "--name", "X", "--development", "--passphrase-file", passphrase)
        )
        assert result.exit_code == 2
        assert place.files() == before


class TestAuditAndShow:
    def test_audit(self, place: Place) -> None:
        result = mumei("issuer", "audit", place.parameters)
        assert result.exit_code == 0
        assert "audit: key and all 256 digit signatures are right" in result.stdout
        assert mumei_json("issuer", "audit", place.parameters)["audited"] is True

    def test_show_checks_nothing_and_says_so(self, place: Place) -> None:
        result = mumei("issuer", "show", place.parameters)
        assert result.exit_code == 0
        assert "Gifu TEST" in result.stdout and "audit:" not in result.stdout
        report = mumei_json("issuer", "show", place.parameters)
        assert report["key_id"] == world.issuer().parameters.key_id.hex()
        assert report["ages_without_pin"] == [12, 15, 18, 20, 60, 65, 70]

    @pytest.mark.parametrize("field", ["W1", "A", "W", "digit_key", "public_key"])
    def test_parameters_that_do_not_stand_the_audit(self, place: Place, field: str) -> None:
        other = world.issuer("Elsewhere TEST").parameters
        honest = world.issuer().parameters
        tampered = {
            "W1": replace(honest, W1=other.W1),
            "A": replace(honest, A=other.A),
            "W": replace(honest, W=other.W),
            "digit_key": replace(honest, digit_key=other.digit_key),
            "public_key": replace(honest, public_key=other.public_key),
        }[field]
        file = place.folder / "tampered.cbor"
        tampered.save(file)
        result = mumei("issuer", "audit", file)
        assert result.exit_code == 5 and "do not stand the audit" in result.stderr

    @pytest.mark.parametrize("command", ["audit", "show"])
    def test_files_that_are_no_parameters(self, place: Place, command: str) -> None:
        whole = place.parameters.read_bytes()
        for number, octets in enumerate(
            (b"", b"\x80", whole[:-1], whole[:100], b"\xff" * 100, bytes(70_000))
        ):
            file = place.folder / f"broken{number}"
            file.write_bytes(octets)
            assert mumei("issuer", command, file).exit_code == 5, number
        assert mumei("issuer", command, place.folder / "none").exit_code == 5
        assert mumei("issuer", command, place.folder).exit_code == 3

    def test_a_file_with_something_behind_it(self, place: Place) -> None:
        file = place.folder / "longer"
        file.write_bytes(place.parameters.read_bytes() + b"\x00")
        assert mumei("issuer", "show", file).exit_code == 5


def test_the_key_file_is_not_readable_without_its_passphrase(place: Place) -> None:
    secret = world.issuer().key.secret.to_bytes(32)
    assert secret not in Path(place.issuer / "issuer.key").read_bytes()
