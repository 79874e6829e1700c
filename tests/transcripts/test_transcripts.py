"""The frozen transcripts: every one is still read, shown and replayed to the host; every proof still holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.transcripts.sessions import FOLDER, MATERIAL, TRACE, Host, Session, all_sessions
from tests.vectors.reference import presentation as reference

from mumei.session.channel import Channel
from mumei.session.pace import ShopCode, establish
from mumei.terminal.trust import verifier_for
from mumei.trace.file import read_trace
from mumei.trace.model import SCP03, SECURE_MESSAGING, Exchange, Trace, answer_of, command_of
from mumei.trace.show import WIDTH, show
from mumei.transport.masked_octets import MaskedOctets
from mumei.transport.replay import FreshRandomsError, MaskedAnswerError, RecordingDiffersError
from mumei_core.commands import codes
from mumei_core.errors import InvalidProof
from mumei_core.iso7816 import ber_tlv

SESSIONS = all_sessions()
NAMES = [f"{session.folder.parent.name}/{session.folder.name}" for session in SESSIONS]
#: Sessions whose card answered something secret in plain: a host gets as far as that.
MASKED_ANSWERS = {
    *(f"{version}/development-visit-shown" for version in ("v1", "v2")),
    *(f"{version}/development-enrolment" for version in ("v1", "v2")),
    "v2/development-token",
}

every_session = pytest.mark.parametrize("session", SESSIONS, ids=NAMES)


def name_of(session: Session) -> str:
    return f"{session.folder.parent.name}/{session.folder.name}"


def trace_of(session: Session) -> Trace:
    return read_trace(session.folder / TRACE)


def presentations(session: Session) -> Iterator[tuple[bytes, bytes]]:
    """Every proof that is there whole: request and presentation."""
    for exchange in trace_of(session).exchanges:
        command = command_of(exchange.message.command)
        answer, sw = answer_of(exchange.message.response)
        if command is not None and command.ins == codes.INS_PRESENT and sw == codes.SW_OK and answer.is_whole:
            # From version 2 on a statement stands behind the request.
            yield ber_tlv.parse(command.data)[0].to_bytes(), answer.zeroed


def test_the_first_version_is_there_with_every_kind_of_session() -> None:
    assert {name.partition("/")[0] for name in NAMES} >= {"v1", "v2"}
    kinds = {"visit", "token", "PIN change", "log", "enrolment"}
    assert {session.notes["kind"] for session in SESSIONS} == kinds
    assert {session.notes["profile"] for session in SESSIONS} == {"development", "standard"}


@every_session
def test_the_host_does_again_what_it_did(session: Session) -> None:
    """With the recorded randoms, octet for octet; what it finds out is what it found out then."""
    connection = trace_of(session).sessions[0].connection()
    if name_of(session) in MASKED_ANSWERS:
        with pytest.raises(MaskedAnswerError, match="masked"):
            session.perform(connection, Host.of_notes(session.notes))
        return
    assert session.perform(connection, Host.of_notes(session.notes)) == session.notes["expected"]
    assert connection.left == 0


@every_session
def test_every_proof_in_it_holds(session: Session) -> None:
    """By our verifier, and by the reference that shares no line with it; not for another request."""
    parameters = session.parameters
    for request, wire in presentations(session):
        verified = verifier_for(parameters).verify(request, wire)
        assert verified.disclosed == {} and verified.pseudonym is None
        found = reference.verify(
            parameters.public_key, parameters.digit_key, request, wire, table_hash=parameters.table_hash
        )
        assert found.attributes == {} and found.valid_until > 0
        altered = request[:40] + bytes((request[40] ^ 1,)) + request[41:]
        with pytest.raises(InvalidProof):
            verifier_for(parameters).verify(altered, wire)


def test_proofs_of_both_profiles_are_there() -> None:
    with_proof = {session.notes["profile"] for session in SESSIONS if list(presentations(session))}
    assert with_proof == {"development", "standard"}


@every_session
def test_it_is_shown_in_the_specs_words(session: Session) -> None:
    trace = trace_of(session)
    text = show(trace, wire=True).text()
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "unknown command" not in text and "SELECT" in text
    assert f"{session.notes['profile']} profile" in text
    for exchange in trace.exchanges:
        one = show(trace, only=exchange.number).text()
        assert "..." not in one and max(map(len, one.splitlines())) <= WIDTH


@every_session
def test_no_secret_of_the_session_is_in_it(session: Session) -> None:
    octets = (session.folder / TRACE).read_bytes()
    for name in ("pin", "transport_pin", "test_master_key", "seed"):
        secret = session.notes.get(name)
        if secret is not None:
            assert secret.encode() not in octets and secret.encode().hex().encode() not in octets
    pseudonym = session.notes["expected"].get("pseudonym")
    assert pseudonym is None or pseudonym.encode() not in octets


@pytest.mark.parametrize(
    "session",
    [session for session in SESSIONS if session.notes["profile"] == "standard"],
    ids=lambda session: session.folder.name,
)
def test_a_host_that_draws_its_own_keys_is_told_so(session: Session) -> None:
    """The first fresh octets end the replay, whatever the session."""
    stranger = Session(folder=session.folder, notes={**session.notes, "seed": "00" * 32})
    connection = trace_of(session).sessions[0].connection()
    with pytest.raises(FreshRandomsError, match="other randoms") as caught:
        stranger.perform(connection, Host.of_notes(session.notes))
    assert "fresh" in caught.value.hint


def test_another_order_is_refused_and_the_exchange_named() -> None:
    session = next(session for session in SESSIONS if session.folder.name == "standard-visit")
    connection = trace_of(session).sessions[0].connection()
    with pytest.raises(RecordingDiffersError, match=r"exchange 1: .*recorded is 00 A4"):
        establish(Channel(connection), ShopCode("00"))


def test_channels_are_named_around_what_they_carried() -> None:
    inside = {
        (session.folder.name, exchange.message.inside)
        for session in SESSIONS
        for exchange in trace_of(session).exchanges
    }
    assert ("standard-visit", (SECURE_MESSAGING,)) in inside
    assert ("standard-enrolment", (SCP03,)) in inside
    assert {channels for name, channels in inside if name.startswith("development")} == {()}


def test_what_travelled_in_secure_messaging_is_kept_and_its_contents_masked() -> None:
    """So a session that showed something can be replayed to its host, and tells nobody else what was shown."""
    session = next(session for session in SESSIONS if session.folder.name == "standard-visit-shown")
    present = _of(session, codes.INS_PRESENT)
    assert present.wires[0].response is not None and present.wires[0].response.is_whole
    answer, _ = answer_of(present.message.response)
    # Day, issuer's key hint and the value's length; then nothing.
    assert answer.hidden == ((14, len(answer)),)


def test_each_version_has_its_own_material() -> None:
    for version in sorted({session.folder.parent for session in SESSIONS}):
        assert (version / MATERIAL).is_dir()
    assert (FOLDER / "README.md").is_file()


def _of(session: Session, ins: int) -> Exchange:
    for exchange in trace_of(session).exchanges:
        if exchange.message.command.zeroed[1] == ins:
            return exchange
    raise AssertionError("no such exchange")


def test_masked_octets_are_counted() -> None:
    session = next(session for session in SESSIONS if session.folder.name == "development-pin-change")
    change = _of(session, codes.INS_CHANGE_REFERENCE_DATA)
    assert change.message.command == MaskedOctets.from_text("002400030b[11]")
