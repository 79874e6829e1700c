"""The issuer's folder: which file in it is what."""

from __future__ import annotations

from typing import Final

KEY_FILE: Final = "issuer.key"
PARAMETERS_FILE: Final = "parameters.cbor"
#: Encrypts what the ledger keeps secret; outlives the issuer's keys.
LEDGER_KEY_FILE: Final = "ledger.key"
#: The ledger, unless it is on a PostgreSQL server.
LEDGER_FILE: Final = "ledger.db"
#: TLS: the service's own, and what it lets in by.
SERVICE_CERTIFICATE_FILE: Final = "service.pem"
SERVICE_KEY_FILE: Final = "service.key"
#: In an office's folder.
OFFICE_CERTIFICATE_FILE: Final = "office.pem"
OFFICE_KEY_FILE: Final = "office.key"
#: What the issuer's root and the auditor have signed about a key: its days (2.5, type 4).
KEY_STATEMENT_FILE: Final = "issuer-key.statement"
#: Keys of further periods, each in a folder of its own.
PERIODS_FOLDER: Final = "periods"
