"""Any command and answer in the words of apdu_specs, for traces and logs: explained, or with secrets masked.

Neither function raises for what a card or a terminal may send, nor shows what the specifications mark secret.
"""

from __future__ import annotations

from mumei_core.commands.catalogue.all import LAYER_STATUS_WORDS, find
from mumei_core.commands.explanation import Explanation, Redacted, explain_by, redact_by
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU


def explain(command: CommandAPDU, response: ResponseAPDU | None = None) -> Explanation:
    """Names as the specifications say them; values of secret objects as their number of octets."""
    return explain_by(find(command.cla, command.ins), LAYER_STATUS_WORDS, command, response)


def redact(command: CommandAPDU, response: ResponseAPDU | None = None) -> Redacted:
    """Both in hexadecimal digits, with ``**`` for each octet of a secret."""
    return redact_by(find(command.cla, command.ins), command, response)
