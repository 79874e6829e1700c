"""The software card through a real PC/SC service: sessions, trouble, and trouble's end."""

import statistics
import threading
import time
from pathlib import Path

import pytest
from tests.fixtures.pcscd import (
    FIRST_READER,
    SECOND_READER,
    ForeignCard,
    Pcscd,
    ServedCard,
    T0Card,
    held_by_another,
    in_reader,
    wait_until_empty,
    wait_until_present,
)

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, change_pin, pin_status, tries_left, verify_pin
from mumei.transport.pcsc import list_readers, open_reader, wait_for_card
from mumei_card.link.in_process import open_card
from mumei_core.errors import (
    CardBusyError,
    CardRemovedError,
    NoCardError,
    NoReaderError,
    NoServiceError,
    ProtocolError,
    UsageError,
    WrongCardError,
)
from mumei_core.iso7816.apdu import CommandAPDU

SELECT = bytes.fromhex("00A4040008F06D756D6569010100")


class TestSession:
    def test_the_application_opens_and_the_pin_works(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            channel = Channel(connection)
            application = Application.select(channel)
            change_pin(channel, TransportPin("12345"), Pin("271828"))
            verify_pin(channel, Pin("271828"))
        assert connection.name == served_card.reader
        assert connection.protocol == "T=1"
        assert application.capabilities.extended

    def test_the_next_program_inherits_no_verified_pin(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            channel = Channel(connection)
            Application.select(channel)
            change_pin(channel, TransportPin("12345"), Pin("271828"))
            verify_pin(channel, Pin("271828"))
        with open_reader() as connection:
            assert pin_status(Channel(connection)).tries_left == 3

    def test_a_reset_forgets_the_verified_pin(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            channel = Channel(connection)
            Application.select(channel)
            change_pin(channel, TransportPin("12345"), Pin("271828"))
            verify_pin(channel, Pin("271828"))
            channel.reset()
            assert tries_left(channel) == 3

    def test_extended_commands_pass_whole(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            channel = Channel(connection)
            Application.select(channel)
            longest = CommandAPDU(
                cla=0, ins=0x20, p1=0, p2=3, data=bytes(channel.capabilities.max_command - 9)
            )
            # As long as the card takes; it finds the length wrong for a PIN, not the APDU broken.
            assert channel.send(longest).sw == 0x6700
            assert connection.transmit(bytes.fromhex("00CA0047000000")) == bytes.fromhex("4703C401E09000")

    def test_t0_cards_are_spoken_to_without_le_and_asked_for_the_rest(
        self, pcscd: Pcscd, card_file: Path
    ) -> None:
        ours = open_card(str(card_file))
        card = T0Card(ours)
        with in_reader(card, port=pcscd.port, reader=FIRST_READER), open_reader() as connection:
            assert connection.protocol == "T=0"
            Application.select(Channel(connection))
        ours.close()
        assert card.fetched == 1

    def test_what_is_no_apdu_never_reaches_the_reader(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            # One octet 00 would switch a virtual reader off.
            with pytest.raises(ProtocolError):
                connection.transmit(b"\x00")
            assert connection.transmit(SELECT).endswith(b"\x90\x00")

    def test_an_exchange_takes_a_few_milliseconds_at_most(self, served_card: ServedCard) -> None:
        took = []
        with open_reader() as connection:
            for _ in range(200):
                start = time.perf_counter()
                connection.transmit(SELECT)
                took.append(time.perf_counter() - start)
        # 0.1 to 0.3 ms where both ends acknowledge at once, 40 ms and more where one does not.
        assert statistics.median(took) < 0.010


class TestTrouble:
    def test_a_card_taken_out_between_two_commands(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            connection.transmit(SELECT)
            served_card.take_out()
            with pytest.raises(CardRemovedError) as caught:
                connection.transmit(SELECT)
        assert "again" in caught.value.hint

    def test_a_card_laid_back_works_again(
        self, served_card: ServedCard, pcscd: Pcscd, card_file: Path
    ) -> None:
        with open_reader() as connection, pytest.raises(CardRemovedError):
            served_card.take_out()
            connection.transmit(SELECT)
        wait_until_empty(FIRST_READER)
        back = ServedCard(card_file, port=pcscd.port, reader=FIRST_READER)
        try:
            with open_reader() as connection:
                assert connection.transmit(SELECT).endswith(b"\x90\x00")
        finally:
            back.take_out()
            wait_until_empty(FIRST_READER)

    def test_the_service_stops_and_comes_back_while_we_live_on(
        self, served_card: ServedCard, pcscd: Pcscd
    ) -> None:
        with open_reader() as connection:
            connection.transmit(SELECT)
            pcscd.stop()
            with pytest.raises(NoServiceError):
                connection.transmit(SELECT)
        with pytest.raises(NoServiceError) as caught:
            open_reader()
        assert "pcscd" in caught.value.hint

        pcscd.start()
        wait_until_present(FIRST_READER)
        with open_reader() as connection:
            assert connection.transmit(SELECT).endswith(b"\x90\x00")

    @pytest.mark.parametrize("exclusively", [False, True], ids=["in a transaction", "exclusively"])
    def test_a_card_that_another_holds_is_waited_for_up_to_the_limit(
        self, served_card: ServedCard, exclusively: bool
    ) -> None:
        with held_by_another(FIRST_READER, exclusively=exclusively):
            start = time.monotonic()
            with pytest.raises(CardBusyError):
                open_reader(busy_limit=0.5)
            assert 0.4 < time.monotonic() - start < 3.0
        with open_reader() as connection:
            assert connection.transmit(SELECT).endswith(b"\x90\x00")

    def test_a_card_that_becomes_free_within_the_limit_is_ours(self, served_card: ServedCard) -> None:
        first = open_reader()
        second: list[bytes] = []

        def use() -> None:
            with open_reader(busy_limit=20) as connection:
                second.append(connection.transmit(SELECT))

        waiting = threading.Thread(target=use)
        waiting.start()
        first.transmit(SELECT)
        assert second == []
        first.close()
        waiting.join(20)
        assert second and second[0].endswith(b"\x90\x00")

    def test_an_attempt_given_up_does_not_keep_the_card_later(self, served_card: ServedCard) -> None:
        with held_by_another(FIRST_READER):
            for _ in range(3):
                with pytest.raises(CardBusyError):
                    open_reader(busy_limit=0.1)
        with open_reader(busy_limit=10) as connection:
            assert connection.transmit(SELECT).endswith(b"\x90\x00")

    def test_an_empty_reader(self, pcscd: Pcscd) -> None:
        with pytest.raises(NoCardError):
            open_reader()

    def test_no_reader_of_that_name(self, served_card: ServedCard) -> None:
        with pytest.raises(NoReaderError, match="omnikey") as caught:
            open_reader("omnikey")
        assert FIRST_READER in caught.value.hint

    def test_no_reader_at_all(self, pcscd: Pcscd) -> None:
        pcscd.stop()
        pcscd.start(with_readers=False)
        assert list_readers() == ()
        with pytest.raises(NoReaderError):
            open_reader()

    def test_another_kind_of_card(self, pcscd: Pcscd) -> None:
        with (
            in_reader(ForeignCard(), port=pcscd.port, reader=FIRST_READER),
            open_reader() as connection,
            pytest.raises(WrongCardError),
        ):
            Application.select(Channel(connection))


class TestChoice:
    def test_two_cards_are_refused_until_one_is_named(self, served_card: ServedCard, pcscd: Pcscd) -> None:
        with in_reader(ForeignCard(), port=pcscd.port + 1, reader=SECOND_READER):
            with pytest.raises(UsageError, match="2 readers hold a card") as caught:
                open_reader()
            assert "--reader" in caught.value.hint
            with open_reader("pcd 00 00") as connection:
                assert connection.name == FIRST_READER
            with open_reader("*01") as connection:
                assert connection.name == SECOND_READER

    def test_a_card_that_comes_within_the_time_given_is_found(self, pcscd: Pcscd, card_file: Path) -> None:
        found: list[str] = []
        waiting = threading.Thread(target=lambda: found.append(wait_for_card(None, seconds=20).name))
        waiting.start()
        card = ServedCard(card_file, port=pcscd.port, reader=FIRST_READER)
        try:
            waiting.join(20)
            assert found == [FIRST_READER]
        finally:
            card.take_out()
            wait_until_empty(FIRST_READER)
