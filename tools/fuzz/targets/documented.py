"""What the specs say about commands: which there are, what they answer, and their examples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS as _SPECS
from mumei_core.commands.catalogue.all import LAYER_STATUS_WORDS, find
from mumei_core.commands.specification import Presence
from mumei_core.iso7816 import status_word

COMMANDS: Final = tuple(spec for _, spec in sorted(_SPECS.items()))
EXAMPLES: Final = tuple(
    tuple(command for command, _ in example.steps) for spec in COMMANDS for example in spec.examples
)

_PROPRIETARY_BIT: Final = 0x80


@cache
def words(cla: int, ins: int) -> Callable[[int], bool]:
    """Whether a status word is documented for this command, known or not, with whatever transport bits."""
    # GET RESPONSE is taken in the class of the command whose answer waits too, as its entry says.
    spec = find(cla & ~_PROPRIETARY_BIT if ins == codes.INS_GET_RESPONSE else cla, ins)
    # Response chaining lies below all commands: what has an answer may have it in pieces.
    answers = spec is not None and any(
        variant.response.presence is not Presence.FORBIDDEN for variant in spec.variants
    )

    def documents(sw: int) -> bool:
        if spec is not None and spec.documents(sw):
            return True
        in_pieces = answers and status_word.more_data(sw) is not None
        return in_pieces or any(word.matches(sw) for word in LAYER_STATUS_WORDS)

    return documents
