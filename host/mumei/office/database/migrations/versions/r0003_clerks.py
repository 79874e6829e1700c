"""The audit trail becomes a chain that is sealed; clerks with their passwords, keys and sessions; approvals."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from mumei.office.audit.actions import AuditAction

# The format of entries has a version of its own and is kept for ever: adopted entries verify as any other.
from mumei.office.audit.entry import TRAIL_ID_SIZE, AuditEntry, entry_digest, first_link, link_after

revision = "0003"
down_revision: str | None = "0002"

_MOMENT = sa.DateTime(timezone=True)
_PROTECTED = ("audit_trail", "audit_seal")


def upgrade() -> None:
    """Chain what there is, then let the triggers watch over it again."""
    dialect = op.get_bind().dialect.name
    for statement in _UNWATCH[dialect]:
        op.execute(statement)
    _widen()
    _make_seals()
    _adopt()
    _make_clerks()
    with op.batch_alter_table("audit_trail") as table:
        table.alter_column("previous", existing_type=sa.LargeBinary(32), nullable=False)
        table.alter_column("link", existing_type=sa.LargeBinary(32), nullable=False)
    for statement in _WATCH[dialect]:
        op.execute(statement)


def _widen() -> None:
    with op.batch_alter_table("audit_trail") as table:
        # The trail outlives the records it tells of.
        table.drop_constraint("fk_audit_trail_resident_id", type_="foreignkey")
        table.drop_constraint("fk_audit_trail_enrolment_id", type_="foreignkey")
        table.alter_column("action", existing_type=sa.String(30), type_=sa.String(40))
        table.alter_column("resident_id", existing_type=sa.Integer(), nullable=True)
        for name in ("card_id", "order_id", "plan_id", "case_id", "approval_id"):
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
        table.add_column(sa.Column("about", sa.String(50), nullable=True))
        table.add_column(sa.Column("digest", sa.LargeBinary(32), nullable=True))
        table.add_column(sa.Column("previous", sa.LargeBinary(32), nullable=True))
        table.add_column(sa.Column("link", sa.LargeBinary(32), nullable=True))
        table.add_column(sa.Column("signature", sa.LargeBinary(64), nullable=True))


def _make_seals() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trail_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("link", sa.LargeBinary(32), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("key", sa.LargeBinary(65), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_seal"),
    )


def _make_clerks() -> None:
    op.create_table(
        "clerk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("roles", sa.String(40), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("temporary", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clerk"),
        sa.UniqueConstraint("name", name="uq_clerk_name"),
    )
    op.create_table(
        "clerk_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clerk_id", sa.Integer(), nullable=False),
        sa.Column("point", sa.LargeBinary(65), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clerk_key"),
        sa.ForeignKeyConstraint(["clerk_id"], ["clerk.id"], name="fk_clerk_key_clerk_id"),
        sa.UniqueConstraint("point", name="uq_clerk_key_point"),
    )
    current = sa.text("wrapped IS NOT NULL")
    op.create_index(
        "uq_clerk_key_current",
        "clerk_key",
        ["clerk_id"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_table(
        "clerk_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clerk_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clerk_session"),
        sa.ForeignKeyConstraint(["clerk_id"], ["clerk.id"], name="fk_clerk_session_clerk_id"),
        sa.UniqueConstraint("token_hash", name="uq_clerk_session_token_hash"),
    )
    op.create_index("ix_clerk_session_clerk_id", "clerk_session", ["clerk_id"])
    op.create_table(
        "login_try",
        sa.Column("clerk_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.LargeBinary(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wait_until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("clerk_id", "place", name="pk_login_try"),
        sa.ForeignKeyConstraint(["clerk_id"], ["clerk.id"], name="fk_login_try_clerk_id"),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation", sa.String(20), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("requester", sa.Integer(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("decider", sa.Integer(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
        sa.ForeignKeyConstraint(["requester"], ["clerk.id"], name="fk_approval_requester"),
        sa.ForeignKeyConstraint(["decider"], ["clerk.id"], name="fk_approval_decider"),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'APPROVED', 'REFUSED', 'USED')", name=op.f("ck_approval_state")
        ),
        sa.CheckConstraint("decider IS NULL OR decider <> requester", name=op.f("ck_approval_two_persons")),
    )
    op.create_index("ix_approval_subject", "approval", ["subject"])


def _adopt() -> None:
    """Give the old entries, in their order, numbers without gaps and their links."""
    connection = op.get_bind()
    old = sa.table(
        "audit_trail", *map(sa.column, ("id", "at", "clerk", "action", "resident_id", "enrolment_id"))
    )
    trail = sa.table("audit_trail", *map(sa.column, ("id", "previous", "link")))
    head = sa.table("audit_head", *map(sa.column, ("id", "trail_id", "number", "link")))
    chain = sa.update(trail).where(trail.c.id == sa.bindparam("old_id"))
    trail_id = secrets.token_bytes(TRAIL_ID_SIZE)
    number, link = 0, first_link(trail_id)
    rows = connection.execute(
        sa.select(old.c.id, sa.type_coerce(old.c.at, _MOMENT), old.c.clerk, old.c.action, old.c.resident_id)
        .add_columns(old.c.enrolment_id)
        .order_by(old.c.id)
    ).all()
    for old_id, at, clerk, action, resident, enrolment in rows:
        number += 1
        entry = AuditEntry(
            number=number,
            at=_in_utc(at),
            clerk=clerk,
            action=AuditAction(action),
            resident=resident,
            enrolment=enrolment,
        )
        previous, link = link, link_after(entry_digest(entry.to_body(link)), None)
        connection.execute(chain.values(id=number, previous=previous, link=link), {"old_id": old_id})
    connection.execute(sa.insert(head).values(id=1, trail_id=trail_id, number=number, link=link))


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _sqlite_trigger(table: str, change: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    )


def _sqlite_insert_trigger(table: str) -> str:
    there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - a name of ours
    return (
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there}"
        " BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    )


_UNWATCH = {
    "sqlite": tuple(f"DROP TRIGGER audit_trail_no_{change}" for change in ("update", "delete")),
    "postgresql": ("DROP TRIGGER audit_trail_append_only ON audit_trail",),
}
_WATCH = {
    "sqlite": (
        *(_sqlite_trigger(table, change) for table in _PROTECTED for change in ("UPDATE", "DELETE")),
        _sqlite_trigger("audit_head", "DELETE"),
        # INSERT OR REPLACE removes without asking the other triggers.
        *(_sqlite_insert_trigger(table) for table in (*_PROTECTED, "audit_head")),
    ),
    "postgresql": (
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION mumei_append_only()"
            for table in _PROTECTED
        ),
        "CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head"
        " FOR EACH STATEMENT EXECUTE FUNCTION mumei_append_only()",
    ),
}
