"""The public parameters that a card pins (E5 of STORE DATA). Source: mumei protocol 2.2, 2.4; apdu_specs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.template import (
    build_template,
    day_from,
    day_octets,
    expect_length,
    expect_version,
    parse_template,
)
from mumei_core.credential import PUBLIC_KEY_LENGTH
from mumei_core.crypto.curve import POINT_LENGTH, UNCOMPRESSED_LENGTH, compress
from mumei_core.crypto.predicate.messages import BASE, table_hash
from mumei_core.errors import DecodingError

TABLE_LENGTH: Final = BASE * UNCOMPRESSED_LENGTH
_ORDER = (
    codes.TAG_PARAMETERS_VERSION,
    codes.TAG_PARAMETERS_PROFILE,
    codes.TAG_PARAMETERS_PUBLIC_KEY,
    codes.TAG_PARAMETERS_W1,
    codes.TAG_PARAMETERS_X,
    codes.TAG_PARAMETERS_A_TABLE,
    codes.TAG_PARAMETERS_W_TABLE,
    codes.TAG_PARAMETERS_AGES,
    codes.TAG_PARAMETERS_DATE,
    codes.TAG_PARAMETERS_STATEMENT,
)
_MANDATORY = _ORDER[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardParameters:
    """What every card of an issuer holds alike.

    ``public_key``: PK, 96 octets. ``W1``: 48. ``X``: 96. ``A_table``, ``W_table``: 256 points of 96 octets,
    uncompressed, for a chip should not take square roots. ``ages``: answered without PIN, ascending.
    ``date``: day of personalisation. ``profile``: the card profile they are for; others refuse them.
    ``statement``: what root and auditor signed about X, tables and ages
    (:class:`mumei_core.statements.SignedStatement`); cards that have pinned the root's keys want it.
    """

    profile: int
    public_key: bytes
    W1: bytes
    X: bytes
    A_table: bytes
    W_table: bytes
    ages: tuple[int, ...]
    date: int
    statement: bytes | None = None

    def __post_init__(self) -> None:
        expect_length("PK", self.public_key, PUBLIC_KEY_LENGTH)
        expect_length("W1", self.W1, POINT_LENGTH)
        expect_length("X", self.X, PUBLIC_KEY_LENGTH)
        expect_length("table A", self.A_table, TABLE_LENGTH)
        expect_length("table W", self.W_table, TABLE_LENGTH)
        if list(self.ages) != sorted(set(self.ages)) or any(not 1 <= age <= 150 for age in self.ages):
            raise DecodingError("the list of ages is not ascending within 1 to 150")

    @property
    def table_hash(self) -> bytes:
        """SHA-256(X || A || W) over compressed points: what requests name."""
        return table_hash(self.X, _compressed(self.A_table), _compressed(self.W_table))

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_PARAMETERS,
            {
                codes.TAG_PARAMETERS_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_PARAMETERS_PROFILE: bytes([self.profile]),
                codes.TAG_PARAMETERS_PUBLIC_KEY: self.public_key,
                codes.TAG_PARAMETERS_W1: self.W1,
                codes.TAG_PARAMETERS_X: self.X,
                codes.TAG_PARAMETERS_A_TABLE: self.A_table,
                codes.TAG_PARAMETERS_W_TABLE: self.W_table,
                codes.TAG_PARAMETERS_AGES: bytes(self.ages),
                codes.TAG_PARAMETERS_DATE: day_octets(self.date),
                codes.TAG_PARAMETERS_STATEMENT: self.statement,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> CardParameters:
        """Raises DecodingError."""
        values = parse_template(octets, codes.TAG_PARAMETERS, _ORDER, _MANDATORY)
        expect_version(values[codes.TAG_PARAMETERS_VERSION], codes.DATA_VERSION)
        return cls(
            profile=expect_length("profile", values[codes.TAG_PARAMETERS_PROFILE], 1)[0],
            public_key=values[codes.TAG_PARAMETERS_PUBLIC_KEY],
            W1=values[codes.TAG_PARAMETERS_W1],
            X=values[codes.TAG_PARAMETERS_X],
            A_table=values[codes.TAG_PARAMETERS_A_TABLE],
            W_table=values[codes.TAG_PARAMETERS_W_TABLE],
            ages=tuple(values[codes.TAG_PARAMETERS_AGES]),
            date=day_from("date", values[codes.TAG_PARAMETERS_DATE]),
            statement=values.get(codes.TAG_PARAMETERS_STATEMENT),
        )


def _compressed(table: bytes) -> list[bytes]:
    return [compress(table[i : i + UNCOMPRESSED_LENGTH]) for i in range(0, len(table), UNCOMPRESSED_LENGTH)]
