"""Replaying a recorded session against a card: what was sent then is sent again, and the answers are compared.

What travelled in plain is sent octet for octet. Inside a secure channel the recorded keys are gone: PACE is run
anew with the password, and terminal authentication with the terminal's own key, where they are given; what was
inside is sent through the new channel, a request with the new channel's binding in it. What was masked cannot be
sent, but for the PIN, which its holder may type again; SCP03 would want the card's own keys. What changes the card
for good is left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from mumei.session.application import parse_atr_info
from mumei.session.channel import Channel
from mumei.session.holder import Digits
from mumei.session.pace import establish
from mumei.session.terminal_authentication import Credentials, authenticate
from mumei.trace.comparison import difference
from mumei.trace.model import SCP03, Exchange, Reset, Session, answer_of, command_of, data_of
from mumei.trace.phases import Phase, phases
from mumei.trace.requests import ASKING, answers_prepared, rebound
from mumei.transport.base import CardConnection
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import find
from mumei_core.eac.pace import PaceResult
from mumei_core.eac.pace_messages import Password, SetAt
from mumei_core.errors import CardRefused, DecodingError, ProtocolError, TrustError
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

AskPassword = Callable[[Password], Digits | None]
"""The card's password of this kind; None where it is not known."""

_SHORT_FILE_IDENTIFIER: Final = 0x80
_CHANGES: Final = frozenset(
    {
        codes.INS_ENROL,
        codes.INS_STORE_CREDENTIAL,
        codes.INS_STORE_DATA,
        codes.INS_PUT_KEY,
        codes.INS_SET_STATUS,
        codes.INS_CHANGE_REFERENCE_DATA,
        codes.INS_RESET_RETRY_COUNTER,
    }
)

_SCP03_BEGINS: Final = frozenset(
    {
        (codes.CLA_PROPRIETARY, codes.INS_INITIALIZE_UPDATE),
        (codes.CLA_SCP03, codes.INS_SCP03_EXTERNAL_AUTHENTICATE),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """An exchange that was left out, and why."""

    number: int
    command: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """The first exchange whose answer differs in a way that matters."""

    number: int
    command: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """How the card compares. ``agreed``: numbers of the exchanges that were sent and answered alike."""

    place: str
    exchanges: int
    agreed: tuple[int, ...]
    not_sent: tuple[NotSent, ...]
    differs: Differs | None

    def text(self) -> str:
        lines = [f"{len(self.agreed)} of {self.exchanges} exchanges answered as recorded."]
        lines += [f"  {left.number:4}  {left.command}: not sent, {left.reason}" for left in self.not_sent]
        if self.differs is not None:
            lines.append(
                f"DIFFERS at exchange {self.differs.number}, {self.differs.command}: {self.differs.what}"
            )
        return "\n".join(lines)


@dataclass(slots=True, kw_only=True)
class _Run:
    """What one replay has and finds."""

    channel: Channel
    passwords: AskPassword
    credentials: Credentials | None
    changes: bool
    pace: PaceResult | None = None
    binding: bytes = b""
    stopped: str = ""
    agreed: list[int] = field(default_factory=list)
    not_sent: list[NotSent] = field(default_factory=list)


class _CannotSend(Exception):  # noqa: N818 - a note, not a fault
    """Why an exchange is left out. ``ends``: whatever follows it cannot be sent either."""

    def __init__(self, reason: str, *, ends: bool = False) -> None:
        super().__init__(reason)
        self.ends = ends


class _Different(Exception):  # noqa: N818 - a finding, not a fault
    """The answer differs."""


def replay_against(
    session: Session,
    connection: CardConnection,
    *,
    passwords: AskPassword = lambda _: None,
    credentials: Credentials | None = None,
    changes: bool = False,
) -> ReplayReport:
    """Send a session's commands to a card again, until an answer differs.

    Args:
        session: recorded.
        connection: the card, just powered up.
        passwords: asked for the passwords of PACE, and for the PIN of VERIFY.
        credentials: of the terminal, where one authenticated itself.
        changes: also send what changes the card for good.

    Raises CardRemovedError and its like; a card that answers something else is a finding, not an error.
    """
    run = _Run(channel=Channel(connection), passwords=passwords, credentials=credentials, changes=changes)
    differs: Differs | None = None
    done = 0
    steps = tuple(phases(session.steps))
    for at, (step, phase, _) in enumerate(steps):
        if isinstance(step, Reset) or phase is None:
            run.channel.reset()
            run.pace, run.binding, run.stopped = None, b"", ""
            continue
        if step.number <= done:
            continue
        together = _together(steps, at)
        try:
            _replay(run, together, phase)
            run.agreed += (exchange.number for exchange in together)
        except _CannotSend as reason:
            run.stopped = run.stopped or (str(reason) if reason.ends else "")
            run.not_sent += (_left(exchange, str(reason)) for exchange in together)
        except _Different as found:
            differs = Differs(number=step.number, command=_name(step), what=str(found))
            break
        done = together[-1].number
    return ReplayReport(
        place=connection.name,
        exchanges=len(session.exchanges),
        agreed=tuple(run.agreed),
        not_sent=tuple(run.not_sent),
        differs=differs,
    )


def _together(steps: tuple[tuple[Exchange | Reset, Phase | None, int], ...], at: int) -> tuple[Exchange, ...]:
    """The exchanges that one protocol run makes: all of a PACE, all of a terminal authentication; else one."""
    first, phase, place = steps[at]
    assert isinstance(first, Exchange)  # noqa: S101 - the caller has looked
    found = [first]
    if phase in (Phase.PACE, Phase.TERMINAL_AUTHENTICATION) and _is_run(first, phase):
        for step, following, number in steps[at + 1 :]:
            if following is not phase or number <= place or not isinstance(step, Exchange):
                break
            found.append(step)
    return tuple(found)


def _is_run(exchange: Exchange, phase: Phase) -> bool:
    """Whether a run begins here; a PACE asked only how a password stands is one exchange."""
    command = command_of(exchange.message.command)
    return command is not None and (phase is Phase.PACE or bool(exchange.message.inside))


def _replay(run: _Run, together: tuple[Exchange, ...], phase: Phase) -> None:
    first = together[0]
    command = command_of(first.message.command)
    if run.stopped:
        raise _CannotSend(run.stopped)
    if command is None or first.error:
        raise _CannotSend(
            f"it got no answer then ({first.error})" if first.error else "it is no command APDU"
        )
    if SCP03 in first.message.inside or (command.cla, command.ins) in _SCP03_BEGINS:
        raise _CannotSend("it belongs to SCP03, which needs the card's own keys")
    if phase is Phase.PACE and len(together) > 1:
        _open_channel(run, together, command)
    elif phase is Phase.TERMINAL_AUTHENTICATION and len(together) > 1:
        _authenticate(run, together)
    else:
        _send(run, first, command)


def _open_channel(run: _Run, together: tuple[Exchange, ...], set_at: CommandAPDU) -> None:
    try:
        asked = SetAt.from_octets(set_at.data)
    except DecodingError:
        raise _CannotSend("its MSE:Set AT is malformed", ends=True) from None
    secret = run.passwords(asked.password)
    if secret is None:
        name = asked.password.name.lower().replace("_", " ")
        raise _CannotSend(f"PACE draws new keys, and needs the card's {name}", ends=True)
    recorded = answer_of(together[-1].message.response)[1] if not together[-1].error else 0
    with secret:
        try:
            run.pace = establish(run.channel, secret, chat=asked.chat)
        except CardRefused as refused:
            if refused.sw != recorded:
                raise _Different(refused.message) from None
        except ProtocolError as error:
            raise _Different(error.message) from None
        else:
            if recorded != codes.SW_OK:
                raise _Different(f"the channel opened; recorded {recorded:04X}")


def _authenticate(run: _Run, together: tuple[Exchange, ...]) -> None:
    if run.credentials is None or run.pace is None:
        raise _CannotSend(
            "the card's challenge is new each time, and signing it needs the terminal's key", ends=True
        )
    recorded = answer_of(together[-1].message.response)[1]
    try:
        run.binding = authenticate(run.channel, run.pace, run.credentials)
    except (CardRefused, TrustError) as refused:
        if recorded == codes.SW_OK:
            raise _Different(refused.message) from None
    else:
        if recorded != codes.SW_OK:
            raise _Different(f"the terminal was let in; recorded {recorded:04X}")


def _send(run: _Run, exchange: Exchange, command: CommandAPDU) -> None:
    data = data_of(exchange.message.command)
    if answers_prepared(command):
        raise _CannotSend("it brings the point of the slot that the card drew then", ends=True)
    if _changes_the_card(command) and not run.changes:
        raise _CannotSend("it would change the card (say --changes to send it)", ends=True)
    if not data.is_whole:
        command = _with_pin(run, command, data.hidden_octets)
    recorded, sw = answer_of(exchange.message.response)
    try:
        if exchange.message.inside or not data.is_whole:
            answered = run.channel.send(_rebound(run, command))
        else:
            answered = _send_in_plain(run.channel.connection, exchange)
    except ProtocolError as error:
        raise _Different(error.message) from None
    if found := difference(command, recorded, sw, answered):
        raise _Different(found)
    if command.ins == codes.INS_READ_BINARY and command.p1 == _SHORT_FILE_IDENTIFIER | codes.SFI_EF_ATR:
        run.channel.adopt(parse_atr_info(answered.data))


def _changes_the_card(command: CommandAPDU) -> bool:
    """For good; a question asked again only stands in the card's log."""
    return command.ins in _CHANGES or (command.ins == codes.INS_SETTINGS and bool(command.data))


def _send_in_plain(connection: CardConnection, exchange: Exchange) -> ResponseAPDU:
    """The recorded octets, APDU for APDU; the answers' data put together."""
    data = b""
    for number, wire in enumerate(exchange.wires, start=1):
        answer = ResponseAPDU.from_bytes(connection.transmit(wire.command.zeroed))
        data += answer.data
        if wire.response is not None and number < len(exchange.wires):
            expected = answer_of(wire.response)[1]
            if answer.sw != expected:
                raise _Different(f"{answer.sw:04X} to APDU {number}; recorded {expected:04X}")
    return ResponseAPDU(data, answer.sw)


def _with_pin(run: _Run, command: CommandAPDU, hidden: int) -> CommandAPDU:
    if command.ins == codes.INS_VERIFY and hidden == codes.PIN_DIGITS:
        secret = run.passwords(Password.PIN)
        if secret is not None:
            with secret:
                return replace(command, data=secret.octets)
    raise _CannotSend(f"{hidden} octets of it were masked", ends=command.ins == codes.INS_VERIFY)


def _rebound(run: _Run, command: CommandAPDU) -> CommandAPDU:
    """A request bound to the channel that is open now; everything else as it was."""
    if command.ins not in ASKING or not run.binding:
        return command
    return rebound(command, run.binding)


def _left(exchange: Exchange, reason: str) -> NotSent:
    return NotSent(number=exchange.number, command=_name(exchange), reason=reason)


def _name(exchange: Exchange) -> str:
    command = command_of(exchange.message.command)
    spec = None if command is None else find(command.cla, command.ins)
    return "unknown command" if spec is None else spec.name
