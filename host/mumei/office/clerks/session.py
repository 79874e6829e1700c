"""Who works at this desk: a clerk who has logged in, or only a name while the registry is in set-up."""

from __future__ import annotations

from dataclasses import dataclass, field

from mumei.office.clerks.roles import Right, Role, rights_of, roles_with
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import HostEnvironmentError


class NoRightError(HostEnvironmentError):
    """This clerk may not do this; somebody else may."""


class NotLoggedInError(HostEnvironmentError):
    """The registry has named clerks, and nobody has logged in here, or the session is locked or over."""


class SetUpOnlyError(HostEnvironmentError):
    """A registry without named clerks serves development cards only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSession:
    """A clerk at work.

    ``number`` is the clerk's record; None while the registry has no named clerks: then ``name`` is what somebody
    typed, every right is given, and only development cards are served. ``key`` signs the clerk's entries in the
    audit trail.
    """

    name: str
    roles: frozenset[Role]
    number: int | None = None
    key: SigningKey | None = field(default=None, repr=False)

    @classmethod
    def in_set_up(cls, name: str) -> ClerkSession:
        """Somebody, before there are named clerks."""
        return cls(name=name, roles=frozenset(Role))

    @property
    def named(self) -> bool:
        """Whether this is a clerk who has logged in."""
        return self.number is not None

    def sign(self, octets: bytes) -> bytes:
        """ECDSA P-256 with SHA-256, r || s, 64 octets. Raises NotLoggedInError in set-up."""
        if self.key is None:
            raise NotLoggedInError("nobody has logged in who could sign", hint="Run: mumei office login NAME")
        return self.key.sign(octets)

    def may(self, right: Right) -> bool:
        """Whether the table gives it."""
        return right in rights_of(self.roles)

    def require(self, right: Right) -> None:
        """Raise NoRightError unless the table of rights gives it."""
        if not self.may(right):
            raise NoRightError(
                f"{self.name} may not {right.value}",
                hint=f"It takes somebody with the role {' or '.join(roles_with(right))}.",
            )

    def check_card(self, *, development: bool) -> None:
        """Raise SetUpOnlyError for a real card while the registry has no named clerks."""
        if not (development or self.named):
            raise SetUpOnlyError(
                "a registry without named clerks serves development cards only",
                hint="Name the clerks first: mumei office clerk add NAME --role IT",
            )
