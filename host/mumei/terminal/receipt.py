"""Receipts: proof that a check was made, which anyone can verify later and which names nobody.

A file is deterministic CBOR (RFC 8949, 4.2.1) of a map: ``type``, ``request`` (E1), ``wire`` (the presentation),
``card_key`` and ``terminal_key`` (of that channel only), ``certificate`` (what the channel binding names) and
``chain`` (certificates from the root down, none in the development profile). Version 2 adds ``statement`` (of the
epoch, as the card was shown it), ``verdict`` (what was looked up, in CBOR) and ``signature`` (the terminal's, over
all the rest; empty in the development profile). Of a revocation token its wire holds the digest alone, so that
nobody who comes by a handle or a list can tell whose receipt it is. Version 1 had none of the three, and no tokens.

A pseudonym, a birth date, a name or a resident code makes no receipt: it would tell the holder apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Self

import cbor2

from mumei.authority.folder import path_from_root
from mumei.files import decode_document, read_file, write_new_file
from mumei.issuer.parameters import PublicParameters
from mumei.terminal.calendar import EpochStatement, Undecided
from mumei.terminal.check import Visit
from mumei.terminal.question import Question, attribute_names, describe
from mumei.terminal.trust import verifier_for
from mumei.terminal.verdict import NOT_CHECKED, Outcome, Revocation, RevocationState
from mumei.terminal.words import disclosed_words
from mumei_core.commands.request import RecogniseToken, Request
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights, channel_binding
from mumei_core.credential import Index
from mumei_core.dates import date_of, day_number
from mumei_core.eac.authorisation import expected_rights
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.signature import verify
from mumei_core.eac.trust import ImportedKey
from mumei_core.epochs import EPOCH_LIMIT, epoch_of, first_day
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError, UsageError

TYPES: Final = {"mumei-receipt-1": 1, "mumei-receipt-2": 2}
_LABEL: Final = b"MUMEI-RECEIPT-V2"
MAX_FILE_LENGTH: Final = 16 * 1024
_BASE = ("request", "wire", "card_key", "terminal_key", "certificate", "chain")
_FIELDS: Final = {1: _BASE, 2: (*_BASE, "statement", "verdict", "signature")}
_ACCEPTED: Final = (RevocationState.NOT_CHECKED, RevocationState.NOT_REPORTED)
#: What many people share, and so may stand in a receipt.
_SHAREABLE: Final = frozenset({int(Index.PREFECTURE), int(Index.MUNICIPALITY)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One accepted visit without pseudonym; of version 1 where there is no verdict."""

    request: bytes
    wire: bytes
    card_key: bytes
    terminal_key: bytes
    certificate: bytes
    chain: tuple[bytes, ...] = ()
    statement: bytes = b""
    verdict: bytes = b""
    signature: bytes = b""

    @property
    def version(self) -> int:
        return 2 if self.verdict else 1

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Raises UsageError for a visit that was not accepted, or whose receipt would name the holder."""
        if visit.kept is None or visit.entry is None or visit.verdict.outcome is not Outcome.ACCEPT:
            raise UsageError(
                "only an accepted visit has a receipt", hint="Nothing was proven, so keep nothing."
            )
        check_nameless(Request.from_octets(visit.request))
        receipt = cls(
            request=visit.request,
            wire=visit.kept,
            card_key=visit.entry.card_key,
            terminal_key=visit.entry.terminal_key,
            certificate=visit.entry.certificate,
            chain=visit.entry.chain,
            statement=visit.statement,
            verdict=Claim.of(visit.verdict.revocation).to_octets(),
        )
        return replace(receipt, signature=visit.access.sign(receipt.attested) if visit.access else b"")

    @property
    def attested(self) -> bytes:
        """What the terminal signs: everything but the signature."""
        return _LABEL + cbor2.dumps(
            {name: value for name, value in self._fields().items() if name != "signature"}, canonical=True
        )

    def save(self, path: Path) -> None:
        """Write a new file. Raises UsageError if there is one."""
        write_new_file(path, cbor2.dumps(self._fields(), canonical=True), mode=0o644)

    def _fields(self) -> dict[str, object]:
        names = _FIELDS[self.version]
        fields = {name: getattr(self, name) for name in names} | {"chain": list(self.chain)}
        return {"type": next(name for name, version in TYPES.items() if version == self.version), **fields}

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
        kind = document.get("type") if isinstance(document, Mapping) else None
        version = TYPES.get(kind) if isinstance(kind, str) else None
        if not isinstance(document, Mapping) or version is None:
            raise _not_a_receipt(path)
        names = _FIELDS[version]
        if (
            set(document) != {"type", *names}
            or not isinstance(document["chain"], list)
            or not all(isinstance(document[name], bytes) for name in names if name != "chain")
            or not all(isinstance(certificate, bytes) for certificate in document["chain"])
        ):
            raise _not_a_receipt(path)
        receipt = cls(**{name: document[name] for name in names} | {"chain": tuple(document["chain"])})
        if receipt.version != version:
            raise _not_a_receipt(path)
        return receipt

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
class Claim:
    """What a terminal says about revocation in a receipt: CBOR of [state, epoch, list's number, behind]."""

    state: RevocationState
    epoch: int | None = None
    number: int | None = None
    behind: bool = False

    @classmethod
    def of(cls, found: Revocation) -> Self:
        epoch = epoch_of(day_number(found.week)) if found.week is not None else None
        return cls(state=found.state, epoch=epoch, number=found.number, behind=found.behind)

    def to_octets(self) -> bytes:
        return cbor2.dumps([str(self.state), self.epoch, self.number, self.behind], canonical=True)

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodingError."""
        try:
            found = decode_document(octets)
            if not isinstance(found, list):
                raise TypeError("no list")
            state, epoch, number, behind = found
            numbers = [each for each in (epoch, number) if each is not None]
            if type(behind) is not bool or not all(type(n) is int and 0 <= n < EPOCH_LIMIT for n in numbers):
                raise ValueError("other types")
            return cls(state=RevocationState(state), epoch=epoch, number=number, behind=behind)
        except (ValueError, TypeError) as error:
            raise DecodingError("the receipt's verdict is malformed") from error

    @property
    def revocation(self) -> Revocation:
        """For people. Raises DataError for an epoch out of range."""
        week = date_of(first_day(self.epoch)) if self.epoch is not None else None
        return Revocation(state=self.state, week=week, number=self.number, behind=self.behind)


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
    revocation: Revocation
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
        lines.append(f"  {self.revocation.text()}, as the terminal says")
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
    if receipt.version == 1 and request.token is not None:
        raise DataError(
            "the receipt holds a revocation token, which can be tested against cards later",
            hint="Whoever made this receipt must not have: refuse it.",
        )
    verified = verifier_for(parameters).verify(receipt.request, receipt.wire, receipt=True)
    revocation = _check_attested(receipt, request) if receipt.version > 1 else NOT_CHECKED
    return VerifiedReceipt(
        issuer=parameters.issuer,
        rp_context=request.rp_context.decode("utf-8", "replace"),
        display_name=rights.display_name,
        date=date_of(request.date),
        proven=tuple(map(describe, request.predicates)),
        disclosed=disclosed_words(verified.disclosed),
        transaction=request.transaction,
        transaction_checked=transaction is not None,
        revocation=revocation,
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


def _check_attested(receipt: Receipt, request: Request) -> Revocation:
    """Statement, claim and the terminal's signature. Raises InvalidProof, DataError."""
    try:
        claim = Claim.from_octets(receipt.verdict)
        statement = EpochStatement.from_octets(receipt.statement) if receipt.statement else None
        key = Certificate.from_octets(receipt.chain[-1]).body.public_key.point if receipt.chain else None
    except DecodingError as error:
        raise DataError(f"the receipt is damaged: {error}", hint="Ask for the file again.") from error
    if statement is not None:
        _check_statement(statement, request)
    elif request.predicates or request.token is not None:
        raise InvalidProof("statement: cards answer nothing on dates without one")
    asked = request.token.epoch if request.token is not None else None
    looked_up = claim.state is RevocationState.NOT_REPORTED
    if claim.epoch != asked or looked_up != (asked is not None) or claim.state not in _ACCEPTED:
        raise InvalidProof("verdict: it does not go with what was asked")
    if key is not None:
        verify(key, receipt.attested, receipt.signature)
    elif receipt.signature:
        raise InvalidProof("signature: a terminal without certificate signs nothing")
    return claim.revocation


def _check_statement(statement: EpochStatement, request: Request) -> None:
    """That it is about this relying party, this day and the points of its own labels; anyone can recompute it."""
    recognise = isinstance(request.token, RecogniseToken)
    if not statement.serves(request.rp_context, recognise=recognise) or not statement.covers(request.date):
        raise InvalidProof("statement: of another relying party, or of other days")
    if request.token is not None and request.token.epoch != statement.epoch:
        raise InvalidProof("statement: of another epoch than the token")
    try:
        statement.check_points()
    except Undecided as error:
        raise InvalidProof("statement: about other points than its own") from error


def _not_a_receipt(path: Path) -> DataError:
    return DataError(f"{path.name} is no receipt, or is damaged", hint="Ask for the file again.")
