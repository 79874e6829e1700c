"""Who handles which command, and who may give it. What is admitted stands in apdu_specs; here are only names.

A command of the specifications without handler, a handler without command, a right without check: each is a mistake
of ours, and stops the card at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mumei_card.os.context import CardContext
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.specification import CommandSpec
from mumei_core.commands.specification import Presence as Presence
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

Handler = Callable[[CommandAPDU, CardContext], bytes | ResponseAPDU]
"""Gets an admitted command; gives the answer's data (with 90 00) or a response with a warning; refuses by
raising CardError."""

Guard = Callable[[CardContext], object]
"""Whether the one who asks has a right: raises CardError where not."""

_ANYONE: Final = "ANYONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A command that an applet handles."""

    spec: CommandSpec
    handler: Handler

    @property
    def data(self) -> Presence:
        """FORBIDDEN where no variant takes a data field."""
        present = {variant.data.presence for variant in self.spec.variants}
        return present.pop() if len(present) == 1 else Presence.OPTIONAL


class Registry:
    """All handlers by class and instruction, all checks by right. Filled once, when the card is assembled.

    ``commands``: the specifications, other ones in tests only.
    """

    def __init__(self, commands: Mapping[tuple[int, int], CommandSpec] = COMMANDS) -> None:
        self._specs = {spec.name: spec for spec in commands.values()}
        self._bound: dict[tuple[int, int], Bound] = {}
        self._guards: dict[str, Guard] = {}

    def bind(self, name: str, handler: Handler) -> None:
        """Raises ValueError for a command that no specification names, or that has a handler already."""
        spec = self._specs.get(name)
        if spec is None:
            raise ValueError(f"no specification has a command {name}")
        if (spec.cla, spec.ins) in self._bound:
            raise ValueError(f"{name} has a handler already")
        self._bound[spec.cla, spec.ins] = Bound(spec=spec, handler=handler)

    def guard(self, right: str, check: Guard) -> None:
        """Raises ValueError for a right that has a check already."""
        if right in self._guards:
            raise ValueError(f"the right {right} has a check already")
        self._guards[right] = check

    def require_complete(self) -> None:
        """Raises ValueError unless every command has its handler, but for what layers answer, and every right used
        has its check."""
        handled = [spec for spec in self._specs.values() if any(not v.layer for v in spec.variants)]
        if missing := [spec.name for spec in handled if (spec.cla, spec.ins) not in self._bound]:
            raise ValueError(f"nothing handles {', '.join(missing)}")
        in_layers = {spec.name for spec in self._specs.values()} - {spec.name for spec in handled}
        if twice := sorted(in_layers & set(self.names())):
            raise ValueError(f"layers answer {', '.join(twice)}")
        rights = {variant.rights for spec in handled for variant in spec.variants} - {_ANYONE}
        if unchecked := sorted(rights - self._guards.keys()):
            raise ValueError(f"nothing checks {', '.join(unchecked)}")

    def find(self, cla: int, ins: int) -> Bound | None:
        return self._bound.get((cla, ins))

    def knows_class(self, cla: int) -> bool:
        return any(known == cla for known, _ in self._bound)

    def require(self, right: str, context: CardContext) -> None:
        """Raises CardError unless the one who asks has the right."""
        if right != _ANYONE:
            self._guards[right](context)

    def names(self) -> tuple[str, ...]:
        """Names of all commands, in the order in which they were bound."""
        return tuple(bound.spec.name for bound in self._bound.values())
