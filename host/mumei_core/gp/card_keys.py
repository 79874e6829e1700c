"""One card's static keys on their way from the master's keeper to the maker of the card, as a small JSON file.

    {"format": "mumei card keys 1", "diversification_data": hex of 10 octets, "key_version": 48,
     "enc": hex, "mac": hex, "dek": hex}

The file holds keys in clear, for one card: mode 0600, and deleted when the card is made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from mumei_core.commands.codes import SCP03_MAX_KVN
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS
from mumei_core.gp.keys import KeyDataError, StaticKeys

FORMAT: Final = "mumei card keys 1"
MAX_FILE_OCTETS: Final = 1024
_FIELDS: Final = frozenset({"format", "diversification_data", "key_version", "enc", "mac", "dek"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeys:
    """``diversification_data``: the card's number, 10 octets; ``key_version``: 1 to 127."""

    diversification_data: bytes
    key_version: int
    keys: StaticKeys

    def __post_init__(self) -> None:
        if len(self.diversification_data) != DIVERSIFICATION_DATA_OCTETS:
            raise KeyDataError(f"diversification data are {DIVERSIFICATION_DATA_OCTETS} octets")
        if not 1 <= self.key_version <= SCP03_MAX_KVN:
            raise KeyDataError("a key version number is 1 to 127")

    def to_json(self) -> bytes:
        fields = {
            "format": FORMAT,
            "diversification_data": self.diversification_data.hex(),
            "key_version": self.key_version,
            "enc": self.keys.enc.hex(),
            "mac": self.keys.mac.hex(),
            "dek": self.keys.dek.hex(),
        }
        return json.dumps(fields, indent=1).encode("ascii") + b"\n"

    @classmethod
    def from_json(cls, octets: bytes) -> CardKeys:
        """Raises :class:`KeyDataError`, whose text quotes nothing of the file."""
        try:
            fields = json.loads(octets)
            if not isinstance(fields, dict) or fields.keys() != _FIELDS or fields["format"] != FORMAT:
                raise ValueError
            if type(fields["key_version"]) is not int:
                raise ValueError
            enc, mac, dek, number = (
                bytes.fromhex(fields[name]) for name in ("enc", "mac", "dek", "diversification_data")
            )
        except (ValueError, TypeError, RecursionError):
            raise KeyDataError(
                "the file holds no card keys", hint="Make one with: mumei maker card-keys"
            ) from None
        return cls(
            diversification_data=number,
            key_version=fields["key_version"],
            keys=StaticKeys(enc=enc, mac=mac, dek=dek),
        )
