"""Revocation: trustees, handles' names, confirmations, cases of reported cards, reports to the issuer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "trustee_list",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_trustee_list"),
    )
    op.create_table(
        "trustee",
        sa.Column("list_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("signing", sa.LargeBinary(65), nullable=False),
        sa.PrimaryKeyConstraint("list_digest", "number", name="pk_trustee"),
        sa.ForeignKeyConstraint(["list_digest"], ["trustee_list.digest"], name="fk_trustee_list_digest"),
    )
    op.create_table(
        "handle",
        sa.Column("enrolment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_handle"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_handle_enrolment_id"),
        sa.UniqueConstraint("digest", name="uq_handle_digest"),
    )
    op.create_table(
        "confirmation",
        sa.Column("enrolment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trustee", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", "trustee", name="pk_confirmation"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_confirmation_enrolment_id"),
    )
    op.create_table(
        "revocation_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.LargeBinary(16), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocation_case"),
        sa.UniqueConstraint("number", name="uq_revocation_case_number"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_revocation_case_resident_id"),
        sa.CheckConstraint(
            "state IN ('OPEN', 'EXPORTED', 'LISTED', 'WITHDRAWN')", name=op.f("ck_revocation_case_state")
        ),
    )
    op.create_index("ix_revocation_case_resident_id", "revocation_case", ["resident_id"])
    op.create_table(
        "revocation_case_handle",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enrolment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "enrolment_id", name="pk_revocation_case_handle"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["revocation_case.id"], name="fk_revocation_case_handle_case_id"
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name="fk_revocation_case_handle_enrolment_id"
        ),
    )
    op.create_index("ix_revocation_case_handle_enrolment_id", "revocation_case_handle", ["enrolment_id"])
    op.create_table(
        "issuer_report",
        sa.Column("resident_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("resident_id", name="pk_issuer_report"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_issuer_report_resident_id"),
    )
