"""``mumei issuer ceremony``, with what witnesses type."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.fixtures.command_line import mumei
from tests.issuer.rooms import Room

from mumei.cli.main import cli
from mumei.issuer.ceremony import CeremonyRecord


class TestCeremony:
    def run(self, room: Room, typed: list[str], *options: str) -> tuple[int, str, str]:
        """The command with what the witnesses type; their code stands in what is said, so it is read from there."""
        result = CliRunner().invoke(
            cli,
            [
                *("issuer", "ceremony", str(room.folder / "new"), "--name", "New TEST", "--development"),
                *map(str, room.passphrase),
                *options,
            ],
            input="\n".join(typed) + "\n",
        )
        return result.exit_code, result.stdout, result.stderr

    def test_with_witnesses_who_type_the_code(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(CeremonyRecord, "code", "1234-abcd")
        witnesses = ("--witness", "A. Mori", "--witness", "K. Ono")
        exit_code, said, _ = self.run(room, ["wrong", "1234-ABCD", "1234abcd"], *witnesses, "--json")

        assert exit_code == 0 and json.loads(said)["witnesses"] == ["A. Mori", "K. Ono"]
        new = room.folder / "new"
        assert sorted(path.name for path in new.iterdir()) == [
            *("ceremony.json", "ceremony.txt", "issuer.key", "parameters.cbor")
        ]
        printed = (new / "ceremony.txt").read_text(encoding="utf-8")
        assert "A. Mori" in printed and "K. Ono" in printed and "is destroyed" in printed
        verified = mumei("issuer", "ceremony-verify", new)
        assert "verified" in verified.stdout

        # Another issuer's parameters, and a record with another witness.
        record = (new / "ceremony.json").read_text(encoding="utf-8")
        (room.issuer / "ceremony.json").write_text(record, encoding="utf-8")
        assert mumei("issuer", "ceremony-verify", room.issuer).exit_code == 5
        (new / "ceremony.json").write_text(record.replace('"ages": [', '"ages":  ['), encoding="utf-8")
        assert mumei("issuer", "ceremony-verify", new).exit_code == 5

    def test_whose_record_cannot_be_written_leaves_no_key(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(CeremonyRecord, "code", "1234-abcd")
        monkeypatch.setattr(CeremonyRecord, "save", full)
        exit_code, _, said = self.run(room, ["1234abcd"] * 2, "--witness", "A", "--witness", "B")

        assert exit_code == 3 and "No space" in said
        assert list((room.folder / "new").iterdir()) == []

    def test_without_their_code_makes_nothing(self, room: Room) -> None:
        exit_code, _, said = self.run(room, ["no"] * 3, "--witness", "A", "--witness", "B")

        assert exit_code == 2 and "A did not type the code" in said
        assert not (room.folder / "new").exists()

    @pytest.mark.parametrize("witnesses", [("A",), ("A", "A")])
    def test_with_one_witness_is_none(self, room: Room, witnesses: tuple[str, ...]) -> None:
        options = [word for name in witnesses for word in ("--witness", name)]
        exit_code, _, said = self.run(room, [], *options)

        assert exit_code == 2 and "two witnesses" in said
        assert not (room.folder / "new").exists()
