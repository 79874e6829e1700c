"""One card's static keys on their way from the master's keeper to the maker of the card, as a small JSON file.

    {"format": "mumei card keys 1", "diversification_data": hex of 10 octets, "key_version": 48,
     "enc": hex, "mac": hex, "dek": hex,
     "attestation_key": hex of 32 octets, "attestation_certificate": hex}

The last two are both there or neither, as in files from before cards attested anything. The file holds keys in
clear, for one card: mode 0600, and deleted when the card is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mumei_core.attestation import AttestationKey, MakerCertificate
from mumei_core.commands.codes import SCP03_MAX_KVN
from mumei_core.errors import DecodingError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS
from mumei_core.gp.keys import KeyDataError, StaticKeys

FORMAT: Final = "mumei card keys 1"
MAX_FILE_OCTETS: Final = 2048
_FIELDS: Final = frozenset({"format", "diversification_data", "key_version", "enc", "mac", "dek"})
_ATTESTATION_FIELDS: Final = frozenset({"attestation_key", "attestation_certificate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeys:
    """``diversification_data``: the card's number, 10 octets; ``key_version``: 1 to 127; ``attestation``: None for
    a card with no key to attest with, which no office enrols.
    """

    diversification_data: bytes
    key_version: int
    keys: StaticKeys
    attestation: AttestationKey | None = None

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
        if self.attestation is not None:
            fields["attestation_key"] = self.attestation.secret.hex()
            fields["attestation_certificate"] = self.attestation.certificate.to_octets().hex()
        return json.dumps(fields, indent=1).encode("ascii") + b"\n"

    @classmethod
    def from_json(cls, octets: bytes) -> CardKeys:
        """Raises :class:`KeyDataError`, whose text quotes nothing of the file."""
        try:
            fields = json.loads(octets)
            if not isinstance(fields, dict) or fields.get("format") != FORMAT:
                raise ValueError
            if fields.keys() not in (_FIELDS, _FIELDS | _ATTESTATION_FIELDS):
                raise ValueError
            if type(fields["key_version"]) is not int:
                raise ValueError
            enc, mac, dek, number = (
                bytes.fromhex(fields[name]) for name in ("enc", "mac", "dek", "diversification_data")
            )
            attestation = _attestation(fields)
        except (ValueError, TypeError, RecursionError, DecodingError):
            raise KeyDataError(
                "the file holds no card keys", hint="Make one with: mumei maker card-keys"
            ) from None
        return cls(
            diversification_data=number,
            key_version=fields["key_version"],
            keys=StaticKeys(enc=enc, mac=mac, dek=dek),
            attestation=attestation,
        )


def _attestation(fields: Mapping[str, str]) -> AttestationKey | None:
    if "attestation_key" not in fields:
        return None
    certificate = MakerCertificate.from_octets(bytes.fromhex(fields["attestation_certificate"]))
    return AttestationKey(secret=bytes.fromhex(fields["attestation_key"]), certificate=certificate)
