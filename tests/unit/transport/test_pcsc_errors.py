"""PC/SC's return codes become the layer that failed, with a fix."""

import socket
from pathlib import Path

import pytest

from mumei.transport import pcsc_errors
from mumei.transport.pcsc_errors import error_for, error_without_context
from mumei_core.errors import (
    CardBusyError,
    CardRemovedError,
    CardResetError,
    HostEnvironmentError,
    MumeiError,
    NoCardError,
    NoPermissionError,
    NoReaderError,
    NoServiceError,
    WrongCardError,
)

# What polkit's refusal looks like; the one trouble that tests/pcsc cannot make in earnest without polkit.
SECURITY_VIOLATION = 0x8010006A


@pytest.mark.parametrize(
    ("code", "family"),
    [
        (0x8010001D, NoServiceError),
        (0x8010001E, NoServiceError),
        (SECURITY_VIOLATION, NoPermissionError),
        (0x8010002E, NoReaderError),
        (0x80100009, NoReaderError),
        (0x80100017, NoReaderError),
        (0x8010000C, NoCardError),
        (0x8010000B, CardBusyError),
        (0x80100066, WrongCardError),
        (0x80100069, CardRemovedError),
        (0x80100068, CardResetError),
        (0x80100016, CardRemovedError),
    ],
)
def test_each_code_has_its_family_and_a_fix(code: int, family: type[MumeiError]) -> None:
    error = error_for(code, doing="SCardConnect")
    assert type(error) is family
    assert error.hint
    assert f"{code:08X}" in error.message


@pytest.mark.parametrize("code", [0x8010000C, 0x80100017, 0x80100009])
def test_what_vanishes_in_a_session_was_removed(code: int) -> None:
    assert type(error_for(code, doing="SCardTransmit", in_session=True)) is CardRemovedError


def test_a_protocol_lost_in_a_session_is_a_reset() -> None:
    assert type(error_for(0x8010000F, doing="SCardTransmit", in_session=True)) is CardResetError
    assert type(error_for(0x8010000F, doing="SCardConnect")) is WrongCardError


def test_signed_codes_are_understood() -> None:
    assert type(error_for(0x80100069 - (1 << 32), doing="SCardTransmit")) is CardRemovedError


def test_unknown_codes_are_the_machines_trouble() -> None:
    assert type(error_for(0x80100099, doing="SCardConnect")) is HostEnvironmentError


class TestNoService:
    """pcsc-lite says the same for absent and for refusing; the socket tells them apart."""

    def test_no_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(pcsc_errors.SOCKET_VARIABLE, str(tmp_path / "none"))
        assert type(error_without_context(0x8010001D)) is NoServiceError

    def test_a_socket_left_by_a_killed_service(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "pcscd.comm"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        monkeypatch.setenv(pcsc_errors.SOCKET_VARIABLE, str(path))
        assert type(error_without_context(0x8010001D)) is NoServiceError

    def test_a_service_that_takes_the_call_and_hangs_up_refuses_us(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "pcscd.comm"
        monkeypatch.setenv(pcsc_errors.SOCKET_VARIABLE, str(path))
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(path))
            alive.listen()
            assert type(error_without_context(0x8010001D)) is NoPermissionError
