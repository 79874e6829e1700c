"""The card's kernel: octets in, octets out, never an exception (ISO/IEC 7816-4:2005 clause 5.1)."""

from __future__ import annotations

import logging
import os

from mumei_card.applet import catalogue, coupons, security_domain
from mumei_card.applet.trust_points import trust_point_names
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.rng import RandomSource, Trng
from mumei_card.errors import CardError
from mumei_card.os.admission import Admission
from mumei_card.os.answer_to_reset import answer_to_reset
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Layer, answer, assemble
from mumei_card.os.layers import (
    ClassCheck,
    CommandChaining,
    ResponseChaining,
)
from mumei_card.os.lifecycle import (
    CHANNEL_COMMANDS,
    SECURITY_DOMAIN_COMMANDS,
    Kind,
    LifeCycleGate,
    life_cycle_of,
)
from mumei_card.os.pace import PaceLayer
from mumei_card.os.registry import Registry
from mumei_card.os.scp03_layer import Scp03Layer
from mumei_card.os.secure_messaging import SecureMessagingLayer
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands.codes import MAX_COMMAND
from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU
from mumei_core.metering import metered

log = logging.getLogger(__name__)


class Kernel:
    """One powered card. ``nvm``: its memory. ``random_source``: n -> n octets, the chip's true randomness."""

    def __init__(self, nvm: Nvm, *, random_source: RandomSource = os.urandom) -> None:
        self.counters = OperationCounters()
        nvm.count_in(self.counters)
        self.context = CardContext(
            nvm=nvm,
            security_status=SecurityStatus(),
            counters=self.counters,
            trng=Trng(random_source, self.counters),
        )
        self._registry = Registry()
        catalogue.register(self._registry)
        secure_messaging = SecureMessagingLayer(self.context.security_status, self._end_session)
        self._layers: tuple[Layer, ...] = (
            ResponseChaining(),
            secure_messaging,
            ClassCheck(self._registry, self.context.security_status, self._interrupt),
            LifeCycleGate(nvm, CHANNEL_COMMANDS.__contains__),
            PaceLayer(self.context, secure_messaging.start, trust_point_names),
            CommandChaining(self._registry),
            Scp03Layer(
                self.context,
                authenticate=security_domain.external_authenticate,
                is_reachable=security_domain.is_reachable,
            ),
            LifeCycleGate(nvm, self._applets_know),
            Admission(self._registry, self.context),
        )
        self._chain = assemble(self._layers, self._dispatch)

    @property
    def atr(self) -> bytes:
        """What the card answers to a reset in its present state."""
        try:
            return answer_to_reset(life_cycle_of(self.context.nvm))
        except CardError:
            # A card whose memory is broken still has to say so to somebody.
            return answer_to_reset(None)

    def transmit(self, octets: bytes) -> bytes:
        """One command APDU in, its response out: data, then two status octets. Never raises, never empty."""
        try:
            if len(octets) > MAX_COMMAND:
                raise ApduError("longer than the card takes")
            command = CommandAPDU.from_bytes(octets)
        except ApduError as error:
            log.debug("%d octets are no command: %s", len(octets), error)
            self._interrupt()
            return ResponseAPDU(sw=error.sw).to_bytes()
        with metered(self.counters):
            return answer(self.context.security_status, self._chain, command).to_bytes()

    def idle(self) -> bool:
        """Does one piece of work for which nobody waits; whether there was any. Never raises.

        For whoever serves the card, between an answer and the next command. What it counts belongs to no command.
        Where nobody calls it, the same work is done inside a command.
        """
        with metered(self.counters):
            try:
                return coupons.make_in_idle_time(self.context)
            except Exception as error:
                # As with a command: its text may quote what it choked on.
                log.error("background work failed with %s", type(error).__name__)
                return False

    def reset(self) -> None:
        """Power-up or reset: everything volatile is lost."""
        self.context.security_status.clear()
        self.counters.reset()
        for layer in self._layers:
            layer.reset()

    def _interrupt(self) -> None:
        """Something came that the upper layers do not see, and that breaks off what they collect."""
        for layer in self._layers:
            layer.interrupt()

    def _end_session(self) -> None:
        """A channel has ended: what the layers kept of it goes."""
        for layer in self._layers:
            layer.end_session()

    def _applets_know(self, kind: Kind) -> bool:
        # Whether the security domain's commands exist for this terminal, the SCP03 layer has said already.
        return kind not in SECURITY_DOMAIN_COMMANDS and self._registry.find(*kind) is not None

    def _dispatch(self, command: CommandAPDU) -> ResponseAPDU:
        entry = self._registry.find(command.cla, command.ins)
        assert entry is not None  # noqa: S101 - Admission let it pass
        result = entry.handler(command, self.context)
        return result if isinstance(result, ResponseAPDU) else ResponseAPDU(result)
