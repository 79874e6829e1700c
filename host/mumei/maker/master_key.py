"""The master key from which every card's static keys come (NIST SP 800-108 Rev. 1; mumei protocol 2.6).

Who holds it can write to every card that is not yet issued; it is kept encrypted, and leaves its keeper only as the
keys of single cards.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mumei.files import write_new_file
from mumei.key_file import DEFAULT_LOG2_N, KeyFile, KeyFileError
from mumei_core.attestation import AttestationKey
from mumei_core.commands.codes import SCP03_INITIAL_KVN
from mumei_core.errors import UsageError
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS, Scheme, kdf3_keys, mumei_keys
from mumei_core.gp.keys import KEY_SIZES, StaticKeys, key_check_value

KIND: Final = "personalisation-master"
SCHEMES: Final[dict[str, Scheme]] = {"mumei": mumei_keys, "kdf3": kdf3_keys}
"""How cards' keys come from the master, by the name that the key file's public part carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """An AES key of 16, 24 or 32 octets and its scheme, a key of SCHEMES. ``repr`` shows no secret."""

    secret: bytes = field(repr=False)
    scheme: str = "mumei"

    def __post_init__(self) -> None:
        if len(self.secret) not in KEY_SIZES:
            raise UsageError("a master key has 128, 192 or 256 bits")
        if self.scheme not in SCHEMES:
            raise UsageError(f"no scheme is called {self.scheme!a}", hint=f"Known: {', '.join(SCHEMES)}.")

    @classmethod
    def generate(cls, bits: int = 128, *, scheme: str = "mumei") -> Self:
        """A fresh key; the cards' keys are as long as it. Raises UsageError for another size or scheme."""
        return cls(secret=secrets.token_bytes(bits // 8), scheme=scheme)

    @property
    def check_value(self) -> bytes:
        """3 octets by which people tell master keys apart."""
        return key_check_value(self.secret)

    def keys_of(self, diversification_data: bytes, version: int) -> StaticKeys:
        """The static keys of the card with this number (10 octets) under this key version number."""
        return SCHEMES[self.scheme](self.secret, diversification_data, version)

    def new_card(
        self, *, version: int = SCP03_INITIAL_KVN, attestation: AttestationKey | None = None
    ) -> CardKeys:
        """Keys for a new card, whose number is drawn here: random, so that it tells nothing of its maker."""
        number = secrets.token_bytes(DIVERSIFICATION_DATA_OCTETS)
        return CardKeys(
            diversification_data=number,
            key_version=version,
            keys=self.keys_of(number, version),
            attestation=attestation,
        )

    def save(self, path: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> None:
        """Write a new key file; raises as :meth:`KeyFile.seal`."""
        public = self.check_value + self.scheme.encode("ascii")
        KeyFile.seal(path, KIND, self.secret, passphrase, public, log2_n=log2_n)

    @classmethod
    def load(cls, path: Path, passphrase: bytes) -> Self:
        """Open a key file.

        Raises as :meth:`KeyFile.load` and :meth:`KeyFile.unseal`, and KeyFileError if it is no master key, or if
        secret and public part disagree.
        """
        found = KeyFile.load(path)
        if found.kind != KIND:
            raise KeyFileError(
                f"{path.name} is a key file of another kind: {found.kind!a}, not {KIND!a}",
                hint=f"Name the file that holds the {KIND}.",
            )
        octets = found.unseal(passphrase)
        try:
            key = cls(secret=bytes(octets), scheme=found.public[3:].decode("ascii", "replace"))
        except UsageError as error:
            raise KeyFileError(f"{path.name} holds no master key") from error
        finally:
            octets[:] = bytes(len(octets))
        if found.public[:3] != key.check_value:
            raise KeyFileError(f"{path.name}: secret and public part disagree")
        return key


def write_card_keys(path: Path, card: CardKeys) -> None:
    """Write one card's keys, in clear, to a new file of mode 0600. Raises as :func:`write_new_file`."""
    write_new_file(path, card.to_json(), mode=0o600)
