"""Making certificates: what an authority signs, and what it refuses to sign (TR-03110-3 v2.21, C and 2.7; mumei
protocol 2.6).

A card ignores what a certificate claims beyond its issuer's rights. An authority refuses to sign such a one:
whoever paid for it would find out at the counter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from mumei_core.commands.request import AgePredicate, Predicate
from mumei_core.commands.terminal_rights import MAX_PERMITTED
from mumei_core.credential import ATTRIBUTES
from mumei_core.crypto.predicate.messages import Kind
from mumei_core.eac.authorisation import RESERVED_CONTEXTS
from mumei_core.eac.chat import Chat, Right, Role
from mumei_core.eac.cvc import P256, Body, Certificate, PublicKey
from mumei_core.eac.rights import ALL_FLAGS, CertificateRights, Flag, rights_along
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import TrustError, UsageError

#: Shops' certificates are short-lived: a card that is rarely used would not learn of a stolen one (2.5).
MAX_SHOP_DAYS: Final = 35
_NAME: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{1,9}")
_SEQUENCES: Final = range(100_000)
#: What the country's authority may pass on if nothing else is said: the ages of the pinned list, both ways.
DEFAULT_AGES: Final = (12, 15, 18, 20, 60, 65, 70)
ALL_RIGHTS: Final = CertificateRights(
    predicates=tuple(
        AgePredicate(kind=kind, years=years)
        for years in DEFAULT_AGES
        for kind in (Kind.ON_OR_BEFORE, Kind.ON_OR_AFTER)
    ),
    attributes=tuple(range(len(ATTRIBUTES))),
    flags=ALL_FLAGS,
    pin=False,
)
_PASSED_ON: Final = (
    Right.AGE_VERIFICATION | Right.RESTRICTED_IDENTIFICATION | Right.CAN_ALLOWED | Right.PIN_MANAGEMENT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Both days are inclusive."""

    effective: date
    expiration: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An authority that can sign. ``chain``: its own certificate last, the root first."""

    chain: tuple[Certificate, ...]
    key: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        if self.certificate.body.public_key.point != self.key.point:
            raise TrustError("the authority's key and certificate do not belong together")

    @property
    def certificate(self) -> Certificate:
        return self.chain[-1]

    @property
    def is_official(self) -> bool:
        return self.certificate.role is Role.DV_OFFICIAL


def reference(name: str, sequence: int) -> bytes:
    """A holder's reference from ``name``, country and up to nine letters or digits, and a number: JPSAKE, 1.

    Raises UsageError.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a certificate's holder",
            hint="Two letters for the country, then one to nine capital letters or digits: JPSAKE.",
        )
    if sequence not in _SEQUENCES:
        raise UsageError("the sequence number has at most five digits")
    return f"{name}{sequence:05d}".encode("ascii")


def issue_root(
    name: bytes, validity: Validity, key: SigningKey, rights: CertificateRights = ALL_RIGHTS
) -> Certificate:
    """A self-signed CVCA certificate, with domain parameters, for cards to be personalised with."""
    return Certificate.issue(
        _body(name, name, Role.CVCA, validity, key, rights, chat_rights=_PASSED_ON, parameters=True), key
    )


def issue_link(old: Issuer, new: Certificate) -> Certificate:
    """The new root's key signed by the old one: how cards in the field learn it (TR-03110-3 v2.21, 2.5.1).

    Raises UsageError where one of the two is no root.
    """
    if old.certificate.role is not Role.CVCA or new.role is not Role.CVCA or not new.is_self_signed:
        raise UsageError("a link leads from one root to another", hint="Name the folders of two roots.")
    if old.certificate.body.chr == new.body.chr:
        raise UsageError("both roots have one name", hint="Give the new one another sequence number.")
    body = new.body
    return Certificate.issue(
        Body(
            car=old.certificate.body.chr,
            public_key=body.public_key,
            chr=body.chr,
            chat=body.chat,
            effective=body.effective,
            expiration=body.expiration,
            extensions=body.extensions,
        ),
        old.key,
    )


def issue_sector(
    root: Issuer,
    name: bytes,
    validity: Validity,
    key: SigningKey,
    rights: CertificateRights,
    *,
    official: bool,
    pin_management: bool = False,
) -> Certificate:
    """A sector authority's: role 10 if ``official``, else 01, whose terminals cannot move a card's date.

    Raises UsageError.
    """
    _require(root.certificate.role is Role.CVCA, "only a root makes sector authorities")
    role = Role.DV_OFFICIAL if official else Role.DV_NON_OFFICIAL
    _check_within(root, validity, rights)
    _require(rights.relying_party is None, "an authority is no relying party")
    _require(official or not rights.flags & Flag.RENEWAL, "only an official authority passes on renewal")
    chat_rights = _chat_rights(rights, can_allowed=True, pin_management=pin_management)
    body = _body(root.certificate.body.chr, name, role, validity, key, rights, chat_rights=chat_rights)
    return Certificate.issue(body, root.key)


def issue_terminal(
    sector: Issuer,
    name: bytes,
    validity: Validity,
    key: SigningKey,
    rights: CertificateRights,
    *,
    can_allowed: bool = True,
    pin_management: bool = False,
) -> Certificate:
    """A terminal's. ``can_allowed``: it may do without PACE with the PIN. Raises UsageError."""
    _require(sector.certificate.role.is_dv, "only a sector authority makes terminals' certificates")
    _check_within(sector, validity, rights)
    _require(
        len(rights.predicates) <= MAX_PERMITTED, f"a terminal may have at most {MAX_PERMITTED} thresholds"
    )
    days = (validity.expiration - validity.effective).days + 1
    _require(
        sector.is_official or days <= MAX_SHOP_DAYS,
        f"a shop's certificate is valid for at most {MAX_SHOP_DAYS} days",
    )
    party = rights.relying_party
    if party is not None and party.rp_context.startswith(RESERVED_CONTEXTS):
        _require(
            sector.is_official and bool(rights.flags & Flag.RENEWAL),
            f"contexts that begin with {RESERVED_CONTEXTS.decode()!r} are the system's own",
        )
    if rights.flags & Flag.PSEUDONYM:
        _require(
            party is not None and party.auditor_signature is not None,
            "a pseudonym needs the auditor's signature over the context",
            hint="Get it with 'mumei auditor sign context', and give the file with --audited.",
        )
    chat_rights = _chat_rights(rights, can_allowed=can_allowed, pin_management=pin_management)
    body = _body(
        sector.certificate.body.chr, name, Role.TERMINAL, validity, key, rights, chat_rights=chat_rights
    )
    return Certificate.issue(body, sector.key)


def _body(
    car: bytes,
    name: bytes,
    role: Role,
    validity: Validity,
    key: SigningKey,
    rights: CertificateRights,
    *,
    chat_rights: int,
    parameters: bool = False,
) -> Body:
    _require(validity.effective <= validity.expiration, "a certificate expires before it is effective")
    return Body(
        car=car,
        public_key=PublicKey(point=key.point, parameters=P256 if parameters else None),
        chr=name,
        chat=Chat.of(role, chat_rights),
        effective=validity.effective,
        expiration=validity.expiration,
        extensions=(rights.to_extension(),),
    )


def _chat_rights(rights: CertificateRights, *, can_allowed: bool, pin_management: bool) -> int:
    chosen = (
        (Right.AGE_VERIFICATION, bool(rights.predicates)),
        (Right.RESTRICTED_IDENTIFICATION, bool(rights.flags & Flag.PSEUDONYM)),
        (Right.CAN_ALLOWED, can_allowed),
        (Right.PIN_MANAGEMENT, pin_management),
    )
    return sum(right for right, granted in chosen if granted)


def _check_within(issuer: Issuer, validity: Validity, rights: CertificateRights) -> None:
    """Refuse what a card would not honour, or not for long."""
    body = issuer.certificate.body
    _require(
        body.effective <= validity.effective and validity.expiration <= body.expiration,
        f"the authority itself is valid from {body.effective} to {body.expiration} only",
        hint="Choose days within, or renew the authority's certificate.",
    )
    own = rights_along(issuer.chain) or CertificateRights()
    missing = [_words(p) for p in rights.predicates if p not in own.predicates]
    missing += [ATTRIBUTES[i].name for i in rights.attributes if i not in own.attributes]
    missing += _flag_names(rights.flags & ~own.flags)
    if own.pin and not rights.pin:
        missing.append("asking without PIN")
    _require(
        not missing,
        f"the authority may not grant: {', '.join(missing)}",
        hint="Rights only shrink along a chain: the authority above must have them.",
    )


def _words(predicate: Predicate) -> str:
    if isinstance(predicate, AgePredicate):
        return f"{'over' if predicate.kind is Kind.ON_OR_BEFORE else 'under'} {predicate.years}"
    return f"day {predicate.cutoff}"


def _flag_names(flags: Flag) -> Iterable[str]:
    return [str(flag.name).lower() for flag in Flag if flags & flag]


def _require(condition: bool, message: str, *, hint: str = "") -> None:
    if not condition:
        raise UsageError(message, hint=hint)
