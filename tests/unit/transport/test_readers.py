"""Small facts about readers: T=0, extended lengths, and who can reach a virtual one."""

import socket

import pytest

from mumei.transport.pcsc import for_t0
from mumei.transport.reader_features import GET_FEATURE_REQUEST, max_apdu
from mumei.transport.virtual_reader import exposed_ports, listening_beyond_loopback


@pytest.mark.parametrize(
    ("apdu", "sent"),
    [
        pytest.param("00840000", "00840000", id="case 1"),
        pytest.param("0084000008", "0084000008", id="case 2"),
        pytest.param("002000030131", "002000030131", id="case 3"),
        pytest.param("00a4040c02112200", "00a4040c021122", id="case 4 loses its Le"),
        pytest.param("0034000000000100ff0000", "0034000000000100ff0000", id="extended"),
        pytest.param("00340000000400", "00340000000400", id="extended case 2"),
    ],
)
def test_t0_takes_no_le_beside_data(apdu: str, sent: str) -> None:
    assert for_t0(bytes.fromhex(apdu)).hex() == sent


@pytest.mark.parametrize(
    ("features", "properties", "expected"),
    [
        pytest.param("060442330006 120442330012", "0a0400000100", 65_536, id="extended"),
        pytest.param("120442330012", "01020000 0a0400000000", 0, id="short only"),
        pytest.param("120442330012", "01020000", None, id="does not say"),
        pytest.param("060442330006", None, None, id="no properties"),
        pytest.param("1204", None, None, id="malformed"),
        pytest.param(None, None, None, id="no features"),
    ],
)
def test_a_reader_may_say_how_long_apdus_may_be(
    features: str | None, properties: str | None, expected: int | None
) -> None:
    answers = {GET_FEATURE_REQUEST: features, 0x42330012: properties}

    def control(code: int, data: bytes) -> bytes | None:
        answer = answers[code]
        return None if answer is None else bytes.fromhex(answer)

    assert max_apdu(control) == expected


HEADER = "  sl  local_address rem_address   st tx_queue rx_queue\n"


@pytest.mark.parametrize(
    ("row", "ports"),
    [
        pytest.param("0: 00000000:8C7B 00000000:0000 0A 0:0", {35963}, id="all addresses"),
        pytest.param("0: 0100007F:8C7B 00000000:0000 0A 0:0", set(), id="loopback"),
        pytest.param("0: 0A01A8C0:8C7C 00000000:0000 0A 0:0", {35964}, id="an address of the machine"),
        pytest.param("0: 00000000:8C7B 0100007F:1234 01 0:0", set(), id="a connection, no listener"),
        pytest.param(f"0: {'0' * 32}:8C7B {'0' * 32}:0000 0A 0:0", {35963}, id="all, IPv6"),
        pytest.param(f"0: {'0' * 24}01000000:8C7B {'0' * 32}:0000 0A 0:0", set(), id="loopback, IPv6"),
        pytest.param(
            f"0: {'0' * 16}FFFF00000100007F:8C7B {'0' * 32}:0000 0A 0:0", set(), id="loopback, mapped"
        ),
    ],
)
def test_who_listens_beyond_loopback(row: str, ports: set[int]) -> None:
    assert listening_beyond_loopback(HEADER + row + "\n") == ports


@pytest.mark.skipif(not exposed_ports.__globals__["_TABLES"][0].is_file(), reason="Linux's tables only")
def test_a_real_listener_is_found_only_where_it_is_reachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        closed.listen()
        port = closed.getsockname()[1]
        assert exposed_ports({port}) == ()
    with socket.socket() as exposed:
        exposed.bind(("0.0.0.0", 0))
        exposed.listen()
        port = exposed.getsockname()[1]
        assert exposed_ports({port}) == (port,)
