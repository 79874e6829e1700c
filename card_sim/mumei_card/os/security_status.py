"""What the card knows about the session, lost at power-off: ISO/IEC 7816-4:2005 clause 5.4.1."""

from __future__ import annotations

from dataclasses import dataclass, field

from mumei_core.gp.scp03 import CardScp03


@dataclass(slots=True, kw_only=True)
class SecurityStatus:
    """The volatile state. Cleared by reset and by selecting the application.

    ``session`` is the applets' own volatile area. Put only immutable values in: the kernel keeps a shallow
    copy and goes back to it when a command fails.
    """

    pin_verified: bool = False
    current_file: int | None = None
    """File identifier of the current elementary file."""
    secure_channel: CardScp03 | None = field(default=None, repr=False)
    """SCP03, from INITIALIZE UPDATE on. It keeps its own count, which no refused command turns back."""
    session: dict[str, object] = field(default_factory=dict, repr=False)

    def clear(self) -> None:
        """As after reset."""
        self.pin_verified = False
        self.current_file = None
        self.secure_channel = None
        self.session = {}

    def snapshot(self) -> SecurityStatus:
        return SecurityStatus(
            pin_verified=self.pin_verified,
            current_file=self.current_file,
            secure_channel=self.secure_channel,
            session=dict(self.session),
        )

    def restore(self, before: SecurityStatus) -> None:
        self.pin_verified = before.pin_verified
        self.current_file = before.current_file
        self.secure_channel = before.secure_channel
        self.session = dict(before.session)
