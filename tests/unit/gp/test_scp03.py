"""SCP03 between its own two sides: any message altered, dropped, repeated, moved or cut ends the channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumei_core.commands import codes
from mumei_core.errors import DecodingError
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03 import CardScp03, HostScp03, initialize_update
from mumei_core.gp.scp03_session import (
    LEVELS,
    CryptogramError,
    InitializeUpdateAnswer,
    Level,
    Mode,
    Parameter,
    Scp03Error,
)
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

STORE = CommandAPDU(cla=0x80, ins=0xE2, p1=0x80, p2=0x00, data=b"sixteen octets, or more", le=256)
EMPTY = CommandAPDU(cla=0x80, ins=0xCA, p1=0x00, p2=0x66, le=256)
ANSWER = ResponseAPDU(b"an answer with data")


def static_keys(size: int = 16) -> StaticKeys:
    return StaticKeys(enc=b"E" * size, mac=b"M" * size, dek=b"D" * size)


def new_card(mode: Mode = Mode.S8, *, keys: StaticKeys | None = None, sequence: int = 1) -> CardScp03:
    return CardScp03(
        keys or static_keys(),
        challenge(mode),
        aid=codes.ISD_AID,
        diversification_data=bytes(10),
        key_version=0x30,
        sequence_counter=sequence,
    )


def challenge(mode: Mode) -> bytes:
    return bytes(range(mode.value))


def pair(
    level: Level = Level.ALL, mode: Mode = Mode.S8, *, size: int = 16, sequence: int = 1
) -> tuple[HostScp03, CardScp03]:
    """An open channel, both ends."""
    keys = static_keys(size)
    card = new_card(mode, keys=keys, sequence=sequence)
    host = HostScp03(keys, challenge(mode), card.answer, level=level)
    card.external_authenticate(host.external_authenticate())
    return host, card


def mutants(octets: bytes) -> Iterator[bytes]:
    """Every octet changed, dropped or doubled; neighbours swapped; cut short; extended."""
    for i in range(len(octets)):
        yield octets[:i] + bytes((octets[i] ^ 0x01,)) + octets[i + 1 :]
        yield octets[:i] + bytes((octets[i] ^ 0x80,)) + octets[i + 1 :]
        yield octets[:i] + octets[i + 1 :]
        yield octets[: i + 1] + octets[i:]
        yield octets[:i] + octets[i : i + 2][::-1] + octets[i + 2 :]
        yield octets[:i]
    yield octets + b"\x00"


def real_mutants(octets: bytes) -> list[bytes]:
    return sorted(set(mutants(octets)) - {octets})


class TestBothSides:
    @pytest.mark.parametrize(("level", "mode", "size"), tuple(product(sorted(LEVELS), Mode, (16, 24, 32))))
    def test_commands_and_answers_come_through(self, level: Level, mode: Mode, size: int) -> None:
        host, card = pair(level, mode, size=size)
        for command, answer in (
            (STORE, ResponseAPDU()),
            (EMPTY, ANSWER),
            (replace(STORE, data=bytes(4000)), ResponseAPDU(bytes(3000))),
            (EMPTY, ResponseAPDU(sw=0x6A88)),
            (STORE, ResponseAPDU(b"warned", 0x6310)),
            (replace(EMPTY, le=None), ResponseAPDU()),
        ):
            assert card.unwrap(host.wrap(command)) == command
            assert host.unwrap(card.wrap(answer)) == answer

    def test_level_33_hides_data_both_ways(self) -> None:
        host, card = pair()
        protected = host.wrap(STORE)
        assert STORE.data[:8] not in protected.data
        card.unwrap(protected)
        assert ANSWER.data[:8] not in card.wrap(ANSWER).data

    def test_the_same_command_never_looks_the_same(self) -> None:
        host, card = pair()
        seen = set()
        for _ in range(5):
            protected = host.wrap(STORE)
            seen.add(protected.data)
            card.unwrap(protected)
            host.unwrap(card.wrap(ResponseAPDU()))
        assert len(seen) == 5

    def test_the_counter_gives_another_session(self) -> None:
        assert new_card(sequence=1).answer.challenge != new_card(sequence=2).answer.challenge
        first, second = pair(sequence=1)[0], pair(sequence=2)[0]
        assert first.wrap(STORE) != second.wrap(STORE)

    def test_an_empty_padding_block_is_taken(self) -> None:
        """Some hosts encrypt data that are not there."""
        host, card = pair()
        session = host._session
        assert session is not None
        data = session.encrypt(b"")
        protected = replace(EMPTY, cla=0x84, data=data)
        session.chain = session.command_mac(protected)
        assert card.unwrap(replace(protected, data=data + session.chain[:8])) == EMPTY

    def test_a_channel_number_is_not_in_the_mac(self) -> None:
        host, card = pair()
        protected = host.wrap(STORE)
        assert card.unwrap(replace(protected, cla=protected.cla | 0x01)).data == STORE.data

    def test_nothing_shows_a_key(self) -> None:
        host, card = pair()
        text = repr((static_keys(), host._session, card._session))
        for secret in (b"EEEE", b"MMMM"):
            assert secret.decode() not in text
        assert host._session is not None
        assert repr(host._session.keys.mac) not in text


class TestOpening:
    def test_host_checks_the_card_before_it_says_anything(self) -> None:
        answer = new_card(keys=static_keys(24)).answer
        with pytest.raises(CryptogramError):
            HostScp03(static_keys(), challenge(Mode.S8), answer)

    @pytest.mark.parametrize("mode", Mode)
    def test_any_change_of_the_answer_is_found(self, mode: Mode) -> None:
        octets = new_card(mode).answer.to_bytes()
        free = set(range(11)) | {12}  # KDD and key version are not authenticated here; i is checked below
        for mutant in real_mutants(octets):
            if (
                len(mutant) == len(octets)
                and {i for i in range(len(octets)) if octets[i] != mutant[i]} <= free
            ):
                continue
            if octets[:-3] == mutant[:-3] and len(mutant) == len(octets):
                continue  # the sequence counter is for information: the challenge made from it is what counts
            with pytest.raises((DecodingError, Scp03Error)):
                HostScp03(static_keys(), challenge(mode), InitializeUpdateAnswer.from_bytes(mutant))

    def test_a_card_that_answers_in_the_other_mode_is_refused(self) -> None:
        with pytest.raises(Scp03Error, match="mode"):
            HostScp03(static_keys(), challenge(Mode.S16), new_card(Mode.S8).answer)

    def test_a_card_that_protects_no_answers_is_refused_where_that_was_asked(self) -> None:
        answer = replace(new_card().answer, parameter=Parameter.PSEUDO_RANDOM_CHALLENGE)
        with pytest.raises(Scp03Error, match="answers"):
            HostScp03(static_keys(), challenge(Mode.S8), answer, level=Level.ALL)
        HostScp03(static_keys(), challenge(Mode.S8), answer, level=Level.C_MAC_C_ENC)

    def test_level_that_does_not_exist(self) -> None:
        with pytest.raises(Scp03Error):
            HostScp03(static_keys(), challenge(Mode.S8), new_card().answer, level=Level.R_MAC)

    @pytest.mark.parametrize("length", [0, 7, 9, 15, 17])
    def test_a_challenge_of_another_length(self, length: int) -> None:
        with pytest.raises(Scp03Error) as caught:
            CardScp03(
                static_keys(),
                bytes(length),
                aid=codes.ISD_AID,
                diversification_data=bytes(10),
                key_version=1,
                sequence_counter=1,
            )
        assert caught.value.sw == 0x6700

    @pytest.mark.parametrize("mode", Mode)
    def test_any_change_of_external_authenticate_ends_the_channel(self, mode: Mode) -> None:
        authenticate = HostScp03(
            static_keys(), challenge(mode), new_card(mode).answer
        ).external_authenticate()
        for data in real_mutants(authenticate.data):
            card = new_card(mode)
            with pytest.raises(Scp03Error) as caught:
                card.external_authenticate(replace(authenticate, data=data))
            assert caught.value.sw == (0x6982 if len(data) == len(authenticate.data) else 0x6700)
            with pytest.raises(Scp03Error):
                card.external_authenticate(authenticate)
            assert not card.is_open

    def test_another_level_than_the_one_under_the_mac(self) -> None:
        authenticate = HostScp03(
            static_keys(), challenge(Mode.S8), new_card().answer, level=Level.C_MAC
        ).external_authenticate()
        for p1 in range(256):
            if p1 == Level.C_MAC:
                continue
            with pytest.raises(Scp03Error) as caught:
                new_card().external_authenticate(replace(authenticate, p1=p1))
            assert caught.value.sw == (0x6982 if p1 in LEVELS else 0x6A86)

    def test_a_right_mac_over_a_wrong_cryptogram_is_6300(self) -> None:
        card = new_card()
        session = card._session
        assert session is not None
        wrong = CommandAPDU(cla=0x84, ins=0x82, p1=0x33, p2=0, data=bytes(8))
        with pytest.raises(CryptogramError) as caught:
            card.external_authenticate(replace(wrong, data=bytes(8) + session.command_mac(wrong)[:8]))
        assert caught.value.sw == 0x6300

    def test_the_host_authenticates_once_and_only_then_speaks(self) -> None:
        host = HostScp03(static_keys(), challenge(Mode.S8), new_card().answer)
        with pytest.raises(Scp03Error):
            host.wrap(STORE)
        host.external_authenticate()
        with pytest.raises(Scp03Error):
            host.external_authenticate()

    def test_initialize_update_names_key_version(self) -> None:
        assert (
            initialize_update(bytes(8), key_version=0x31).to_bytes().hex()
            == "80503100080000000000000000" + "00"
        )


class TestCommands:
    @pytest.mark.parametrize(("mode", "command"), tuple(product(Mode, (STORE, EMPTY))))
    def test_any_change_ends_the_channel(self, mode: Mode, command: CommandAPDU) -> None:
        protected = pair(mode=mode)[0].wrap(command)
        for data in real_mutants(protected.data):
            self._refused(mode, replace(protected, data=data))

    @pytest.mark.parametrize("field", ["ins", "p1", "p2"])
    def test_any_change_of_the_header_ends_the_channel(self, field: str) -> None:
        protected = pair()[0].wrap(STORE)
        for value in {getattr(protected, field) ^ 1 << bit for bit in range(8)}:
            self._refused(Mode.S8, replace(protected, **{field: value}))

    @pytest.mark.parametrize("cla", [0x80, 0x00, 0x04, 0xC4])
    def test_another_class_ends_the_channel(self, cla: int) -> None:
        self._refused(Mode.S8, replace(pair()[0].wrap(STORE), cla=cla))

    def test_the_command_in_plain_ends_the_channel(self) -> None:
        self._refused(Mode.S8, STORE)

    def test_repeated(self) -> None:
        host, card = pair()
        protected = host.wrap(STORE)
        card.unwrap(protected)
        card.wrap(ResponseAPDU())
        with pytest.raises(Scp03Error):
            card.unwrap(protected)
        assert not card.is_open

    def test_dropped_or_reordered(self) -> None:
        host, card = pair()
        host.wrap(STORE)
        second = host.wrap(EMPTY)
        with pytest.raises(Scp03Error):
            card.unwrap(second)
        assert not card.is_open

    def test_of_another_session(self) -> None:
        protected = pair(sequence=2)[0].wrap(STORE)
        self._refused(Mode.S8, protected)

    @pytest.mark.parametrize("level", [Level.C_MAC_C_ENC, Level.ALL])
    def test_right_mac_over_what_cannot_be_decrypted(self, level: Level) -> None:
        for data in (bytes(15), bytes(16), bytes(17)):
            host, card = pair(level)
            session = host._session
            assert session is not None
            bad = replace(STORE, cla=0x84, data=data)
            with pytest.raises(Scp03Error) as caught:
                card.unwrap(replace(bad, data=data + session.command_mac(bad)[:8]))
            assert caught.value.sw == 0x6982
            assert not card.is_open

    def test_a_mac_where_none_was_agreed(self) -> None:
        _, card = pair(Level.NONE)
        with pytest.raises(Scp03Error):
            card.unwrap(replace(STORE, cla=0x84))

    @given(st.binary(max_size=300), st.integers(0, 255))
    @settings(max_examples=200)
    def test_whatever_comes_is_refused_with_6982(self, data: bytes, cla: int) -> None:
        self._refused(Mode.S8, replace(STORE, cla=cla, data=data))

    @staticmethod
    def _refused(mode: Mode, command: CommandAPDU) -> None:
        _, card = pair(mode=mode)
        with pytest.raises(Scp03Error) as caught:
            card.unwrap(command)
        assert caught.value.sw == 0x6982
        assert not card.is_open
        assert card.level is Level.NONE


class TestAnswers:
    @pytest.mark.parametrize("level", [Level.C_MAC_R_MAC, Level.C_MAC_C_ENC_R_MAC, Level.ALL])
    @pytest.mark.parametrize("answer", [ANSWER, ResponseAPDU(), ResponseAPDU(b"x", 0x6282)])
    def test_any_change_ends_the_channel(self, level: Level, answer: ResponseAPDU) -> None:
        _, card = pair(level)
        card.unwrap(pair(level)[0].wrap(STORE))
        protected = card.wrap(answer)
        for data in real_mutants(protected.data):
            self._refused(level, ResponseAPDU(data, protected.sw))
        for sw in (0x9000, 0x6282, 0x6283, 0x6310):
            if sw != protected.sw:
                self._refused(level, ResponseAPDU(protected.data, sw))
        self._refused(level, answer)

    def test_an_answer_to_another_command(self) -> None:
        host, card = pair()
        card.unwrap(host.wrap(STORE))
        earlier = card.wrap(ANSWER)
        host.unwrap(earlier)
        card.unwrap(host.wrap(STORE))
        with pytest.raises(Scp03Error):
            host.unwrap(earlier)

    def test_data_beside_an_error(self) -> None:
        host, _ = pair()
        host.wrap(STORE)
        with pytest.raises(Scp03Error):
            host.unwrap(ResponseAPDU(b"data", 0x6A88))

    def test_after_the_end_nothing_is_sent(self) -> None:
        host, _ = pair()
        host.wipe()
        with pytest.raises(Scp03Error):
            host.wrap(STORE)

    @staticmethod
    def _refused(level: Level, response: ResponseAPDU) -> None:
        host, _ = pair(level)
        host.wrap(STORE)
        with pytest.raises(Scp03Error):
            host.unwrap(response)
        with pytest.raises(Scp03Error, match="closed"):
            host.wrap(STORE)
