"""Statements and tokens of the audit: whoever asks for a token gets one, and holds it against no list."""

from __future__ import annotations

from dataclasses import dataclass

from mumei.session import credential
from mumei.session.channel import Channel
from mumei.terminal.calendar import statements_for
from mumei.terminal.revocation_check import Plan, RevocationCheck
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import NOT_CHECKED, Revocation
from mumei_core.commands.request import Request, SlotToken
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.crypto.revocation.messages import Token
from mumei_core.epochs import bucket_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryToken(RevocationCheck):
    """A terminal that asks for a token with every date."""

    def plan(self, rights: TerminalRights, day: int, *, dates: bool) -> Plan:
        if not dates:
            return Plan()
        statement = statements_for(self.calendar, rights.rp_context, day)[0]
        token = SlotToken(epoch=statement.epoch, bucket=bucket_of(rights.rp_context))
        return Plan(statement=statement, token=token)

    def look_up(self, rights: TerminalRights, plan: Plan, shown: Token) -> Revocation:
        return NOT_CHECKED


def statement_for(terminal: Terminal, request: Request) -> bytes | None:
    """What a terminal brings with a request made by hand; None where no date is asked."""
    if not request.predicates:
        return None
    return terminal.revocation.calendar.statements(terminal.rights.rp_context, request.date)[0].octets


def data_for(terminal: Terminal, request: Request) -> bytes:
    """PRESENT's data field."""
    return request.to_octets() + (statement_for(terminal, request) or b"")


def present(channel: Channel, terminal: Terminal, request: Request) -> bytes:
    """PRESENT with a request made by hand. Raises as :func:`mumei.session.credential.present`."""
    return credential.present(channel, request.to_octets(), statement=statement_for(terminal, request))
