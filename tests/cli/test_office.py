"""``mumei office``: registry, enrolment, trail, as a clerk meets them."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from tests.fixtures import world
from tests.fixtures.command_line import PASSPHRASE, Place, mumei, mumei_json

from mumei.issuer.parameters import PublicParameters
from mumei.office.registry import Registry
from mumei.transport import simulator
from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.applet.records import StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_core.commands import codes


def enrol(place: Place, card: Path, resident: int = 1, *options: str, **replaced: Path) -> Result:
    paths = {
        "registry": place.registry,
        "issuer": place.issuer,
        "card": card,
        "passphrase-file": place.passphrase,
        **{name.replace("_", "-"): path for name, path in replaced.items()},
    }
    named = [part for name, path in paths.items() for part in (f"--{name}", path)]
    return mumei("office", "enrol", str(resident), *named, "--clerk", "sato", *options)


class TestRegistry:
    def test_made_filled_and_listed(self, place: Place) -> None:
        registry = place.folder / "new.db"
        made = mumei("office", "init", "--registry", registry)
        assert made.exit_code == 0 and "mumei office import" in made.stdout
        assert "no residents" in mumei("office", "residents", "--registry", registry).stdout
        added = mumei("office", "import", "--registry", registry, "--samples", "--clerk", "sato")
        assert (added.exit_code, added.stdout) == (0, "12 residents are on record\n")
        listed = mumei("office", "residents", "--registry", registry)
        assert listed.stdout.count("\n") == 12
        assert "岐阜 花子 (ギフ ハナコ)" in listed.stdout
        page = mumei_json("office", "residents", "--registry", registry, "--after", "2", "--limit", "3")
        assert [resident["number"] for resident in page["residents"]] == [3, 4, 5]
        # The code joins lists to lists: it is not shown by habit.
        codes = [resident.resident_code.digits for resident in world.residents()]
        assert not any(code in listed.stdout for code in codes)

    def test_an_existing_registry_is_not_touched(self, place: Place) -> None:
        before = place.files()
        assert mumei("office", "init", "--registry", place.registry).exit_code == 2
        assert place.files() == before

    def test_residents_from_a_file_all_or_none(self, place: Place) -> None:
        registry, file = place.folder / "new.db", place.folder / "residents.json"
        mumei("office", "init", "--registry", registry)
        forms = [resident.to_form() for resident in world.residents()[:3]]
        file.write_text(json.dumps(forms, ensure_ascii=False), encoding="utf-8")
        assert mumei_json("office", "import", file, "--registry", registry)["residents"] == 3
        again = mumei("office", "import", file, "--registry", registry)
        assert again.exit_code == 2
        wrong = [
            world.residents()[4].to_form(),
            {**world.residents()[5].to_form(), "resident_code": "12345678901"},
        ]
        file.write_text(json.dumps(wrong, ensure_ascii=False), encoding="utf-8")
        refused = mumei("office", "import", file, "--registry", registry)
        assert refused.exit_code == 2 and "entry 2" in refused.stderr
        assert len(mumei_json("office", "residents", "--registry", registry)["residents"]) == 3

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"resident_code": "９００００００００１２"}, id="full-width digits"),
            pytest.param({"birth_date": "2004-02-30"}, id="no such day"),
            pytest.param({"birth_date": "1879-12-31"}, id="before 1880"),
            pytest.param({"birth_date": "2026-11-24"}, id="tomorrow"),
            pytest.param({"family_name": "\ud83d"}, id="an unpaired surrogate"),
            pytest.param({"municipality": "212017"}, id="a wrong check digit"),
            pytest.param({"sex": "other"}, id="an unknown word"),
            pytest.param({"nickname": "Hana"}, id="an unknown entry"),
        ],
    )
    def test_a_form_that_is_wrong(self, place: Place, change: dict[str, str]) -> None:
        registry, file = place.folder / "new.db", place.folder / "residents.json"
        mumei("office", "init", "--registry", registry)
        file.write_text(json.dumps([{**world.residents()[0].to_form(), **change}]), encoding="utf-8")
        assert mumei("office", "import", file, "--registry", registry).exit_code == 2
        assert mumei_json("office", "residents", "--registry", registry)["residents"] == []

    @pytest.mark.parametrize("octets", [b"", b"{}", b"[", b"\xff\xfe", b"[1]", b"[" * 100_000])
    def test_a_file_that_is_no_json(self, place: Place, octets: bytes) -> None:
        file = place.folder / "residents.json"
        file.write_bytes(octets)
        assert mumei("office", "import", file, "--registry", place.registry).exit_code == 2

    def test_usage(self, place: Place) -> None:
        assert mumei("office", "import", "--registry", place.registry).exit_code == 2
        missing = mumei("office", "import", place.folder / "none", "--registry", place.registry)
        assert missing.exit_code == 2
        assert mumei("office", "residents", "--registry", place.folder / "none").exit_code == 3
        assert mumei("office", "residents", "--registry", place.parameters).exit_code in (2, 3)
        assert mumei("office", "residents", "--registry", place.registry, "--limit", "0").exit_code == 2
        assert mumei("office", "residents", "--registry", place.registry, "--after", "-1").exit_code == 2
        assert mumei("office", "cancel", "7", "--registry", place.registry).exit_code == 2
        assert mumei("office", "history", "--registry", place.registry, "--resident", "77").exit_code in (
            0,
            2,
        )


class TestEnrol:
    def test_a_card_is_issued(self, place: Place) -> None:
        card = place.card("hanako")
        result = enrol(place, card)
        assert result.exit_code == 0
        assert "the card is issued" in result.stdout and "until 2027-12-31" in result.stdout
        assert "DEVELOPMENT" in result.stdout
        # Progress is no result.
        assert "pins the issuer's parameters" in result.stderr
        listed = mumei("office", "residents", "--registry", place.registry).stdout
        assert "[enrolment 1 stored until 2027-12-31]" in listed

    def test_json(self, place: Place) -> None:
        card = place.card("hanako")
        result = enrol(place, card, 1, "--json")
        assert json.loads(result.stdout) == {
            "enrolment": 1,
            "resident": 1,
            "plan": 1,
            "card": str(card),
            "valid_until": "2027-12-31",
            "resumed": False,
            "development": True,
        }

    def test_the_trail(self, place: Place) -> None:
        enrol(place, place.card("hanako"))
        history = mumei_json("office", "history", "--registry", place.registry, "--resident", "1")
        assert {entry["clerk"] for entry in history["entries"]} == {"sato"}
        assert len(history["entries"]) == 6
        text = mumei("office", "history", "--registry", place.registry, "--resident", "1").stdout
        assert text.count("enrolment 1") == 5 and "sato" in text

    def test_a_second_card_only_as_a_replacement(self, place: Place) -> None:
        enrol(place, place.card("first"))
        second = place.card("second")
        before = second.read_bytes()
        refused = enrol(place, second)
        assert refused.exit_code == 2 and "replacement" in refused.stderr
        assert second.read_bytes() == before
        assert enrol(place, second, 1, "--replacement").exit_code == 0

    def test_cancelled_and_begun_anew(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        lost = place.card("lost")
        with cut_at(monkeypatch, 22):
            assert enrol(place, lost).exit_code == 4
        new = place.card("new")
        wrong = enrol(place, new)
        assert wrong.exit_code in (2, 3) and "cancel" in wrong.stderr
        assert mumei("office", "cancel", "1", "--registry", place.registry).exit_code == 0
        # It was signed: somewhere there may be a card that works.
        refused = enrol(place, new)
        assert refused.exit_code == 2 and "replacement" in refused.stderr
        assert enrol(place, new, 1, "--replacement").exit_code == 0

    def test_a_card_taken_away_is_exit_code_4_and_the_same_command_goes_on(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        card = place.card("hanako")
        for k in (1, 3, 10, 22, 3):
            with cut_at(monkeypatch, k):
                result = enrol(place, card)
            assert result.exit_code == 4, result.stderr
        assert enrol(place, card).exit_code == 0

    def test_wrong_cards(self, place: Place) -> None:
        issued = place.card("issued", world.sample_card(5))
        foreign = place.card("foreign", world.card_with_parameters("Elsewhere TEST"))
        before = issued.read_bytes()
        refused = enrol(place, issued)
        assert refused.exit_code == 1 and "holds a credential already" in refused.stderr
        assert issued.read_bytes() == before
        other = enrol(place, foreign)
        assert other.exit_code == 3 and "another issuer" in other.stderr

    def test_wrong_passphrase_or_key(self, place: Place) -> None:
        card = place.card("hanako")
        wrong = place.secret("wrong", PASSPHRASE + "!")
        before = card.read_bytes()
        result = enrol(place, card, passphrase_file=wrong)
        assert result.exit_code == 2 and "passphrase does not open" in result.stderr
        empty = place.secret("empty", "")
        assert enrol(place, card, passphrase_file=empty).exit_code == 2
        assert enrol(place, card, passphrase_file=place.folder / "none").exit_code == 2

        other = place.folder / "other"
        other.mkdir()
        world.issuer("Elsewhere TEST").parameters.save(other / "parameters.cbor")
        (other / "issuer.key").write_bytes((place.issuer / "issuer.key").read_bytes())
        (other / "issuer.key").chmod(0o600)
        assert enrol(place, card, issuer=other).exit_code == 5
        assert card.read_bytes() == before

    def test_a_real_issuers_key_wants_trustees_and_genuine_chips_named(self, place: Place) -> None:
        """Whatever parameters the desk was given: those of development cards would do without either."""
        card = place.card("hanako")
        before = card.read_bytes()
        own = place.issuer / "parameters.cbor"
        given = place.folder / "development.cbor"
        own.rename(given)
        replace(PublicParameters.load(given), profile=codes.PROFILE_STANDARD).save(own)
        refused = enrol(place, card, 1, "--parameters", str(given))
        assert refused.exit_code == 2 and "--trustees and --maker-root" in refused.stderr
        assert card.read_bytes() == before

    @pytest.mark.parametrize(
        ("what", "code"),
        [("readable by others", 3), ("cut short", 2), ("foreign", 2), ("missing", 5), ("a folder", 2)],
    )
    def test_key_files_that_cannot_be_used(self, place: Place, what: str, code: int) -> None:
        key = place.issuer / "issuer.key"
        if what == "readable by others":
            key.chmod(0o644)
        elif what == "cut short":
            key.write_bytes(key.read_bytes()[:-1])
        elif what == "foreign":
            key.write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
        else:
            key.unlink()
        if what == "a folder":
            key.mkdir(mode=0o700)
        assert enrol(place, place.card("hanako")).exit_code == code

    def test_card_files_that_cannot_be_used(self, place: Place) -> None:
        whole = place.card("whole")
        octets = whole.read_bytes()
        for name, content in (
            ("cut", octets[:-1]),
            ("half", octets[: len(octets) // 2]),
            ("empty", b""),
            ("foreign", b"PK\x03\x04" + bytes(500)),
            ("newer", octets[:8] + b"\xfe" + octets[9:]),
        ):
            card = place.folder / f"{name}.card"
            card.write_bytes(content)
            result = enrol(place, card)
            assert result.exit_code in (2, 3), name
            assert card.read_bytes() == content
        assert enrol(place, place.folder / "none.card").exit_code == 3
        assert enrol(place, place.folder).exit_code in (2, 3)
        history = mumei_json("office", "history", "--registry", place.registry, "--resident", "1")
        assert len(history["entries"]) == 1

    def test_a_card_that_another_program_has_open(self, place: Place) -> None:
        card = place.card("hanako")
        with card.open("rb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            result = enrol(place, card)
        assert result.exit_code == 3 and "another program" in result.stderr
        assert enrol(place, card).exit_code == 0

    def test_a_registry_that_another_program_writes_to(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(Registry.open.__func__.__kwdefaults__, "busy_timeout", 0.05)  # type: ignore[attr-defined]
        card = place.card("hanako")
        before = card.read_bytes()
        with closing(sqlite3.connect(place.registry, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            result = enrol(place, card)
            other.execute("ROLLBACK")
        assert result.exit_code == 3 and "another program is writing" in result.stderr
        assert card.read_bytes() == before
        assert enrol(place, card).exit_code == 0

    def test_no_such_resident(self, place: Place) -> None:
        assert enrol(place, place.card("hanako"), 99).exit_code == 2

    def test_a_clerk_needs_a_name(self, place: Place) -> None:
        assert enrol(place, place.card("hanako"), 1, "--clerk", "").exit_code == 2

    def test_no_secret_of_the_card_or_issuer_is_in_the_registry(self, place: Place) -> None:
        card = place.card("hanako")
        enrol(place, card)
        credential = Nvm.read(card).get("credential")
        assert credential is not None
        kept = b"".join(path.read_bytes() for path in place.folder.glob("ward.db*"))
        secrets = StoredCredential.from_bytes(credential).secrets
        assert not any(secret.to_bytes(32) in kept for secret in secrets)
        assert PASSPHRASE.encode() not in kept


class cut_at:  # noqa: N801 - reads like a verb
    """Every card file opened inside is taken away at the k-th exchange."""

    def __init__(self, patch: pytest.MonkeyPatch, k: int) -> None:
        self._patch, self._k = patch, k

    def __enter__(self) -> None:
        self._original = simulator.open_simulator
        original, k = self._original, self._k

        def opened(path: Path, **options: Any) -> CardConnection:
            inner: SimulatedConnection = original(path, **options)
            return world.Wire(inner, cut_at=k)

        self._patch.setattr(simulator, "open_simulator", opened)

    def __exit__(self, *_: object) -> None:
        self._patch.setattr(simulator, "open_simulator", self._original)
