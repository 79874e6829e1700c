"""Where a visit's time went: every millisecond in one place, the holder's apart, models marked as such."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from mumei.terminal.phases import Phase, phase_of
from mumei.terminal.visit_times import Stopwatch, VisitTimes
from mumei.transport.base import CardConnection, ModelledTime
from mumei_core.commands import codes

MS = 1_000_000


class Wall:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now = 5 * MS

    def __call__(self) -> int:
        return self.now

    def pass_by(self, milliseconds: int) -> None:
        self.now += milliseconds * MS


@dataclass(slots=True)
class Modelled:
    profile: str = "CHIP"
    card_ms: float = 0.0
    link_ms: float = 0.0
    idle_ms: float = 0.0
    unknown: tuple[str, ...] = ()


class SlowCard(CardConnection):
    """Answers after 10 ms with four octets; a model says 100 and 20."""

    def __init__(self, wall: Wall, model: Modelled | None = None) -> None:
        self.name, self.atr, self.supports_extended = "slow", b"\x3b\x00", True
        self._wall = wall
        self._model = model

    @property
    def modelled(self) -> ModelledTime | None:
        return replace(self._model) if self._model else None

    def transmit(self, apdu: bytes) -> bytes:
        self._wall.pass_by(10)
        if self._model:
            self._model.card_ms += 100
            self._model.link_ms += 20
        return bytes.fromhex("aabb9000")

    def reset(self) -> None: ...
    def close(self) -> None: ...


def command(ins: int, p1: int = 0) -> bytes:
    return bytes((0, ins, p1, 0, 0))


def visit(model: Modelled | None = None) -> VisitTimes:
    """Reader 3; SELECT after 1; PACE twice after 2 each; holder types for 500 after 4; PRESENT; verified in 6."""
    wall = Wall()
    watch = Stopwatch(wall)
    wall.pass_by(3)
    with watch.over(SlowCard(wall, model)) as connection:
        wall.pass_by(1)
        connection.transmit(command(codes.INS_SELECT))
        for _ in range(2):
            wall.pass_by(2)
            connection.transmit(command(codes.INS_GENERAL_AUTHENTICATE))
        wall.pass_by(4)
        watch.aside(lambda: wall.pass_by(500))()
        connection.transmit(command(codes.INS_PRESENT))
        connection.transmit(command(codes.INS_GET_RESPONSE))
        wall.pass_by(6)
        return watch.stop()


def test_every_phase_has_its_own_time() -> None:
    times = visit()
    shown = {found.phase: (found.exchanges, found.card_ms, found.own_ms) for found in times.phases}
    assert shown == {
        Phase.READER: (0, 0, 3),
        Phase.SELECT: (1, 10, 1),
        Phase.PACE: (2, 20, 4),
        Phase.PRESENTATION: (2, 20, 4),
        Phase.VERIFICATION: (0, 0, 6),
    }
    assert times.holder_ms == 500


def test_octets_both_ways() -> None:
    pace = next(found for found in visit().phases if found.phase is Phase.PACE)
    assert (pace.sent, pace.received) == (2 * 5, 2 * 4)


def test_without_a_model_no_word_of_one() -> None:
    times = visit()
    assert times.model is None and all(found.model_card_ms is None for found in times.phases)
    assert "MODEL" not in times.text() and "holder took 500 ms" in times.text()


def test_modelled_times_stand_beside_and_are_marked() -> None:
    times = visit(Modelled(idle_ms=700))
    pace = next(found for found in times.phases if found.phase is Phase.PACE)
    assert (pace.model_card_ms, pace.model_link_ms, pace.card_ms) == (200, 40, 20)
    text = times.text()
    assert "MODEL card ms" in text and "not a measurement" in text and "700 ms while nobody waited" in text
    assert text.splitlines()[-3].split()[-2:] == ["500.0", "100.0"]


def test_what_the_model_has_no_figure_for_is_said() -> None:
    text = visit(Modelled(unknown=("addition in G1",))).text()
    assert "Not in the MODEL, for nobody published a figure: addition in G1." in text


def test_a_holder_who_declines_took_time_as_well() -> None:
    wall = Wall()
    watch = Stopwatch(wall)

    def decline() -> None:
        wall.pass_by(50)
        raise KeyboardInterrupt

    with watch.over(SlowCard(wall)):
        with pytest.raises(KeyboardInterrupt):
            watch.aside(decline)()
        times = watch.stop()
    assert times.holder_ms == 50
    assert sum(found.own_ms for found in times.phases) == 0


@pytest.mark.parametrize(
    ("ins", "p1", "phase"),
    [
        (codes.INS_MANAGE_SECURITY_ENVIRONMENT, codes.SET_AT_PACE_P1, Phase.PACE),
        (codes.INS_MANAGE_SECURITY_ENVIRONMENT, codes.SET_AT_TA_P1, Phase.TERMINAL_AUTHENTICATION),
        (codes.INS_VERIFY, 0, Phase.PIN),
        (codes.INS_READ_BINARY, 0, Phase.CAPABILITIES),
        (codes.INS_DESCRIBE_TERMINAL, 0, Phase.DESCRIPTION),
    ],
)
def test_commands_belong_to_phases(ins: int, p1: int, phase: Phase) -> None:
    assert phase_of(ins, p1) is phase


def test_a_command_without_a_phase_goes_on_with_the_one_before() -> None:
    assert phase_of(codes.INS_GET_RESPONSE, 0, Phase.PIN) is Phase.PIN
