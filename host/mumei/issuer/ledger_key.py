"""The ledger's key: it keeps entropy and pseudonyms on file unreadable for who has the database alone.

A key file of its own beside the issuer's, under the same passphrase, so that it stays when the issuer's key is
rotated: a renewal years later needs the entropy of the first enrolment.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mumei.issuer.folder import KEY_FILE, LEDGER_KEY_FILE
from mumei.key_file import KeyFile, KeyFileError
from mumei_core.errors import TrustError

KIND: Final = "issuer-ledger-key"
KEY_LENGTH: Final = 32
_NONCE_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """32 octets; ``repr`` shows nothing. AES-256-GCM with a random nonce (SP 800-38D, 8.2.2)."""

    octets: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A fresh key."""
        return cls(secrets.token_bytes(KEY_LENGTH))

    @classmethod
    def open(cls, folder: Path, passphrase: bytes) -> Self:
        """The folder's ledger key; made, under the issuer key's passphrase, where there is none yet.

        Raises as :meth:`KeyFile.open`. The caller has opened the issuer's key with the same passphrase.
        """
        path = folder / LEDGER_KEY_FILE
        if not path.exists():
            if not (folder / KEY_FILE).exists():
                raise TrustError(
                    f"there is no ledger key in {folder}",
                    hint="Restore it from its back-up: it opens the ledger.",
                )
            cls.generate().save(folder, passphrase, log2_n=KeyFile.load(folder / KEY_FILE).log2_n)
        octets = KeyFile.open(path, KIND, passphrase)
        if len(octets) != KEY_LENGTH:
            raise KeyFileError(f"{path.name} holds no ledger key", hint="Restore it from its back-up.")
        return cls(bytes(octets))

    def save(self, folder: Path, passphrase: bytes, *, log2_n: int) -> None:
        """Write a new key file. Raises as :meth:`KeyFile.seal`."""
        KeyFile.seal(folder / LEDGER_KEY_FILE, KIND, self.octets, passphrase, log2_n=log2_n)

    def seal(self, plaintext: bytes, *, bound_to: bytes) -> bytes:
        """Nonce, ciphertext and tag. ``bound_to``: what must be the same on opening."""
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        return nonce + AESGCM(self.octets).encrypt(nonce, plaintext, bound_to)

    def unseal(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Raises TrustError where key and database do not belong together, or the row was altered."""
        try:
            return AESGCM(self.octets).decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], bound_to)
        except (InvalidTag, ValueError):
            raise TrustError(
                "the ledger's key does not open an entry",
                hint="Key and ledger must be of the same issuer: restore both from one back-up.",
            ) from None
