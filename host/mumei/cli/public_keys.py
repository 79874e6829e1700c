"""Public keys on P-256 in files of 65 octets, as commands name them."""

from __future__ import annotations

from pathlib import Path

from mumei.files import read_file
from mumei_core.eac.signature import POINT_LENGTH, check_point
from mumei_core.errors import DecodingError, TrustError


def read_public_key(path: Path) -> bytes:
    """A public key from its file, 65 octets. Raises TrustError."""
    try:
        return check_point(read_file(path, what="public key", limit=POINT_LENGTH))
    except DecodingError as error:
        raise TrustError(f"{path} holds no public key", hint="Name the file that ends in .pub.") from error
