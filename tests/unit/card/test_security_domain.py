"""The security domain on the card: who gets in, what a channel carries, how keys change, and what it hides."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mumei_card.applet import security_domain
from mumei_card.applet.security_domain import RECORD_SECURITY_DOMAIN, RECORD_STATIC_KEYS, SecurityDomain
from mumei_card.chip.nvm import Nvm
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_core.gp.keys import PutKeyData, StaticKeys
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.gp.scp03 import CardScp03, HostScp03, initialize_update
from mumei_core.gp.scp03_session import CryptogramError, InitializeUpdateAnswer, Level
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import split

from .conftest import MAKER_KEYS, Card, make_card
from .personaliser import CHALLENGE, Personaliser

ROOT = Path(__file__).parents[3]
SELECT_DOMAIN = "00A4040008A00000015100000000"
INITIALIZE_UPDATE = "8050000008000102030405060700"
GET_STATUS = "80F28002024F0000"
STATUS_NEW = "E30E4F08A0000001510000009F7001019000"
STORE_DATA = "80E2800002E500"
ENROL = "8030000008E30680010181010000"
STORE_CREDENTIAL = "8032000002E40000"
NEW_KEYS = StaticKeys.from_bytes(bytes(range(100, 196)))


@pytest.fixture
def card() -> Card:
    return make_card("maker")


def domain(card: Card) -> SecurityDomain:
    record = card.nvm.get(RECORD_SECURITY_DOMAIN)
    assert record is not None
    return SecurityDomain.from_bytes(record)


def put_key(keys: StaticKeys, *, version: int = 0x31, present: int = 0x30) -> str:
    data = PutKeyData(version=version, keys=keys).to_bytes(MAKER_KEYS.keys.dek)
    command = CommandAPDU(cla=0x80, ins=0xD8, p1=present, p2=0x81, data=data, le=256)
    return command.to_bytes().hex()


def wrong_authentication(card: Card) -> str:
    answer = ResponseAPDU.from_bytes(card.kernel.transmit(initialize_update(CHALLENGE).to_bytes()))
    if answer.sw != 0x9000:
        return f"{answer.sw:04X}"
    return card.send("84823300 10" + "00" * 16)


class TestReaching:
    def test_selected_before_the_card_is_issued(self, card: Card) -> None:
        assert card.send(SELECT_DOMAIN) == "6F108408A000000151000000A5049F6501FF9000"
        assert card.send("00A4040C08A000000151000000") == "9000"
        assert card.send("00A4040008F06D756D6569010100").endswith("9000")

    def test_works_right_after_reset_and_after_either_select(self, card: Card) -> None:
        for before in ((), (SELECT_DOMAIN,), ("00A4040008F06D756D6569010100",)):
            card.kernel.reset()
            for command in before:
                assert card.send(command).endswith("9000")
            assert Personaliser(card).send(GET_STATUS) == STATUS_NEW

    def test_an_issued_card_answers_as_one_that_never_had_a_security_domain(self, card: Card) -> None:
        card.nvm.commit({RECORD_LIFE_CYCLE: bytes((LifeCycle.SECURED,))})
        records = {name: value for name in card.nvm.sizes() if (value := card.nvm.get(name)) is not None}
        for name in (RECORD_LIFE_CYCLE, RECORD_STATIC_KEYS, RECORD_SECURITY_DOMAIN):
            del records[name]
        without = Card(Nvm.in_memory(records))
        headers = [
            f"{cla}{ins}{p}"
            for cla in ("80", "84")
            for ins in ("50", "82", "D8", "F2", "F0")
            for p in ("0000", "8002", "3081", "800F")
        ]
        bodies = ("", "00", "024F0000", "08" + "00" * 8 + "00", "10" + "00" * 16)
        for command in (SELECT_DOMAIN, "00A4040001A000", *(h + b for h in headers for b in bodies)):
            assert card.send(command) == without.send(command), command
            assert card.send(command)[-4:] in ("6D00", "6A82", "6882"), command
        assert domain(card).sequence == 0

    def test_an_issued_card_lets_in_whom_the_rights_let_in(
        self, card: Card, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        card.nvm.commit({RECORD_LIFE_CYCLE: bytes((LifeCycle.SECURED,))})
        monkeypatch.setattr(security_domain, "may_reach_security_domain", lambda _: True)
        assert card.send(SELECT_DOMAIN).endswith("9000")
        assert Personaliser(card).send(GET_STATUS).endswith("9F70010F9000")

    def test_a_development_card_has_none(self) -> None:
        development = make_card("pin")
        assert development.send(SELECT_DOMAIN) == "6A82"
        assert development.send(INITIALIZE_UPDATE) == "6D00"


class TestCounting:
    def test_no_challenge_comes_twice_even_over_power_cuts(self, card: Card) -> None:
        seen = set()
        for number in range(1, 6):
            answer = card.send(INITIALIZE_UPDATE)
            seen.add(answer)
            assert domain(card).sequence == number
            card = Card(card.nvm)
        assert len(seen) == 5

    def test_the_last_count_is_the_last(self, card: Card) -> None:
        used_up = SecurityDomain(diversification_data=bytes(10), sequence=0xFFFFFE, tries=10)
        card.nvm.commit({RECORD_SECURITY_DOMAIN: used_up.to_bytes()})
        assert card.send(INITIALIZE_UPDATE)[-10:] == "FFFFFF9000"
        assert card.send(INITIALIZE_UPDATE) == "6985"

    def test_ten_failures_block_and_a_success_gives_all_back(self, card: Card) -> None:
        for left in range(9, 0, -1):
            assert wrong_authentication(card) == "6982"
            assert domain(card).tries == left
        Personaliser(card)
        assert domain(card).tries == 10
        for _ in range(10):
            assert wrong_authentication(card) == "6982"
        assert wrong_authentication(card) == "6983"
        card.kernel.reset()
        assert card.send(INITIALIZE_UPDATE) == "6983"

    def test_a_power_cut_at_the_comparison_costs_the_try(
        self, card: Card, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def cut(*_: object) -> None:
            raise KeyboardInterrupt

        card.send(INITIALIZE_UPDATE)
        monkeypatch.setattr(CardScp03, "external_authenticate", cut)
        with pytest.raises(KeyboardInterrupt):
            card.send("84823300 10" + "00" * 16)
        assert domain(card).tries == 9

    def test_initialize_update_alone_costs_no_try(self, card: Card) -> None:
        for _ in range(20):
            assert card.send(INITIALIZE_UPDATE).endswith("9000")
        assert domain(card).tries == 10


class TestChannel:
    def test_goes_on_after_a_refusal_of_the_applet(self, card: Card) -> None:
        channel = Personaliser(card)
        assert channel.send(ENROL) == "6A80"
        assert channel.send("80FE0000") == "6D00"
        assert channel.send("80F28002024F0100") == "6A80"
        assert channel.send(GET_STATUS) == STATUS_NEW

    def test_a_wrong_mac_ends_it_for_good(self, card: Card) -> None:
        Personaliser(card)
        assert card.send("84F280020A4F00" + "00" * 8 + "00") == "6982"
        assert card.send("84F280020A4F00" + "00" * 8 + "00") == "6882"
        assert card.send(GET_STATUS) == "6982"

    @pytest.mark.parametrize("plain", [GET_STATUS, STORE_DATA, "00CA004700", "0084000008"])
    def test_any_command_in_plain_ends_it(self, card: Card, plain: str) -> None:
        channel = Personaliser(card)
        assert card.send(plain) == "6982"
        assert channel.send(GET_STATUS) == "6882"

    @pytest.mark.parametrize(
        "beginning", [SELECT_DOMAIN, "00A4040008F06D756D6569010100", "00A4020C022F00", INITIALIZE_UPDATE]
    )
    def test_what_begins_anew_ends_it_and_is_carried_out(self, card: Card, beginning: str) -> None:
        channel = Personaliser(card)
        assert card.send(beginning).endswith("9000")
        assert channel.send(GET_STATUS) in ("6882", "6982")

    @pytest.mark.parametrize("beginning", ["00A4040001B000", "8050310008000102030405060700"])
    def test_what_begins_anew_ends_it_though_it_is_refused(self, card: Card, beginning: str) -> None:
        channel = Personaliser(card)
        assert card.send(beginning) in ("6A82", "6A88")
        assert channel.send(GET_STATUS) == "6882"
        assert card.send(GET_STATUS) == "6982"

    def test_select_inside_is_answered_inside_and_ends_it(self, card: Card) -> None:
        channel = Personaliser(card)
        assert channel.send("00A4040008F06D756D6569010100").endswith("9000")
        assert channel.send(GET_STATUS) == "6882"

    def test_reset_ends_it(self, card: Card) -> None:
        channel = Personaliser(card)
        card.kernel.reset()
        assert channel.send(GET_STATUS) == "6882"

    def test_external_authenticate_comes_directly_or_not_at_all(self, card: Card) -> None:
        answer = ResponseAPDU.from_bytes(card.kernel.transmit(initialize_update(CHALLENGE).to_bytes()))
        host = HostScp03(MAKER_KEYS.keys, CHALLENGE, InitializeUpdateAnswer.from_bytes(answer.data))
        assert card.send("00CA004700").endswith("9000")
        assert card.kernel.transmit(host.external_authenticate().to_bytes()).hex() == "6882"

    def test_a_replayed_session_is_refused(self, card: Card) -> None:
        Personaliser(card)
        first = CommandAPDU(cla=0x84, ins=0x82, p1=0x33, p2=0, data=bytes(16))
        answer = ResponseAPDU.from_bytes(card.kernel.transmit(initialize_update(CHALLENGE).to_bytes()))
        assert answer.data[-3:] == b"\x00\x00\x02"
        assert card.kernel.transmit(first.to_bytes()).hex() == "6982"

    def test_a_chain_carries_one_mac_over_the_whole(self, card: Card) -> None:
        """As hosts without extended length send it, class 94."""
        channel = Personaliser(card)
        long = CommandAPDU(cla=0x80, ins=0xE2, p1=0x00, p2=0x00, data=bytes(1000))
        *parts, last = split(channel.host.wrap(long))
        for part in parts:
            assert part.cla == 0x94
            assert card.kernel.transmit(part.to_bytes()).hex() == "9000"
        response = ResponseAPDU.from_bytes(card.kernel.transmit(last.to_bytes() + b"\x00"))
        assert channel.host.unwrap(response).sw == 0x9000

    def test_the_mac_of_an_answer_waits_for_get_response(self, card: Card) -> None:
        """Where Le was left out, as on T=0."""
        channel = Personaliser(card)
        protected = channel.host.wrap(CommandAPDU.from_bytes(bytes.fromhex("80E2000001AA")))
        assert card.kernel.transmit(protected.to_bytes()).hex() == "6108"
        response = ResponseAPDU.from_bytes(card.kernel.transmit(bytes.fromhex("00C0000008")))
        assert channel.host.unwrap(response).sw == 0x9000

    @pytest.mark.parametrize("command", [STORE_DATA, ENROL, STORE_CREDENTIAL, put_key(NEW_KEYS), "80F080FF"])
    @pytest.mark.parametrize("level", [None, Level.NONE, Level.C_MAC, Level.C_MAC_R_MAC])
    def test_writing_needs_mac_and_encryption(self, card: Card, command: str, level: Level | None) -> None:
        send = card.send if level is None else Personaliser(card, level=level).send
        before = {name: card.nvm.get(name) for name in card.nvm.sizes()}
        assert send(command) == "6982"
        assert {name: card.nvm.get(name) for name in card.nvm.sizes()} == before

    @pytest.mark.parametrize("level", [Level.C_MAC_C_ENC, Level.C_MAC_C_ENC_R_MAC, Level.ALL])
    def test_with_both_the_applet_itself_answers(self, card: Card, level: Level) -> None:
        channel = Personaliser(card, level=level)
        assert channel.send(STORE_DATA) == "6A80"
        assert channel.send(ENROL) == "6A80"
        assert channel.send(STORE_CREDENTIAL) == "6A80"


HEADERS = st.builds(
    lambda cla, ins, p1, p2: bytes((cla, ins, p1, p2)),
    st.sampled_from([0x80, 0x84, 0x90, 0x94]),
    st.sampled_from([0x50, 0x82, 0xD8, 0xF2, 0xF0]),
    st.sampled_from([0x00, 0x30, 0x33, 0x80]) | st.integers(0, 0xFF),
    st.sampled_from([0x00, 0x02, 0x81, 0x0F]) | st.integers(0, 0xFF),
)
BODIES = st.binary(max_size=40) | st.builds(
    lambda data, le: bytes((len(data),)) + data + le,
    st.binary(min_size=1, max_size=40),
    st.binary(max_size=1),
)
KERNELS_OWN = {"6700", "6A86", "6883", "6884", "9000", "6982"}
LISTED = {
    (int(entry["cla"], 16), int(entry["ins"], 16)): {status["sw"] for status in entry["status_words"]}
    for entry in yaml.safe_load((ROOT / "apdu_specs" / "gp.yaml").read_text(encoding="utf-8"))["commands"]
}


@given(
    st.sampled_from(LifeCycle), st.lists(st.builds(bytes.__add__, HEADERS, BODIES), min_size=1, max_size=5)
)
def test_whatever_comes_gets_a_listed_answer_and_writes_only_counters(
    state: LifeCycle, commands: list[bytes]
) -> None:
    card = make_card("maker")
    card.nvm.commit({RECORD_LIFE_CYCLE: bytes((state,))})
    before = {name: card.nvm.get(name) for name in card.nvm.sizes() if name != RECORD_SECURITY_DOMAIN}
    for octets in commands:
        answer = card.kernel.transmit(octets).hex().upper()[-4:]
        listed = LISTED.get((octets[0] & ~0x10, octets[1]), {"6D00", "6882"})
        assert answer in listed | KERNELS_OWN, (octets.hex(), answer)
    assert {name: card.nvm.get(name) for name in card.nvm.sizes() if name != RECORD_SECURITY_DOMAIN} == before
    channel = card.kernel.context.security_status.secure_channel
    assert channel is None or not channel.is_open


class TestPutKey:
    def test_new_keys_replace_the_old_ones(self, card: Card) -> None:
        channel = Personaliser(card)
        confirmed = channel.send(put_key(NEW_KEYS))
        assert confirmed == "31" + NEW_KEYS.check_values().hex().upper() + "9000"
        assert channel.send(GET_STATUS) == STATUS_NEW  # the open channel keeps its session keys
        card.kernel.reset()
        with pytest.raises(CryptogramError):
            Personaliser(card)
        assert card.send("8050300008000102030405060700") == "6A88"
        assert Personaliser(card, keys=NEW_KEYS).answer.key_version == 0x31

    @pytest.mark.parametrize(
        ("command", "sw"),
        [
            (put_key(NEW_KEYS, present=0x31), "6A88"),
            (put_key(NEW_KEYS, present=0x00), "6A88"),
            (put_key(NEW_KEYS, version=0x80), "6A80"),
            (put_key(NEW_KEYS)[:-4] + "0000", "6A80"),
            ("80D83081013100", "6A80"),
        ],
    )
    def test_a_refused_set_leaves_the_old_one(self, card: Card, command: str, sw: str) -> None:
        before = card.nvm.get(RECORD_STATIC_KEYS)
        assert Personaliser(card).send(command) == sw
        assert card.nvm.get(RECORD_STATIC_KEYS) == before
        card.kernel.reset()
        Personaliser(card)

    def test_the_sequence_counter_goes_on(self, card: Card) -> None:
        Personaliser(card).send(put_key(NEW_KEYS))
        assert domain(card).sequence == 1
        assert Personaliser(card, keys=NEW_KEYS).answer.sequence_counter == b"\x00\x00\x02"
