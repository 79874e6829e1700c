"""Whether vsmartcard's virtual reader can be reached from outside this machine.

vpcd listens on all addresses, one port a slot, and takes whoever connects for a card. Linux tells who listens
in ``/proc/net/tcp`` and ``tcp6`` (proc(5)).
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

PORTS = frozenset({35963, 35964})

_LISTEN = "0A"
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def exposed_ports(ports: Collection[int] = PORTS) -> tuple[int, ...]:
    """Return those of ``ports`` on which something listens beyond loopback, as Linux's tables say."""
    found: set[int] = set()
    for table in _TABLES:
        if table.is_file():
            found |= listening_beyond_loopback(table.read_text(encoding="ascii"))
    return tuple(sorted(found.intersection(ports)))


def listening_beyond_loopback(table: str) -> set[int]:
    """Return the ports of all sockets in ``table`` that listen on an address other than loopback."""
    found = set()
    for line in table.splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        address, port = local.split(":")
        if state == _LISTEN and not _is_loopback(address):
            found.add(int(port, 16))
    return found


def _is_loopback(address: str) -> bool:
    # Each 32-bit word stands in the order of the machine, little-endian on all that Linux desktops run on.
    words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
    if len(words) == 1:
        return IPv4Address(words[0]).is_loopback
    ip = IPv6Address(b"".join(words))
    return ip.is_loopback or (ip.ipv4_mapped is not None and ip.ipv4_mapped.is_loopback)
