"""The registry's keys: a new one for all resident codes, when the old one may be known or has served its time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.code_vault import CodeVault
from mumei.office.database.models import ResidentRow
from mumei.office.database.models_residents import RegistryKeyRow, ResidentEventRow
from mumei.office.database.registry_key import load_keys, replace_keys, with_new_key
from mumei.office.registry_base import KeyedRegistry

_BATCH: Final = 1000


class UpkeepRegistry(KeyedRegistry):
    """What IT does with the registry."""

    def change_key(self, *, clerk: str, progress: Callable[[int], None] = lambda _: None) -> int:
        """Seal every resident code under a new key; its number. ``progress`` hears how many are done.

        The new key is in the key file before it is used; the old ones stay there, since back-ups need them. All
        codes change in one transaction: after a power cut the old key holds, and the next call takes the key that
        is waiting. Other programs at this registry read the key file again by themselves; other machines need it
        copied, and say so.
        """
        with self._writing(clerk) as session:
            # Locked first: who writes codes under the old key is waited for, and who comes later finds the new one.
            row = session.scalars(select(RegistryKeyRow).with_for_update()).one()
            keys = load_keys(self._ring.file)
            old = keys.vault(row.number)
            if keys.newest == row.number:
                keys = with_new_key(keys)
                replace_keys(keys, self._ring.file)
            new = keys.vault(keys.newest)
            row.number, row.check_value = new.number, new.check_value()
            session.flush()
            _reseal_residents(session, old, new, progress)
            _reseal_events(session, old, new)
            record(
                session,
                at=self._clock(),
                clerk=clerk,
                action=AuditAction.REGISTRY_KEY_CHANGED,
                digest=hashlib.sha256(new.check_value()).digest(),
            )
            self._ring.keys = keys
        return new.number


def _reseal_residents(
    session: Session, old: CodeVault, new: CodeVault, progress: Callable[[int], None]
) -> None:
    table = ResidentRow.__table__
    change = update(ResidentRow.__table__).where(table.c.id == bindparam("row"))  # type: ignore[arg-type]
    last = done = 0
    query = select(table.c.id, table.c.record, table.c.code_sealed).order_by(table.c.id).limit(_BATCH)
    while batch := session.execute(query.where(table.c.id > last)).all():
        changes = []
        for number, name, sealed in batch:
            code = old.open(sealed, name)
            changes.append(
                {"row": number, "code_index": new.index(code), "code_sealed": new.seal(code, name)}
            )
        session.connection().execute(change, changes)
        last, done = batch[-1][0], done + len(batch)
        progress(done)


def _reseal_events(session: Session, old: CodeVault, new: CodeVault) -> None:
    query = select(ResidentEventRow, ResidentRow.record).join(
        ResidentRow, ResidentRow.id == ResidentEventRow.resident_id
    )
    for event, name in session.execute(query.where(ResidentEventRow.code_before.is_not(None))):
        sealed = event.code_before or b""
        event.code_before = new.seal(old.open(sealed, name), name)
