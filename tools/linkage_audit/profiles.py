"""The ways in that the audit knows, by card profile."""

from __future__ import annotations

from typing import Final

from tools.linkage_audit.channel_way import PaceAndTerminalAuthentication
from tools.linkage_audit.ways import PlainDescription, Way

WAYS: Final[dict[str, type[Way]]] = {
    way.profile_name: way for way in (PaceAndTerminalAuthentication, PlainDescription)
}
"""The first is the default."""
