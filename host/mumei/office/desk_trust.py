"""What root and auditor have signed for a desk: trustees and issuer keys, checked before a card sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from mumei_core.commands import codes
from mumei_core.commands.trust import CardTrust
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTrust:
    """``named``: to whom cards seal their shares, None where nobody has said; ``trustees_statement``: as signed,
    None for the development profile's own; ``issuer_keys``: with their days, and as signed.
    """

    named: TrusteeListRecord | None
    trustees_statement: bytes | None
    issuer_keys: tuple[IssuerKeyRecord, ...]
    issuer_key_statements: tuple[bytes, ...]

    @classmethod
    def of(
        cls, profile: int, trust: CardTrust | None, trustees: bytes | None, issuer_keys: Sequence[bytes]
    ) -> Self:
        """``trust``: whose keys sign, as cards pin them; the development keys' without. Raises TrustError."""
        if trust is None and profile == codes.PROFILE_DEVELOPMENT:
            roots = [development_key(DevelopmentRole.ISSUER_ROOT).point]
            auditors = [development_key(DevelopmentRole.AUDITOR).point]
        else:
            roots, auditors = (list(trust.root_keys), list(trust.auditor_keys)) if trust else ([], [])

        def checked(octets: bytes, what: str) -> bytes:
            try:
                statement = SignedStatement.from_octets(octets)
                statement.check(roots, auditors)
            except (DecodingError, InvalidProof) as error:
                raise TrustError(
                    f"{what}: issuer's root and auditor have not both signed this",
                    hint="Get the file anew, and check which root and auditor this desk was given.",
                ) from error
            return statement.record

        named = None
        try:
            if trustees is not None:
                named = TrusteeListRecord.from_octets(checked(trustees, "the list of trustees"))
            elif profile == codes.PROFILE_DEVELOPMENT:
                named = development_trustees()
            keys = tuple(IssuerKeyRecord.from_octets(checked(key, "an issuer key")) for key in issuer_keys)
        except DecodingError as error:
            raise TrustError(
                f"a statement is about something else: {error}", hint="Check the files."
            ) from error
        return cls(
            named=named,
            trustees_statement=trustees,
            issuer_keys=keys,
            issuer_key_statements=tuple(issuer_keys),
        )

    @property
    def trustees(self) -> TrusteeListRecord:
        """To whom cards seal their shares. Raises UsageError: but for development cards nobody is so by default."""
        if self.named is None:
            raise UsageError(
                "a standard card seals shares to the trustees, and this desk does not know them",
                hint="Name their list, signed by the issuer's root and the auditor: --trustees.",
            )
        return self.named

    def check_signed(self, key_id: bytes) -> None:
        """Standard cards seal to no trustees, and take no issuer's key, that root and auditor have not signed.

        Raises UsageError.
        """
        _ = self.trustees
        if key_id not in {key.key_id for key in self.issuer_keys}:
            raise UsageError(
                "a standard card takes an issuer's key that root and auditor have signed, and this desk has no "
                "such record of the one that signs",
                hint="Name the record: --issuer-key; 'mumei auditor sign issuer-key' makes it.",
            )

    @property
    def statements(self) -> tuple[bytes, ...]:
        """What cards take, trustees first."""
        first = () if self.trustees_statement is None else (self.trustees_statement,)
        return (*first, *self.issuer_key_statements)

    def first_day(self, key_id: bytes) -> int:
        """The first day of this issuer key, 0 where none is named."""
        return max((key.first_day for key in self.issuer_keys if key.key_id == key_id), default=0)
