"""Cards with a leak planted in them: an audit that cannot find these finds nothing.

Each is the product's kernel with one fault, of a kind that cards of the world have had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import cbor2
from tools.linkage_audit.driver import CardMaker
from tools.linkage_audit.observation import SW_LENGTH

from mumei_card.applet.coupons import RECORD_COUPON, SESSION_COUPON
from mumei_card.applet.records import COUNTER_LENGTH, RECORD_CREDENTIAL, StoredCredential
from mumei_card.applet.slots import RECORD_SLOT_KEY
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.rng import HedgedRng, Trng
from mumei_card.os.context import RECORD_CARD_KEY, CardContext
from mumei_card.os.kernel import Kernel
from mumei_core.commands import codes
from mumei_core.credential import Index
from mumei_core.crypto.hashing import EXPAND_LENGTH
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode, parse_one

_LETTING_IN: Final = (bytes((codes.INS_DESCRIBE_TERMINAL,)), bytes((codes.INS_EXTERNAL_AUTHENTICATE,)))
_OK: Final = codes.SW_OK.to_bytes(SW_LENGTH, "big")


#: r1, r2 and one more of a coupon; d~_1 and both v of a predicate: what the points that are shown hang on.
_FRESH_SCALARS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """``required``: one of the four that the project's bar names; the others try the audit harder."""

    name: str
    make: CardMaker
    required: bool


def _number(nvm: Nvm, label: bytes, length: int) -> bytes:
    """A stable number of this card."""
    key = nvm.get(RECORD_CARD_KEY) or b""
    return hashlib.shake_256(label + key).digest(length)


class SerialNumberInFci(Kernel):
    """SELECT tells eight octets of the card's own, in a place that hosts skip."""

    def transmit(self, octets: bytes) -> bytes:
        answer = super().transmit(octets)
        if octets[1:4] != bytes((codes.INS_SELECT, 4, 0)) or answer[:1] != bytes((codes.TAG_FCI,)):
            return answer
        name, own = parse_one(answer[:-SW_LENGTH], codes.TAG_FCI).children()
        serial = encode(0x82, _number(self.context.nvm, b"serial", 8))
        inner = encode(name.tag, name.value) + encode(own.tag, own.value + serial)
        return encode(codes.TAG_FCI, inner) + _OK


class _Stuck(HedgedRng):
    """Always the same stream, but for the first ``fresh`` octets. (What a broken generator looks like.)"""

    def __init__(self, card_key: bytes, fresh: int, trng: Callable[[int], bytes]) -> None:
        super().__init__(card_key, 0, trng)
        self._key, self._fresh, self._drawn = card_key, fresh, 0

    def octets(self, n: int) -> bytes:
        place, self._drawn = self._drawn, self._drawn + n
        fresh = max(self._fresh - place, 0)
        stuck = hashlib.shake_256(self._key + place.to_bytes(8)).digest(n)
        return super().octets(n)[:fresh] + stuck[fresh:]


class _StuckContext(CardContext):
    """Gives the stuck generator instead of the hedged one."""

    fresh_octets = 0

    def rng(self, *arguments: object, **named: object) -> HedgedRng:
        super().rng(*arguments, **named)  # type: ignore[arg-type]
        return _Stuck(self.record(RECORD_CARD_KEY), self.fresh_octets, self.trng)


class _MostlyStuckContext(_StuckContext):
    """The points of the proof are fresh, so that no octets come back; later blindings are not."""

    fresh_octets = _FRESH_SCALARS * EXPAND_LENGTH


class ReusedRandomness(Kernel):
    """Every presentation with the same randoms."""

    context_class: type[_StuckContext] = _StuckContext

    def __init__(self, nvm: Nvm) -> None:
        super().__init__(nvm)
        ours = self.context
        self.context = self.context_class(**{name: getattr(ours, name) for name in ours.__dataclass_fields__})


class ReusedBlindings(ReusedRandomness):
    """Points fresh, blindings not: no string comes back, and yet two answers give the secret."""

    context_class = _MostlyStuckContext


class LengthOfName(Kernel):
    """EF.ATR/INFO has a filler as long as the holder's name, of fresh random octets."""

    def transmit(self, octets: bytes) -> bytes:
        answer = super().transmit(octets)
        if octets[1:3] != bytes((codes.INS_READ_BINARY, 0x80 | codes.SFI_EF_ATR)):
            return answer
        return answer[:-SW_LENGTH] + encode(0x53, self.context.trng(self._length())) + answer[-SW_LENGTH:]

    def _length(self) -> int:
        stored = self.context.nvm.get(RECORD_CREDENTIAL)
        if stored is None:
            return 0
        attributes = StoredCredential.from_bytes(stored).issued.attributes
        return len("".join(cbor2.loads(attributes[Index.CIVIL_IDENTITY])["name"]))


class CertificatePerCard(Kernel):
    """GET DATA 7F21 gives a chip certificate of one length, another one on each card."""

    def transmit(self, octets: bytes) -> bytes:
        if octets[:4] == bytes((codes.CLA_ISO, codes.INS_GET_DATA, 0x7F, 0x21)) and len(octets) == 5:
            return encode(0x7F21, _number(self.context.nvm, b"certificate", 180)) + _OK
        return super().transmit(octets)


class SlowForSome(Kernel):
    """Reading EF.ATR/INFO costs some cards another multiplication."""

    def transmit(self, octets: bytes) -> bytes:
        if octets[1:2] == bytes((codes.INS_READ_BINARY,)) and _number(self.context.nvm, b"slow", 1)[0] < 0x80:
            self.counters.g1_multiplications += 1
        return super().transmit(octets)


class SparingCard(Kernel):
    """A coupon that an earlier session has left is used: an answer comes sooner after a torn session."""

    def transmit(self, octets: bytes) -> bytes:
        left = self.context.nvm.get(RECORD_COUPON)
        if octets[1:2] in _LETTING_IN and left is not None:
            number = int.from_bytes(left[:COUNTER_LENGTH])
            self.context.security_status.session[SESSION_COUPON] = number
        return super().transmit(octets)


class ReusedSlot(Kernel):
    """PREPARE always takes the first slot, and burns none: the same token comes at every visit."""

    def _dispatch(self, command: CommandAPDU) -> ResponseAPDU:
        if command.ins != codes.INS_PREPARE:
            return super()._dispatch(command)
        ours = self.context
        self.context = replace(ours, trng=Trng(bytes, OperationCounters()))
        try:
            return super()._dispatch(command)
        finally:
            self.context = ours
            burned = [
                name for name in ours.nvm.sizes() if name.startswith("slot_") and name != RECORD_SLOT_KEY
            ]
            ours.nvm.commit(dict.fromkeys(burned))


class RareStatusWord(Kernel):
    """Some cards say "function not supported" where the others say "wrong P1-P2"."""

    def transmit(self, octets: bytes) -> bytes:
        answer = super().transmit(octets)
        wrong = codes.SW_WRONG_P1_P2.to_bytes(SW_LENGTH, "big")
        if answer == wrong and _number(self.context.nvm, b"word", 1)[0] < 0x80:
            return codes.SW_FUNCTION_NOT_SUPPORTED.to_bytes(SW_LENGTH, "big")
        return answer


class SignatureInChallenge(Kernel):
    """GET CHALLENGE hides eight octets of the issuer's signature among random ones."""

    def transmit(self, octets: bytes) -> bytes:
        answer = super().transmit(octets)
        stored = self.context.nvm.get(RECORD_CREDENTIAL)
        if (
            octets[1:2] != bytes((codes.INS_GET_CHALLENGE,))
            or len(answer) != 16 + SW_LENGTH
            or stored is None
        ):
            return answer
        piece = StoredCredential.from_bytes(stored).issued.signature.to_octets()[9:17]
        # At another place each time, and rarely: only who knows the signature sees it.
        place = self.context.trng(1)[0] % 9
        return answer[:place] + piece + answer[place + 8 :]


PLANTS: Final[dict[str, Plant]] = {
    plant.name: plant
    for plant in (
        Plant(name="a serial number in FCI", make=SerialNumberInFci, required=True),
        Plant(name="randomness used again", make=ReusedRandomness, required=True),
        Plant(name="a length that depends on the name", make=LengthOfName, required=True),
        Plant(name="a certificate per card", make=CertificatePerCard, required=True),
        Plant(name="blindings used again under fresh points", make=ReusedBlindings, required=False),
        Plant(name="one more multiplication on some cards", make=SlowForSome, required=False),
        Plant(name="less work after a torn session", make=SparingCard, required=False),
        Plant(name="a slot shown again", make=ReusedSlot, required=False),
        Plant(name="another status word on some cards", make=RareStatusWord, required=False),
        Plant(name="the issuer's signature inside a challenge", make=SignatureInChallenge, required=False),
    )
}
"""By name."""


def maker(plant: str | None) -> CardMaker:
    """The product's own card, or one with that plant."""
    return Kernel if plant is None else PLANTS[plant].make
