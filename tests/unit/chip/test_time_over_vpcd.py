"""A timed card behind vpcd's socket: the answer waits as long as the clock sleeps, and the card may work idle."""

from __future__ import annotations

import select
import socket
import threading

from tests.fixtures import world

from mumei_card.chip.nvm import Nvm
from mumei_card.chip.profiles import find
from mumei_card.chip.timing import Clock, TimedCard
from mumei_card.link.in_process import SoftwareCard
from mumei_card.link.vpcd import HOST, Idling, VpcdLink

PATIENCE = 20.0
ASK_PIN = bytes.fromhex("00200003")


def test_an_answer_is_as_late_as_the_chips_would_be() -> None:
    asleep, wake = threading.Event(), threading.Event()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        asleep.set()
        assert wake.wait(PATIENCE)

    card = TimedCard(SoftwareCard(Nvm.in_memory(world.sample_card())), Clock(find("J3R180"), sleep=sleep))
    assert isinstance(card, Idling)
    with socket.create_server((HOST, 0)) as listener:
        link = VpcdLink(card, port=listener.getsockname()[1], patience=PATIENCE)
        thread = threading.Thread(target=link.run)
        thread.start()
        try:
            listener.settimeout(PATIENCE)
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PATIENCE)
                connection.sendall(len(ASK_PIN).to_bytes(2) + ASK_PIN)
                assert asleep.wait(PATIENCE)
                assert select.select([connection], [], [], 0)[0] == []
                wake.set()
                answer = connection.recv(4)
                assert answer[:2] == b"\0\2"
        finally:
            wake.set()
            link.stop()
            thread.join(PATIENCE)
            link.close()
    assert slept and slept[0] > 0
