"""Cards and memories with a defect each: a search that finds nothing has to show that it can find something."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from mumei_card.applet import pin
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.log import RECORD_LAST_SEQUENCE
from mumei_card.applet.records import RECORD_CREDENTIAL
from mumei_card.chip import nvm_format
from mumei_card.chip.flash import PoweredFlash
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.nvm_format import Changes, Codec, Contents
from mumei_card.chip.nvm_journal import Journal
from mumei_card.chip.power import PowerLost
from mumei_card.errors import CardError
from mumei_card.os import kernel, layer
from mumei_card.os.context import RECORD_RNG_COUNTER, CardContext
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.os.passwords import Password, load
from mumei_card.os.registry import Handler, Registry
from mumei_core.commands import codes
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

Patch = tuple[Any, str, Callable[..., Any]]
Write = Callable[["_Meddled", Changes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A defect. ``shows_in``: a scenario that must find it, by profile and name."""

    name: str
    profile: str
    shows_in: str
    patches: tuple[Patch, ...]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """While this lasts, cards have the defect."""
        originals = [(owner, name, getattr(owner, name)) for owner, name, _ in self.patches]
        for owner, name, replacement in self.patches:
            setattr(owner, name, replacement)
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)


class _Meddled:
    """A card's memory as one handler sees it: what it commits is written another way. ``held`` waits."""

    def __init__(self, nvm: Nvm, write: Write) -> None:
        self.inner = nvm
        self.held: dict[str, bytes | None] = {}
        self._write = write

    def get(self, name: str) -> bytes | None:
        return self.held[name] if name in self.held else self.inner.get(name)

    def sizes(self) -> dict[str, int]:
        return self.inner.sizes()

    def commit(self, changes: Changes) -> None:
        self._write(self, changes)


def _handler(command: str, write: Write) -> Patch:
    """The command's handler, with another memory."""
    bind = Registry.bind

    def bound(self: Registry, name: str, handler: Handler) -> None:
        def meddled(apdu: CommandAPDU, context: CardContext) -> bytes | ResponseAPDU:
            memory: Any = _Meddled(context.nvm, write)
            answer = handler(apdu, replace(context, nvm=memory))
            if memory.held:
                context.nvm.commit(memory.held)
            return answer

        bind(self, name, meddled if name == command else handler)

    return Registry, "bind", bound


def _apart(*names: str) -> Write:
    """These records first, in a commit of their own."""

    def write(memory: _Meddled, changes: Changes) -> None:
        first = {name: value for name, value in changes.items() if name in names}
        for part in (first, {name: value for name, value in changes.items() if name not in names}):
            if part:
                memory.inner.commit(part)

    return write


def _late(*names: str) -> Write:
    """These records only after everything else that the handler does."""

    def write(memory: _Meddled, changes: Changes) -> None:
        memory.held |= {name: value for name, value in changes.items() if _is_one_of(name, names)}
        now = {name: value for name, value in changes.items() if not _is_one_of(name, names)}
        if now:
            memory.inner.commit(now)

    return write


def _never(*names: str) -> Write:
    """These records not at all: they wait for another command."""

    def write(memory: _Meddled, changes: Changes) -> None:
        memory.inner.commit({n: value for n, value in changes.items() if not _is_one_of(n, names)})

    return write


def _is_one_of(name: str, names: tuple[str, ...]) -> bool:
    return name.startswith(names)


def _compare_first(
    context: CardContext,
    record: str,
    digits: bytes,
    *,
    tries: int,
    also: dict[str, Password] | None = None,
) -> None:
    password = load(context, record)
    if not password.tries:
        raise CardError(codes.SW_BLOCKED, "no tries left")
    if not hmac.compare_digest(password.digits, digits):
        counted = replace(password, tries=password.tries - 1)
        context.nvm.commit({record: counted.to_bytes()})
        raise CardError(codes.SW_TRIES_LEFT | counted.tries, "wrong", keep_status=True)
    changes = {record: replace(password, tries=tries), **(also or {})}
    context.nvm.commit({name: value.to_bytes() for name, value in changes.items()})


def _commit_one_by_one(self: Journal, changes: Changes) -> None:
    for name, value in changes.items():
        _COMMIT(self, {name: value})


def _read_unchecked(self: Codec, pages: bytes, length: int) -> dict[str, bytes | None]:
    octets = pages[: nvm_format.HEADER + length]
    self.digest = hashlib.sha256(self.digest + octets).digest()[:16]
    return dict(nvm_format.records_in(octets[nvm_format.HEADER :]))


def _never_anew(octets: bytes) -> Contents:
    return replace(_READ(octets), has_erased=False)


def _answer_without_power(*arguments: Any) -> ResponseAPDU:
    try:
        return _ANSWER(*arguments)
    except PowerLost:
        return ResponseAPDU(sw=codes.SW_NO_DIAGNOSIS)


_COMMIT, _READ, _ANSWER = Journal.commit, nvm_format.read_memory, layer.answer


def _plants() -> Iterator[Plant]:
    def plant(name: str, profile: str, shows_in: str, *patches: Patch) -> Plant:
        return Plant(name=name, profile=profile, shows_in=shows_in, patches=patches)

    yield plant(
        "a PIN is compared before its try is counted",
        "development",
        "VERIFY, wrong",
        (pin, "_compare", _compare_first),
    )
    yield plant(
        "a try is counted after the answer is known",
        "standard",
        "VERIFY at a terminal, wrong",
        _handler("VERIFY", _late("pin")),
    )
    yield plant(
        "a commit of several records is several commits",
        "development",
        "STORE CREDENTIAL",
        (Journal, "commit", _commit_one_by_one),
    )
    yield plant(
        "a credential is stored before what it replaces is erased",
        "development",
        "STORE CREDENTIAL",
        _handler("STORE CREDENTIAL", _apart(RECORD_CREDENTIAL)),
    )
    yield plant(
        "the journal has no checksum",
        "development",
        "PRESENT, proven",
        (Codec, "read", _read_unchecked),
    )
    yield plant(
        "nothing waits until what was written lasts",
        "development",
        "VERIFY, wrong",
        (PoweredFlash, "sync", lambda self: None),
    )
    yield plant(
        "erased values stay in the journal",
        "development",
        "STORE CREDENTIAL",
        (nvm_format, "read_memory", _never_anew),
    )
    yield plant(
        "the random counter is burned after the draw",
        "development",
        "PRESENT, proven",
        _handler("PRESENT", _late(RECORD_RNG_COUNTER)),
    )
    yield plant(
        "a coupon is destroyed after its use",
        "development",
        "PRESENT, proven",
        _handler("PRESENT", _late(RECORD_COUPON)),
    )
    yield plant(
        "a slot is named before it is burned",
        "development",
        "PREPARE",
        _handler("PREPARE", _never("slot_")),
    )
    yield plant(
        "the log is written after the answer is computed",
        "standard",
        "PRESENT, proven",
        _handler("PRESENT", _late(RECORD_LAST_SEQUENCE, "log_")),
    )
    yield plant(
        "the SCP03 sequence counter is not kept",
        "standard",
        "INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, right",
        _handler("INITIALIZE UPDATE", lambda memory, changes: None),
    )
    yield plant(
        "a card is terminated before its secrets are erased",
        "standard",
        "SET STATUS, terminated",
        _handler("SET STATUS", _apart(RECORD_LIFE_CYCLE)),
    )
    yield plant(
        "a card without power answers",
        "development",
        "VERIFY, wrong",
        (kernel, "answer", _answer_without_power),
    )


PLANTS: Final[Mapping[str, Plant]] = {plant.name: plant for plant in _plants()}
