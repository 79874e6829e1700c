"""One card's life under observation: every state, every relying party, every visit, through the product's code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, pairwise
from typing import Final

from tools.linkage_audit import parties, probes
from tools.linkage_audit.observation import (
    SW_LENGTH,
    CardTrace,
    Exchange,
    PoweredCard,
    RecordingConnection,
    TraceBuilder,
)
from tools.linkage_audit.parties import SAME_PERSON, Asked, RelyingParty
from tools.linkage_audit.population import AuditedCard, World
from tools.linkage_audit.states import Preparation, State, states
from tools.linkage_audit.tokens import data_for, present
from tools.linkage_audit.ways import Stage

from mumei.terminal.trust import Terminal
from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_core.commands import codes
from mumei_core.crypto.curve import R
from mumei_core.errors import CardRefused, TrustError, UsageError
from mumei_core.presentation.messages import Presentation

CardMaker = Callable[[Nvm], PoweredCard]

#: Days before the audit that a terminal claims, in search of the card's last known date.
_CLAIMED_DAYS_AGO: Final = (300, 240, 180, 120, 60, 30, 7)
IN_USE: Final = "in use"
SHOP_CODE: Final = "shop code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a card goes through. ``visits``: at each relying party. The rest only a few cards can have time for."""

    parties: tuple[RelyingParty, ...]
    visits: int
    long_battery: bool = False
    every_data_object: bool = False


class CardDriver:
    """Drives one card. ``make``: puts its memory into a kernel, ours or one with a leak."""

    def __init__(self, world: World, script: Script, card: AuditedCard, make: CardMaker) -> None:
        self._world = world
        self._way = world.way
        self._script = script
        self._card = card
        self._make = make
        self._trace = TraceBuilder(card.number)
        self._visits = count()
        self._presentations: list[tuple[str, Presentation]] = []

    def run(self) -> CardTrace:
        """All of it."""
        is_sampled = self._card.number % self._way.sample == 0
        for state in states():
            if is_sampled or state.name == IN_USE:
                self._probe_state(state)
        nvm = Nvm.in_memory(self._card.records)
        connection = RecordingConnection(self._make(nvm))
        for _ in range(self._script.visits):
            for party in self._script.parties:
                self._visit(connection, party)
        if is_sampled:
            self._try_issuers_record(connection)
            self._search_last_date(connection)
        if any(admitted.name == SHOP_CODE for admitted in self._way.admitted):
            self._trace.trace.classes[SHOP_CODE] = {self._card.letter.shop_code}
        trace = self._trace.trace
        trace.issuer_knows = dict(self._card.issuer_knows)
        trace.secrets = dict(self._card.secrets)
        trace.quotients = quotients(self._presentations)
        trace.presentations = len(self._presentations)
        return trace

    # Before and without a presentation

    def _probe_state(self, state: State) -> None:
        if self._card.number // self._way.sample % state.every:
            return
        party = self._script.parties[0]
        connection = RecordingConnection(self._make(Nvm.in_memory(state.records(self._card))))
        terminal = self._terminal(party, party.questions[0])
        preparation = Preparation(
            way=self._way,
            card=self._card,
            connection=connection,
            ask=lambda asked: self._present(connection, party, asked),
            let_in=lambda: self._way.stages(terminal, self._card)[-1].enter(connection),
        )
        state.prepare(preparation)
        connection.take()
        for stage in self._way.stages(terminal, self._card):
            visit = self._new_visit(None)
            battery = self._way.battery(stage.name)
            if not self._probe(connection, stage, f"{state.name}: {stage.name}", battery, visit):
                continue
            if stage.name == self._way.stage_names[-1] and (state.refuses or state.issued):
                self._ask_once(connection, stage, state, terminal, visit)
            if state.name != IN_USE or stage.name != self._way.stage_names[0]:
                continue
            if self._script.long_battery:
                self._probe(connection, stage, f"all: {stage.name}", probes.long_battery(), visit)
            if self._script.every_data_object:
                everything = tuple(probes.every_data_object())
                self._probe(connection, stage, f"every object: {stage.name}", everything, visit)
        visit = self._new_visit(None)
        for wrong in self._way.wrong_tries(self._card):
            wrong.attempt(connection)
            self._trace.add(f"{state.name}: a wrong {wrong.name}", connection.take(), visit=visit)

    def _ask_once(
        self, connection: RecordingConnection, stage: Stage, state: State, terminal: Terminal, visit: int
    ) -> None:
        entered = stage.enter(connection)
        connection.take()
        asked = self._script.parties[0].questions[0]
        request = parties.request_for(terminal, asked, entered.binding, self._world.today)
        good = probes.present("a good question", data_for(terminal, request))
        self._way.probe(entered.channel, connection, good)
        exchanges = connection.take()
        answer = exchanges[-1].answer
        without: tuple[bytes, ...]
        # Whether a card can prove it is the holder's age; what it is asked, and what it then shows, the visits see.
        scope, without = "asked", ()
        if not state.refuses:
            scope = f"answered {answer[-SW_LENGTH:].hex().upper()}"
            without = tuple(exchange.answer[:-SW_LENGTH] for exchange in exchanges)
        self._trace.add(f"{state.name}: {scope}", exchanges, visit=visit, without=without)

    def _present(self, connection: RecordingConnection, party: RelyingParty, asked: Asked) -> int:
        """One question in a session of its own; gives the card's answer as a status word."""
        terminal = self._terminal(party, asked)
        entered = self._way.stages(terminal, self._card)[-1].enter(connection)
        request = parties.request_for(terminal, asked, entered.binding, self._world.today)
        try:
            present(entered.channel, terminal, request)
        except CardRefused as refused:
            return refused.sw or 0
        return codes.SW_OK

    def _probe(
        self,
        connection: RecordingConnection,
        stage: Stage,
        scope: str,
        battery: tuple[probes.Probe, ...],
        visit: int,
    ) -> bool:
        """Whether the card let us come to this stage; if not, how it refused is on record."""
        try:
            channel = stage.enter(connection).channel
        except (CardRefused, TrustError, UsageError):
            self._trace.add(f"{scope}, refused", connection.take(), visit=visit)
            return False
        self._trace.add(f"{scope}, on the way", connection.take(), visit=visit)
        self._trace.add_text(f"{scope} / answer to reset", connection.atr, visit=visit)
        for probe in battery:
            self._way.probe(channel, connection, probe)
        self._trace.add(scope, connection.take(), visit=visit)
        return True

    # Visits

    def _visit(self, connection: RecordingConnection, party: RelyingParty) -> None:
        visit = self._new_visit(party)
        first = self._way.stages(self._terminal(party, party.questions[0]), self._card)[0]
        self._probe(connection, first, f"a visit: {first.name}", probes.visit_battery(), visit)
        sent = b""
        for asked in party.questions:
            sent += self._ask(connection, party, asked, visit)
        sent += self._overreach(connection, party, party.questions[0], visit)
        self._trace.trace.sent[visit] = sent

    def _ask(self, connection: RecordingConnection, party: RelyingParty, asked: Asked, visit: int) -> bytes:
        """One question through the product's own visit, then the same again in the same session."""
        terminal = self._terminal(party, asked)
        seen = self._way.visit(connection, terminal, asked, self._card, today=self._world.today)
        scope = f"asked '{asked.name}', {seen.verdict.reason}"
        if connection.exchanges:
            connection.probe("the same request again", connection.exchanges[-1].command)
        exchanges = connection.take()
        answered = None if seen.wire is None else parties.take_apart(seen.request, seen.wire)
        self._trace.add(scope, exchanges, visit=visit, without=() if seen.wire is None else (seen.wire,))
        if answered is not None and seen.wire is not None:
            self._presentations.append((asked.name, answered.presentation))
            for name, octets in answered.parts.items():
                private = name == "pseudonym"
                self._trace.add_text(f"{scope} / {name}", octets, visit=visit, private=private)
            for name, value in answered.classes.items():
                self._trace.trace.classes.setdefault(name, set()).add(value)
            # Whatever else there is: a wire longer than its parts would hide a mark.
            self._trace.note_length(f"{scope} / presentation", len(seen.wire))
        elif seen.wire is not None:
            self._trace.note_length(f"{scope} / presentation", len(seen.wire))
            self._trace.add_text(f"{scope} / no presentation", seen.wire, visit=visit)
        self._trace.trace.rows.append(parties.stored_row(party, self._card.number, asked, seen, answered))
        return b"".join(exchange.command for exchange in exchanges)

    def _overreach(
        self, connection: RecordingConnection, party: RelyingParty, asked: Asked, visit: int
    ) -> bytes:
        """Requests that a card must refuse: another party's, beyond the rights, another channel's, broken."""
        terminal = self._terminal(party, asked)
        entered = self._way.stages(terminal, self._card)[-1].enter(connection)
        on_the_way = connection.take()
        good = parties.request_for(terminal, asked, entered.binding, self._world.today)
        too_much = replace(good, disclosed=(0, 1, 2, 3, 4), predicates=(), table_hash=None)
        bad = {
            "a request of another party": replace(good, rp_context=b"other.example"),
            "a request beyond the rights": too_much,
            "a request of another channel": replace(good, channel_binding=bytes(32)),
            "a request of last year": replace(good, date=good.date - 365),
        }
        for name, request in bad.items():
            self._way.probe(entered.channel, connection, probes.present(name, data_for(terminal, request)))
        cut_off = probes.present("a request cut off", data_for(terminal, good)[:-1])
        self._way.probe(entered.channel, connection, cut_off)
        exchanges = connection.take()
        self._trace.add(f"overreaching '{asked.name}', on the way", on_the_way, visit=visit)
        self._trace.add(f"overreaching '{asked.name}'", exchanges, visit=visit)
        return b"".join(exchange.command for exchange in (*on_the_way, *exchanges))

    # What only the issuer or a liar can try

    def _try_issuers_record(self, connection: RecordingConnection) -> None:
        """The issuer has STORE CREDENTIAL's data on file: tries it, and another, on a card that it meets."""
        stored = StoredCredential.from_bytes(self._card.records[RECORD_CREDENTIAL])
        own = stored.issued
        visit = self._new_visit(None)
        party = self._script.parties[0]
        terminal = self._terminal(party, party.questions[0])
        for stage in self._way.stages(terminal, self._card):
            for issued in (own, replace(own, issuance_date=own.issuance_date + 1)):
                channel = stage.enter(connection).channel
                connection.take()
                probe = probes.store_credential(issued.to_octets())
                self._way.probe(channel, connection, probe)
                # Names differ in length, so commands do, and what it takes to unwrap them.
                length = len(issued.to_octets())
                scope = f"the issuer's record tried on a card: {stage.name}, {length} octets"
                self._trace.add(scope, connection.take(), visit=visit)

    def _search_last_date(self, connection: RecordingConnection) -> None:
        party = self._script.parties[0]
        for days in _CLAIMED_DAYS_AGO:
            claimed = self._world.today - timedelta(days=days)
            terminal = self._way.terminal(party, SAME_PERSON, self._world.parameters, claimed)
            seen = "the terminal is refused"
            try:
                entered = self._way.stages(terminal, self._card)[-1].enter(connection)
                request = parties.request_for(terminal, SAME_PERSON, entered.binding, claimed)
                seen = "the request is refused"
                present(entered.channel, terminal, request)
                seen = "answered"
            except (CardRefused, TrustError):
                pass
            connection.take()
            # The way there differs with the answer; what counts is how many answers cards can give.
            verdict = Exchange(step="PRESENT", command=b"", answer=seen.encode() + b"\x90\x00", operations=())
            self._trace.add(f"search for the last known date, {days} days ago", [verdict], visit=-1)

    def _new_visit(self, party: RelyingParty | None) -> int:
        visit = next(self._visits)
        self._trace.trace.party_of[visit] = -1 if party is None else party.number
        return visit

    def _terminal(self, party: RelyingParty, asked: Asked) -> Terminal:
        return self._way.terminal(party, asked, self._world.parameters, self._world.today)


def quotients(presentations: list[tuple[str, Presentation]]) -> dict[str, list[int]]:
    """By name of a response: (s1 - s2) / (c1 - c2) for each two presentations in succession, of all questions
    and of the same question.

    A response is blinding + challenge * secret. Where two have the same blinding, this is the secret: so a
    card that uses a blinding twice gives its secret away, though no octets come back.
    """
    by_question: dict[str, list[Presentation]] = {}
    for question, presentation in presentations:
        by_question.setdefault(question, []).append(presentation)
    successions = [[presentation for _, presentation in presentations], *by_question.values()]
    pairs = {(id(a), id(b)): (a, b) for succession in successions for a, b in pairwise(succession)}
    found: dict[str, list[int]] = {}
    for earlier, later in pairs.values():
        difference = (earlier.c - later.c) % R
        if difference == 0:
            continue
        inverse = pow(difference, -1, R)
        before, after = parties.responses(earlier), parties.responses(later)
        for name in before.keys() & after.keys():
            found.setdefault(name, []).append((before[name] - after[name]) * inverse % R)
    return found
