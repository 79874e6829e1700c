"""Refusals that need a card in a rare state, or data that no office sends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import SHOPS

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Puk
from mumei.session.pace import establish
from mumei.session.terminal_authentication import authenticate
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PENDING, PendingEnrolment
from mumei_card.chip.nvm import Nvm
from mumei_card.errors import CardFileError
from mumei_card.inspection import inspect
from mumei_card.os.context import RECORD_RNG_COUNTER
from mumei_card.os.passwords import RECORD_PUK
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.enrolment import encode_enrol
from mumei_core.crypto.curve import R
from mumei_core.errors import TrustError
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU


def command(channel: Channel, ins: int, data: bytes, *, p1: int = 0) -> ResponseAPDU:
    return channel.send(CommandAPDU(cla=codes.CLA_PROPRIETARY, ins=ins, p1=p1, p2=0, data=data, le=65_536))


def selected(card: world.InsertedCard) -> Channel:
    channel = Channel(card.connection)
    Application.identify(channel)
    return channel


def test_an_issuer_cannot_make_the_pseudonyms_secret_zero() -> None:
    with world.in_memory(world.card_with_parameters()) as card:
        channel = selected(card)
        good = world.credential_for(channel, world.residents()[0])
        pending = PendingEnrolment.from_bytes(card.nvm.get(RECORD_PENDING) or b"")
        bad = replace(good, signer_nym_entropy=R - pending.prover_nym)
        assert command(channel, codes.INS_STORE_CREDENTIAL, bad.to_octets()).sw == codes.SW_WRONG_DATA
        assert card.nvm.get(RECORD_CREDENTIAL) is None
        assert command(channel, codes.INS_STORE_CREDENTIAL, good.to_octets()).sw == codes.SW_OK


@pytest.mark.parametrize("octets", [b"\xaa\x00", b"\xe8\x00", b"\xe8\x01", b"\xe5\x00"])
def test_what_is_no_object_that_a_card_pins_is_refused_and_pins_nothing(octets: bytes) -> None:
    with world.in_memory(world.new_card()) as card:
        before = world.records_of(card.nvm)
        channel = selected(card)
        assert command(channel, codes.INS_STORE_DATA, octets, p1=0x80).sw == codes.SW_WRONG_DATA
        assert world.records_of(card.nvm) == before


def test_a_card_whose_memory_lacks_a_record_says_memory_failure() -> None:
    records = {
        name: value for name, value in world.card_with_parameters().items() if name != RECORD_RNG_COUNTER
    }
    with world.in_memory(records) as card:
        channel = selected(card)
        answer = command(channel, codes.INS_ENROL, encode_enrol(world.NONCE))
        assert answer == ResponseAPDU(sw=codes.SW_MEMORY_FAILURE)


@pytest.mark.parametrize("name", [RECORD_PUK, RECORD_RNG_COUNTER])
def test_a_card_file_that_lacks_a_record_is_named_as_such(name: str) -> None:
    records = {known: value for known, value in world.new_card().items() if known != name}
    with pytest.raises(CardFileError, match=name) as error:
        inspect(Nvm.in_memory(records))
    assert "new card" in error.value.hint


@pytest.mark.parametrize(
    ("can", "shop_code"), [("", "00"), ("12345", "00"), ("12345a", "00"), ("123456", "0"), ("١٢٣٤٥٦", "00")]
)
def test_a_card_with_channels_needs_its_can_and_shop_code(can: str, shop_code: str) -> None:
    letter = PinLetter(transport_pin="12345", puk="12345678", can=can, shop_code=shop_code)
    with pytest.raises(ValueError, match="CAN of six digits"):
        initial_records("standard", letter)


def test_a_terminal_is_not_let_into_a_channel_of_the_puk() -> None:
    given = standard.credentials(standard.rights(world.over(20)), sector=SHOPS)
    with world.in_memory(standard.sample_card()) as card:
        channel = selected(card)
        result = establish(channel, Puk(world.PUK), chat=given.chat)
        with pytest.raises(TrustError, match="does not let this terminal in"):
            authenticate(channel, result, given)
