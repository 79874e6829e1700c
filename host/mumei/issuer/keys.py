"""The issuer's key pair (mumei protocol 2.2): sk at rest in a key file, PK and W1 beside it in the clear."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mumei.key_file import DEFAULT_LOG2_N, KeyFile, KeyFileError
from mumei_core.credential import key_id
from mumei_core.crypto.bbs.issuer import key_gen, public_key, public_key_g1
from mumei_core.crypto.curve import scalar_from_octets, scalar_to_octets
from mumei_core.crypto.hashing import MUMEI
from mumei_core.errors import DecodingError

KIND: Final = "issuer-key"
_KEY_MATERIAL_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """sk, PK (96 octets) and W1 (48 octets). ``repr`` shows no secret."""

    secret: int = field(repr=False)
    public_key: bytes
    W1: bytes

    @classmethod
    def generate(cls) -> Self:
        """A fresh key: KeyGen of the BBS draft over 64 octets from the operating system."""
        return cls.from_secret(key_gen(MUMEI.suite, secrets.token_bytes(_KEY_MATERIAL_LENGTH)))

    @classmethod
    def from_secret(cls, secret: int) -> Self:
        """The key whose secret half is known: from its file, or from the shares of a back-up."""
        return cls(secret=secret, public_key=public_key(secret), W1=public_key_g1(secret).to_octets())

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK), 32 octets."""
        return key_id(self.public_key)

    def save(self, path: Path, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N) -> None:
        """Write a new key file; raises as :meth:`KeyFile.seal`."""
        KeyFile.seal(
            path, KIND, scalar_to_octets(self.secret), passphrase, self.public_key + self.W1, log2_n=log2_n
        )

    @classmethod
    def load(cls, path: Path, passphrase: bytes) -> Self:
        """Open a key file. Raises as :meth:`KeyFile.load` and :meth:`KeyFile.unseal`, and KeyFileError if it is
        no issuer key, or if secret and public part disagree.
        """
        found = KeyFile.load(path)
        if found.kind != KIND:
            raise KeyFileError(
                f"{path.name} is a key file of another kind: {found.kind!a}, not {KIND!a}",
                hint=f"Name the file that holds the {KIND}.",
            )
        octets = found.unseal(passphrase)
        try:
            key = cls.from_secret(scalar_from_octets(bytes(octets)))
        except DecodingError as error:
            raise KeyFileError(f"{path.name} holds no secret key") from error
        finally:
            octets[:] = bytes(len(octets))
        if found.public != key.public_key + key.W1:
            raise KeyFileError(f"{path.name}: secret and public part disagree")
        return key
