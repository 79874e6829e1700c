"""Cuts the power everywhere in one scenario, powers up, looks at what is left, and finishes the job."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.tear import invariants
from tools.tear.cuts import Cut, Detail, Variant, cuts, image_after
from tools.tear.invariants import Facts
from tools.tear.scenario import Scenario
from tools.tear.watched import Committed, Event, Exchange, Records, WatchedCard, watching

from mumei_card.chip.flash import ERASED, PAGE, RamFlash
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.nvm_format import LARGE, commit_octets, fresh_image, read_memory
from mumei_card.chip.power import Moment, PowerLost, Step, StepKind, StepLog
from mumei_card.os.context import RECORD_PROFILE
from mumei_core.errors import MumeiError

_SALT = bytes(16)
_ERASED = bytes((ERASED,))
_MOMENTS = tuple(Moment)
#: A record of no meaning, which fills a journal in few commits.
_FILLER, _FILLING = "filler", bytes(LARGE - 96)


@dataclass(slots=True, kw_only=True)
class Swept:
    """What was found in one scenario. ``points``: cut points by kind."""

    scenario: str
    profile: str
    steps: int = 0
    commits: int = 0
    octets: int = 0
    points: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.points.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command done without a cut, on a card that held ``start`` on ``image``."""

    start: Records
    image: bytes = field(repr=False)
    steps: tuple[Step, ...]
    commits: tuple[Committed, ...]
    events: tuple[Event, ...]
    exchanges: tuple[Exchange, ...]

    def allowed(self, done: int, begun: int) -> list[int]:
        """Numbers of the states that may be left: the acknowledged one, and the one in hand if it was begun."""
        acknowledged = sum(commit.end <= done for commit in self.commits)
        in_hand = acknowledged < len(self.commits) and self.commits[acknowledged].begin < begun
        return [acknowledged, acknowledged + 1] if in_hand else [acknowledged]

    @property
    def instructions(self) -> frozenset[int]:
        """Of the commands that wrote; secure messaging leaves an instruction as it is."""
        return frozenset(exchange.instruction for exchange in self.exchanges if exchange.begin < exchange.end)

    @property
    def states(self) -> tuple[Records, ...]:
        """Before, and after each commit."""
        return (self.start, *(commit.records for commit in self.commits))


class Sweep:
    """One scenario. ``thorough``: every page, cuts while every cut is repaired, three real cuts at every step; else
    a short form."""

    def __init__(self, scenario: Scenario, *, thorough: bool) -> None:
        self._scenario = scenario
        self._thorough = thorough
        self._finished: set[tuple[int, Variant]] = set()
        self._shapes: set[tuple[object, ...]] = set()
        self.result = Swept(scenario=scenario.name, profile=scenario.profile)

    def run(self) -> Swept:
        """Everything. What the card raises is a violation, not ours to stumble over."""
        run = self.record()
        self.result.steps, self.result.commits = len(run.steps), len(run.commits)
        self.result.octets = sum(len(step.octets) for step in run.steps)
        self._look_at_states(run)
        facts = [Facts.of(state) for state in run.states]
        detail = Detail.OCTETS if self._thorough else Detail.PAGES
        for cut in cuts(run.image, run.steps, detail):
            self.result.points[cut.variant.value] += 1
            left = self._power_up(cut, run, facts)
            if left is not None:
                self._finish(run, cut, left)
        self._octets(run)
        self._really(run)
        return self.result

    # The command without a cut

    def record(self) -> Run:
        """The command, with all that is to be cut."""
        card, given = self._enter()
        start, image = card.records, card.forget()
        refusal = self._act(card, given)
        if (refusal is not None) != self._scenario.refused:
            self._violated(f"without a cut, the card answers otherwise: {refusal}")
        return Run(
            start=start,
            image=image,
            steps=tuple(card.supply.steps),
            commits=tuple(card.commits),
            events=tuple(card.events),
            exchanges=tuple(card.exchanges),
        )

    def _enter(self) -> tuple[WatchedCard, object]:
        scenario = self._scenario
        card = WatchedCard(fresh_image(scenario.records(), writes=0, salt=_SALT), idles=scenario.idles)
        with watching(card):
            given = scenario.enter(card)
        if scenario.fills:
            _fill(card)
        return card, given

    def _act(self, card: WatchedCard, given: object) -> MumeiError | None:
        """The command; returns the refusal, where it is refused."""
        with watching(card):
            try:
                self._scenario.act(given)
            except MumeiError as error:
                return error
        return None

    def _look_at_states(self, run: Run) -> None:
        if not run.commits:
            self._violated("the command writes nothing: there is nothing to cut")
        for number, state in enumerate(run.states):
            where = "before" if not number else f"after commit {number}"
            for wrong in invariants.within(state):
                self._violated(f"{where}: {wrong}")
            for wrong in invariants.between(run.start, state, gives_back=self._scenario.gives_back):
                self._violated(f"{where}: {wrong}")
        for event in run.events:
            # An event behind a commit's last step came after it was acknowledged: events are noted in order.
            acknowledged = sum(commit.end <= event.position for commit in run.commits)
            if self._scenario.guess is None:
                continue
            known = Facts.of(run.states[acknowledged])
            wrong_order = invariants.counted_first(event, Facts.of(run.start), known, self._scenario.guess)
            if wrong_order:
                self._violated(wrong_order)

    # A cut

    def _power_up(self, cut: Cut, run: Run, facts: list[Facts]) -> int | None:
        """The number of the state that is left; None if it is none that may be."""
        allowed = run.allowed(cut.done, cut.begun)
        left, log = self._state_left(cut.image, run, allowed, str(cut))
        if left is None:
            return None
        for event in run.events:
            if event.position <= cut.done:
                missing = invariants.after(event, facts[0], facts[left])
                if missing:
                    self._violated(f"{cut}: {missing}")
        self._nested(cut, run, left, log)
        return left

    def _state_left(
        self, image: bytes, run: Run, allowed: list[int], where: str
    ) -> tuple[int | None, list[Step]]:
        log = StepLog()
        flash = RamFlash(image)
        try:
            nvm = Nvm.power_up(flash, power=log)
        except Exception as error:
            self._violated(f"{where}: the card does not come up: {type(error).__name__}: {error}")
            return None, []
        records = {name: nvm.get(name) for name in nvm.sizes()}
        for number in allowed:
            if records == run.states[number]:
                self._look_for_erased(flash.read(), run, number, where)
                return number, log.steps
        known = [number for number, state in enumerate(run.states) if state == records]
        self._violated(f"{where}: state {known or 'between'} is left, {allowed} may be")
        return None, []

    def _look_for_erased(self, image: bytes, run: Run, number: int, where: str) -> None:
        for name in self._scenario.erases:
            value = run.start.get(name)
            if value and name not in run.states[number] and value in image:
                self._violated(f"{where}: the erased {name} is still in memory")

    def _nested(self, cut: Cut, run: Run, left: int, recovery: list[Step]) -> None:
        """The power goes again while the card repairs itself: the same state must be left."""
        if not recovery:
            return
        shape = (left, *((step.kind, bool(step.octets.strip(_ERASED))) for step in recovery))
        is_new = shape not in self._shapes
        self._shapes.add(shape)
        if not (is_new or self._thorough):
            return
        detail = Detail.PAGES if is_new else Detail.STEPS
        for again in cuts(cut.image, recovery, detail):
            self.result.points["again, while it repairs itself"] += 1
            self._state_left(again.image, run, [left], f"{cut}; again {again}")

    def _finish(self, run: Run, cut: Cut, left: int) -> None:
        """The job is done on the card as it came up: once for each state, in the long form for each way there."""
        key = (left, cut.variant if self._thorough else Variant.BEFORE)
        if key in self._finished:
            return
        self._finished.add(key)
        card = WatchedCard(cut.image, idles=self._scenario.idles)
        card.forget()
        before = card.records
        try:
            with watching(card):
                self._scenario.finish(card)
        except Exception as error:
            self._violated(f"{cut}: the job cannot be finished: {type(error).__name__}: {error}")
        everything = frozenset(Facts.of(before).tries)
        for wrong in invariants.between(before, card.records, gives_back=everything):
            self._violated(f"{cut}: in the next session {wrong}")
        for wrong in invariants.within(card.records):
            self._violated(f"{cut}: after the next session {wrong}")
        earlier = [event for event in run.events if event.position <= cut.done]
        for wrong in invariants.twice(earlier, card.events):
            self._violated(f"{cut}: {wrong}")

    # Cuts between octets, and cuts of real cards

    def _octets(self, run: Run) -> None:
        """A command that has come in part is none; an answer that has gone in part was given.

        Between octets the card does nothing (:meth:`WatchedCard.transmit` looks), so all of an APDU are one cut for
        its memory.
        """
        for exchange in run.exchanges:
            for octets, position in (
                (exchange.command, exchange.begin),
                (exchange.answer, exchange.end),
            ):
                image = image_after(run.image, run.steps, position)
                self.result.points["between the octets of an APDU"] += octets
                where = f"at an octet of an APDU, after {position} steps"
                self._state_left(image, run, run.allowed(position, position), where)

    def _really(self, run: Run) -> None:
        """The same on a card that loses its power in the middle, with nothing of it simulated beforehand."""
        for number, step in enumerate(run.steps):
            moments = _MOMENTS if step.kind is StepKind.WRITE else (Moment.BEFORE, Moment.AFTER)
            if not self._thorough:
                moments = (moments[number % len(moments)],)
            for moment in moments:
                cut = (number, moment, max(1, len(step.octets) // 2))
                self._cut_for_real(f"step {number}, {moment.value}, for real", step=cut)
        exchanges = run.exchanges if self._thorough else run.exchanges[-1:]
        octets = sum(exchange.command + exchange.answer for exchange in run.exchanges[: -len(exchanges)])
        for exchange in exchanges:
            for part in (exchange.command, exchange.answer):
                at = octets + part // 2
                self._cut_for_real(f"octet {at} on the line, for real", line=at)
                octets += part

    def _cut_for_real(
        self, where: str, *, step: tuple[int, Moment, int] | None = None, line: int | None = None
    ) -> None:
        card, given = self._enter()
        start = card.records
        card.forget()
        card.supply.cut, card.supply.line_cut = step, line
        self.result.points["cut for real"] += 1
        try:
            self._act(card, given)
        except PowerLost:
            pass
        else:
            self._violated(f"{where}: the card went on without power")
        self._look_at_real(card, start, where)

    def _look_at_real(self, card: WatchedCard, start: Records, where: str) -> None:
        acknowledged = card.commits[-1].records if card.commits else start
        try:
            nvm = Nvm.power_up(RamFlash(card.flash.read()))
        except Exception as error:
            self._violated(f"{where}: the card does not come up: {type(error).__name__}: {error}")
            return
        records = {name: value for name in nvm.sizes() if (value := nvm.get(name)) is not None}
        if records not in (acknowledged, card.in_hand):
            self._violated(f"{where}: neither the state before nor the one after the commit is left")
        for wrong in (
            *invariants.within(records),
            *invariants.between(start, records, gives_back=self._scenario.gives_back),
        ):
            self._violated(f"{where}: {wrong}")
        facts = Facts.of(start), Facts.of(records)
        for missing in filter(None, (invariants.after(event, *facts) for event in card.events)):
            self._violated(f"{where}: {missing}")

    def _violated(self, what: str) -> None:
        self.result.violations.append(what)


def _fill(card: WatchedCard) -> None:
    """Commits that change nothing, long ones first, until one more writes the journal anew."""
    for name, value in ((_FILLER, _FILLING), (RECORD_PROFILE, card.records[RECORD_PROFILE])):
        pages = commit_octets({name: value}) // PAGE
        contents = read_memory(card.flash.read())
        for _ in range((contents.root.journal.end - contents.end - 1) // (pages - 1)):
            card.nvm.commit({name: value})
