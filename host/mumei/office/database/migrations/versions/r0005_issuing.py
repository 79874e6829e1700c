"""What is kept of each issuance: the card's answer with its shares, trustees, renewal's evidence and pseudonym."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Make the table. Enrolments before it have no row: their cards made no shares and cannot be revoked."""
    op.create_table(
        "issuing",
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Integer(), nullable=False),
        sa.Column("renews_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("share_point", sa.LargeBinary(48), nullable=True),
        sa.Column("trustees", sa.LargeBinary(), nullable=True),
        sa.Column("trustee_list", sa.LargeBinary(32), nullable=True),
        sa.Column("attestation", sa.LargeBinary(32), nullable=True),
        sa.Column("shown_request", sa.LargeBinary(), nullable=True),
        sa.Column("shown_presentation", sa.LargeBinary(), nullable=True),
        sa.Column("renewal_pseudonym", sa.LargeBinary(48), nullable=True),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_issuing"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_issuing_enrolment_id"),
        sa.ForeignKeyConstraint(["renews_id"], ["enrolment.id"], name="fk_issuing_renews_id"),
        sa.UniqueConstraint("share_point", name="uq_issuing_share_point"),
        sa.UniqueConstraint("attestation", name="uq_issuing_attestation"),
        sa.CheckConstraint("purpose IN (1, 2)", name=op.f("ck_issuing_purpose")),
        sa.CheckConstraint(
            "(purpose = 2) = (renews_id IS NOT NULL)", name=op.f("ck_issuing_renews_something")
        ),
    )
    op.create_index("ix_issuing_trustee_list", "issuing", ["trustee_list"])
