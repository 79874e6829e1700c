"""First schema: residents, enrolment records, append-only audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the tables, then the triggers that keep the audit trail as it was written."""
    op.create_table(
        "resident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resident_code", sa.String(11), nullable=False),
        sa.Column("family_name", sa.String(50), nullable=False),
        sa.Column("given_name", sa.String(50), nullable=False),
        sa.Column("family_reading", sa.String(100), nullable=False),
        sa.Column("given_reading", sa.String(100), nullable=False),
        sa.Column("sex", sa.Integer(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("prefecture", sa.Integer(), nullable=False),
        sa.Column("municipality", sa.String(6), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resident"),
        sa.UniqueConstraint("resident_code", name="uq_resident_resident_code"),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("nonce", sa.LargeBinary(32), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("signer_nym_entropy", sa.LargeBinary(32), nullable=True),
        sa.Column("valid_until", sa.Integer(), nullable=True),
        sa.Column("key_id", sa.LargeBinary(32), nullable=True),
        sa.Column("signature", sa.LargeBinary(80), nullable=True),
        sa.Column("common_key_proof", sa.LargeBinary(64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_enrolment_resident_id"),
        sa.UniqueConstraint("nonce", name="uq_enrolment_nonce"),
        sa.UniqueConstraint("commitment", name="uq_enrolment_commitment"),
        sa.CheckConstraint(
            "state IN ('STARTED', 'COMMITTED', 'SIGNED', 'STORED', 'CANCELLED')",
            name=op.f("ck_enrolment_state"),
        ),
        sa.CheckConstraint(
            "signature IS NULL OR signer_nym_entropy IS NOT NULL", name=op.f("ck_enrolment_entropy_first")
        ),
    )
    op.create_index("ix_enrolment_resident_id", "enrolment", ["resident_id"])
    still_open = sa.text("state IN ('STARTED', 'COMMITTED', 'SIGNED')")
    op.create_index(
        "uq_enrolment_open",
        "enrolment",
        ["resident_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "audit_trail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_trail"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_audit_trail_resident_id"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_audit_trail_enrolment_id"),
    )
    op.create_index("ix_audit_trail_resident_id", "audit_trail", ["resident_id"])
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


_APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_trail_no_{change.lower()} BEFORE {change} ON audit_trail"
        " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        for change in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION mumei_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$",
        "CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail"
        " FOR EACH STATEMENT EXECUTE FUNCTION mumei_append_only()",
    ),
}
