"""Every generated builder makes the very command that its specification describes, and no other."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tools.spec_cases import sample
from tools.spec_generator.messages import function_name, identifier

from mumei_core.commands import building, codes
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.data_objects import check
from mumei_core.commands.messages import card, cvc, eac, gp, identity, pin
from mumei_core.commands.specification import (
    ANY_OCTET,
    CommandSpec,
    DataObject,
    Field,
    Presence,
    Variant,
)
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import ApduError, CommandAPDU
from mumei_core.iso7816.ber_tlv import Tlv, encode, parse

Build = Callable[..., CommandAPDU]

VARIANTS = [(spec, variant) for spec in COMMANDS.values() for variant in spec.variants]
IDS = [f"{spec.name}: {variant.name}" for spec, variant in VARIANTS]


def builder(spec: CommandSpec, variant: Variant) -> Build:
    module = importlib.import_module(f"mumei_core.commands.messages.{spec.group}")
    build: Build = getattr(module, function_name(spec, variant))
    return build


def fields(variant: Variant, *, with_optional: bool) -> dict[str, Any]:
    """Arguments of the right form: the shortest of everything."""
    given: dict[str, Any] = {}
    if len(variant.p1) > 1:
        given[identifier(variant.p1_name or "p1")] = max(variant.p1)
    if len(variant.p2) > 1:
        given[identifier(variant.p2_name or "p2")] = max(variant.p2)
    if variant.data.presence is Presence.OPTIONAL and not with_optional:
        return given
    for part in variant.data.parts:
        given[identifier(part.name)] = bytes(part.shortest)
    for entry in variant.data.objects:
        if entry.longest and (with_optional or not entry.optional):
            given[identifier(entry.name)] = value_of(entry)
    return given


def value_of(entry: DataObject) -> bytes:
    """The whole object where it holds others, else its value."""
    if not Tlv(entry.tag, b"").is_constructed:
        return bytes(entry.shortest)
    return sample(Field(presence=Presence.REQUIRED, objects=(replace(entry, optional=False),)))


@pytest.mark.parametrize(("spec", "variant"), VARIANTS, ids=IDS)
@pytest.mark.parametrize("with_optional", [False, True])
def test_a_builder_makes_its_variant(spec: CommandSpec, variant: Variant, with_optional: bool) -> None:
    command = builder(spec, variant)(**fields(variant, with_optional=with_optional))

    assert (command.cla, command.ins) == (spec.cla, spec.ins)
    assert spec.variant(command.p1, command.p2, variant.profiles[0]) is variant
    assert (command.le is None) == (variant.response.presence is Presence.FORBIDDEN)
    if command.data:
        check(variant.data, command.data)
    else:
        assert variant.data.presence is not Presence.REQUIRED


@pytest.mark.parametrize(("spec", "variant"), VARIANTS, ids=IDS)
def test_a_builder_has_a_field_for_everything_and_nothing_else(spec: CommandSpec, variant: Variant) -> None:
    names = set(inspect.signature(builder(spec, variant)).parameters)
    wanted = set(fields(variant, with_optional=True)) | ({"le"} if variant.response.by_le else set())
    assert names == wanted


@pytest.mark.parametrize(
    "build",
    [
        lambda: pin.verify_pin(pin=b"1234567"),
        lambda: pin.verify_pin(pin=b"12345"),
        lambda: pin.change_reference_data(old_pin=b"1234", new_pin=b"123456"),
        lambda: gp.set_status(state=0x03),
        lambda: gp.initialize_update(key_version_number=0, host_challenge=bytes(7)),
        lambda: gp.scp03_external_authenticate(security_level=0x02, host_cryptogram_and_c_mac=bytes(16)),
        lambda: card.select_by_name(p2=0x0C, application_identifier=codes.AID),
        lambda: card.select_by_name(p2=0, application_identifier=bytes(17)),
        lambda: card.get_challenge(le=65_537),
        lambda: eac.manage_security_environment_set_dst(issuer_name=b"short"),
        lambda: identity.present_request(request=encode(codes.TAG_ENROL, b"")),
        lambda: identity.log(entry=codes.LOG_ENTRIES),
        lambda: cvc.perform_security_operation(certificate_body=b"", signature=bytes(64)),
    ],
)
def test_what_the_specification_does_not_have_is_not_built(build: Callable[[], CommandAPDU]) -> None:
    with pytest.raises(ApduError):
        build()


def test_an_error_does_not_repeat_a_secret() -> None:
    with pytest.raises(ApduError) as caught:
        pin.verify_pin(pin=b"31415926")
    assert str(caught.value) == "PIN has 6 octets, not 8"


def test_optional_objects_are_left_out() -> None:
    command = eac.manage_security_environment_set_at_for_pace(protocol=bytes(10), password=b"\x02")
    assert [item.tag for item in parse(command.data)] == [codes.TAG_MECHANISM, codes.TAG_KEY_REFERENCE]


def test_what_was_put_together_elsewhere_goes_in_as_it_is() -> None:
    assert building.whole("request", codes.TAG_REQUEST, None) == b""
    assert building.octet("P1", 0xFF, ANY_OCTET) == 0xFF


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        ("E3258001018120" + "00" * 32, ""),
        ("E3258001018120" + "00" * 31, "cut off"),
        ("E303800101", "3 octets in E3, enrolment, not 37"),
        ("E3258120" + "00" * 32 + "800101", "order"),
        ("E328800101800101" + "8120" + "00" * 32, "octets in E3"),
        ("E3258001018220" + "00" * 32, "unknown"),
        ("E2258001018120" + "00" * 32, "unknown here"),
        ("", "empty"),
    ],
)
def test_a_field_is_checked_against_its_objects(octets: str, says: str) -> None:
    field = COMMANDS[codes.CLA_PROPRIETARY, codes.INS_ENROL].variants[0].data
    if not says:
        check(field, bytes.fromhex(octets))
        return
    with pytest.raises(DecodingError, match=says):
        check(field, bytes.fromhex(octets))


def test_a_field_that_must_be_empty_is() -> None:
    nothing = COMMANDS[codes.CLA_ISO, codes.INS_GET_CHALLENGE].variants[0].data
    check(nothing, b"")
    with pytest.raises(DecodingError, match="not empty"):
        check(nothing, b"\0")
