"""A standard card's holder through a real PC/SC service, extended lengths or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures.command_line import mumei
from tests.fixtures.pcscd import FIRST_READER, Pcscd, ServedCard, wait_until_empty
from tests.fixtures.world import PIN, PUK, TRANSPORT_PIN, WRONG_PIN, Wire

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, set_pin
from mumei.session.holder_only import HolderNeededError
from mumei.session.pace import Can, establish
from mumei.session.settings import read_settings
from mumei.transport.pcsc import open_reader
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records

LETTER = PinLetter(transport_pin=TRANSPORT_PIN, puk=PUK, can="112358")


@pytest.fixture
def standard_file(tmp_path: Path) -> Path:
    file = tmp_path / "standard.card"
    Nvm.create(file, initial_records("standard", LETTER)).close()
    return file


@pytest.fixture
def standard_card(pcscd: Pcscd, standard_file: Path) -> Iterator[ServedCard]:
    """A new standard card in the first virtual reader."""
    card = ServedCard(standard_file, port=pcscd.port, reader=FIRST_READER)
    try:
        yield card
    finally:
        card.take_out()
        wait_until_empty(FIRST_READER)


def test_from_the_letter_to_an_unblocked_pin(standard_card: ServedCard, tmp_path: Path) -> None:
    def run(*arguments: str, **secrets: str) -> Result:
        options = []
        for name, digits in secrets.items():
            file = tmp_path / name
            file.write_text(digits + "\n", encoding="ascii")
            file.chmod(0o600)
            options += [f"--{name.replace('_', '-')}-file", str(file)]
        return mumei("card", *arguments, "--reader", FIRST_READER, *options)

    assert "profile: standard" in run("info").stdout
    assert run("pin", "change", pin=TRANSPORT_PIN, new_pin=PIN).exit_code == 0
    assert run("settings", "set", "--always-pin", "on", pin=PIN).exit_code == 0
    assert "always PIN: on" in run("settings", "show", pin=PIN).stdout
    assert run("log", pin=PIN).exit_code == 0
    # Every command has a session of its own: what the last one opened is closed.
    assert run("log", pin=WRONG_PIN).exit_code == 1
    for left in ("2 tries are left", "this is the last try"):
        assert left in run("pin", "verify", pin=WRONG_PIN, can=LETTER.can).stderr
    assert "is blocked" in run("pin", "verify", pin=PIN, can=LETTER.can).stderr
    assert run("pin", "unblock", puk=PUK).exit_code == 0
    assert run("pin", "verify", pin=PIN).exit_code == 0


def test_the_next_program_inherits_no_channel(standard_card: ServedCard) -> None:
    with open_reader() as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, TransportPin(TRANSPORT_PIN))
        set_pin(channel, Pin(PIN))
        channel.reset()
        Application.identify(channel)
        establish(channel, Pin(PIN))
        read_settings(channel)
    with open_reader() as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, Can(LETTER.can))
        with pytest.raises(HolderNeededError):
            read_settings(channel)


def test_readers_without_extended_lengths_will_do(standard_card: ServedCard) -> None:
    with Wire(open_reader(), extended=False) as wire:
        channel = Channel(wire)
        Application.identify(channel)
        establish(channel, Can(LETTER.can))
        establish(channel, TransportPin(TRANSPORT_PIN))
        set_pin(channel, Pin(PIN))
    assert wire.longest_command <= 261 and wire.longest_answer <= 258
