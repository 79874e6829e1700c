"""Opening the mumei application on a card (ISO/IEC 7816-4:2005, 7.1.1 and 8.2; order: TR-03110-2 v2.21).

Steps, in this order:

1. SELECT by application identifier; the FCI names the application's version and the card's profile;
2. EF.ATR/INFO: what the card can do, so that long commands go in few exchanges;
3. PACE: :func:`mumei.session.pace.establish`;
4. Terminal Authentication: :func:`mumei.session.terminal_authentication.authenticate`.

Cards of the development profile are open after step 2: :meth:`Application.select` is for them. With every other
card a session goes on from :meth:`Application.identify`, as the one who asks needs it: the holder opens a channel
with a password, a shop authenticates itself in it, a maker uses SCP03.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from mumei.session.channel import Capabilities, Channel
from mumei_core.commands import codes
from mumei_core.commands.messages import card as messages
from mumei_core.errors import CardRefused, ProtocolError, WrongCardError
from mumei_core.iso7816 import ber_tlv, status_word
from mumei_core.iso7816.apdu import MAX_EXTENDED_DATA

_FIRST_FCI = 0x00  # SELECT, P2: first occurrence, answer its FCI (7.1.1, table 40)
_SHORT_FILE_IDENTIFIER = 0x80  # READ BINARY, P1: bits 5 to 1 name the file (7.2.3)

_CHAINING = 0x80  # card capabilities, octet 3 (8.1.1.2.7)
_EXTENDED_LENGTH = 0x40

_OTHER_CARD_HINT = "Put the mumei card on the reader; bank, transport and other ID cards do not fit."


class Profile(IntEnum):
    """What a card was made for; all cards of a profile answer alike."""

    DEVELOPMENT = codes.PROFILE_DEVELOPMENT
    STANDARD = codes.PROFILE_STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The application of this card, selected and open.

    Attributes:
        version: of the application, 1 to 255.
        profile: see :class:`Profile`.
        capabilities: what EF.ATR/INFO said; the least there is where the card has no such file.
    """

    version: int
    profile: Profile
    capabilities: Capabilities

    @classmethod
    def select(cls, channel: Channel) -> Application:
        """Open a development card's application through ``channel``, which then uses what the card can do.

        Raises:
            WrongCardError: no mumei application, one of a version or profile not known here, or not development.
            CardRefused: the application is deactivated.
            ProtocolError: the card contradicts itself.
        """
        application = cls.identify(channel)
        if application.profile is not Profile.DEVELOPMENT:
            raise WrongCardError(
                "this card answers inside a secure channel only",
                hint="Use it where a terminal has certificates, or take a card of the development profile.",
            )
        return application

    @classmethod
    def identify(cls, channel: Channel) -> Application:
        """Steps 1 and 2 only: what card this is, of whatever profile.

        Raises as :meth:`select`.
        """
        version, profile = _parse_fci(_select(channel))
        capabilities = _read_capabilities(channel)
        channel.adopt(capabilities)
        return cls(version=version, profile=profile, capabilities=capabilities)


def _select(channel: Channel) -> bytes:
    """Step 1: SELECT; returns the FCI template."""
    response = channel.send(messages.select_by_name(p2=_FIRST_FCI, application_identifier=codes.AID))
    if response.sw == codes.SW_DEACTIVATED:
        raise CardRefused(
            "the mumei application on this card is deactivated",
            sw=response.sw,
            hint="Take the card to the office that issued it.",
        )
    if response.sw != codes.SW_OK:
        raise WrongCardError(
            f"this card has no mumei application ({status_word.describe(response.sw)})", hint=_OTHER_CARD_HINT
        )
    return response.data


def _parse_fci(octets: bytes) -> tuple[int, Profile]:
    """Return version and profile from ``6F{84 AID, A5{80 version, 81 profile}}``."""
    try:
        fci = {item.tag: item for item in ber_tlv.parse_one(octets, codes.TAG_FCI).children()}
        name = fci[codes.TAG_DF_NAME].value
        own = {item.tag: item.value for item in fci[codes.TAG_PROPRIETARY_INFORMATION].children()}
        version = int.from_bytes(own[codes.TAG_FCI_APPLICATION_VERSION], "big")
        profile = int.from_bytes(own[codes.TAG_FCI_PROFILE], "big")
    except (ber_tlv.TlvError, KeyError) as error:
        raise WrongCardError(
            "this card answers to mumei's name with something else", hint=_OTHER_CARD_HINT
        ) from error
    if name != codes.AID:
        raise WrongCardError("this card selected another application", hint=_OTHER_CARD_HINT)
    if version != codes.APPLICATION_VERSION or profile not in set(Profile):
        raise WrongCardError(
            f"this card's application (version {version}, profile {profile}) is not known to this program",
            hint="Install a newer mumei.",
        )
    return version, Profile(profile)


def _read_capabilities(channel: Channel) -> Capabilities:
    """Step 2: EF.ATR/INFO (8.2.1.1), by its short identifier."""
    p1 = _SHORT_FILE_IDENTIFIER | codes.SFI_EF_ATR
    response = channel.send(messages.read_binary_by_short_identifier(p1=p1, offset=0))
    if response.sw not in (codes.SW_OK, codes.SW_END_OF_FILE):
        return Capabilities()
    return parse_atr_info(response.data)


def parse_atr_info(octets: bytes) -> Capabilities:
    """Return what EF.ATR/INFO says: ``47`` capabilities, ``7F66`` longest APDUs; other objects are ignored.

    Raises:
        ProtocolError: the file is malformed.
    """
    try:
        found = {item.tag: item for item in ber_tlv.parse(octets)}
        capabilities = found.get(codes.TAG_CARD_CAPABILITIES)
        lengths = found.get(codes.TAG_EXTENDED_LENGTH_INFORMATION)
        limits = [int.from_bytes(item.value, "big") for item in lengths.children()] if lengths else []
    except ber_tlv.TlvError as error:
        raise ProtocolError("the card's EF.ATR/INFO is malformed") from error
    third = capabilities.value[2] if capabilities and len(capabilities.value) == 3 else 0
    extended = bool(third & _EXTENDED_LENGTH)
    # Without a length in the file, a card with extended lengths takes any; shorter than short makes no sense.
    longest = limits[0] if limits else MAX_EXTENDED_DATA
    if not extended or longest < Capabilities().max_command:
        return Capabilities(chaining=bool(third & _CHAINING))
    return Capabilities(
        chaining=bool(third & _CHAINING), extended=True, max_command=min(longest, MAX_EXTENDED_DATA)
    )
