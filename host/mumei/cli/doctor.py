"""``mumei doctor``: which layer between this program and the card fails, and the fix.

The layers are tried from the bottom; the first that fails ends the search, because all above it depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version

import click

from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import EXIT_ENVIRONMENT, emit
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.transport import pcsc, reader_choice, virtual_reader
from mumei.transport.base import CardConnection
from mumei_core.errors import (
    CardBusyError,
    CardRefused,
    MumeiError,
    NoCardError,
    NoPermissionError,
    NoReaderError,
    NoServiceError,
    ProtocolError,
    SessionLostError,
    UsageError,
    WrongCardError,
)

# Seconds; a doctor is run by somebody who is waiting.
_BUSY_LIMIT = 3.0

_RULE_FILE = "/etc/polkit-1/rules.d/50-mumei-pcsc.rules"
_RULE = """\
// Members of the group "pcsc" may use card readers and cards.
polkit.addRule(function(action, subject) {
  if ((action.id == "org.debian.pcsc-lite.access_pcsc" ||
       action.id == "org.debian.pcsc-lite.access_card") &&
      subject.isInGroup("pcsc")) {
    return polkit.Result.YES;
  }
});"""
_RULE_FIX = (
    f"Write the rule below to {_RULE_FILE}, then: groupadd -f pcsc; usermod -aG pcsc USER; log in anew. "
    "A service without polkit guards its socket with file permissions: see /run/pcscd/pcscd.comm."
)


class Layer(Enum):
    """What has to work, from the bottom."""

    PYSCARD = "the library for readers (pyscard)"
    SERVICE = "the PC/SC service"
    PERMISSION = "permission to use it"
    READER = "a reader"
    CARD_FILE = "the card file"
    CARD = "a card"
    FREE = "the card to ourselves"
    APPLICATION = "our application on the card"


READER_LAYERS = (
    Layer.PYSCARD,
    Layer.SERVICE,
    Layer.PERMISSION,
    Layer.READER,
    Layer.CARD,
    Layer.FREE,
    Layer.APPLICATION,
)
FILE_LAYERS = (Layer.CARD_FILE, Layer.FREE, Layer.APPLICATION)

# The layer at fault is the error's, not the call's: a service may refuse a user as late as at the card.
_AT_FAULT: tuple[tuple[type[MumeiError], Layer], ...] = (
    (NoServiceError, Layer.SERVICE),
    (NoPermissionError, Layer.PERMISSION),
    (NoReaderError, Layer.READER),
    (NoCardError, Layer.CARD),
    (SessionLostError, Layer.CARD),
    (UsageError, Layer.CARD),
    (CardBusyError, Layer.FREE),
    (WrongCardError, Layer.APPLICATION),
    (CardRefused, Layer.APPLICATION),
    (ProtocolError, Layer.APPLICATION),
)


class State(Enum):
    """How a layer was found."""

    OK = "ok"
    FAILED = "failed"
    NOT_REACHED = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One layer: its state, what was found there, and the fix if it failed."""

    layer: Layer
    state: State
    found: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that does not keep a card from working, and should not stay."""

    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolkitRule:
    """A rule for polkit: the file it belongs in, and its text."""

    file: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What doctor found. ``failed`` is the layer to mend first, ``None`` when all work."""

    ok: bool
    failed: Layer | None
    layers: tuple[Finding, ...]
    polkit_rule: PolkitRule | None = None
    warnings: tuple[Caution, ...] = ()

    def text(self) -> str:
        """One line a layer; the fix below the one that failed."""
        lines = []
        for finding in self.layers:
            found = f": {finding.found}" if finding.found else ""
            lines.append(f"{finding.state.value:<6}  {finding.layer.value}{found}")
            if finding.fix:
                lines.append(f"        fix: {finding.fix}")
        if self.polkit_rule is not None:
            lines += ["", f"{self.polkit_rule.file}:", self.polkit_rule.text]
        for caution in self.warnings:
            lines += ["", f"warning: {caution.message}", f"        fix: {caution.fix}"]
        return "\n".join(lines)


@click.command()
@card_options
@json_option
@click.pass_context
def doctor(context: click.Context, place: CardPlace, as_json: bool) -> None:
    """Say which layer keeps a card from working, and the fix.

    Exit code 0 when all layers work, 3 when one fails.

    \b
    Examples:
      mumei doctor
      mumei doctor --reader ACR122 --json
      mumei doctor --card my.card
    """
    diagnosis = examine(place)
    emit(diagnosis, as_json=as_json)
    context.exit(0 if diagnosis.ok else EXIT_ENVIRONMENT)


def examine(place: CardPlace) -> Diagnosis:
    """Try every layer up to the card's application. Raises nothing of the project's own errors."""
    layers = READER_LAYERS if place.card is None else FILE_LAYERS
    found: dict[Layer, str] = {}
    failed, error = None, None
    try:
        if place.card is None:
            _try_reader(place, found)
        else:
            _try_file(place, found)
    except MumeiError as caught:
        error = caught
        failed = next((layer for family, layer in _AT_FAULT if isinstance(error, family)), None)
        if failed not in layers:
            failed = next(layer for layer in layers if layer not in found)
    return Diagnosis(
        ok=failed is None,
        failed=failed,
        layers=_findings(layers, found, failed, error),
        polkit_rule=PolkitRule(file=_RULE_FILE, text=_RULE) if failed is Layer.PERMISSION else None,
        warnings=_cautions() if place.card is None else (),
    )


def _try_reader(place: CardPlace, found: dict[Layer, str]) -> None:
    pcsc.load_pyscard()
    found[Layer.PYSCARD] = version("pyscard")
    readers = pcsc.list_readers()
    found[Layer.SERVICE] = found[Layer.PERMISSION] = ""
    found[Layer.READER] = ", ".join(reader.name for reader in reader_choice.meant(readers, place.reader))
    reader = pcsc.wait_for_card(place.reader, seconds=place.wait)
    found[Layer.CARD] = f"in {reader.name}, answer to reset {reader.atr.hex()}"
    with pcsc.open_reader(place.reader, busy_limit=_BUSY_LIMIT, answer_limit=place.patience) as connection:
        found[Layer.FREE] = connection.protocol
        found[Layer.APPLICATION] = _describe_application(connection)


def _try_file(place: CardPlace, found: dict[Layer, str]) -> None:
    with place.open() as connection:
        found[Layer.CARD_FILE] = connection.name
        found[Layer.FREE] = ""
        found[Layer.APPLICATION] = _describe_application(connection)


def _describe_application(connection: CardConnection) -> str:
    application = Application.identify(Channel(connection))
    lengths = "extended" if application.capabilities.extended else "short"
    return f"version {application.version}, {application.profile.name.lower()} profile, {lengths} lengths"


def _findings(
    layers: tuple[Layer, ...], found: dict[Layer, str], failed: Layer | None, error: MumeiError | None
) -> tuple[Finding, ...]:
    """All layers, in order: those below the failed one work, those above it were not reached."""
    findings = []
    state = State.OK
    for layer in layers:
        if layer is failed and error is not None:
            fix = _RULE_FIX if layer is Layer.PERMISSION else error.hint
            findings.append(Finding(layer=layer, state=State.FAILED, found=error.message, fix=fix))
            state = State.NOT_REACHED
        else:
            findings.append(Finding(layer=layer, state=state, found=found.get(layer, "")))
    return tuple(findings)


def _cautions() -> tuple[Caution, ...]:
    ports = virtual_reader.exposed_ports()
    if not ports:
        return ()
    named = " and ".join(str(port) for port in ports)
    return (
        Caution(
            message=f"a virtual reader (vpcd) listens on all addresses, port {named}: whoever reaches this "
            "machine over the network can play a card",
            fix='Close the ports to other machines: nft add rule inet filter input iifname != "lo" '
            f"tcp dport {{ {', '.join(str(port) for port in ports)} }} drop. "
            "On a machine that needs no virtual reader: apt remove vsmartcard-vpcd.",
        ),
    )
