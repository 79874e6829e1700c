"""Standard cards through a real PC/SC service: issued inside SCP03, asked inside PACE, pulled in every phase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import AUDITOR, CVCA, REVOCATION
from tests.fixtures.clerks import PASSWORD, cheap_passwords, name_clerks
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Place, calendar_at, make_place, mumei, mumei_json
from tests.fixtures.pcscd import FIRST_READER, Pcscd, pulled, served
from tests.fixtures.world import TODAY, Wire, over, under

from mumei.auditor.files import save_statement
from mumei.authority.folder import write_certificate
from mumei.files import write_new_file
from mumei.office.registry import Registry
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.pace import Can, establish
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.pcsc import open_reader
from mumei_card.applet.records import RECORD_CREDENTIAL
from mumei_card.chip.nvm import Nvm
from mumei_card.inspection import inspect
from mumei_core.commands import codes
from mumei_core.errors import CardRefused
from mumei_core.statements import SignedStatement

AGE = Question(predicates=(over(20),))
#: SELECT, EF.ATR/INFO; PACE: MSE:Set AT, nonce, mapping, agreement, token; Terminal Authentication: twice MSE:Set
#: DST and PSO, MSE:Set AT, GET CHALLENGE, EXTERNAL AUTHENTICATE; request.
VISIT_EXCHANGES = 15
PHASES = {
    "PACE, mapping": 5,
    "PACE, token": 7,
    "sector's certificate": 9,
    "terminal's signature": 14,
    "presentation": VISIT_EXCHANGES,
}


@pytest.fixture(scope="module")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "ward.db"
    with Registry.create(path, clock=world.noon) as registry:
        registry.import_residents(world.residents(), clerk="sato")
        name_clerks(registry)
    return path


@pytest.fixture
def place(tmp_path: Path, registry_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Issuer, maker, authorities, a registry with a clerk at the desk; shops ``sake`` and, with PIN, ``bar``."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    cheap_passwords(monkeypatch)
    with calendar_at(TODAY):
        place = make_place(tmp_path, registry_template)
        place.parameters.unlink()
        standard.parameters().save(place.parameters)
        standard.MASTER.save(tmp_path / "maker.key", PASSPHRASE.encode(), log2_n=CHEAP)
        write_new_file(tmp_path / "maker.root", standard.MAKER_ROOT.certificate.to_octets(), mode=0o644)
        write_certificate(tmp_path / "root.cvcert", CVCA.certificate)
        write_new_file(tmp_path / "auditor.pub", AUDITOR.point, mode=0o644)
        write_new_file(tmp_path / "authority.pub", REVOCATION.point, mode=0o644)
        write_new_file(tmp_path / "issuer-root.pub", standard.ISSUER_ROOT.point, mode=0o644)
        for name, statement in (
            ("gifu", standard.digits_statement()),
            ("trustees", standard.trustees()),
            ("key", standard.issuer_key()),
        ):
            save_statement(tmp_path / f"{name}.statement", SignedStatement.from_octets(statement))
        for name, pin in (("sake", False), ("bar", True)):
            at = standard.terminal(over(20), under(12), show=(1,), pseudonym=True, pin=pin)
            standard.save(at, tmp_path / name, PASSPHRASE.encode(), log2_n=CHEAP)
        login = ("office", "login", "sato", "--registry", place.registry)
        assert mumei(*login, "--password-file", place.secret("password", PASSWORD)).exit_code == 0
        yield place


def enrol(place: Place, *, expect: int = 0) -> str:
    at = place.folder
    result = mumei(
        *("office", "enrol", "1", "--registry", place.registry, "--issuer", place.issuer),
        *("--passphrase-file", place.passphrase, "--reader", FIRST_READER),
        *("--card-master", at / "maker.key", "--card-master-passphrase-file", place.passphrase),
        *("--maker-root", at / "maker.root", "--root", at / "root.cvcert", "--auditor", at / "auditor.pub"),
        *("--issuer-root", at / "issuer-root.pub", "--digits", at / "gifu.statement"),
        *("--authority", at / "authority.pub", "--trustees", at / "trustees.statement"),
        *("--issuer-key", at / "key.statement"),
    )
    assert result.exit_code == expect, result.output
    return result.output


def verify(place: Place, *options: str | Path, at: str = "sake") -> tuple[str | Path, ...]:
    folder = place.folder / at
    passphrase = ("--passphrase-file", place.passphrase)
    return ("terminal", "verify", "--terminal", folder, "--reader", FIRST_READER, *passphrase, *options)


def test_issued_asked_and_proven_later(pcscd: Pcscd, place: Place) -> None:
    with served(place.card("hanako", standard.new_card()), pcscd):
        assert "the card closes its security domain" in enrol(place)
        assert mumei(*verify(place, "--over", "20")).stdout.startswith("ACCEPT")
        changed = mumei(
            *("card", "pin", "change", "--reader", FIRST_READER, "--new-pin-file", place.pin),
            *("--pin-file", place.secret("transport", world.TRANSPORT_PIN)),
        )
        assert changed.exit_code == 0, changed.output
        receipt = place.folder / "visit.receipt"
        accepted = mumei(*verify(place, "--over", "20", "--prefecture", "gifu", "--receipt", receipt))
        assert accepted.exit_code == 0 and "DEVELOPMENT" not in accepted.stdout
        assert mumei(*verify(place, "--under", "12")).exit_code == 1
        first, second = (mumei_json(*verify(place, "--pseudonym"))["pseudonym"] for _ in range(2))
        assert first == second
        assert mumei(*verify(place, "--over", "20", at="bar")).exit_code != 0
        assert mumei(*verify(place, "--over", "20", "--pin-file", place.pin, at="bar")).exit_code == 0
        wrong = mumei(
            *verify(place, "--over", "20", "--pin-file", place.secret("wrong", world.WRONG_PIN), at="bar")
        )
        assert wrong.exit_code == 1 and "did not accept the PIN" in wrong.stderr
        log = mumei_json("card", "log", "--reader", FIRST_READER, "--pin-file", place.pin)
        assert [visit["pin_used"] for visit in log["visits"]] == [True] + 5 * [False]
    proven = mumei(
        *("receipt", "verify", receipt, "--parameters", place.parameters),
        *("--root", place.folder / "root.cvcert"),
    )
    assert proven.exit_code == 0 and "20 or over" in proven.stdout


@pytest.mark.parametrize("extended", [True, False], ids=["extended", "short"])
def test_personalisation_and_visit_in_both_lengths(pcscd: Pcscd, place: Place, extended: bool) -> None:
    file = place.card("hanako", standard.new_card())
    with served(file, pcscd), Registry.open(place.registry, clock=world.noon) as registry:
        office = standard.office(registry)
        with Wire(open_reader(), extended=extended) as wire:
            office.enrol(Channel(wire), 1, today=TODAY)
        if not extended:
            assert wire.longest_command <= 261 and wire.longest_answer <= 258
        with Wire(open_reader(), extended=extended) as wire:
            answer = visit(Channel(wire), standard.terminal_for(AGE), AGE, today=TODAY)
        assert answer.verdict.outcome is Outcome.ACCEPT
        assert (wire.exchanges == VISIT_EXCHANGES) == extended
    assert inspect(Nvm.read(file)).life_cycle == "SECURED"


@pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
def test_a_visit_with_the_card_pulled_in_every_phase(pcscd: Pcscd, place: Place, before: bool) -> None:
    file = place.card("hanako", standard.sample_card())
    for phase, at in PHASES.items():
        with pulled(file, at=at, before=before, port=pcscd.port):
            result = mumei(*verify(place, "--over", "20"))
        assert result.exit_code == 4, (phase, result.output)
        assert "again" in result.stderr
    with served(file, pcscd):
        assert mumei(*verify(place, "--over", "20")).exit_code == 0
        log = mumei_json("card", "log", "--reader", FIRST_READER, "--pin-file", place.pin)
    # Asked and answered, though the answer was lost: the holder reads of it.
    assert len(log["visits"]) == (1 if before else 2)


def test_a_pin_typed_at_a_shop_with_the_card_pulled_costs_no_try(pcscd: Pcscd, place: Place) -> None:
    file = place.card("hanako", standard.sample_card())
    for at in (VISIT_EXCHANGES, VISIT_EXCHANGES + 1):
        for before in (True, False):
            with pulled(file, at=at, before=before, port=pcscd.port):
                assert mumei(*verify(place, "--over", "20", "--pin-file", place.pin, at="bar")).exit_code == 4
            assert inspect(Nvm.read(file)).pin_tries_left == 3


def test_an_enrolment_with_the_card_pulled_at_any_apdu(pcscd: Pcscd, place: Place) -> None:
    file = place.card("hanako", standard.card_with_parameters())
    # Opening SCP03, ENROL; from then on, as it is on record: STORE CREDENTIAL, GET STATUS, SET STATUS.
    for at in range(3, 8):
        with pulled(file, at=at, before=bool(at % 2), port=pcscd.port):
            enrol(place, expect=4)
    with served(file, pcscd):
        assert "had broken off is finished" in enrol(place)
        assert mumei(*verify(place, "--over", "20")).exit_code == 0
    stored = Nvm.read(file)
    assert stored.get(RECORD_CREDENTIAL) is not None and inspect(stored).life_cycle == "SECURED"


def test_the_next_program_inherits_no_terminal(pcscd: Pcscd, place: Place) -> None:
    at = standard.terminal_for(AGE)
    with served(place.card("hanako", standard.sample_card()), pcscd):
        with open_reader() as connection:
            channel = Channel(connection)
            Application.identify(channel)
            entry = at.access.enter(channel)
        with open_reader() as connection:
            channel = Channel(connection)
            Application.identify(channel)
            with pytest.raises(CardRefused) as refused:
                standard.Inside(channel, entry, at).present(over(20))
            assert refused.value.sw == codes.SW_SECURITY_STATUS
            establish(channel, Can(standard.CAN))
