"""SCP03 transcripts with every intermediate: session keys, challenges, cryptograms, MAC inputs, chains, answers."""

from __future__ import annotations

from typing import Any

import pytest

from mumei_core.commands import codes
from mumei_core.gp import scp03
from mumei_core.gp.kdf import Constant, aes_cmac, scp03_derive
from mumei_core.gp.keys import StaticKeys, key_check_value
from mumei_core.gp.scp03 import CardScp03, HostScp03, initialize_update
from mumei_core.gp.scp03_session import (
    InitializeUpdateAnswer,
    Level,
    Mode,
    Parameter,
    SessionKeys,
    card_challenge,
)
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

from .published import MISSING, ROOT, load, unhex

FILE = ROOT / "standards" / "scp03.json"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=MISSING)

SCP03: dict[str, Any] = load(FILE) if FILE.is_file() else {"published": [], "generated": {"transcripts": []}}
TRANSCRIPTS = [
    pytest.param(
        transcript,
        id=f"{kind}{number}-AES{transcript['key_bits']}-{transcript['mode']}-{transcript['security_level']}",
    )
    for kind, sources in (("published", SCP03["published"]), ("generated", [SCP03["generated"]]))
    for number, transcript in enumerate(t for source in sources for t in source.get("transcripts", []))
]


def static_keys(transcript: dict[str, Any]) -> StaticKeys:
    static = transcript["static"]
    return StaticKeys(enc=unhex(static["K_ENC"]), mac=unhex(static["K_MAC"]), dek=unhex(static["K_DEK"]))


def answer_of(transcript: dict[str, Any]) -> InitializeUpdateAnswer:
    response = ResponseAPDU.from_bytes(unhex(transcript["initialize_update_response"]))
    return InitializeUpdateAnswer.from_bytes(response.data)


def level_of(transcript: dict[str, Any]) -> Level:
    return Level(int(transcript["security_level"], 16))


def open_host(transcript: dict[str, Any]) -> HostScp03:
    host = HostScp03(
        static_keys(transcript),
        unhex(transcript["host_challenge"]),
        answer_of(transcript),
        level=level_of(transcript),
    )
    assert host.external_authenticate().to_bytes() == unhex(transcript["external_authenticate"])
    return host


def new_card(transcript: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> CardScp03:
    """A card that draws the transcript's challenge, whose security domain's name need not be known."""
    answer = answer_of(transcript)
    monkeypatch.setattr(scp03, "card_challenge", lambda *_: answer.challenge)
    return CardScp03(
        static_keys(transcript),
        unhex(transcript["host_challenge"]),
        aid=codes.ISD_AID,
        diversification_data=answer.diversification_data,
        key_version=answer.key_version,
        sequence_counter=int.from_bytes(answer.sequence_counter),
    )


def test_the_file_holds_all_transcripts() -> None:
    assert len(TRANSCRIPTS) == 17


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_session_keys_challenge_and_cryptograms(transcript: dict[str, Any]) -> None:
    host_challenge, answer = unhex(transcript["host_challenge"]), answer_of(transcript)
    assert answer.challenge == unhex(transcript["card_challenge"])
    assert answer.sequence_counter == unhex(transcript["sequence_counter"])
    assert answer.key_version == int(transcript["static"]["KVN"], 16)
    keys = SessionKeys.derive(static_keys(transcript), host_challenge, answer.challenge)
    assert keys.enc == unhex(transcript["S_ENC"])
    assert keys.mac == unhex(transcript["S_MAC"])
    assert keys.rmac == unhex(transcript["S_RMAC"])
    assert keys.card_cryptogram == answer.cryptogram
    if "host_cryptogram" in transcript:
        assert answer.diversification_data == unhex(transcript["key_diversification_data"])
        assert answer.parameter == int(transcript["i_parameter"], 16)
        assert keys.card_cryptogram == unhex(transcript["card_cryptogram"])
        assert keys.host_cryptogram == unhex(transcript["host_cryptogram"])
    aid = transcript.get("SD_AID") or transcript.get("pseudo_random_challenge", {}).get("SD_AID")
    if aid:
        mode = Mode[transcript["mode"]]
        drawn = card_challenge(static_keys(transcript).enc, answer.sequence_counter, unhex(aid), mode)
        assert drawn == answer.challenge


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_initialize_update_both_ways(transcript: dict[str, Any]) -> None:
    sent = CommandAPDU.from_bytes(unhex(transcript["initialize_update"]))
    assert initialize_update(unhex(transcript["host_challenge"]), key_version=sent.p1) == sent
    assert answer_of(transcript).to_bytes() + b"\x90\x00" == unhex(transcript["initialize_update_response"])


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_every_mac_input_gives_the_mac(transcript: dict[str, Any]) -> None:
    s_mac, s_rmac = unhex(transcript["S_MAC"]), unhex(transcript["S_RMAC"])
    size = Mode[transcript["mode"]].value
    if "external_authenticate_mac_input" in transcript:
        chain = aes_cmac(s_mac, unhex(transcript["external_authenticate_mac_input"]))
        assert chain == unhex(transcript["chaining_value_after"])
    for command in transcript["commands"]:
        assert aes_cmac(s_mac, unhex(command["mac_input"])) == unhex(command["full_cmac"])
        if mac_input := command.get("response", {}).get("mac_input"):
            protected = unhex(command["protected_response"])
            assert aes_cmac(s_rmac, unhex(mac_input))[:size] == protected[-2 - size : -2]


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_the_host_sends_and_reads_the_transcript(transcript: dict[str, Any]) -> None:
    host = open_host(transcript)
    session = host._session
    assert session is not None
    for number, command in enumerate(transcript["commands"], start=1):
        assert session.chain == unhex(command["chaining_value_before"])
        assert session.counter == number
        assert session.counter == command.get("encryption_counter", number)
        plain = CommandAPDU.from_bytes(unhex(command["plain"]))
        protected = host.wrap(plain)
        # Some hosts leave Le out where an answer is wanted; no MAC covers it.
        sent = CommandAPDU.from_bytes(unhex(command["protected"]))
        assert (protected.header, protected.data) == (sent.header, sent.data), command["name"]
        assert session.chain == unhex(command["full_cmac"])
        if "protected_response" in command:
            response = host.unwrap(ResponseAPDU.from_bytes(unhex(command["protected_response"])))
            assert response.to_bytes() == unhex(command["plain_response"]), command["name"]
        else:
            session.counter += 1


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_the_card_reads_and_answers_the_transcript(
    transcript: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = new_card(transcript, monkeypatch)
    ours = card.answer.parameter | (Parameter.S16 if transcript["mode"] == "S16" else 0)
    assert ours == answer_of(transcript).parameter
    assert card.answer.to_bytes() + b"\x90\x00" == unhex(transcript["initialize_update_response"])
    card.external_authenticate(CommandAPDU.from_bytes(unhex(transcript["external_authenticate"])))
    assert card.level == level_of(transcript)
    for command in transcript["commands"]:
        plain = CommandAPDU.from_bytes(unhex(command["plain"]))
        unwrapped = card.unwrap(CommandAPDU.from_bytes(unhex(command["protected"])))
        assert (unwrapped.header, unwrapped.data) == (plain.header, plain.data), command["name"]
        if "plain_response" not in command:
            card.wrap(ResponseAPDU())
            continue
        protected = card.wrap(ResponseAPDU.from_bytes(unhex(command["plain_response"])))
        if "padded_plaintext_as_sent" not in command:  # that card padded more than needed
            assert protected.to_bytes() == unhex(command["protected_response"]), command["name"]


def test_the_values_of_a_card_log() -> None:
    values = SCP03["published"][2]["values"]
    key = unhex(values["static_keys_all"])
    keys = SessionKeys.derive(
        StaticKeys(enc=key, mac=key, dek=key),
        unhex(values["host_challenge"]),
        unhex(values["card_challenge"]),
    )
    assert keys.enc == unhex(values["S_ENC"])
    assert keys.mac == unhex(values["S_MAC"])
    assert keys.card_cryptogram == unhex(values["card_cryptogram"])
    assert keys.host_cryptogram == unhex(values["host_cryptogram"])


def test_check_values() -> None:
    for vector in SCP03["kcv"]["vectors"]:
        assert key_check_value(unhex(vector["key"])) == unhex(vector["kcv"])
    values = SCP03["published"][3]["values"]
    key, context = unhex(values["static_key"]), unhex(values["context"])
    assert key_check_value(key) == unhex(values["KCV_static"])
    for constant, name in (
        (Constant.S_ENC, "KCV_S_ENC"),
        (Constant.S_MAC, "KCV_S_MAC"),
        (Constant.S_RMAC, "KCV_S_RMAC"),
    ):
        derived = scp03_derive(key, constant, bits=128, context=context)
        assert key_check_value(derived) == unhex(values[name])
