"""What a test bench knows of its cards and authorities: one JSON file, secrets in clear, for test cards only.

Made by ``python -m tools.conformance prepare`` with the product's own commands. Mode 0600: whoever has it can do
everything with the cards it names, and nothing with any other card.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

from mumei_core.errors import DataError

FORMAT: Final = "mumei conformance bench 2"
ISSUED, NEW, DEVELOPMENT = "issued", "new", "development"
_MAX_OCTETS: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchCard:
    """One card. ``serial``: diversification data in hex; cards of the development profile have none.

    ``enc``, ``mac``, ``dek``: static keys in hex. ``file``: the software card, beside the bench file.
    """

    serial: str
    file: str = ""
    shop_code: str = ""
    pin: str = field(default="", repr=False)
    puk: str = field(default="", repr=False)
    can: str = field(default="", repr=False)
    transport_pin: str = field(default="", repr=False)
    key_version: int = 0
    enc: str = field(default="", repr=False)
    mac: str = field(default="", repr=False)
    dek: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchKey:
    """A certificate 7F21 and its private key, in hex."""

    certificate: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFile:
    """Everything. ``day``: of preparation, which the checks take for today. ``table_hash``: of the digit table.

    ``auditor``, ``revocation``: private keys of auditor and revocation authority, in hex.
    """

    day: date
    cards: dict[str, BenchCard]
    authorities: dict[str, BenchKey]
    auditor: str = field(repr=False)
    revocation: str = field(repr=False)
    parameters: str
    table_hash: str
    development_table_hash: str
    folder: Path = Path()

    def save(self, path: Path) -> None:
        """Writes a new file. Raises DataError where there is one."""
        fields = asdict(self)
        del fields["folder"]
        fields |= {"format": FORMAT, "day": self.day.isoformat()}
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(json.dumps(fields, indent=1) + "\n")
        except OSError as error:
            raise DataError(
                f"cannot write {path}: {error.strerror}", hint="Name a folder that is not there yet."
            ) from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DataError, whose text quotes nothing of the file."""
        try:
            with path.open("rb") as file:
                fields: dict[str, Any] = json.loads(file.read(_MAX_OCTETS))
            if fields.pop("format") != FORMAT:
                raise ValueError
            return cls(
                day=date.fromisoformat(fields.pop("day")),
                cards={name: BenchCard(**card) for name, card in fields.pop("cards").items()},
                authorities={name: BenchKey(**key) for name, key in fields.pop("authorities").items()},
                folder=path.parent,
                **fields,
            )
        except OSError as error:
            raise DataError(
                f"cannot read {path}: {error.strerror}",
                hint="Make a bench with: python -m tools.conformance prepare FOLDER",
            ) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DataError(
                f"{path} is no bench file", hint="Make one with: python -m tools.conformance prepare FOLDER"
            ) from None
