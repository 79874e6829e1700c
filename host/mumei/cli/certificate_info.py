"""A certificate in words, for the commands that make and show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mumei.terminal.question import attribute_names, describe
from mumei_core.commands import codes
from mumei_core.eac.chat import Right, Role
from mumei_core.eac.cvc import P256, Certificate
from mumei_core.eac.rights import Flag, rights_of
from mumei_core.errors import DecodingError, TrustError

_TYPES = {
    codes.OID_ROLE_IS: "inspection system",
    codes.OID_ROLE_AT: "authentication terminal",
    codes.OID_ROLE_ST: "signature terminal",
}
_ROLES = {
    Role.CVCA: "root (CVCA)",
    Role.DV_OFFICIAL: "official sector authority",
    Role.DV_NON_OFFICIAL: "sector authority",
    Role.TERMINAL: "terminal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateInfo:
    """What a certificate says. ``rights_granted`` is what it claims: along a chain rights only shrink."""

    holder: str
    signed_by: str
    role: str
    terminal_type: str
    effective: date
    expiration: date
    own_curve: bool
    rights_extension: bool
    rp_context: str | None
    display_name: str | None
    may_ask: tuple[str, ...]
    may_see: tuple[str, ...]
    further_rights: tuple[str, ...]
    audited: bool
    pin_always: bool
    chat: tuple[str, ...]
    place: str | None = None

    @classmethod
    def of(cls, certificate: Certificate, *, folder: Path | None = None) -> CertificateInfo:
        """Raises TrustError where the extension with the rights is malformed."""
        body = certificate.body
        try:
            rights = rights_of(certificate)
        except DecodingError as error:
            raise TrustError(f"the certificate's rights are malformed: {error}") from error
        party = rights.relying_party if rights else None
        bits = body.chat.rights if body.chat.is_authentication_terminal else 0
        return cls(
            holder=body.chr.decode("latin-1"),
            signed_by=body.car.decode("latin-1"),
            role=_ROLES[certificate.role],
            terminal_type=_TYPES[body.chat.oid],
            effective=body.effective,
            expiration=body.expiration,
            own_curve=body.public_key.parameters in (None, P256),
            rights_extension=rights is not None,
            rp_context=party.rp_context.decode("utf-8", "replace") if party else None,
            display_name=party.display_name if party else None,
            may_ask=tuple(map(describe, rights.predicates)) if rights else (),
            may_see=attribute_names(rights.attributes) if rights else (),
            further_rights=_names(Flag, rights.flags) if rights else (),
            audited=party is not None and party.auditor_signature is not None,
            pin_always=rights is None or rights.pin,
            chat=_names(Right, bits),
            place=str(folder) if folder else None,
        )

    def text(self) -> str:
        """One line a fact; what is not there is not said."""
        lines = [
            f"{self.role}: {self.holder}",
            f"signed by: {self.signed_by}",
            f"valid: {self.effective} to {self.expiration}, both days included",
        ]
        if self.place:
            lines.append(f"made: {self.place}")
        if self.display_name is not None:
            lines.append(f"asks as: {self.display_name} ({self.rp_context})")
        if not self.rights_extension:
            lines.append("mumei rights: none; it opens a channel and may ask nothing")
        for label, values in (
            ("may ask", self.may_ask),
            ("may see", self.may_see),
            ("further rights", self.further_rights),
            ("CHAT", self.chat),
        ):
            if values:
                lines.append(f"{label}: {', '.join(values)}")
        if self.rights_extension:
            lines.append(f"PIN: {'always' if self.pin_always else 'where a card wants it'}")
        if self.audited:
            lines.append("context: signed by an auditor (not checked here)")
        if not self.own_curve:
            lines.append("curve: not P-256, so cards refuse it")
        return "\n".join(lines)


def _names(kind: type[Flag] | type[Right], bits: int) -> tuple[str, ...]:
    return tuple((flag.name or "").lower().replace("_", " ") for flag in kind if bits & flag)
