"""What the specs say about commands: which there are, what they answer, and their examples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from mumei_core.commands.catalogue.all import COMMANDS as _SPECS
from mumei_core.commands.catalogue.all import LAYER_STATUS_WORDS, find

COMMANDS: Final = tuple(spec for _, spec in sorted(_SPECS.items()))
EXAMPLES: Final = tuple(
    tuple(command for command, _ in example.steps) for spec in COMMANDS for example in spec.examples
)


@cache
def words(cla: int, ins: int) -> Callable[[int], bool]:
    """Whether a status word is documented for this command, known or not, with whatever transport bits."""
    spec = find(cla, ins)

    def documents(sw: int) -> bool:
        return any(word.matches(sw) for word in LAYER_STATUS_WORDS) or (
            spec is not None and spec.documents(sw)
        )

    return documents
