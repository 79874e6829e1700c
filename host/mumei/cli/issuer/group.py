"""``mumei issuer``: the issuer's keys, its service for offices, ceremony and back-up; loaded when used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

from mumei.cli.lazy import Entry, LazyCommands

_ROOM = "mumei.cli.issuer"

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "init": Entry(f"{_ROOM}.parameters", "init", "Make a key pair and public parameters."),
        "audit": Entry(f"{_ROOM}.parameters", "audit", "Check parameters with pairings."),
        "show": Entry(f"{_ROOM}.parameters", "show", "Show what parameters say."),
        "office-ca": Entry(f"{_ROOM}.offices", "office_ca", "The CA that certifies offices, and revokes."),
        "office-certificate": Entry(
            f"{_ROOM}.offices", "office_certificate", "Certify an office: what it may have signed."
        ),
        "service-certificate": Entry(
            f"{_ROOM}.offices", "service_certificate", "Certify the issuer's own service."
        ),
        "serve": Entry(f"{_ROOM}.serving", "serve", "Sign for offices over HTTPS."),
        "log": Entry(f"{_ROOM}.serving", "show_log", "Show and verify the signing log."),
        "rotate": Entry(f"{_ROOM}.keeping", "rotate", "Begin a new period with a new key."),
        "backup": Entry(f"{_ROOM}.keeping", "backup", "Split the key into shares, t of n."),
        "restore": Entry(f"{_ROOM}.keeping", "restore_keys", "Put the key together from shares."),
        "ceremony": Entry(f"{_ROOM}.ceremony", "ceremony", "Make the key before witnesses, with a record."),
        "ceremony-verify": Entry(
            f"{_ROOM}.ceremony", "ceremony_verify", "Check a ceremony's record and what was signed."
        ),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def issuer() -> None:
    """The issuer: its keys and public parameters, and the service that signs for offices."""
