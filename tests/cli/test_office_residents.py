"""``mumei office``: a clerk's residents, from the municipality's file to a card that has to come back."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.cli.test_office import enrol
from tests.fixtures import world
from tests.fixtures.command_line import Place, mumei, mumei_json
from tests.fixtures.postgres import empty_postgresql

CODE = "24727059608"
HEADING = "住民票コード,氏名,フリガナ,性別,生年月日,住所,市区町村コード"
HANAKO = f"{CODE},髙橋 花子,タカハシ ハナコ,女,平成16年2月29日,岐阜県岐阜市架空町1番地,212016"
TARO = "11111111113,見本 太郎,ミホン タロウ,男,1990/1/9,岐阜県大垣市架空町2番地,212024"


def office(place: Place, *arguments: str | Path) -> Result:
    """A command about the place's registry."""
    return mumei("office", *arguments, "--registry", place.registry)


def office_json(place: Place, *arguments: str | Path) -> dict[str, Any]:
    return mumei_json("office", *arguments, "--registry", place.registry)


@pytest.fixture
def file(place: Place) -> Path:
    path = place.folder / "jumin.csv"
    path.write_bytes("\r\n".join((HEADING, HANAKO, TARO, "")).encode("cp932"))
    return path


class TestImport:
    def test_first_a_dry_run(self, place: Place, file: Path) -> None:
        before = place.files()
        result = office(place, "import", file, "--dry-run")
        assert result.exit_code == 0
        assert "nothing was changed" in result.stdout and "2 rows in cp932: 2 new" in result.stdout
        assert "U+9AD9" in result.stdout
        assert place.files() == before

    def test_then_in_earnest_and_again(self, place: Place, file: Path) -> None:
        done = office_json(place, "import", file, "--clerk", "sato")
        assert (done["added"], done["residents"], done["encoding"]) == (2, 2, "cp932")
        again = office_json(place, "import", file, "--clerk", "sato")
        assert (again["added"], again["unchanged"]) == (0, 2)
        history = office(place, "history").stdout
        assert history.count("RESIDENTS_IMPORTED") == 2

    def test_wrong_rows_are_in_a_file_of_their_own(self, place: Place, file: Path) -> None:
        file.write_text("\n".join((HEADING, HANAKO.replace("女", "?"), TARO)), encoding="utf-8")
        errors = place.folder / "wrong.csv"
        for _ in range(2):  # The file of before is written anew.
            refused = mumei(
                "office",
                "import",
                file,
                "--registry",
                place.registry,
                "--errors",
                errors,
                "--skip-errors",
                "--dry-run",
            )
            assert refused.exit_code == 2 and "row 2, sex" in refused.stdout
        octets = errors.read_bytes()
        assert octets.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(octets.decode("utf-8-sig").splitlines()))
        assert [(row["row"], row["field"], row["severity"]) for row in rows] == [
            ("2", "sex", "error"),
        ]
        assert all(row["problem"] and row["what to do"] for row in rows)
        assert "花子" not in octets.decode() and CODE not in octets.decode()
        refused = office(place, "import", file)
        assert refused.exit_code == 2 and "nothing was put on record" in refused.stdout
        taken = office(place, "import", file, "--skip-errors")
        assert taken.exit_code == 0 and "1 new" in taken.stdout

    def test_the_file_of_errors_never_takes_another_files_place(self, place: Place, file: Path) -> None:
        before = file.read_bytes()
        for other in (file, place.registry):
            refused = office(place, "import", file, "--errors", other)
            assert refused.exit_code == 2 and "not overwritten" in refused.stderr
        assert file.read_bytes() == before

    def test_a_file_in_another_encoding_than_said(self, place: Place, file: Path) -> None:
        refused = office(place, "import", file, "--encoding", "utf-8")
        assert refused.exit_code == 2 and "--encoding cp932" in refused.stderr

    def test_changed_rows_only_when_asked_for(self, place: Place, file: Path) -> None:
        office(place, "import", file)
        file.write_text("\n".join((HEADING, HANAKO.replace("1番地", "7番地"))), encoding="utf-8")
        refused = office(place, "import", file)
        assert refused.exit_code == 2 and "--update" in refused.stdout
        assert office_json(place, "import", file, "--update")["changed"] == 1


class TestResident:
    def test_a_life(self, place: Place) -> None:
        assert enrol(place, place.card("hanako")).exit_code == 0
        moved = office(
            place, "resident", "move", "1", "--address", "岐阜県岐阜市架空町77番地", "--on", "2026-11-20"
        )
        assert "address was" in moved.stdout and "renew it" in moved.stdout
        renamed = office_json(
            place, "resident", "rename", "1", "--family-name", "大垣", "--family-reading", "おおがき"
        )
        assert (renamed["name"], renamed["reading"]) == ("大垣 花子", "オオガキ ハナコ")
        corrected = office_json(place, "resident", "correct", "1", "--sex", "not known")
        assert corrected["sex"] == "not known" and corrected["events"][-1]["reason"] == "ENTRY_ERROR"
        died = office(place, "resident", "died", "1", "--on", "2026-11-22")
        assert "TO BE RETURNED: the holder died on 2026-11-22" in died.stdout
        assert "report it lost" in died.stdout
        recalled = office_json(place, "stock", "recalled")
        assert [card["resident"] for card in recalled["cards"]] == [1]
        refused = enrol(place, place.card("second"), 1, "--replacement")
        assert refused.exit_code == 2 and "died on 2026-11-22" in refused.stderr
        assert office(place, "resident", "reinstate", "1").exit_code == 0
        assert office_json(place, "stock", "recalled")["cards"] == []

    def test_out_and_in_again(self, place: Place) -> None:
        out = office(place, "resident", "move-out", "2", "--reason", "ex-officio")
        assert "moved out since 2026-11-23" in out.stdout
        back = office_json(
            place,
            "resident",
            "move-in",
            "2",
            "--address",
            "岐阜県大垣市架空町8番地",
            "--municipality",
            "212024",
        )
        assert (back["state"], back["municipality"]) == ("RESIDENT", "212024")

    def test_the_code_is_asked_for_and_never_shown(self, place: Place) -> None:
        code = world.residents()[0].resident_code.digits
        found = mumei(
            "office",
            "resident",
            "find",
            "--registry",
            place.registry,
            "--code-file",
            place.secret("code", code),
        )
        assert "岐阜 花子" in found.stdout and code not in found.output
        assert "RESIDENT_FOUND_BY_CODE" in office(place, "history").stdout
        wrong = mumei(
            "office",
            "resident",
            "find",
            "--registry",
            place.registry,
            "--code-file",
            place.secret("code", CODE),
        )
        assert wrong.exit_code == 2 and CODE not in wrong.output
        assert office(place, "resident", "find").exit_code == 2
        fixed = mumei(
            "office",
            "resident",
            "correct",
            "1",
            "--registry",
            place.registry,
            "--code-file",
            place.secret("code", CODE),
        )
        assert "resident_code was another one" in fixed.stdout and CODE not in fixed.output
        assert (
            mumei(
                "office",
                "resident",
                "find",
                "--registry",
                place.registry,
                "--code-file",
                place.folder / "code",
            ).exit_code
            == 0
        )

    def test_what_is_refused(self, place: Place) -> None:
        for arguments in (
            ("show", "77"),
            ("died", "1", "--on", "2026-11-24"),
            ("died", "1", "--on", "yesterday"),
            ("correct", "1"),
            ("move", "1", "--address", " "),
            ("move", "1", "--address", "岐阜県岐阜市架空町9番地", "--version", "7"),
            ("rename", "1", "--family-reading", "gifu"),
        ):
            assert office(place, "resident", *arguments).exit_code == 2

    def test_found_in_the_list(self, place: Place) -> None:
        found = office_json(place, "residents", "--reading", "ぎふ")
        assert [one["number"] for one in found["residents"]] == [1]
        found = office_json(place, "residents", "--born", "2004-02-29")
        assert [one["number"] for one in found["residents"]] == [3]


def test_stock(place: Place) -> None:
    note = place.folder / "box.csv"
    note.write_text("number,attestation\n" + "11" * 10 + ",\n" + "22" * 10 + "," + "33" * 32 + "\n")
    assert "2 cards are in the stock" in office(place, "stock", "import", note).stdout
    assert "before" in office(place, "stock", "import", note).stdout
    shown = office_json(place, "stock", "show")
    assert (shown["free"], shown["by_state"]["stock"]) == (2, 2)
    assert office(place, "stock", "import", place.parameters).exit_code == 2
    assert "destroyed" in office(place, "stock", "discard", "11" * 10).stdout
    for number in ("11" * 10, "33" * 10, "zz"):
        assert office(place, "stock", "discard", number).exit_code == 2
    assert office_json(place, "stock", "show")["free"] == 1


class TestKeys:
    def test_elsewhere_on_request(self, place: Place) -> None:
        registry, key = place.folder / "new.db", place.folder / "safe.bin"
        made = mumei("office", "init", "--registry", registry, "--registry-key", key)
        assert made.exit_code == 0 and str(key) in made.stdout
        with_key = ("--registry", registry, "--registry-key", key)
        assert mumei("office", "import", "--samples", *with_key).exit_code == 0
        assert mumei("office", "residents", "--registry", registry).exit_code == 5
        assert mumei("office", "residents", *with_key).stdout.count("\n") == 12

    def test_a_new_one(self, place: Place) -> None:
        changed = office(place, "new-key")
        assert "under key 2" in changed.stdout and "12 codes" in changed.stderr
        assert office(place, "residents").exit_code == 0

    def test_nothing_to_upgrade(self, place: Place) -> None:
        done = office_json(place, "upgrade")
        assert done == {"key_file": str(place.registry.with_suffix(".key")), "key_made": False, "copy": None}


def test_a_registry_on_a_server(place: Place) -> None:
    with empty_postgresql() as url:
        refused = mumei("office", "init", "--registry", url)
        assert refused.exit_code == 2 and "--registry-key" in refused.stderr
        where = ("--registry", url, "--registry-key", place.folder / "server.key")
        assert mumei("office", "init", *where).exit_code == 0
        assert mumei("office", "init", *where).exit_code == 2
        assert mumei("office", "import", "--samples", *where).exit_code == 0
        assert "岐阜 花子" in mumei("office", "residents", *where).stdout
        assert "key 2" in mumei("office", "new-key", *where).stdout
        missing = mumei(
            "office", "residents", "--registry", url + "x", "--registry-key", place.folder / "server.key"
        )
        assert missing.exit_code == 3


def test_json_of_a_resident_is_whole(place: Place) -> None:
    shown = json.loads(office(place, "resident", "show", "1", "--json").stdout)
    assert shown["name"] == "岐阜 花子" and shown["version"] == 1 and shown["notes"] == []
    with sqlite3.connect(place.registry) as raw:
        raw.execute("UPDATE resident SET address = '葛\U000e0100町'")
    shown = office_json(place, "resident", "show", "1")
    assert "variation" in shown["notes"][0]
    # Debian's font for letters knows the base character only.
    assert shown["notes"][1:] in ([], ["address: a letter prints 葛町"])
