"""SCP03, the secure channel of card personalisation (GlobalPlatform Amendment D v1.1.2, 4.1, 6.2 and 7.1).

Order: INITIALIZE UPDATE → the card's cryptogram is checked → EXTERNAL AUTHENTICATE → protected commands. A
command is encrypted first and then authenticated, and every MAC takes in the one before it, so that nothing
can be left out, repeated or moved. Each side has its class; what goes into a MAC, both read in one place.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from mumei_core.commands import codes
from mumei_core.commands.messages import gp as messages
from mumei_core.errors import DecodingError
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03_session import (
    LEVELS,
    SECURE_MESSAGING_BIT,
    SEQUENCE_OCTETS,
    CryptogramError,
    InitializeUpdateAnswer,
    Level,
    Mode,
    Parameter,
    Scp03Error,
    Session,
    SessionKeys,
    card_challenge,
    carries_mac,
)
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU


def initialize_update(host_challenge: bytes, *, key_version: int = 0) -> CommandAPDU:
    """INITIALIZE UPDATE (7.1.1). ``host_challenge``: 8 or 16 fresh octets. ``key_version`` 0: the card's own."""
    return messages.initialize_update(key_version_number=key_version, host_challenge=host_challenge)


class HostScp03:
    """The host's side of one channel. The constructor checks the card's cryptogram."""

    def __init__(
        self,
        static: StaticKeys,
        host_challenge: bytes,
        answer: InitializeUpdateAnswer,
        *,
        level: Level = Level.ALL,
    ) -> None:
        """``host_challenge``: as sent in INITIALIZE UPDATE.

        Raises CryptogramError where the card does not know ``static``: send nothing more, for the card counts
        failed authentications. Raises Scp03Error where the card answers in the other mode, S8 or S16, or does
        not do what ``level`` asks.
        """
        if level not in LEVELS:
            raise Scp03Error(f"{level:02X} is no security level of SCP03", sw=codes.SW_WRONG_P1_P2)
        if len(answer.challenge) != len(host_challenge):
            raise Scp03Error("the card answers in the other mode, S8 or S16", sw=codes.SW_WRONG_LENGTH)
        for wanted, offered in ((Level.R_MAC, Parameter.R_MAC), (Level.R_ENC, Parameter.R_ENC)):
            if level & wanted and not answer.parameter & offered:
                raise Scp03Error("the card does not protect its answers", sw=codes.SW_WRONG_P1_P2)
        keys = SessionKeys.derive(static, host_challenge, answer.challenge)
        if not hmac.compare_digest(keys.card_cryptogram, answer.cryptogram):
            raise CryptogramError("the card does not know the keys", sw=codes.SW_AUTHENTICATION_FAILED)
        self._level = level
        self._session: Session | None = Session(keys=keys, mode=Mode(len(host_challenge)))

    @property
    def level(self) -> Level:
        """The level that EXTERNAL AUTHENTICATE asks for."""
        return self._level

    def external_authenticate(self) -> CommandAPDU:
        """EXTERNAL AUTHENTICATE (7.1.2): host cryptogram and the first C-MAC; never encrypted. Once."""
        session = self._open()
        if session.counter:
            raise Scp03Error("the host has authenticated already", sw=codes.SW_CONDITIONS)
        command = CommandAPDU(
            cla=codes.CLA_SCP03,
            ins=codes.INS_SCP03_EXTERNAL_AUTHENTICATE,
            p1=self._level,
            p2=0,
            data=session.keys.host_cryptogram,
        )
        session.chain = session.command_mac(command)
        session.level = self._level
        session.counter = 1
        return replace(command, data=command.data + session.chain[: session.mode.value])

    def wrap(self, command: CommandAPDU) -> CommandAPDU:
        """Encrypts and authenticates as the level says. Le stays as it is: no MAC covers it."""
        session = self._open()
        if not session.counter:
            raise Scp03Error("the host has not authenticated yet", sw=codes.SW_CONDITIONS)
        if not session.level & Level.C_MAC:
            return command
        data = command.data
        if session.level & Level.C_ENC and data:
            data = session.encrypt(data)
        protected = replace(command, cla=command.cla | SECURE_MESSAGING_BIT, data=data)
        session.chain = session.command_mac(protected)
        return replace(protected, data=data + session.chain[: session.mode.value])

    def unwrap(self, response: ResponseAPDU) -> ResponseAPDU:
        """Checks and decrypts the answer to the last wrapped command.

        Raises Scp03Error, after which the channel is dead. Errors of the card (SW other than 90 00, 62XX,
        63XX) come bare and end nothing.
        """
        session = self._open()
        try:
            return _unwrap_response(session, response)
        except DecodingError as error:
            self.wipe()
            raise Scp03Error(
                f"the card's answer is not protected as agreed: {error}", sw=response.sw
            ) from error
        finally:
            session.counter += 1

    def wipe(self) -> None:
        """Forgets the keys; the channel is dead."""
        self._session = None

    def _open(self) -> Session:
        if self._session is None:
            raise Scp03Error("the channel is closed", sw=codes.SW_SECURITY_STATUS)
        return self._session


def _unwrap_response(session: Session, response: ResponseAPDU) -> ResponseAPDU:
    if not carries_mac(response.sw):
        if response.data:
            raise DecodingError("data beside an error")
        return response
    data = response.data
    if session.level & Level.R_MAC:
        size = session.mode.value
        data, mac = data[:-size], data[-size:]
        if not hmac.compare_digest(session.response_mac(data, response.sw), mac):
            raise DecodingError("the R-MAC is wrong")
    if session.level & Level.R_ENC and data:
        data = session.decrypt(data, response=True)
    return ResponseAPDU(data, response.sw)


class CardScp03:
    """The card's side of one channel: made by INITIALIZE UPDATE, opened by EXTERNAL AUTHENTICATE."""

    def __init__(
        self,
        static: StaticKeys,
        host_challenge: bytes,
        *,
        aid: bytes,
        diversification_data: bytes,
        key_version: int,
        sequence_counter: int,
    ) -> None:
        """``host_challenge``: 8 or 16 octets, which chooses S8 or S16. ``sequence_counter``: never the same twice.

        Raises Scp03Error 67 00 for a challenge of another length.
        """
        try:
            mode = Mode(len(host_challenge))
        except ValueError:
            raise Scp03Error("a host challenge has 8 or 16 octets", sw=codes.SW_WRONG_LENGTH) from None
        sequence = sequence_counter.to_bytes(SEQUENCE_OCTETS)
        challenge = card_challenge(static.enc, sequence, aid, mode)
        keys = SessionKeys.derive(static, host_challenge, challenge)
        parameter = Parameter.PSEUDO_RANDOM_CHALLENGE | Parameter.R_MAC | Parameter.R_ENC
        self.answer = InitializeUpdateAnswer(
            diversification_data=diversification_data,
            key_version=key_version,
            parameter=parameter | Parameter.S16 if mode is Mode.S16 else parameter,
            challenge=challenge,
            cryptogram=keys.card_cryptogram,
            sequence_counter=sequence,
        )
        self._session: Session | None = Session(keys=keys, mode=mode)

    @property
    def is_alive(self) -> bool:
        """Whether EXTERNAL AUTHENTICATE or a protected command may follow."""
        return self._session is not None

    @property
    def is_open(self) -> bool:
        """Whether the host has authenticated and nothing has ended the channel."""
        return self._session is not None and self._session.counter > 0

    @property
    def is_pending(self) -> bool:
        """Whether EXTERNAL AUTHENTICATE is what comes next."""
        return self._session is not None and self._session.counter == 0

    @property
    def level(self) -> Level:
        """What protects the commands of the open channel; NONE of a closed one."""
        return self._session.level if self._session is not None else Level.NONE

    def external_authenticate(self, command: CommandAPDU) -> None:
        """Opens the channel.

        Raises Scp03Error, which ends it: 6A 86 level, 67 00 length, 69 82 C-MAC, 63 00 cryptogram.
        """
        session, self._session = self._session, None
        if session is None or session.counter:
            raise Scp03Error("not directly after INITIALIZE UPDATE", sw=codes.SW_CONDITIONS)
        if command.p1 not in LEVELS or command.p2:
            raise Scp03Error("no security level of SCP03", sw=codes.SW_WRONG_P1_P2)
        size = session.mode.value
        if len(command.data) != 2 * size:
            raise Scp03Error("not as long as cryptogram and MAC", sw=codes.SW_WRONG_LENGTH)
        cryptogram, mac = command.data[:size], command.data[size:]
        chain = session.command_mac(replace(command, data=cryptogram))
        if not hmac.compare_digest(chain[:size], mac):
            raise Scp03Error("the C-MAC is wrong", sw=codes.SW_SECURITY_STATUS)
        if not hmac.compare_digest(session.keys.host_cryptogram, cryptogram):
            raise CryptogramError("the host does not know the keys", sw=codes.SW_AUTHENTICATION_FAILED)
        session.chain, session.level, session.counter = chain, Level(command.p1), 1
        self._session = session

    def unwrap(self, command: CommandAPDU) -> CommandAPDU:
        """The command as it was before protection. Raises Scp03Error 69 82, which ends the channel."""
        session, self._session = self._session, None
        if session is None or not session.counter:
            raise Scp03Error("no channel is open", sw=codes.SW_SECURITY_STATUS)
        bare = replace(command, cla=command.cla & ~SECURE_MESSAGING_BIT)
        if session.level & Level.C_MAC:
            size = session.mode.value
            data, mac = command.data[:-size], command.data[-size:]
            chain = session.command_mac(replace(command, data=data))
            if not command.cla & SECURE_MESSAGING_BIT or not hmac.compare_digest(chain[:size], mac):
                raise Scp03Error("the C-MAC is missing or wrong", sw=codes.SW_SECURITY_STATUS)
            if session.level & Level.C_ENC and data:
                data = self._decrypted(session, data)
            session.chain = chain
            bare = replace(bare, data=data)
        elif command.cla & SECURE_MESSAGING_BIT:
            raise Scp03Error("a MAC where none was agreed", sw=codes.SW_SECURITY_STATUS)
        self._session = session
        return bare

    def wrap(self, response: ResponseAPDU) -> ResponseAPDU:
        """Protects the answer to the last command, and moves on to the next one's counter."""
        session = self._session
        if session is None:
            return response
        data = response.data
        if carries_mac(response.sw):
            if session.level & Level.R_ENC and data:
                data = session.encrypt(data, response=True)
            if session.level & Level.R_MAC:
                data += session.response_mac(data, response.sw)
        session.counter += 1
        return ResponseAPDU(data, response.sw)

    def wipe(self) -> None:
        """Forgets the keys; the channel is dead."""
        self._session = None

    @staticmethod
    def _decrypted(session: Session, data: bytes) -> bytes:
        try:
            return session.decrypt(data)
        except DecodingError as error:
            raise Scp03Error(str(error), sw=codes.SW_SECURITY_STATUS) from error
