"""The frame of the command line: fast help, one exit code a family, no traceback for users."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from enum import Enum
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

from mumei.cli import output
from mumei.cli.lazy import Entry, LazyCommands
from mumei.cli.main import COMMANDS, cli
from mumei_core.errors import (
    CannotDecide,
    CardRefused,
    CardRemovedError,
    DataError,
    DecodingError,
    InvalidProof,
    MumeiError,
    NoCardError,
    ProtocolError,
    TrustError,
    UsageError,
)

HEAVY = ("smartcard", "pyblst", "py_arkworks_bls12381", "cryptography", "sqlalchemy", "mumei_core.crypto")


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    """Run the real top command with one sub-command that raises ``error``."""

    @click.command()
    def fail() -> None:
        click.echo("half a result", nl=False, err=True)
        raise error

    module = ModuleType("tests_failing_command")
    module.__dict__["fail"] = fail
    monkeypatch.setitem(sys.modules, module.__name__, module)
    group = cli
    assert isinstance(group, LazyCommands)
    monkeypatch.setattr(group, "_entries", {"fail": Entry(module.__name__, "fail", "Fails.")})
    return CliRunner().invoke(group, [*options, "fail"])


def test_help_lists_every_group_and_loads_none() -> None:
    program = (
        "import sys; from mumei.cli.main import cli; cli(['--help'], standalone_mode=False);"
        f"print([name for name in {HEAVY + tuple(entry.module for entry in COMMANDS.values())!r}"
        " if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *text, loaded = run.stdout.splitlines()
    assert loaded == "[]"
    assert all(any(line.split()[:1] == [name] for line in text) for name in COMMANDS)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidProof("a reason for the log"), 1),
        (CardRefused("refused", sw=0x6982), 1),
        (ProtocolError("nonsense"), 1),
        (UsageError("contradiction"), 2),
        (DataError("half a file"), 2),
        (DecodingError("octets"), 2),
        (NoCardError("no card"), 3),
        (CardRemovedError("gone"), 4),
        (TrustError("expired list"), 5),
        (CannotDecide("no date"), 6),
        (MumeiError("of no family"), 70),
    ],
)
def test_each_family_has_its_exit_code(error: MumeiError, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    error.hint = "Do this."
    result = run_raising(error, monkeypatch)
    assert result.exit_code == code
    assert result.stdout == ""
    assert error.message in result.stderr and "Do this." in result.stderr
    assert "Traceback" not in result.stderr


def test_the_reason_of_a_bad_proof_is_for_our_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "a reason for the log" in run_raising(InvalidProof("a reason for the log"), monkeypatch).stderr


def test_a_fault_of_ours_is_owned_up_to_without_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_raising(ZeroDivisionError("271828"), monkeypatch)
    assert result.exit_code == 70
    assert "--debug" in result.stderr and "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr and "271828" not in result.stderr


def test_debug_adds_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_raising(ZeroDivisionError(), monkeypatch, "--debug")
    assert result.exit_code == 70
    assert "Traceback" in result.stderr


def test_a_file_that_cannot_be_written_is_the_machines_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_raising(PermissionError(13, "Permission denied", "/registry.db"), monkeypatch)
    assert result.exit_code == 3
    assert "/registry.db" in result.stderr


def test_an_interruption_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_raising(KeyboardInterrupt(), monkeypatch).exit_code == 130
    assert run_raising(click.Abort(), monkeypatch).exit_code == 130


def test_an_unreadable_file_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_raising(click.FileError("x"), monkeypatch).exit_code == 2


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["frobnicate"]).exit_code == 2


class Colour(Enum):
    RED_ISH = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    octets: bytes
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    shop_name: str
    colour: Colour
    day: date
    parts: tuple[Part, ...]
    nothing: None = None


THING = Thing(
    shop_name="無名\x1b[2J",
    colour=Colour.RED_ISH,
    day=date(2026, 11, 23),
    parts=(Part(octets=b"\x01\xff", ok=True), Part(octets=b"", ok=False)),
)


def test_json_and_text_come_from_one_dataclass(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit(THING, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "shop_name": "無名\x1b[2J",
        "colour": "red_ish",
        "day": "2026-11-23",
        "parts": [{"octets": "01ff", "ok": True}, {"octets": "", "ok": False}],
        "nothing": None,
    }
    output.emit(THING)
    text = capsys.readouterr().out
    assert text.splitlines() == [
        "shop name: 無名?[2J",
        "colour: red_ish",
        "day: 2026-11-23",
        "parts:",
        "  - octets: 01ff",
        "    ok: yes",
        "  - octets: ",
        "    ok: no",
        "nothing: -",
    ]


def test_progress_and_warnings_stay_out_of_results(capsys: pytest.CaptureFixture[str]) -> None:
    output.progress("signing")
    output.warn("last try", hint="Stop.")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "signing\nwarning: last try\n  Stop.\n"
