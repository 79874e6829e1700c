"""The issuer's folder: which file in it is what."""

from __future__ import annotations

from typing import Final

KEY_FILE: Final = "issuer.key"
PARAMETERS_FILE: Final = "parameters.cbor"
