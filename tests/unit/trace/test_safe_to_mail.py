"""A trace of everything a card can be told, with every secret known: none of them is in the file, in any form.

What would be there without masks is collected beside it, so that the search is known to find.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.world import NONCE, PIN, PUK, TODAY, TRANSPORT_PIN, WRONG_PIN, in_memory

from mumei.maker.master_key import MasterKey
from mumei.office.residents.resident import credential_attributes
from mumei.session import holder, personalisation, security_domain
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import Pin, Puk, TransportPin, WrongPinError
from mumei.session.pace import Can, WrongPasswordError, establish
from mumei.session.scp03 import open_scp03
from mumei.session.settings import read_settings
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei.trace.file import read_trace
from mumei.trace.recorder import Recorder
from mumei.trace.show import show
from mumei.transport.base import CardConnection
from mumei.transport.masked_octets import MaskedOctets
from mumei_card.personalisation import initial_records
from mumei_core.credential import Index
from mumei_core.gp.keys import StaticKeys
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

NEW_PIN = "161803"
MASTER = MasterKey(secret=bytes.fromhex("c3a5c85c97cb3127a9d1b1e0f7d2b34c"))
EVERYTHING = tuple(int(index) for index in (Index.BIRTH_DATE, Index.MUNICIPALITY, Index.CIVIL_IDENTITY))
NEW_KEYS = StaticKeys(enc=b"\xe1" * 16, mac=b"\xe2" * 16, dek=b"\xe3" * 16)
SIGNED = bytes(range(0x40, 0x60))

Secrets = dict[str, bytes]


class Overheard(CardConnection):
    """Keeps everything as it is, as a recorder without masks would."""

    def __init__(self, inner: CardConnection, heard: list[bytes]) -> None:
        self.name, self.atr, self.supports_extended = inner.name, inner.atr, True
        self._inner, self._heard = inner, heard

    def transmit(self, apdu: bytes) -> bytes:
        answer = self._inner.transmit(apdu)
        self._heard += [apdu, answer]
        return answer

    def carried(self, command: CommandAPDU, response: ResponseAPDU) -> None:
        self._heard += [command.data, response.data]

    def reset(self) -> None:
        self._inner.reset()

    def close(self) -> None:
        self._inner.close()


def ask_for_everything(
    channel: Channel, terminal: Terminal, secrets: Secrets, prefix: str, **more: bytes
) -> None:
    question = Question(disclose=EVERYTHING, pseudonym=True, **more)  # type: ignore[arg-type]
    done = visit(channel, terminal, question, today=TODAY, ask_pin=lambda: Pin(NEW_PIN))
    assert done.verdict.pseudonym is not None and done.wire is not None, done.verdict
    secrets[f"{prefix} pseudonym"] = done.verdict.pseudonym
    # The responses to the challenge: who has them tries out what was shown.
    secrets[f"{prefix} proof"] = done.wire[-400:-368]


def life_of_a_development_card(connection: CardConnection, secrets: Secrets) -> None:
    channel = Channel(connection)
    Application.select(channel)
    personalisation.store_parameters(channel, world.issuer().parameters.for_card(TODAY))
    credential = world.credential_for(channel, world.residents()[0])
    personalisation.store_credential(channel, credential)
    secrets["development signature"] = credential.signature.to_octets()
    holder.change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN))
    with pytest.raises(WrongPinError):
        holder.verify_pin(channel, Pin(WRONG_PIN))
    holder.unblock(channel, Puk(PUK), Pin(NEW_PIN))
    channel.reset()
    terminal = world.terminal(show=EVERYTHING, pseudonym=True, pin=True)
    ask_for_everything(channel, terminal, secrets, "development", transaction=SIGNED)
    secrets["what was signed"] = SIGNED
    channel.reset()
    Application.select(channel)
    holder.verify_pin(channel, Pin(NEW_PIN))
    entries = read_log(channel)
    secrets["log"] = entries[0].context_hash
    assert read_settings(channel)


def life_of_a_standard_card(connection: CardConnection, secrets: Secrets) -> None:
    channel = Channel(connection)
    Application.identify(channel)
    inside = open_scp03(channel, MASTER.keys_of)
    secrets["chip number"] = inside.diversification_data
    for name in ("enc", "mac", "dek"):
        secrets[f"card key {name}"] = getattr(inside.static_keys, name)
        secrets[f"new card key {name}"] = getattr(NEW_KEYS, name)
    personalisation.store_trust(inside, standard.card_trust())
    personalisation.store_statement(inside, standard.trustees())
    personalisation.store_statement(inside, standard.issuer_key())
    pinned = standard.parameters().for_card(standard.CARD_DATE, statement=standard.digits_statement())
    personalisation.store_parameters(inside, pinned)
    credential = world.credential_for(inside, world.residents()[0])
    answer = personalisation.enrol(inside, NONCE)
    assert answer.attestation is not None
    secrets["chip certificate"] = answer.attestation.certificate.key
    personalisation.store_credential(inside, credential)
    secrets["standard signature"] = credential.signature.to_octets()
    security_domain.rotate_keys(inside, NEW_KEYS, version=0x31)
    security_domain.secure(inside)
    channel.reset()
    Application.identify(channel)
    establish(channel, TransportPin(TRANSPORT_PIN))
    holder.set_pin(channel, Pin(NEW_PIN))
    channel.reset()
    Application.identify(channel)
    with pytest.raises(WrongPasswordError):
        establish(channel, Pin(WRONG_PIN))
    channel.reset()
    terminal = standard.terminal(show=EVERYTHING, pseudonym=True, pin=True)
    ask_for_everything(channel, terminal, secrets, "standard")
    channel.reset()
    Application.identify(channel)
    establish(channel, Can(standard.CAN))
    result = establish(channel, Pin(NEW_PIN))
    secrets["session key for encryption"], secrets["session key for MACs"] = result.k_enc, result.k_mac
    assert read_log(channel)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Secrets, bytes]:
    """The trace of both lives, the secrets, and what a recorder without masks would have kept."""
    path = tmp_path_factory.mktemp("trace") / "lives.trace"
    ticks = count()
    recorder = Recorder(path, clock=lambda: next(ticks), now=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    secrets: Secrets = {
        "PIN": PIN.encode(),
        "new PIN": NEW_PIN.encode(),
        "wrong PIN": WRONG_PIN.encode(),
        "transport PIN": TRANSPORT_PIN.encode(),
        "PUK": PUK.encode(),
        "CAN": standard.CAN.encode(),
        "master key": MASTER.secret,
    }
    birth_date, _, municipality, civil_identity, resident_code = credential_attributes(world.residents()[0])
    secrets |= {
        "birth date": birth_date,
        "municipality": municipality,
        "civil identity": civil_identity[-60:],
        "resident code": resident_code,
        "name": world.residents()[0].family_name.encode(),
    }
    heard: list[bytes] = []
    new = MASTER.new_card(attestation=standard.MAKER_ROOT.new_attestation_key())
    for life, records in (
        (life_of_a_development_card, world.new_card()),
        (life_of_a_standard_card, initial_records("standard", standard.LETTER, new)),
    ):
        with in_memory(records) as card:
            life(recorder.attach(Overheard(card.connection, heard)), secrets)
    assert recorder.finish() == ""
    return path, secrets, b"\n".join(heard)


def written_forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """The octets in digits or letters, as somebody might write them."""
    for name, octets in (("", secret), ("reversed ", secret[::-1])):
        yield f"{name}hexadecimal", octets.hex().encode()
        yield f"{name}HEXADECIMAL", octets.hex().upper().encode()
        yield f"{name}hexadecimal with spaces", octets.hex(" ").encode()
        for shift in range(3):
            # The octets around them change the first and the last digit.
            digits = base64.b64encode(bytes(shift) + octets).rstrip(b"=")[(shift * 8 + 5) // 6 : -1]
            if len(digits) >= 6:
                yield f"{name}base64", digits
                yield f"{name}base64 for addresses", digits.translate(bytes.maketrans(b"+/", b"-_"))
    yield "digits backwards", secret.hex()[::-1].encode()


def plain_forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """The octets themselves. Six of them that are digits occur in any long text in hexadecimal."""
    for name, octets in (("", secret), ("reversed ", secret[::-1])):
        yield f"{name}octets", octets
        yield f"{name}text", json.dumps(octets.decode("latin-1"))[1:-1].encode()


def taken_apart(path: Path) -> bytes:
    """Every octet that the file has in digits, as octets, and all else in it."""
    found = []
    for line in path.read_text().splitlines():
        for name, value in json.loads(line).items():
            octets = isinstance(value, str) and name in ("command", "response", "atr")
            found += [MaskedOctets.from_text(value).zeroed if octets else str(value).encode()]
    return b"\n".join(found)


def found_in(text: bytes, octets: bytes, secrets: Secrets) -> list[tuple[str, str]]:
    return [
        (name, form)
        for name, secret in secrets.items()
        for forms, place in ((written_forms, text), (plain_forms, octets))
        for form, written in forms(secret)
        if written in place
    ]


def test_no_secret_is_in_the_file_in_any_form(recorded: tuple[Path, Secrets, bytes]) -> None:
    path, secrets, _ = recorded
    assert found_in(path.read_bytes(), taken_apart(path), secrets) == []


def test_nor_in_what_is_shown_of_it(recorded: tuple[Path, Secrets, bytes]) -> None:
    path, secrets, _ = recorded
    shown = show(read_trace(path), wire=True).text().encode()
    words = b" ".join(word for word in shown.split() if not re.fullmatch(rb"[0-9a-f,.]+", word))
    assert found_in(shown + b"".join(shown.split()), words, secrets) == []


def test_the_search_finds_what_is_not_masked(recorded: tuple[Path, Secrets, bytes]) -> None:
    """All that cards were told, or told, is among the octets without masks; the rest never travels."""
    _, secrets, heard = recorded
    never = {name for name in secrets if "card key" in name or "session key" in name} | {"master key", "CAN"}
    assert {name for name, secret in secrets.items() if secret not in heard} == never
    as_text = json.dumps({"hex": heard.hex(), "base64": base64.b64encode(heard).decode()}).encode()
    found = {name for name, form in found_in(as_text, heard, secrets) if form in ("hexadecimal", "base64")}
    assert found == set(secrets) - never


def test_what_is_kept_is_the_whole_session(recorded: tuple[Path, Secrets, bytes]) -> None:
    path, _, _ = recorded
    trace = read_trace(path)
    assert [session.profile and session.profile.name for session in trace.sessions] == [
        "DEVELOPMENT",
        "STANDARD",
    ]
    names = {exchange.command for session in show(trace).sessions for exchange in session.exchanges}
    for command in (
        "ENROL",
        "STORE CREDENTIAL",
        "PRESENT",
        "LOG",
        "PUT KEY",
        "VERIFY",
        "STORE DATA",
        "SETTINGS",
    ):
        assert any(name.startswith(command) for name in names), command
