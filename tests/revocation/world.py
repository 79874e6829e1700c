"""Cards' handles, trustees and an authority, made with the product's own code.

Handles are split and sealed as a card does it, without a card; all days are those of the tests.
"""

from __future__ import annotations

import itertools
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tests.revocation.lists import AUTHORITY, TODAY

from mumei.revocation.folder import AuthorityFolder
from mumei.trustee.documents import CaseFile, CaseHandle, Envelopes
from mumei.trustee.folder import TrusteeFolder, TrusteeKeys
from mumei.trustee.handles import SealedHandle
from mumei_core.crypto.curve import BP1, GROUP, R
from mumei_core.crypto.sharing.split import draw_polynomial, feldman_points, seal_shares
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import epoch_of
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

EPOCH = epoch_of(TODAY)
VALID_UNTIL = TODAY + 1000
PASSPHRASE = b"correct horse battery"
CHEAP = 10
ROOT, AUDITOR = SigningKey(0xC3), SigningKey(0xD4)
NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A handle as the card knows it, and as everybody else does."""

    secret: int
    polynomial: tuple[int, ...]
    sealed: SealedHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class Trustee:
    folder: TrusteeFolder
    keys: TrusteeKeys
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """2 of 3 trustees, and an authority that trusts their list."""

    trustees: tuple[Trustee, ...]
    record: TrusteeListRecord
    authority: AuthorityFolder

    def card(self, *, shares: TrusteeListRecord | None = None) -> Card:
        """A new card's handle."""
        secret = secrets.randbelow(R - 1) + 1
        polynomial = draw_polynomial(secret, self.record.t, lambda: secrets.randbelow(R - 1) + 1)
        F = feldman_points(GROUP, polynomial)
        C = BP1 * (secrets.randbelow(R - 1) + 1)
        record = shares or self.record
        sealed = seal_shares(
            P256_GROUP, os.urandom, polynomial, record.keys, trustee_list=record.digest, C=C, F=F
        )
        handle = SealedHandle(
            commitment=C.to_octets(),
            points=b"".join(point.to_octets() for point in F),
            shares=sealed,
            trustees=record.digest,
        )
        return Card(secret=secret, polynomial=polynomial, sealed=handle)


def case_of(
    *cards: Card,
    opened: int = TODAY,
    consent: bool = False,
    withdrawn: bool = False,
    valid_until: int = VALID_UNTIL,
    number: bytes | None = None,
) -> CaseFile:
    """A case over the cards of one record."""
    handles = tuple(CaseHandle(handle=card.sealed, valid_until=valid_until) for card in cards)
    return CaseFile(
        number=number or next(NUMBERS).to_bytes(8) + bytes(8),
        opened=opened,
        consent=consent,
        withdrawn=withdrawn,
        handles=handles,
    )


def envelopes_of(*cards: Card) -> Envelopes:
    return Envelopes(day=TODAY, handles=tuple(card.sealed for card in cards))


def make_world(place: Path) -> World:
    """In a folder of its own; keys cost little to open."""
    made = []
    for name in ("Ombudsman", "Court", "Board"):
        folder, _ = TrusteeFolder.create(place / name, name, PASSPHRASE, log2_n=CHEAP)
        made.append(Trustee(folder=folder, keys=folder.keys(PASSPHRASE), out=place / f"from-{name}"))
    record = TrusteeListRecord(version=1, t=2, keys=tuple(each.folder.info().sealing for each in made))
    for each in made:
        each.folder.join(record)
    authority, _ = AuthorityFolder.create(place / "authority", PASSPHRASE, log2_n=CHEAP)
    octets = record.to_octets()
    statement = SignedStatement(record=octets, authority=ROOT.sign(octets), auditor=AUDITOR.sign(octets))
    authority.trust(statement, root_keys=[ROOT.point], auditor_keys=[AUDITOR.point])
    return World(trustees=tuple(made), record=record, authority=authority)


__all__ = ["AUTHORITY", "EPOCH", "TODAY", "Card", "Trustee", "World", "case_of", "envelopes_of", "make_world"]
