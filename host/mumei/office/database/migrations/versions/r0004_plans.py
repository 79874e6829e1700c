"""Plans of the counter with the journal of their steps, orders of cards with their items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the five tables."""
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("arguments", sa.String(500), nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("workstation", sa.String(100), nullable=True),
        sa.Column("lease", sa.LargeBinary(16), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_plan_resident_id"),
        sa.CheckConstraint(
            "state IN ('OPEN', 'CANCELLING', 'DONE', 'CANCELLED')", name=op.f("ck_plan_state")
        ),
    )
    op.create_index("ix_plan_resident_id", "plan", ["resident_id"])
    unfinished = sa.text("state IN ('OPEN', 'CANCELLING')")
    op.create_index(
        "uq_plan_unfinished",
        "plan",
        ["resident_id", "kind"],
        unique=True,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "plan_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("state", sa.String(7), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("workstation", sa.String(100), nullable=False),
        sa.Column("result", sa.String(500), nullable=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan_step"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_step_plan_id"),
        sa.UniqueConstraint("plan_id", "name", name="uq_plan_step_plan_id"),
        sa.CheckConstraint("state IN ('STARTED', 'DONE', 'UNDONE')", name=op.f("ck_plan_step_state")),
    )
    op.create_table(
        "card_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(4), nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_card_order"),
        sa.UniqueConstraint("digest", name="uq_card_order_digest"),
        sa.CheckConstraint("state IN ('OPEN', 'DONE')", name=op.f("ck_card_order_state")),
    )
    op.create_table(
        "card_order_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("card_number", sa.LargeBinary(10), nullable=True),
        sa.Column("replacement", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(6), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(100), nullable=True),
        sa.Column("workstation", sa.String(100), nullable=True),
        sa.Column("lease", sa.LargeBinary(16), nullable=True),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("enrolment_id", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(40), nullable=True),
        sa.Column("detail", sa.String(300), nullable=True),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_card_order_item"),
        sa.ForeignKeyConstraint(["order_id"], ["card_order.id"], name="fk_card_order_item_order_id"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_card_order_item_resident_id"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_card_order_item_enrolment_id"),
        sa.UniqueConstraint("order_id", "resident_id", name="uq_card_order_item_order_id"),
        sa.CheckConstraint("state IN ('OPEN', 'DONE', 'FAILED')", name=op.f("ck_card_order_item_state")),
    )
    op.create_index("ix_card_order_item_order_id", "card_order_item", ["order_id"])
    op.create_table(
        "report_code",
        sa.Column("enrolment_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_report_code"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_report_code_enrolment_id"),
        sa.UniqueConstraint("hash", name="uq_report_code_hash"),
    )
