"""``mumei doctor`` against a real service: each layer made to fail in earnest, as a user would meet it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from tests.fixtures.pcscd import (
    DEADLINE,
    FIRST_READER,
    SOCKET,
    ForeignCard,
    Pcscd,
    ServedCard,
    held_by_another,
    in_reader,
)
from tests.fixtures.terminal import converse

from mumei.transport import virtual_reader

NOBODY = 65534
MUMEI = [sys.executable, "-m", "mumei.cli.main"]

# Runs once as root, so that everything is imported: the interpreter's own folder may be closed to others, which
# is not what is tested.
AS_NOBODY = f"""
import contextlib, functools, importlib.metadata, io, os
# This user may not be able to read where the project is installed: what was read as root is kept.
importlib.metadata.version = functools.cache(importlib.metadata.version)
from mumei.cli.main import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli(["doctor", "--json"], standalone_mode=False)
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
cli()
"""


def doctor(*options: str, command: list[str] | None = None) -> tuple[int, Mapping[str, Any]]:
    """Return exit code and JSON of a run in a process of its own."""
    run = subprocess.run(
        [*(command or MUMEI), "doctor", "--json", *options], capture_output=True, text=True, timeout=DEADLINE
    )
    assert "Traceback" not in run.stderr
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


def assert_fails_at(layer: str, result: tuple[int, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The layer named failed, with a fix; all below it work, none above it was tried. Returns its finding."""
    code, diagnosis = result
    assert code == 3
    assert (diagnosis["ok"], diagnosis["failed"]) == (False, layer)
    states = {finding["layer"]: finding["state"] for finding in diagnosis["layers"]}
    below = list(states).index(layer)
    assert list(states.values()) == ["ok"] * below + ["failed"] + ["not_reached"] * (len(states) - below - 1)
    finding: Mapping[str, Any] = diagnosis["layers"][below]
    assert finding["found"] and finding["fix"]
    return finding


@contextmanager
def socket_closed_to_others() -> Iterator[None]:
    mode = SOCKET.stat().st_mode & 0o777
    SOCKET.chmod(0o600)
    try:
        yield
    finally:
        SOCKET.chmod(mode)


def test_all_layers_work(served_card: ServedCard) -> None:
    code, diagnosis = doctor()
    assert code == 0
    assert diagnosis["ok"] and diagnosis["failed"] is None
    assert {finding["state"] for finding in diagnosis["layers"]} == {"ok"}


def test_no_service(pcscd: Pcscd) -> None:
    pcscd.stop()
    assert "pcscd" in assert_fails_at("service", doctor())["fix"]


def test_no_permission(served_card: ServedCard) -> None:
    with socket_closed_to_others():
        result = doctor(command=[sys.executable, "-c", AS_NOBODY])
    finding = assert_fails_at("permission", result)
    rule = result[1]["polkit_rule"]
    assert rule["file"] in finding["fix"]
    assert "org.debian.pcsc-lite.access_pcsc" in rule["text"]
    assert "org.debian.pcsc-lite.access_card" in rule["text"]


def test_no_reader(pcscd: Pcscd) -> None:
    pcscd.stop()
    pcscd.start(with_readers=False)
    assert_fails_at("reader", doctor())


def test_no_reader_of_that_name(pcscd: Pcscd) -> None:
    assert FIRST_READER in assert_fails_at("reader", doctor("--reader", "omnikey"))["fix"]


def test_no_card(pcscd: Pcscd) -> None:
    assert_fails_at("card", doctor())


def test_card_busy(served_card: ServedCard) -> None:
    with held_by_another(FIRST_READER):
        assert_fails_at("free", doctor())


def test_wrong_card(pcscd: Pcscd) -> None:
    with in_reader(ForeignCard(), port=pcscd.port, reader=FIRST_READER):
        assert_fails_at("application", doctor())


def test_a_virtual_reader_on_its_usual_ports_is_warned_of(pcscd: Pcscd) -> None:
    pcscd.stop()
    own_port, pcscd.port = pcscd.port, min(virtual_reader.PORTS)
    try:
        pcscd.start()
        _, diagnosis = doctor()
    finally:
        pcscd.stop()
        pcscd.port = own_port
    (warning,) = diagnosis["warnings"]
    assert "35963 and 35964" in warning["message"]
    assert "nft add rule" in warning["fix"]


def test_the_text_names_the_same_layer_and_fix(pcscd: Pcscd) -> None:
    run = subprocess.run([*MUMEI, "doctor"], capture_output=True, text=True, timeout=DEADLINE)
    assert run.returncode == 3
    (failed,) = [line for line in run.stdout.splitlines() if line.startswith("failed")]
    assert "no card in" in failed
    assert "fix: Lay the card on the reader" in run.stdout


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(["card", "info"], 3, id="no card"),
        pytest.param(["card", "info", "--reader", "omnikey"], 3, id="no such reader"),
    ],
)
def test_other_commands_say_it_too_and_print_no_result(pcscd: Pcscd, command: list[str], code: int) -> None:
    run = subprocess.run([*MUMEI, *command], capture_output=True, text=True, timeout=DEADLINE)
    assert (run.returncode, run.stdout) == (code, "")
    assert len(run.stderr.splitlines()) == 2


def test_a_card_taken_out_while_the_pin_is_typed_is_safe_to_try_again(served_card: ServedCard) -> None:
    def hesitate() -> str:
        served_card.take_out()
        return "12345"

    code, shown = converse(
        ["card", "pin", "change"],
        [
            ("transport PIN (5 digits):", hesitate),
            ("new PIN (six digits):", "314159"),
            ("new PIN (six digits), again:", "314159"),
        ],
    )
    assert code == 4, shown
    assert "Hold the card to the reader again" in shown
