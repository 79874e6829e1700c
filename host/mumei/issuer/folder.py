"""The issuer's folder: which file in it is what."""

from __future__ import annotations

from typing import Final

KEY_FILE: Final = "issuer.key"
PARAMETERS_FILE: Final = "parameters.cbor"
#: Encrypts what the ledger keeps secret; outlives the issuer's keys.
LEDGER_KEY_FILE: Final = "ledger.key"
#: The ledger, unless it is on a PostgreSQL server.
LEDGER_FILE: Final = "ledger.db"
