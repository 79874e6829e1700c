"""Any octets to a personalised card: a documented status word, memory as it was, and a card that still presents."""

from __future__ import annotations

from functools import cache
from typing import Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.fixtures import world
from tests.fixtures.world import over, records_of, request_of, terminal

from mumei.session.channel import Channel
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.os.registry import Registry
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS, LAYER_STATUS_WORDS
from mumei_core.commands.enrolment import encode_enrol
from mumei_core.iso7816.apdu import ApduError, CommandAPDU

SELECT: Final = bytes.fromhex("00A4040008F06D756D6569010100")
QUESTION: Final = Question(predicates=(over(20),))
SHOP: Final = terminal(over(20), over(65), show=(1,), pseudonym=True)

#: Records that a command may change though it is refused in the end, or because it is done.
_MAY_WRITE: Final = {
    (codes.CLA_PROPRIETARY, codes.INS_DESCRIBE_TERMINAL): {"rng_counter", "coupon"},
    (codes.CLA_PROPRIETARY, codes.INS_PRESENT): {"rng_counter", "coupon"},
    (codes.CLA_ISO, codes.INS_VERIFY): {"pin"},
    (codes.CLA_ISO, codes.INS_CHANGE_REFERENCE_DATA): {"pin"},
    (codes.CLA_ISO, codes.INS_RESET_RETRY_COUNTER): {"pin", "puk"},
}
#: What the layers below the commands may answer to anything.
_OF_THE_LAYERS: Final = {word.value for word in LAYER_STATUS_WORDS}


@cache
def documented() -> dict[tuple[int, int], set[int]]:
    """(CLA, INS) to status words, as the specs have them; 61XX and 63CX by their first value."""
    return {kind: {word.value for word in spec.status_words} for kind, spec in COMMANDS.items()}


def assert_documented(apdu: bytes, answer: bytes) -> None:
    sw = int.from_bytes(answer[-2:])
    assert sw != codes.SW_NO_DIAGNOSIS, apdu.hex()
    generic = sw & 0xFF00 if sw >> 8 in (0x61, 0x6C) else sw & 0xFFF0 if sw >> 4 == 0x63C else sw
    if generic in (codes.SW_MORE_DATA, codes.SW_OK):
        return
    # Errors bring no data.
    assert len(answer) == 2 or generic in (0x6282, 0x6283), apdu.hex()
    try:
        command = CommandAPDU.from_bytes(apdu)
    except ApduError:
        assert generic == 0x6700
        return
    known = documented().get((command.cla & 0x80, command.ins), set())
    assert generic in known | _OF_THE_LAYERS, f"{apdu.hex()}: {sw:04X}"


class Card:
    """Hanako's card, as octets; what it holds is compared after every command."""

    def __init__(self) -> None:
        self.nvm = Nvm.in_memory(world.sample_card())
        self.kernel = Kernel(self.nvm)
        self.kernel.transmit(SELECT)

    def send(self, apdu: bytes) -> bytes:
        before = records_of(self.nvm)
        answer = self.kernel.transmit(apdu)
        assert_documented(apdu, answer)
        changed = {name for name, value in records_of(self.nvm).items() if before.get(name) != value}
        changed |= before.keys() - self.nvm.sizes().keys()
        # A chain's last part carries the class without the chaining bit.
        key = (apdu[0] & 0x80, apdu[1]) if len(apdu) >= 4 else (0, 0)
        assert changed <= _MAY_WRITE.get(key, set()), f"{apdu.hex()} changed {changed}"
        return answer

    def assert_still_presents(self) -> None:
        """The holder's records are as before, and a shop is answered."""
        records = records_of(self.nvm)
        assert records["credential"] == world.sample_card()["credential"]
        with world.in_memory(records) as card:
            answer = visit(Channel(card.connection), terminal(over(20)), QUESTION, today=world.TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT


@st.composite
def commands(draw: st.DrawFn) -> bytes:
    """Commands that get past the first checks: known class and instruction, any fields, any form."""
    cla, ins = draw(st.sampled_from(sorted(documented())))
    cla |= draw(st.sampled_from((0, 0, 0, 0x10, 0x04, 0x01)))
    p1 = draw(st.sampled_from((0, 0, 0x04, 0x80, 0x81)) | st.integers(0, 255))
    p2 = draw(st.sampled_from((0, 0, 3, 4, 0x47, 0xE7)) | st.integers(0, 255))
    data = draw(data_fields())
    le = draw(st.none() | st.sampled_from((256, 65_536)) | st.integers(1, 65_536))
    return CommandAPDU(cla=cla, ins=ins, p1=p1, p2=p2, data=data, le=le).to_bytes(
        extended=draw(st.booleans()) or len(data) > 255 or (le or 0) > 256
    )


@cache
def _good_data() -> tuple[bytes, ...]:
    with world.in_memory(world.card_with_parameters()) as card:
        channel = Channel(card.connection)
        channel.connection.transmit(SELECT)
        credential = world.credential_for(channel, world.residents()[1]).to_octets()
    return (
        SHOP.description_octets,
        request_of(SHOP, QUESTION).to_octets(),
        request_of(
            SHOP, Question(predicates=(over(20), over(65)), prefecture=21, pseudonym=True)
        ).to_octets(),
        encode_enrol(world.NONCE),
        credential,
        codes.AID,
        world.PIN.encode(),
        world.WRONG_PIN.encode(),
        (world.PIN + world.WRONG_PIN).encode(),
        (world.PUK + world.PIN).encode(),
    )


@st.composite
def data_fields(draw: st.DrawFn) -> bytes:
    """Nothing, noise, or something good with a few octets changed, removed or put in."""
    octets = bytearray(draw(st.just(b"") | st.binary(max_size=300) | st.sampled_from(_good_data())))
    for _ in range(draw(st.integers(0, 2))):
        if not octets:
            break
        place = draw(st.integers(0, len(octets) - 1))
        kind = draw(st.sampled_from(("change", "remove", "insert", "cut")))
        if kind == "change":
            octets[place] = draw(st.integers(0, 255))
        elif kind == "remove":
            del octets[place]
        elif kind == "insert":
            octets.insert(place, draw(st.integers(0, 255)))
        else:
            del octets[place:]
    return bytes(octets)


_FUZZ = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@_FUZZ
@given(st.lists(st.binary(max_size=40) | commands(), min_size=1, max_size=6))
@example([b""])
@example([b"\x80"])
@example([bytes(3)])
@example([bytes.fromhex("80340000")])
@example([bytes.fromhex("8034000000FFFF")])
@example([bytes.fromhex("803400000000000000")])
@example([bytes(5000)])
def test_any_octets_to_a_card(apdus: list[bytes]) -> None:
    card = Card()
    for apdu in apdus:
        card.send(apdu)
    card.assert_still_presents()


@_FUZZ
@given(st.lists(commands(), min_size=1, max_size=5))
def test_any_command_after_a_terminal_was_described(apdus: list[bytes]) -> None:
    card = Card()
    description = CommandAPDU(
        cla=0x80, ins=codes.INS_DESCRIBE_TERMINAL, p1=0, p2=0, data=SHOP.description_octets
    )
    assert card.send(description.to_bytes(extended=True)) == b"\x90\x00"
    for apdu in apdus:
        card.send(apdu)
    card.assert_still_presents()


@_FUZZ
@given(data_fields(), st.sampled_from((codes.INS_ENROL, codes.INS_STORE_CREDENTIAL, codes.INS_STORE_DATA)))
def test_no_data_field_harms_a_card_that_waits_for_its_credential(data: bytes, ins: int) -> None:
    with world.in_memory(world.card_with_parameters()) as card:
        channel = Channel(card.connection)
        channel.connection.transmit(SELECT)
        credential = world.credential_for(channel, world.residents()[0])
        before = records_of(card.nvm)
        apdu = CommandAPDU(cla=0x80, ins=ins, p1=0, p2=0, data=data, le=65_536).to_bytes(extended=True)
        answer = card.connection.transmit(apdu)
        assert_documented(apdu, answer)
        if ins != codes.INS_ENROL or not answer.endswith(b"\x90\x00"):
            assert records_of(card.nvm) == before
            world_store = CommandAPDU(
                cla=0x80, ins=codes.INS_STORE_CREDENTIAL, p1=0, p2=0, data=credential.to_octets(), le=256
            )
            assert card.connection.transmit(world_store.to_bytes(extended=True)).endswith(b"\x90\x00")


def test_the_specs_know_every_command_that_the_card_knows() -> None:
    from mumei_card.applet import catalogue

    registry = Registry()
    catalogue.register(registry)
    # What layers below the registry take for themselves.
    in_layers = {
        (codes.CLA_ISO, codes.INS_GET_RESPONSE),
        (codes.CLA_ISO, codes.INS_GENERAL_AUTHENTICATE),
        (codes.CLA_SCP03, codes.INS_EXTERNAL_AUTHENTICATE),
    }
    assert all(registry.find(*command) for command in set(documented()) - in_layers)
    assert len(registry.names()) == len(set(documented()) - in_layers)
