"""Receipts: proof that a check was made, which anyone can verify later and which names nobody.

A file, version 1, is deterministic CBOR (RFC 8949, 4.2.1) of a map: ``type``, ``request`` (E1), ``wire`` (the
presentation), ``card_key`` and ``terminal_key`` (of that channel only), ``certificate`` (what the channel binding
names) and ``chain`` (certificates from the root down, none in the development profile). A pseudonym, a birth
date, a name or a resident code makes no receipt: it would tell the holder apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

import cbor2

from mumei.authority.folder import path_from_root
from mumei.files import decode_document, read_file, write_new_file
from mumei.issuer.parameters import PublicParameters
from mumei.terminal.check import Visit, disclosed_words
from mumei.terminal.question import Question, attribute_names, describe
from mumei.terminal.trust import verifier_for
from mumei.terminal.verdict import Outcome
from mumei_core.commands.request import Request
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights, channel_binding
from mumei_core.credential import Index
from mumei_core.dates import date_of
from mumei_core.eac.authorisation import expected_rights
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.trust import ImportedKey
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError, UsageError

TYPE: Final = "mumei-receipt-1"
MAX_FILE_LENGTH: Final = 16 * 1024
#: What many people share, and so may stand in a receipt.
_SHAREABLE: Final = frozenset({int(Index.PREFECTURE), int(Index.MUNICIPALITY)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One accepted visit without pseudonym."""

    request: bytes
    wire: bytes
    card_key: bytes
    terminal_key: bytes
    certificate: bytes
    chain: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Raises UsageError for a visit that was not accepted, or whose receipt would name the holder."""
        if visit.wire is None or visit.verdict.outcome is not Outcome.ACCEPT:
            raise UsageError(
                "only an accepted visit has a receipt", hint="Nothing was proven, so keep nothing."
            )
        check_nameless(Request.from_octets(visit.request))
        return cls(
            request=visit.request,
            wire=visit.wire,
            card_key=visit.entry.card_key,
            terminal_key=visit.entry.terminal_key,
            certificate=visit.entry.certificate,
            chain=visit.entry.chain,
        )

    def save(self, path: Path) -> None:
        """Write a new file. Raises UsageError if there is one."""
        fields = {name: getattr(self, name) for name in self.__slots__} | {"chain": list(self.chain)}
        write_new_file(path, cbor2.dumps({"type": TYPE, **fields}, canonical=True), mode=0o644)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file. Raises DataError where there is none, or what is there is no receipt."""
        try:
            document = decode_document(read_file(path, what="receipt", limit=MAX_FILE_LENGTH))
        except TrustError as error:
            # A receipt is somebody's claim, not our own trust material.
            raise DataError(error.message, hint=error.hint) from None
        except ValueError:
            raise _not_a_receipt(path) from None
        if (
            not isinstance(document, Mapping)
            or set(document) != {"type", *cls.__slots__}
            or document["type"] != TYPE
            or not isinstance(document["chain"], list)
            or not all(isinstance(document[name], bytes) for name in cls.__slots__ if name != "chain")
            or not all(isinstance(certificate, bytes) for certificate in document["chain"])
        ):
            raise _not_a_receipt(path)
        return cls(**{name: document[name] for name in cls.__slots__} | {"chain": tuple(document["chain"])})

    def rights(self, root: Certificate | None) -> TerminalRights:
        """What the terminal had a right to ask, by its description or by a chain that begins at ``root``.

        Raises DataError for what is damaged, TrustError for a chain from elsewhere or without a root to trust.
        """
        try:
            if not self.chain:
                return TerminalDescription.from_octets(self.certificate)
            certificates = tuple(map(Certificate.from_octets, self.chain))
        except DecodingError as error:
            raise DataError(f"the receipt is damaged: {error}", hint="Ask for the file again.") from error
        if root is None:
            raise TrustError(
                "no root certificate to judge this receipt's terminal by",
                hint="Name the certificate of the authority that you trust: --root FILE.",
            )
        path = path_from_root(certificates[-1], certificates[:-1])
        if path[0] != root or path[-1].to_pso() != self.certificate:
            raise TrustError(
                "the terminal of this receipt is not certified under the root that you trust",
                hint="Check --root, or do not trust the receipt.",
            )
        rights = expected_rights(ImportedKey(path))
        if rights is None:
            raise TrustError(
                "the terminal of this receipt had no right to ask anything", hint="Do not trust it."
            )
        return rights


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """What a receipt proves, and under whose key. It names nobody."""

    issuer: str
    rp_context: str
    display_name: str
    date: date
    proven: tuple[str, ...]
    disclosed: dict[str, str]
    transaction: bytes | None
    transaction_checked: bool
    development: bool

    def text(self) -> str:
        lines = [
            f"VALID: on {self.date.isoformat()} a card issued by {self.issuer}"
            f" proved to {self.display_name} ({self.rp_context}):",
            *(f"  {words}" for words in self.proven),
            *(f"  {name}: {value}" for name, value in self.disclosed.items()),
        ]
        if self.transaction is not None:
            state = "the file given" if self.transaction_checked else "give it with --signed to compare"
            lines.append(f"  signed: SHA-256 {self.transaction.hex()} ({state})")
        lines.append("Whose card it was, nobody can tell from this.")
        if self.development:
            lines.append(
                "DEVELOPMENT: the terminal's rights are an unsigned description; proves nothing in law."
            )
        return "\n".join(lines)


def verify_receipt(
    receipt: Receipt,
    parameters: PublicParameters,
    *,
    transaction: bytes | None = None,
    root: Certificate | None = None,
) -> VerifiedReceipt:
    """Check everything again, from the octets.

    ``transaction``: SHA-256 of the file said to be signed; ``root``: the authority above the terminal.

    Raises InvalidProof, DataError, TrustError for another issuer.
    """
    try:
        request = Request.from_octets(receipt.request)
    except DecodingError as error:
        raise DataError(f"the receipt is damaged: {error}", hint="Ask for the file again.") from error
    rights = _check_terminal(request, receipt, root, development=parameters.is_development)
    try:
        check_nameless(request)
    except UsageError as error:
        raise DataError(error.message, hint="Whoever made this receipt must not have: refuse it.") from error
    if transaction is not None and request.transaction != transaction:
        raise InvalidProof("transaction: another file was signed, or none")
    verified = verifier_for(parameters).verify(receipt.request, receipt.wire)
    return VerifiedReceipt(
        issuer=parameters.issuer,
        rp_context=request.rp_context.decode("utf-8", "replace"),
        display_name=rights.display_name,
        date=date_of(request.date),
        proven=tuple(map(describe, request.predicates)),
        disclosed=disclosed_words(verified.disclosed),
        transaction=request.transaction,
        transaction_checked=transaction is not None,
        development=parameters.is_development,
    )


def check_nameless_question(question: Question) -> None:
    """As :func:`check_nameless`, before a card is asked."""
    _check_nameless(question.disclosed, pseudonym=question.pseudonym)


def check_nameless(request: Request) -> None:
    """Raises UsageError for a request whose answer would tell the holder apart."""
    _check_nameless(request.disclosed, pseudonym=request.pseudonym)


def _check_nameless(disclosed: tuple[int, ...], *, pseudonym: bool) -> None:
    if pseudonym:
        raise UsageError(
            "a visit with a pseudonym makes no receipt",
            hint="A receipt leaves the house, and a pseudonym must not: leave out one of the two.",
        )
    if naming := tuple(i for i in disclosed if i not in _SHAREABLE):
        raise UsageError(
            f"a receipt would name the holder: {', '.join(attribute_names(naming))}",
            hint="Leave out the receipt, or ask for less.",
        )


def _check_terminal(
    request: Request, receipt: Receipt, root: Certificate | None, *, development: bool
) -> TerminalRights:
    """Who asked, in which channel, with which rights and when. Raises InvalidProof, and as Receipt.rights."""
    if development == bool(receipt.chain):
        raise InvalidProof("channel: the terminal's way in is not that of the issuer's cards")
    rights = receipt.rights(root)
    try:
        binding = channel_binding(receipt.card_key, receipt.terminal_key, receipt.certificate)
    except DecodingError as error:
        raise DataError(f"the receipt is damaged: {error}", hint="Ask for the file again.") from error
    if request.channel_binding != binding:
        raise InvalidProof("channel: the request was not made by this terminal")
    if request.rp_context != rights.rp_context or not rights.permits(request):
        raise InvalidProof("rights: the terminal had no right to ask this")
    if not rights.not_before <= request.date <= rights.not_after:
        raise InvalidProof("rights: outside the terminal's validity")
    return rights


def _not_a_receipt(path: Path) -> DataError:
    return DataError(f"{path.name} is no receipt, or is damaged", hint="Ask for the file again.")
