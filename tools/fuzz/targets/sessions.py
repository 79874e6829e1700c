"""The host against a hostile card: whatever comes back, only errors of the project's families come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import PROTOCOL_BAR, Runner, Target
from tools.fuzz.world import Stream, World

from mumei.session import credential, personalisation, settings
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import Pin, pin_status, verify_pin
from mumei.session.pace import Can, check_card_access, establish
from mumei.session.scp03 import open_scp03
from mumei.transport.base import CardConnection
from mumei_core.gp.keys import StaticKeys

#: Exchanges after which a session that still goes on hangs: a whole log in crumbs has fewer.
_MOST_EXCHANGES: Final = 10_000
_NONCE: Final = bytes(32)
_KEYS: Final = StaticKeys(enc=bytes(16), mac=bytes(16), dek=bytes(16))


class _HostileCard(CardConnection):
    """Answers with the pieces of the input, again and again; each has two octets of length."""

    name = "hostile"
    atr = b"\x3b\x80\x80\x01\x01"
    supports_extended = True

    def __init__(self, octets: bytes) -> None:
        self._answers, at = [], 0
        while at < len(octets):
            length = int.from_bytes(octets[at : at + 2])
            self._answers.append(octets[at + 2 : at + 2 + length])
            at += 2 + length
        self._sent = 0

    def transmit(self, apdu: bytes) -> bytes:
        self._sent += 1
        if self._sent > _MOST_EXCHANGES:
            raise Violation("hang", f"a session sends more than {_MOST_EXCHANGES} commands")
        return self._answers[(self._sent - 1) % len(self._answers)] if self._answers else b""

    def reset(self) -> None:
        """It does not care."""

    def close(self) -> None:
        """Nor here."""


def _of_holder(channel: Channel) -> None:
    pin_status(channel)
    verify_pin(channel, Pin("271828"))
    settings.read_settings(channel)
    read_log(channel)


def _of_office(channel: Channel) -> None:
    personalisation.enrol(channel, _NONCE)


def _of_maker(channel: Channel) -> None:
    open_scp03(channel, lambda number, version: _KEYS, random=Stream())


def _of_channel(channel: Channel) -> None:
    check_card_access(channel)
    establish(channel, Can("500540"), random=Stream())


def _of_shop(channel: Channel) -> None:
    credential.describe_terminal(channel, bytes(300))
    credential.present(channel, bytes(300))


_KINDS: Final[tuple[Callable[[Channel], None], ...]] = (
    _of_holder,
    _of_office,
    _of_maker,
    _of_channel,
    _of_shop,
)
#: PACE costs a hundred times what the others cost, so it has one place of sixteen.
_SESSIONS: Final = (*_KINDS, *((_of_holder, _of_office, _of_maker, _of_shop) * 3)[:11])


def _run(octets: bytes) -> int:
    if not octets:
        return 1
    channel = Channel(_HostileCard(octets[1:]))
    Application.identify(channel)
    _SESSIONS[octets[0] % len(_SESSIONS)](channel)
    return 1


def _make(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    return _run


def _seeds(world: World) -> list[bytes]:
    fci, atr_info = world.good("file")
    good = [fci, atr_info]
    bodies: tuple[list[bytes], ...] = (
        [b"", b"", *world.good("settings")[:1], *world.good("log entry")],
        world.good("enrolment")[:1],
        world.good("initialize update"),
        [*world.good("card access"), b"", *world.good("replies")[2:]],
        [b"", *world.good("presentation")[:1]],
    )
    return [
        bytes([number]) + b"".join(_piece(octets + b"\x90\x00") for octets in (*good, *answers))
        for number, answers in enumerate(bodies)
    ]


def _piece(octets: bytes) -> bytes:
    return len(octets).to_bytes(2) + octets


TARGETS: Final = (
    Target(
        name="hostile-card",
        about="the host's sessions with a card that answers anything",
        make=_make,
        seeds=_seeds,
        bar=PROTOCOL_BAR,
        share=2.5,
        max_octets=4096,
        module="mumei",
    ),
)
