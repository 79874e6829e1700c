"""``mumei office upgrade | new-key``: what IT does with the registry and its keys."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mumei.cli.office.options import clerk_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.office.clerks.roles import Right
from mumei.office.database.engine import upgrade_database
from mumei.office.database.place import place_of
from mumei.office.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """A registry is of this version. ``copy``: what it was before; None where nothing was to do or on a server."""

    key_file: str
    key_made: bool
    copy: str | None

    def text(self) -> str:
        """What was done, and what is left to do."""
        lines = ["the registry is of this version"]
        if self.key_made:
            lines.append(
                f"its key file was made: {self.key_file}; keep a copy in a safe, not with the back-ups"
            )
        if self.copy:
            lines.append(
                f"as it was before: {self.copy}; it may hold resident codes in clear: destroy it in time"
            )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChanged:
    """The resident codes are under a new key."""

    key: int
    key_file: str

    def text(self) -> str:
        """What was done, and what is left to do."""
        return (
            f"all resident codes are under key {self.key} now\n"
            f"copy {self.key_file} to every machine of this registry and to the safe; older back-ups need the old"
            " keys, which stay in it"
        )


@click.command()
@registry_option
@json_option
def upgrade(registry: str, as_json: bool) -> None:
    """Bring a registry of an older mumei up to date: back-up first, then key file, then the change.

    Other commands do the same when they open it, if its key file is there. Back up a server with pg_dump before.

    \b
    Examples:
      mumei office upgrade --registry ward.db
    """
    place = place_of(registry)
    made = not place.key.exists()
    copy = upgrade_database(registry)
    emit(
        Upgraded(key_file=str(place.key), key_made=made, copy=None if copy is None else str(copy)),
        as_json=as_json,
    )


@click.command("new-key")
@registry_option
@clerk_option(Right.MANAGE_REGISTRY)
@json_option
def new_key(registry: str, clerk: str, as_json: bool) -> None:
    """Seal all resident codes under a new key, when the old one may be known or has served its time.

    \b
    Examples:
      mumei office new-key --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        number = open_registry.change_key(
            clerk=clerk, progress=lambda done: progress(f"{done} codes are under the new key")
        )
    emit(KeyChanged(key=number, key_file=str(place_of(registry).key)), as_json=as_json)
