"""The ledger's tables, for SQLAlchemy 2: issuances, and the signing log that is only ever added to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, LargeBinary, String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: Of the tables; a newer mumei's ledger is not touched.
SCHEMA_VERSION: Final = 1


class Base(DeclarativeBase):
    """All tables of the ledger."""


class LedgerRow(Base):
    """One row: which version of the tables this is. Locked by whoever adds to the ledger."""

    __tablename__ = "issuer_ledger"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]


class IssuanceRow(Base):
    """One commitment and what was, or will be, signed for it. ``terms``: entropy and P_r, encrypted."""

    __tablename__ = "issuer_issuances"

    number: Mapped[int] = mapped_column(primary_key=True)
    commitment: Mapped[bytes] = mapped_column(LargeBinary(256), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    office: Mapped[str] = mapped_column(String(64))
    record: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    purpose: Mapped[int]
    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    F_0: Mapped[bytes] = mapped_column(LargeBinary(48), unique=True)
    attestation_key_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    valid_until: Mapped[int]
    renews: Mapped[bytes | None] = mapped_column(LargeBinary(256))
    key_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    terms: Mapped[bytes] = mapped_column(LargeBinary(256))
    reported: Mapped[bool] = mapped_column(default=False)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(80))
    common_key_proof: Mapped[bytes | None] = mapped_column(LargeBinary(64))


class LogRow(Base):
    """One line of the signing log. ``at``: seconds since 1970. ``hash`` covers the line and the hash before it."""

    __tablename__ = "issuer_signing_log"
    __table_args__ = (Index("issuer_signing_log_rate", "office", "at"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    issuance: Mapped[int] = mapped_column(ForeignKey(IssuanceRow.number), unique=True)
    at: Mapped[int] = mapped_column(BigInteger)
    office: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    purpose: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


_LOG: Final = LogRow.__tablename__

# Against slips of a hand; against somebody with a will there is the chain.
for _change in ("UPDATE", "DELETE"):
    event.listen(
        LogRow.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER {_LOG}_no_{_change.lower()} BEFORE {_change} ON {_LOG} "
            "BEGIN SELECT RAISE(ABORT, 'the signing log is only ever added to'); END"
        ).execute_if(dialect="sqlite"),
    )
for _statement in (
    f"CREATE FUNCTION {_LOG}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the signing log is only ever added to'; END $$",
    f"CREATE TRIGGER {_LOG}_add_only BEFORE UPDATE OR DELETE ON {_LOG} "
    f"FOR EACH ROW EXECUTE FUNCTION {_LOG}_refuse()",
):
    event.listen(
        LogRow.__table__,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )
