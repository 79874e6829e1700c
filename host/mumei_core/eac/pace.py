"""PACE with generic mapping over ECDH, both sides as state machines (TR-03110-2 v2.21, 3.2; TR-03110-3 v2.21, B.1;
ICAO Doc 9303-11, 8th edition, 4.4).

Terminal and card agree on keys that are only equal if both know the password; who listens or guesses learns nothing
but whether one guess was right. Neither class sends anything or keeps a counter: that is their callers' part.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from mumei_core.commands import codes
from mumei_core.eac.ec import EcGroup, EcPoint, RandomSource, random_scalar
from mumei_core.eac.pace_crypto import (
    TOKEN_LENGTH,
    PaceAlgorithm,
    auth_token,
    decrypt_nonce,
    encrypt_nonce,
    map_generator,
    password_key,
    session_keys,
)
from mumei_core.eac.pace_messages import Password, SetAt, dynamic_data, general_authenticate, only_object
from mumei_core.errors import DecodingError, ProtocolError
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.iso7816.ber_tlv import encode

CARD_NONCE_LENGTH: Final = 16
# I11 4.4.3.3 allows any multiple of 16; cards in the field send one of these.
_NONCE_LENGTHS: Final = (16, 32)


class PaceError(ProtocolError):
    """PACE cannot go on. ``sw`` is what a card answers; a terminal gives up."""

    def __init__(self, message: str, *, sw: int = codes.SW_WRONG_DATA) -> None:
        super().__init__(message)
        self.sw = sw


class WrongToken(PaceError):  # noqa: N818 - a verdict, not a fault
    """The other side's token is wrong: it does not know the password."""


class Step(Enum):
    """What is awaited next; the same four on both sides (I11 4.4.4.2, table 5)."""

    NONCE = auto()
    MAPPING = auto()
    KEY_AGREEMENT = auto()
    TOKEN = auto()
    DONE = auto()
    FAILED = auto()


_AFTER: Final = {
    Step.NONCE: Step.MAPPING,
    Step.MAPPING: Step.KEY_AGREEMENT,
    Step.KEY_AGREEMENT: Step.TOKEN,
    Step.TOKEN: Step.DONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceResult:
    """What both sides have after PACE.

    ``k_enc``, ``k_mac``: 16, 24 or 32 octets. ``card_key``, ``terminal_key``: ephemeral public keys, 04||X||Y.
    ``cars``: certification authority references that the card named, most recent first.
    """

    password: Password
    k_enc: bytes = field(repr=False)
    k_mac: bytes = field(repr=False)
    card_key: bytes
    terminal_key: bytes
    cars: tuple[bytes, ...] = ()


class _Agreement:
    """Mapping and key agreement, the same arithmetic for both sides."""

    def __init__(self, group: EcGroup, algorithm: PaceAlgorithm, random: RandomSource) -> None:
        self._group, self._algorithm, self._random = group, algorithm, random
        self._private = 0
        self._nonce = b""
        self._generator = group.generator
        self._own: EcPoint | None = None
        self.k_enc = self.k_mac = b""
        self.own_token = self.expected_token = b""
        self.own_key = self.their_key = b""

    def take_nonce(self, nonce: bytes) -> None:
        self._nonce = nonce

    def new_key(self) -> bytes:
        """Draw a key pair on the current generator; returns 04||X||Y."""
        self._private = random_scalar(self._group, self._random)
        self._own = self._group.multiply(self._generator, self._private)
        return self._own.octets

    def map_with(self, theirs: bytes) -> None:
        """From the two mapping keys and the nonce to the generator of this session (A.3.4.1)."""
        H = self._group.multiply(self._group.decode(theirs), self._private)
        self._generator = map_generator(self._group, self._nonce, H)
        self._private, self._nonce = 0, b""

    def agree_with(self, theirs: bytes) -> None:
        """From the two ephemeral keys to session keys and both tokens (A.2.3, A.2.4)."""
        assert self._own is not None  # noqa: S101 - new_key comes before
        their_point = self._group.decode(theirs)
        if their_point == self._own:
            raise PaceError("both ephemeral keys are the same")
        shared = self._group.multiply(their_point, self._private)
        self._private = 0
        self.k_enc, self.k_mac = session_keys(self._algorithm, shared)
        self.own_token = auth_token(self._algorithm, self.k_mac, their_point)
        self.expected_token = auth_token(self._algorithm, self.k_mac, self._own)
        self.own_key, self.their_key = self._own.octets, theirs

    def wipe(self) -> None:
        self.__init__(self._group, self._algorithm, self._random)  # type: ignore[misc]


class TerminalPace:
    """The terminal's side: send :meth:`set_at` and :meth:`nonce_command`, then feed each answer to :meth:`next`.

    ``password``: f(pi) as octets, e.g. ASCII digits. ``chat``: the whole object 7F4C where Terminal
    Authentication is to follow. ``parameter_id``: to be sent as DO 84; needed where a card offers several.
    ``random``: n -> n octets.
    """

    def __init__(
        self,
        group: EcGroup,
        algorithm: PaceAlgorithm,
        password_id: Password,
        password: bytes,
        *,
        random: RandomSource,
        chat: bytes | None = None,
        parameter_id: int | None = None,
    ) -> None:
        self._set_at = SetAt(algorithm=algorithm, password=password_id, chat=chat, parameter_id=parameter_id)
        self._password_key = password_key(algorithm, password)
        self._agreement = _Agreement(group, algorithm, random)
        self._result: PaceResult | None = None
        self.step = Step.NONCE
        self._table: dict[Step, Callable[[bytes], CommandAPDU | None]] = {
            Step.NONCE: self._on_nonce,
            Step.MAPPING: self._on_mapping,
            Step.KEY_AGREEMENT: self._on_key,
            Step.TOKEN: self._on_token,
        }

    @property
    def result(self) -> PaceResult:
        """Raises :class:`PaceError` before the card's token was found right."""
        if self._result is None:
            raise PaceError("PACE has not come to its end")
        return self._result

    def set_at(self) -> CommandAPDU:
        """MSE:Set AT."""
        return self._set_at.to_command()

    def nonce_command(self) -> CommandAPDU:
        """GENERAL AUTHENTICATE 1: ask for the encrypted nonce."""
        return general_authenticate(None)

    def next(self, response_data: bytes) -> CommandAPDU | None:
        """Take the data of the answer to the last command; give the next one, None at the end.

        Raises :class:`PaceError` for an answer that is malformed or out of step, :class:`WrongToken` for a card
        that does not know the password. Nothing can follow then.
        """
        handler = self._table.get(self.step)
        try:
            if handler is None:
                raise PaceError("PACE is over")
            command = handler(response_data)
        except DecodingError as error:
            self._fail()
            raise PaceError(f"the card's answer in PACE is wrong: {error}") from error
        except PaceError:
            self._fail()
            raise
        self.step = _AFTER[self.step]
        return command

    def _on_nonce(self, data: bytes) -> CommandAPDU:
        encrypted = only_object(data, codes.TAG_PACE_ENCRYPTED_NONCE)
        if len(encrypted) not in _NONCE_LENGTHS:
            raise PaceError("the card's nonce has a strange length")
        self._agreement.take_nonce(decrypt_nonce(self._password_key, encrypted))
        return general_authenticate(codes.TAG_PACE_TERMINAL_MAPPING, self._agreement.new_key())

    def _on_mapping(self, data: bytes) -> CommandAPDU:
        theirs = only_object(data, codes.TAG_PACE_CARD_MAPPING)
        self._agreement.map_with(theirs)
        return general_authenticate(codes.TAG_PACE_TERMINAL_KEY, self._agreement.new_key())

    def _on_key(self, data: bytes) -> CommandAPDU:
        theirs = only_object(data, codes.TAG_PACE_CARD_KEY)
        self._agreement.agree_with(theirs)
        return general_authenticate(codes.TAG_PACE_TERMINAL_TOKEN, self._agreement.own_token, last=True)

    def _on_token(self, data: bytes) -> None:
        found = dynamic_data(
            data,
            required=(codes.TAG_PACE_CARD_TOKEN,),
            optional=(codes.TAG_PACE_CAR, codes.TAG_PACE_PREVIOUS_CAR),
        )
        if not hmac.compare_digest(found[codes.TAG_PACE_CARD_TOKEN], self._agreement.expected_token):
            raise WrongToken("the card's token is wrong: it is not the card that knows the password")
        if codes.TAG_PACE_PREVIOUS_CAR in found and codes.TAG_PACE_CAR not in found:
            raise PaceError("the card names a previous authority and no present one")
        cars = (found.get(codes.TAG_PACE_CAR), found.get(codes.TAG_PACE_PREVIOUS_CAR))
        self._result = PaceResult(
            password=self._set_at.password,
            k_enc=self._agreement.k_enc,
            k_mac=self._agreement.k_mac,
            card_key=self._agreement.their_key,
            terminal_key=self._agreement.own_key,
            cars=tuple(car for car in cars if car is not None),
        )
        self._forget()

    def _fail(self) -> None:
        self.step = Step.FAILED
        self._forget()

    def _forget(self) -> None:
        self._agreement.wipe()
        self._password_key = b""


class CardPace:
    """The card's side, after MSE:Set AT: one :meth:`general_authenticate` per command, the last one in two calls.

    For the token: :meth:`take_token`, then the caller counts the try and commits it, then :meth:`check_token`.
    ``password_key``: K_pi. ``cars``: at most two, named in the last answer when the terminal gave a CHAT.
    """

    def __init__(
        self,
        group: EcGroup,
        algorithm: PaceAlgorithm,
        password: Password,
        password_key: bytes,
        *,
        random: RandomSource,
        cars: tuple[bytes, ...] = (),
    ) -> None:
        self._random = random
        self._password = password
        self._password_key = password_key
        self._cars = cars[:2]
        self._agreement = _Agreement(group, algorithm, random)
        self._token = b""
        self._result: PaceResult | None = None
        self.step = Step.NONCE
        self._table: dict[Step, Callable[[bytes], bytes]] = {
            Step.NONCE: self._give_nonce,
            Step.MAPPING: self._map,
            Step.KEY_AGREEMENT: self._agree,
        }

    @property
    def result(self) -> PaceResult:
        """Raises :class:`PaceError` before the terminal's token was found right."""
        if self._result is None:
            raise PaceError("PACE has not come to its end", sw=codes.SW_CONDITIONS)
        return self._result

    def general_authenticate(self, data: bytes, *, last: bool) -> bytes:
        """The answer's data to nonce, mapping or key agreement. ``last``: the command's class had no bit 5.

        Raises :class:`PaceError` with its status word: 6A 80 for the data, 68 83 for the class, 69 85 out of step.
        Nothing can follow then.
        """
        handler = self._table.get(self.step)
        if handler is None:
            raise self._fail(PaceError("not the step for this", sw=codes.SW_CONDITIONS))
        if last:
            raise self._fail(PaceError("the last command came too early", sw=codes.SW_LAST_COMMAND_EXPECTED))
        try:
            answer = handler(data)
        except DecodingError as error:
            raise self._fail(PaceError(str(error))) from error
        except PaceError as error:
            raise self._fail(error) from None
        self.step = _AFTER[self.step]
        return answer

    def take_token(self, data: bytes, *, last: bool) -> None:
        """Take the terminal's token without looking at it. Raises as :meth:`general_authenticate`."""
        if self.step is not Step.TOKEN:
            raise self._fail(PaceError("not the step for a token", sw=codes.SW_CONDITIONS))
        if not last:
            raise self._fail(PaceError("the token comes last", sw=codes.SW_LAST_COMMAND_EXPECTED))
        try:
            self._token = only_object(data, codes.TAG_PACE_TERMINAL_TOKEN)
            if len(self._token) != TOKEN_LENGTH:
                raise DecodingError("a token has 8 octets")
        except DecodingError as error:
            raise self._fail(PaceError(str(error))) from error

    def check_token(self) -> bytes:
        """Compare, and give the last answer's data; :attr:`result` is there then.

        Raises :class:`WrongToken` 63 00; the caller says a counter instead where that is allowed.
        """
        if self.step is not Step.TOKEN or not self._token:
            raise self._fail(PaceError("there is no token to check", sw=codes.SW_CONDITIONS))
        if not hmac.compare_digest(self._token, self._agreement.expected_token):
            raise self._fail(WrongToken("the password is wrong", sw=codes.SW_AUTHENTICATION_FAILED))
        self.step = Step.DONE
        self._result = PaceResult(
            password=self._password,
            k_enc=self._agreement.k_enc,
            k_mac=self._agreement.k_mac,
            card_key=self._agreement.own_key,
            terminal_key=self._agreement.their_key,
            cars=self._cars,
        )
        tags = (codes.TAG_PACE_CAR, codes.TAG_PACE_PREVIOUS_CAR)
        answer = encode(codes.TAG_PACE_CARD_TOKEN, self._agreement.own_token)
        answer += b"".join(encode(tag, car) for tag, car in zip(tags, self._cars, strict=False))
        self._forget()
        return encode(codes.TAG_DYNAMIC_AUTHENTICATION, answer)

    def _give_nonce(self, data: bytes) -> bytes:
        dynamic_data(data, required=())
        nonce = self._random(CARD_NONCE_LENGTH)
        self._agreement.take_nonce(nonce)
        encrypted = encrypt_nonce(self._password_key, nonce)
        return _answer(codes.TAG_PACE_ENCRYPTED_NONCE, encrypted)

    def _map(self, data: bytes) -> bytes:
        theirs = only_object(data, codes.TAG_PACE_TERMINAL_MAPPING)
        own = self._agreement.new_key()
        self._agreement.map_with(theirs)
        return _answer(codes.TAG_PACE_CARD_MAPPING, own)

    def _agree(self, data: bytes) -> bytes:
        theirs = only_object(data, codes.TAG_PACE_TERMINAL_KEY)
        own = self._agreement.new_key()
        self._agreement.agree_with(theirs)
        return _answer(codes.TAG_PACE_CARD_KEY, own)

    def _fail(self, error: PaceError) -> PaceError:
        self.step = Step.FAILED
        self._forget()
        return error

    def _forget(self) -> None:
        self._agreement.wipe()
        self._password_key = self._token = b""


def _answer(tag: int, value: bytes) -> bytes:
    return encode(codes.TAG_DYNAMIC_AUTHENTICATION, encode(tag, value))
