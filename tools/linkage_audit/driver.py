"""One card's life under observation: every state, every relying party, every visit, through the product's code."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, pairwise
from typing import Final

from tools.linkage_audit import parties, probes
from tools.linkage_audit.observation import CardTrace, PoweredCard, RecordingConnection, TraceBuilder
from tools.linkage_audit.parties import SAME_PERSON, Asked, RelyingParty
from tools.linkage_audit.population import AuditedCard, World
from tools.linkage_audit.states import Preparation, State, states
from tools.linkage_audit.ways import WAYS, Stage

from mumei.session import credential, personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.terminal.trust import Terminal
from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_core.commands.request import NONCE_LENGTH, Request
from mumei_core.crypto.curve import R
from mumei_core.dates import day_number
from mumei_core.errors import CardRefused, ProtocolError
from mumei_core.presentation.messages import Presentation

CardMaker = Callable[[Nvm], PoweredCard]

#: Days before the audit that a terminal claims, in search of the card's last known date.
_CLAIMED_DAYS_AGO: Final = (300, 240, 180, 120, 60, 30, 7)
IN_USE: Final = "in use"


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
        self._way = WAYS[world.way]
        self._script = script
        self._card = card
        self._make = make
        self._trace = TraceBuilder(card.number)
        self._visits = count()
        self._presentations: list[tuple[str, Presentation]] = []
        self._terminals: dict[tuple[int, str], Terminal] = {}

    def run(self) -> CardTrace:
        """All of it."""
        for state in states():
            self._probe_state(state)
        nvm = Nvm.in_memory(self._card.records)
        connection = RecordingConnection(self._make(nvm))
        for _ in range(self._script.visits):
            for party in self._script.parties:
                self._visit(connection, party)
        self._try_issuers_record(connection)
        self._search_last_date(connection)
        trace = self._trace.trace
        trace.issuer_knows = dict(self._card.issuer_knows)
        trace.secrets = dict(self._card.secrets)
        trace.quotients = quotients(self._presentations)
        trace.presentations = len(self._presentations)
        return trace

    # Before and without a presentation

    def _probe_state(self, state: State) -> None:
        connection = RecordingConnection(self._make(Nvm.in_memory(state.records(self._card))))
        terminal = self._terminal(self._script.parties[0], self._script.parties[0].questions[0])
        preparation = Preparation(
            card=self._card,
            connection=connection,
            party=self._script.parties[0],
            terminal_for=self._terminal,
            request=lambda terminal, asked: self._request(terminal, asked).to_octets(),
        )
        state.prepare(preparation)
        connection.take()
        for stage in self._way.stages(terminal):
            visit = self._new_visit(None)
            battery = self._way.battery(stage.name)
            self._probe(connection, stage, f"{state.name}: {stage.name}", battery, visit)
            if state.refuses and stage.name == self._way.stage_names[-1]:
                asked = self._script.parties[0].questions[0]
                good = probes.present("a good question", self._request(terminal, asked).to_octets())
                self._probe(connection, stage, f"{state.name}: asked", (good,), visit)
            if state.name != IN_USE or stage.name != self._way.stage_names[0]:
                continue
            if self._script.long_battery:
                self._probe(connection, stage, f"all: {stage.name}", probes.long_battery(), visit)
            if self._script.every_data_object:
                everything = tuple(probes.every_data_object())
                self._probe(connection, stage, f"every object: {stage.name}", everything, visit)

    def _probe(
        self,
        connection: RecordingConnection,
        stage: Stage,
        scope: str,
        battery: tuple[probes.Probe, ...],
        visit: int,
    ) -> None:
        channel = stage.enter(connection)
        self._trace.add(f"{scope}, on the way", connection.take(), visit=visit)
        self._trace.add_text(f"{scope} / answer to reset", connection.atr, visit=visit)
        for probe in battery:
            self._way.probe(channel, connection, probe)
        self._trace.add(scope, connection.take(), visit=visit)

    # Visits

    def _visit(self, connection: RecordingConnection, party: RelyingParty) -> None:
        visit = self._new_visit(party)
        first = self._way.stages(self._terminal(party, party.questions[0]))[0]
        self._probe(connection, first, f"a visit: {first.name}", probes.visit_battery(), visit)
        sent = b""
        for asked in party.questions:
            sent += self._ask(connection, party, asked, visit)
            sent += self._overreach(connection, party, asked, visit)
        self._trace.trace.sent[visit] = sent

    def _ask(self, connection: RecordingConnection, party: RelyingParty, asked: Asked, visit: int) -> bytes:
        """One question through the product's own visit, then the same again in the same session."""
        terminal = self._terminal(party, asked)
        seen = self._way.visit(connection, terminal, asked, pin=self._card.pin, today=self._world.today)
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
        good = self._request(terminal, asked)
        bad = {
            "a request of another party": replace(good, rp_context=b"other.example"),
            "a request beyond the rights": replace(
                good, disclosed=(0, 1, 2, 3, 4), predicates=(), table_hash=None
            ),
            "a request of another channel": replace(good, channel_binding=bytes(32)),
            "a request of last year": replace(good, date=good.date - 365),
        }
        stage = self._way.stages(terminal)[-1]
        channel = stage.enter(connection)
        on_the_way = connection.take()
        for name, request in bad.items():
            self._way.probe(channel, connection, probes.present(name, request.to_octets()))
        self._way.probe(channel, connection, probes.present("a request cut off", good.to_octets()[:-1]))
        exchanges = connection.take()
        self._trace.add("overreaching, on the way", on_the_way, visit=visit)
        self._trace.add("overreaching", exchanges, visit=visit)
        return b"".join(exchange.command for exchange in (*on_the_way, *exchanges))

    # What only the issuer or a liar can try

    def _try_issuers_record(self, connection: RecordingConnection) -> None:
        """The issuer has STORE CREDENTIAL's data on file: tries it, and another, on a card that it meets."""
        stored = StoredCredential.from_bytes(self._card.records[RECORD_CREDENTIAL])
        own = stored.issued
        visit = self._new_visit(None)
        for issued in (own, replace(own, issuance_date=own.issuance_date + 1)):
            connection.reset()
            channel = Channel(connection)
            try:
                Application.select(channel)
                connection.take()
                connection.step = "STORE CREDENTIAL"
                personalisation.store_credential(channel, issued)
            except (CardRefused, ProtocolError):
                pass
            finally:
                connection.step = None
            self._trace.add("the issuer's record tried on a card", connection.take(), visit=visit)

    def _search_last_date(self, connection: RecordingConnection) -> None:
        party = self._script.parties[0]
        for days in _CLAIMED_DAYS_AGO:
            claimed = self._world.today - timedelta(days=days)
            terminal = self._way.terminal(party, SAME_PERSON, self._world.parameters, claimed)
            channel = self._way.stages(terminal)[-1].enter(connection)
            connection.take()
            request = replace(self._request(terminal, SAME_PERSON), date=day_number(claimed))
            connection.step = "PRESENT"
            try:
                credential.present(channel, request.to_octets())
            except CardRefused:
                pass
            finally:
                connection.step = None
            scope = f"search for the last known date, {days} days ago"
            answered = [replace(e, answer=e.answer[-2:]) for e in connection.take()]
            self._trace.add(scope, answered, visit=self._new_visit(None))

    def _new_visit(self, party: RelyingParty | None) -> int:
        visit = next(self._visits)
        self._trace.trace.party_of[visit] = -1 if party is None else party.number
        return visit

    def _request(self, terminal: Terminal, asked: Asked) -> Request:
        question = asked.question
        return Request(
            rp_context=terminal.rights.rp_context,
            nonce=secrets.token_bytes(NONCE_LENGTH),
            date=day_number(self._world.today),
            channel_binding=self._way.channel_binding(terminal),
            predicates=question.predicates,
            disclosed=question.disclosed,
            pseudonym=question.pseudonym,
            transaction=question.transaction,
            table_hash=terminal.parameters.table_hash if question.predicates else None,
        )

    def _terminal(self, party: RelyingParty, asked: Asked) -> Terminal:
        key = (party.number, asked.name)
        if key not in self._terminals:
            self._terminals[key] = self._way.terminal(party, asked, self._world.parameters, self._world.today)
        return self._terminals[key]


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
