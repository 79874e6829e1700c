"""The whole path as people type it: real processes, files in one folder, secrets in files; and help everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.fixtures.command_line import PASSPHRASE, Shell
from tests.fixtures.world import PIN

from mumei.cli.main import cli


def test_from_an_empty_folder_to_a_receipt_that_anyone_verifies(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.secret("pass", PASSPHRASE)
    shell.run("mumei issuer init gifu --name 'Gifu TEST' --development --passphrase-file pass")
    shell.run("mumei office init --registry ward.db")
    shell.run("mumei office import --samples --registry ward.db --clerk sato")
    shell.run("mumei-card new ichiro.card --profile development --letter letter")
    # Resident 4 is 67, and will be tomorrow, whenever this runs.
    enrolled = shell.run(
        "mumei office enrol 4 --registry ward.db --issuer gifu --card ichiro.card --clerk sato"
        " --passphrase-file pass --json"
    )
    assert (json.loads(enrolled)["resident"], json.loads(enrolled)["resumed"]) == (4, False)

    letter = (tmp_path / "letter").read_text().split()
    shell.secret("transport", letter[letter.index("PIN:") + 1])
    shell.secret("pin", PIN)
    shell.run("mumei card pin change --card ichiro.card --pin-file transport --new-pin-file pin")

    made_with = "--parameters gifu/parameters.cbor --development"
    shell.run(
        f"mumei terminal describe sake --context sake.example --name Sake --over 20 --over 66 {made_with}"
    )
    shell.run(f"mumei terminal describe forum --context forum.example --name Forum --pseudonym {made_with}")
    (tmp_path / "contract.txt").write_text("sake on credit")
    at_sake = "mumei terminal verify --card ichiro.card --terminal sake"
    accepted = shell.run(f"{at_sake} --over 20 --sign contract.txt --receipt visit.receipt")
    assert accepted.startswith("ACCEPT")
    assert shell.run(f"{at_sake} --over 66 --pin-file pin").startswith("ACCEPT")
    shell.run(f"{at_sake} --over 66", expect=2)
    at_forum = "mumei terminal verify --card ichiro.card --terminal forum --pseudonym --json"
    names = [json.loads(shell.run(at_forum))["pseudonym"] for _ in range(2)]
    assert names[0] == names[1]

    verify = f"mumei receipt verify visit.receipt {made_with} --signed"
    assert shell.run(f"{verify} contract.txt").startswith("VALID")
    (tmp_path / "other.txt").write_text("the shop for one yen")
    assert shell.run(f"{verify} other.txt", expect=1) == ""
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        try:
            command = group.get_command(context, name)
        except ModuleNotFoundError:
            # A group in the table whose module is not there yet has its own tests when it comes.
            continue
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(cli)) if isinstance(cli, click.Group) else {}
#: These run another command, whose options and output are its own.
RUN_ANOTHER = {("trace", "record"), ("trace", "feed")}
ALWAYS_JSON = {("trace", "schema")}


def options_of(path: tuple[str, ...], words: list[str]) -> set[str]:
    """What the command in a line knows, and the command that it runs."""
    known = {name for option in COMMANDS[path].params for name in option.opts}
    if path not in RUN_ANOTHER:
        return known
    inner = [word for word in words[2 + len(path) :] if word != "--"]
    (other,) = (other for other in COMMANDS if tuple(inner[: len(other)]) == other)
    return known | {"--"} | options_of(other, inner)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
class TestEveryCommand:
    def test_help_has_an_example_that_parses(self, path: tuple[str, ...]) -> None:
        text = CliRunner().invoke(cli, [*path, "--help"]).stdout
        examples = text[text.index("Example") :].splitlines()[1:]
        shown = [line.strip() for line in examples if line.strip().startswith("mumei ")]
        assert shown and all(line.startswith(f"mumei {' '.join(path)}") for line in shown), text
        lines = "\n".join(examples).split("Options:")[0].replace("\\\n", " ").splitlines()
        for line in (line.strip() for line in lines):
            if not line.startswith("mumei "):
                continue  # prose, or the maker's next step, in the other program
            used = {word for word in line.split() if word.startswith("--")}
            assert used <= options_of(path, line.split()), line

    def test_it_speaks_json(self, path: tuple[str, ...]) -> None:
        has_option = any("--json" in option.opts for option in COMMANDS[path].params)
        assert has_option or path in RUN_ANOTHER | ALWAYS_JSON

    def test_no_secret_is_an_argument(self, path: tuple[str, ...]) -> None:
        for option in COMMANDS[path].params:
            word, is_flag = option.name or "", getattr(option, "is_flag", False)
            # A choice among given words holds no secret.
            is_choice = isinstance(option.type, click.Choice)
            if not (is_flag or is_choice) and any(secret in word for secret in ("pin", "puk", "passphrase")):
                assert word.endswith(("_file", "_fd")), word

    def test_an_unknown_option_is_exit_code_2_with_the_way_to_help(self, path: tuple[str, ...]) -> None:
        result = CliRunner().invoke(cli, [*path, "--no-such-option"])
        assert result.exit_code == 2
        assert "--help" in result.stderr or "Usage" in result.stderr
        assert result.stdout == ""
