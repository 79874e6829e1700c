"""What the card knows about the session, lost at power-off: ISO/IEC 7816-4:2005 clause 5.4.1."""

from __future__ import annotations

from dataclasses import dataclass, field

from mumei_core.eac.pace_messages import Password
from mumei_core.gp.scp03 import CardScp03


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceChannel:
    """The channel that PACE has opened; its keys are secure messaging's alone.

    ``card_key``, ``terminal_key``: the ephemeral public keys, 04||X||Y, 65 octets. ``chat``: the object 7F4C that
    the terminal confined itself to, None where Terminal Authentication is not to follow. ``cars``: the trust
    points' names that the card gave.
    """

    password: Password
    card_key: bytes
    terminal_key: bytes
    chat: bytes | None
    cars: tuple[bytes, ...]
    is_transport_pin: bool = False
    """The password was a PIN that the holder has not changed yet: it does nothing but be changed."""


@dataclass(slots=True, kw_only=True)
class SecurityStatus:
    """The volatile state. Cleared by reset, by the end of a channel, and by SELECT outside of one.

    ``session`` is the applets' own volatile area. Put only immutable values in: the kernel keeps a shallow
    copy and goes back to it when a command fails.
    """

    pin_verified: bool = False
    current_file: int | None = None
    """File identifier of the current elementary file."""
    secure_channel: CardScp03 | None = field(default=None, repr=False)
    """SCP03, from INITIALIZE UPDATE on. It keeps its own count, which no refused command turns back."""
    channel: PaceChannel | None = None
    """PACE; None before it and after its channel has ended."""
    terminal: object | None = None
    """Who Terminal Authentication has let in, with what rights; None before. It dies with the channel."""
    presented: bool = False
    """The session's one presentation is used up. A command that fails afterwards does not give it back."""
    prepared: object | None = field(default=None, repr=False)
    """The request that PRESENT may yet answer, after PREPARE. Once taken out it is gone, whatever comes of it."""
    session: dict[str, object] = field(default_factory=dict, repr=False)

    def clear(self) -> None:
        """As after reset."""
        self.pin_verified = False
        self.current_file = None
        self.secure_channel = None
        self.channel = None
        self.terminal = None
        self.presented = False
        self.prepared = None
        self.session = {}

    def select(self) -> None:
        """What SELECT of an application of this card does: a channel and its rights stay, else as after reset."""
        if self.channel is None:
            self.clear()
        self.current_file = None
        self.secure_channel = None

    def snapshot(self) -> SecurityStatus:
        return SecurityStatus(
            pin_verified=self.pin_verified,
            current_file=self.current_file,
            secure_channel=self.secure_channel,
            channel=self.channel,
            terminal=self.terminal,
            session=dict(self.session),
        )

    def restore(self, before: SecurityStatus) -> None:
        """Undoes what a command did, but for what it used up."""
        self.pin_verified = before.pin_verified
        self.current_file = before.current_file
        self.secure_channel = before.secure_channel
        self.channel = before.channel
        self.terminal = before.terminal
        self.session = dict(before.session)
