"""Applets and specifications fit together, or the card does not start."""

from __future__ import annotations

import pytest

from mumei_card.applet import catalogue
from mumei_card.os.context import CardContext
from mumei_card.os.registry import Registry
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.iso7816.apdu import CommandAPDU


def handler(command: CommandAPDU, context: CardContext) -> bytes:
    return b""


def test_every_command_of_the_specifications_has_a_handler_or_a_layer() -> None:
    registry = Registry()
    catalogue.register(registry)
    in_layers = {spec.name for spec in COMMANDS.values() if all(variant.layer for variant in spec.variants)}
    assert set(registry.names()) == {spec.name for spec in COMMANDS.values()} - in_layers


def test_a_command_of_the_specifications_without_handler_stops_the_card() -> None:
    registry = Registry()
    registry.bind("SELECT", handler)
    with pytest.raises(ValueError, match=r"nothing handles .*GET CHALLENGE"):
        registry.require_complete()


def test_a_handler_that_no_specification_names_stops_the_card() -> None:
    with pytest.raises(ValueError, match="no specification has a command SELECT ALL"):
        Registry().bind("SELECT ALL", handler)


def test_a_command_has_one_handler() -> None:
    registry = Registry()
    registry.bind("SELECT", handler)
    with pytest.raises(ValueError, match="SELECT has a handler already"):
        registry.bind("SELECT", handler)


def test_what_a_layer_answers_is_no_applets() -> None:
    registry = Registry({kind: COMMANDS[kind] for kind in [(0x00, 0xC0)]})
    registry.bind("GET RESPONSE", handler)
    with pytest.raises(ValueError, match="layers answer GET RESPONSE"):
        registry.require_complete()


def test_a_right_that_nobody_checks_stops_the_card() -> None:
    registry = Registry({kind: COMMANDS[kind] for kind in [(0x80, 0x38)]})
    registry.bind("LOG", handler)
    with pytest.raises(ValueError, match="nothing checks HOLDER"):
        registry.require_complete()
    registry.guard("HOLDER", lambda context: None)
    registry.require_complete()
    with pytest.raises(ValueError, match="HOLDER has a check already"):
        registry.guard("HOLDER", lambda context: None)
