"""Resident codes are sealed; residents get a random record, a state, events and imports; cards and deliveries.

All of it is one transaction: a power cut in the middle leaves the registry as it was, and the next opening begins
anew. :mod:`mumei.office.database.engine` makes a back-up before and sweeps the file afterwards.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import context, op

from mumei.office.database.code_vault import RECORD_OCTETS, RegistryKeys
from mumei.office.residents.resident_code import ResidentCode

revision = "0002"
down_revision: str | None = "0001"

_MOMENT = sa.DateTime(timezone=True)
_BATCH = 1000


def upgrade() -> None:
    """Make the new tables, seal what is in clear, then take the clear column away."""
    keys: RegistryKeys = context.config.attributes["keys"]
    _make_residents_tables()
    _widen_resident()
    _seal(keys)
    _tighten_resident()
    _make_cards()
    _take_over_cards()


def _make_residents_tables() -> None:
    op.create_table(
        "registry_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("check_value", sa.LargeBinary(16), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_key"),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_key_one")),
    )
    op.create_table(
        "resident_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("added", "changed", "unchanged", "refused")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_resident_import"),
    )
    op.create_table(
        "resident_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(14), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("code_before", sa.LargeBinary(29), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_resident_event"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_resident_event_resident_id"),
        sa.ForeignKeyConstraint(["import_id"], ["resident_import.id"], name="fk_resident_event_import_id"),
        sa.CheckConstraint(
            "kind IN ('ADDED', 'MOVED_IN', 'MOVED_WITHIN', 'MOVED_OUT', 'NAME_CHANGED', 'CORRECTED', 'DIED')",
            name=op.f("ck_resident_event_kind"),
        ),
        sa.CheckConstraint(
            "reason IN ('NOTIFICATION', 'EX_OFFICIO', 'ENTRY_ERROR', 'COURT_DECISION', 'IMPORT')",
            name=op.f("ck_resident_event_reason"),
        ),
    )
    op.create_index("ix_resident_event_resident_id", "resident_event", ["resident_id"])


def _widen_resident() -> None:
    for column in (
        sa.Column("record", sa.LargeBinary(16), nullable=True),
        sa.Column("code_index", sa.LargeBinary(32), nullable=True),
        sa.Column("code_sealed", sa.LargeBinary(29), nullable=True),
        sa.Column("state", sa.String(9), nullable=True),
        sa.Column("state_since", sa.Date(), nullable=True),
        sa.Column("changed_at", _MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
    ):
        op.add_column("resident", column)


def _seal(keys: RegistryKeys) -> None:
    connection, vault = op.get_bind(), keys.vault(keys.newest)
    rows = connection.execute(
        sa.text("SELECT id, resident_code FROM resident WHERE id > 0 ORDER BY id LIMIT 1")
    )
    swept = rows.first() is None
    last = 0
    while batch := connection.execute(
        sa.text("SELECT id, resident_code FROM resident WHERE id > :last ORDER BY id LIMIT :size"),
        {"last": last, "size": _BATCH},
    ).all():
        sealed = []
        for number, digits in batch:
            record, code = secrets.token_bytes(RECORD_OCTETS), ResidentCode(digits=digits)
            sealed.append(
                {
                    "id": number,
                    "record": record,
                    "code_index": vault.index(code),
                    "code_sealed": vault.seal(code, record),
                }
            )
        connection.execute(
            sa.text(
                "UPDATE resident SET record = :record, code_index = :code_index, code_sealed = :code_sealed,"
                " state = 'RESIDENT', changed_at = added_at, version = 1 WHERE id = :id"
            ),
            sealed,
        )
        last = batch[-1][0]
    connection.execute(
        sa.text(
            "INSERT INTO registry_key (id, number, check_value, swept) VALUES (1, :number, :check, :swept)"
        ),
        {"number": vault.number, "check": vault.check_value(), "swept": swept},
    )


def _tighten_resident() -> None:
    with op.batch_alter_table("resident") as table:
        table.drop_constraint("uq_resident_resident_code", type_="unique")
        table.drop_column("resident_code")
        for name, kind in (
            ("record", sa.LargeBinary(16)),
            ("code_index", sa.LargeBinary(32)),
            ("code_sealed", sa.LargeBinary(29)),
            ("state", sa.String(9)),
            ("changed_at", _MOMENT),
            ("version", sa.Integer()),
        ):
            table.alter_column(name, existing_type=kind, nullable=False)
        table.create_unique_constraint("uq_resident_record", ["record"])
        table.create_unique_constraint("uq_resident_code_index", ["code_index"])
        table.create_check_constraint(
            op.f("ck_resident_state"), "state IN ('RESIDENT', 'MOVED_OUT', 'DECEASED')"
        )
        table.create_foreign_key("fk_resident_import_id", "resident_import", ["import_id"], ["id"])
    op.create_index("ix_resident_family_reading", "resident", ["family_reading"])
    op.create_index("ix_resident_birth_date", "resident", ["birth_date", "family_reading"])


def _make_cards() -> None:
    op.create_table(
        "card_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("clerk", sa.String(50), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_card_delivery"),
        sa.UniqueConstraint("digest", name="uq_card_delivery_digest"),
    )
    op.create_table(
        "card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.LargeBinary(10), nullable=True),
        sa.Column("attestation", sa.LargeBinary(32), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("resident_id", sa.Integer(), nullable=True),
        sa.Column("enrolment_id", sa.Integer(), nullable=True),
        sa.Column("valid_until", sa.Integer(), nullable=True),
        sa.Column("recall", sa.String(9), nullable=True),
        sa.Column("recall_on", sa.Date(), nullable=True),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_card"),
        sa.UniqueConstraint("record", name="uq_card_record"),
        sa.UniqueConstraint("number", name="uq_card_number"),
        sa.UniqueConstraint("attestation", name="uq_card_attestation"),
        sa.UniqueConstraint("enrolment_id", name="uq_card_enrolment_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["card_delivery.id"], name="fk_card_delivery_id"),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"], name="fk_card_resident_id"),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name="fk_card_enrolment_id"),
        sa.CheckConstraint(
            "state IN ('STOCK', 'ISSUED', 'RETURNED', 'LOST', 'EXPIRED', 'DESTROYED')",
            name=op.f("ck_card_state"),
        ),
        sa.CheckConstraint("recall IN ('MOVED_OUT', 'DIED')", name=op.f("ck_card_recall")),
        sa.CheckConstraint("state = 'STOCK' OR number IS NULL", name=op.f("ck_card_number_in_stock_only")),
        sa.CheckConstraint(
            "state <> 'ISSUED' OR resident_id IS NOT NULL", name=op.f("ck_card_issued_to_somebody")
        ),
    )
    op.create_index("ix_card_resident_id", "card", ["resident_id"])
    valid = sa.text("state = 'ISSUED'")
    op.create_index(
        "uq_card_valid", "card", ["resident_id"], unique=True, sqlite_where=valid, postgresql_where=valid
    )


def _take_over_cards() -> None:
    """Whoever was issued cards holds the newest; an earlier one was replaced, so it was lost or taken back."""
    connection = op.get_bind()
    stored = connection.execute(
        sa.text(
            "SELECT id, resident_id, valid_until, changed_at FROM enrolment WHERE state = 'STORED' ORDER BY id DESC"
        ).columns(changed_at=_MOMENT)
    ).all()
    holders: set[int] = set()
    cards = []
    for enrolment, resident, valid_until, changed_at in stored:
        cards.append(
            {
                "record": secrets.token_bytes(RECORD_OCTETS),
                "state": "LOST" if resident in holders else "ISSUED",
                "resident_id": resident,
                "enrolment_id": enrolment,
                "valid_until": valid_until,
                "added_at": changed_at,
                "changed_at": changed_at,
                "version": 1,
            }
        )
        holders.add(resident)
    if cards:
        op.bulk_insert(_CARD, cards[::-1])


_CARD = sa.table(
    "card",
    sa.column("record", sa.LargeBinary),
    sa.column("state", sa.String),
    sa.column("resident_id", sa.Integer),
    sa.column("enrolment_id", sa.Integer),
    sa.column("valid_until", sa.Integer),
    sa.column("added_at", _MOMENT),
    sa.column("changed_at", _MOMENT),
    sa.column("version", sa.Integer),
)
