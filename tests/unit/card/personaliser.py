"""A personaliser at the kernel of a card: SCP03 by the host's own class, straight onto the wire."""

from __future__ import annotations

from mumei_card.os.kernel import Kernel
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03 import HostScp03, initialize_update
from mumei_core.gp.scp03_session import InitializeUpdateAnswer, Level
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

from .conftest import MAKER_KEYS, Card

CHALLENGE = bytes(range(8))


class Personaliser:
    """An open channel to ``card``. ``send`` takes a plain command in hex and gives the plain answer in hex."""

    def __init__(self, card: Card, *, keys: StaticKeys = MAKER_KEYS.keys, level: Level = Level.ALL) -> None:
        self._kernel: Kernel = card.kernel
        answer = self._exchange(initialize_update(CHALLENGE))
        assert answer.sw == 0x9000, f"{answer.sw:04X}"
        self.answer = InitializeUpdateAnswer.from_bytes(answer.data)
        self.host = HostScp03(keys, CHALLENGE, self.answer, level=level)
        opened = self._exchange(self.host.external_authenticate())
        assert opened.sw == 0x9000, f"{opened.sw:04X}"

    def send(self, apdu: str) -> str:
        plain = CommandAPDU.from_bytes(bytes.fromhex(apdu))
        protected = self.host.wrap(plain)
        if protected.le is None and self.host.level & Level.R_MAC:
            protected = CommandAPDU(
                cla=protected.cla,
                ins=protected.ins,
                p1=protected.p1,
                p2=protected.p2,
                data=protected.data,
                le=256,
            )
        return self.host.unwrap(self._exchange(protected)).to_bytes().hex().upper()

    def _exchange(self, command: CommandAPDU) -> ResponseAPDU:
        extended = not command.fits_short
        return ResponseAPDU.from_bytes(self._kernel.transmit(command.to_bytes(extended=extended)))
