"""The life cycle: which step leads where, what each state answers, and what is left at the end."""

from __future__ import annotations

from itertools import product

import pytest

from mumei_card.applet import security_domain
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PARAMETERS
from mumei_card.applet.trust_points import RECORD_TRUST
from mumei_card.inspection import inspect
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_core.gp.life_cycle import STEPS, LifeCycle

from .conftest import Card, make_card
from .personaliser import Personaliser

OP_READY, INITIALIZED, SECURED, LOCKED, TERMINATED = LifeCycle
STATES = tuple(LifeCycle)


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with the personalisation right, so that issued cards can be driven on."""
    monkeypatch.setattr(security_domain, "may_reach_security_domain", lambda _: True)


def card_in(state: LifeCycle, *, without: str | None = None) -> Card:
    """A card in a state, as if trust points, parameters and credential were there but for one."""
    card = make_card("maker")
    records = {RECORD_TRUST: b"t", RECORD_PARAMETERS: b"p", RECORD_CREDENTIAL: b"c"}
    kept = {name: octets for name, octets in records.items() if name != without}
    card.nvm.commit({RECORD_LIFE_CYCLE: bytes((state,)), **kept})
    return card


def state_of(card: Card) -> LifeCycle:
    return LifeCycle((card.nvm.get(RECORD_LIFE_CYCLE) or b"\x00")[0])


def set_status(state: LifeCycle) -> str:
    return f"80F080{state:02X}"


@pytest.mark.parametrize(("present", "wanted"), tuple(product(STATES[:-1], STATES)))
def test_every_step_that_there_is_and_none_besides(present: LifeCycle, wanted: LifeCycle) -> None:
    card = card_in(present)
    allowed = wanted in STEPS[present]
    assert Personaliser(card).send(set_status(wanted)) == ("9000" if allowed else "6985")
    assert state_of(card) is (wanted if allowed else present)


def test_the_whole_life() -> None:
    card = card_in(OP_READY)
    for state in (INITIALIZED, SECURED, LOCKED, SECURED, LOCKED, TERMINATED):
        assert Personaliser(card).send(set_status(state)) == "9000"
        card.kernel.reset()
        assert state_of(card) is state


@pytest.mark.parametrize(
    ("present", "wanted", "missing"),
    [
        (OP_READY, INITIALIZED, RECORD_PARAMETERS),
        (INITIALIZED, SECURED, RECORD_CREDENTIAL),
        (INITIALIZED, SECURED, RECORD_TRUST),
    ],
)
def test_no_step_without_what_it_is_for(present: LifeCycle, wanted: LifeCycle, missing: str) -> None:
    card = card_in(present, without=missing)
    assert Personaliser(card).send(set_status(wanted)) == "6985"
    assert state_of(card) is present


@pytest.mark.parametrize("state", ["00", "02", "1F", "FE"])
def test_what_is_no_state(state: str) -> None:
    assert Personaliser(card_in(OP_READY)).send(f"80F080{state}") == "6A86"


PRESENT, PREPARE = "8034000002E10000", "8036000002E10000"
LOG, SETTINGS = "8038000000", "803A000000"
SELECT, READ_EF_ATR, CHALLENGE = "00A4040008F06D756D6569010100", "00B0810000", "0084000008"
VERIFY = "0020000306313233343536"
STORE_DATA, ENROL, STORE_CREDENTIAL = "80E2800002E500", "803000000100" + "00", "8032000002E40000"
PACE = "0022C1A40F800A04007F00070202040202830102"

#: Command: status words in OP_READY, INITIALIZED, SECURED, LOCKED, TERMINATED, all in plain.
ANSWERS = {
    SELECT: ("9000", "9000", "9000", "6283", "6985"),
    READ_EF_ATR: ("9000", "9000", "9000", "9000", "6985"),
    CHALLENGE: ("9000", "9000", "9000", "9000", "6985"),
    PACE: ("9000", "9000", "9000", "9000", "6985"),
    PRESENT: ("6985", "6985", "6982", "6985", "6985"),
    PREPARE: ("6985", "6985", "6982", "6985", "6985"),
    STORE_DATA: ("6982", "6982", "6982", "6985", "6985"),
    ENROL: ("6982", "6982", "6982", "6985", "6985"),
    STORE_CREDENTIAL: ("6982", "6982", "6982", "6985", "6985"),
    LOG: ("6982", "6982", "6982", "6985", "6985"),
    SETTINGS: ("6982", "6982", "6982", "6985", "6985"),
    VERIFY: ("6982", "6982", "6982", "6985", "6985"),
    "00FE0000": ("6D00",) * 5,
    "80FE0000": ("6D00",) * 5,
    "803C000000": ("6D00",) * 5,
    "C0FE0000": ("6E00",) * 5,
    "00C0000000": ("6985",) * 5,
}


@pytest.mark.parametrize("command", ANSWERS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_what_each_state_answers(command: str, state: LifeCycle) -> None:
    card = card_in(state)
    assert card.send(command)[-4:] == ANSWERS[command][STATES.index(state)]


@pytest.mark.parametrize("state", STATES[:-1], ids=lambda state: state.name)
def test_a_refused_command_does_not_upset_the_channel(state: LifeCycle) -> None:
    channel = Personaliser(card_in(state))
    channel.send(STORE_DATA)
    channel.send(PRESENT)
    assert channel.send("80F28002024F0000").endswith(f"9F7001{state:02X}9000")


def test_a_terminated_card_has_nothing_left_and_no_way_back() -> None:
    card = card_in(SECURED)
    kept = {"profile", "rng_counter"}
    before = {name: card.nvm.get(name) for name in card.nvm.sizes() if name not in kept}
    channel = Personaliser(card)
    assert channel.send(set_status(TERMINATED)) == "9000"
    assert channel.send("80F28002024F0000") == "6882"
    left = {name: card.nvm.get(name) for name in card.nvm.sizes()}
    assert set(left) == kept | {"life_cycle", "pin", "puk"}
    assert not {name for name in set(left) - kept if left[name] == before[name]}
    assert (inspect(card.nvm).pin_state, inspect(card.nvm).life_cycle) == ("blocked", "TERMINATED")
    card.kernel.reset()
    assert card.send("8050000008000102030405060700") == "6D00"
    assert card.send("00A4040008A00000015100000000") == "6985"


def test_the_state_is_shown_to_the_owner_of_the_file() -> None:
    assert [inspect(card_in(state).nvm).life_cycle for state in STATES] == [state.name for state in STATES]
    assert inspect(make_card("pin").nvm).life_cycle == "none"


def test_a_record_that_is_no_state_is_a_memory_failure() -> None:
    card = card_in(SECURED)
    card.nvm.commit({RECORD_LIFE_CYCLE: b"\x02"})
    assert card.send(SELECT) == "6581"
    assert inspect(card.nvm).life_cycle == "unknown"
