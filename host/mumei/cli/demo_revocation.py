"""The demo's revocation: three trustees, the authority, and the way of a lost card from the office to the shops.

Every role acts by the product's own means, on files of its own: the office opens a case, two of three trustees
approve and evaluate it, the authority combines and publishes, the auditor signs next week's statements, the places
take in what is handed to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Self

from mumei.auditor.epochs import sign_epoch
from mumei.files import make_folder, write_new_file
from mumei.office.cases import Cases
from mumei.office.envelopes import TrusteeDesk
from mumei.office.registry import Registry
from mumei.revocation.combining import combine_epoch, require_whole
from mumei.revocation.folder import AuthorityFolder
from mumei.revocation.publishing import publish
from mumei.revocation.statements import SIGNED, HalfSigned, slot_record
from mumei.terminal.revocation_folder import RevocationFolder, Signers
from mumei.trustee.documents import TrusteeInfo
from mumei.trustee.engine import LocalEngine
from mumei.trustee.folder import TrusteeFolder, TrusteeKeys
from mumei.trustee.work import approve, check_envelopes, evaluate_epoch
from mumei_core.dates import date_of, day_number
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import bucket_of, epoch_of, first_day
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

NAMES: Final = ("ombudsman", "court", "university")
NEEDED: Final = 2
PASSPHRASE: Final = "demo passphrase"  # noqa: S105 - public: whoever has the folder has the cards
#: scrypt's lowest cost: the passphrase is public.
_CHEAP: Final = 10
#: One handle: starting processes would take longer than the work.
_HERE: Final = LocalEngine(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trustee:
    """One of three, on its own machine."""

    folder: TrusteeFolder
    keys: TrusteeKeys = field(repr=False)
    info: TrusteeInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRevocation:
    """Trustees and authority, in ``folder``, with the keys of who signs beside them."""

    folder: Path
    authority: AuthorityFolder
    key: SigningKey = field(repr=False)
    auditor: SigningKey = field(repr=False)
    issuer_root: SigningKey = field(repr=False)
    trustees: tuple[Trustee, ...]
    trustee_list: SignedStatement

    @classmethod
    def make(cls, folder: Path, issuer_root: SigningKey, auditor: SigningKey) -> Self:
        """Three trustees whose list root and auditor sign, and an authority that knows it."""
        trustees = tuple(_trustee(folder / name) for name in NAMES)
        record = TrusteeListRecord(
            version=1, t=NEEDED, keys=tuple(each.keys.sealing_point for each in trustees)
        )
        for each in trustees:
            each.folder.join(record)
        signed = SignedStatement.by(record.to_octets(), issuer_root, auditor)
        authority, _ = AuthorityFolder.create(folder / "authority", PASSPHRASE.encode(), log2_n=_CHEAP)
        authority.trust(signed, root_keys=[issuer_root.point], auditor_keys=[auditor.point])
        return cls(
            folder=folder,
            authority=authority,
            key=authority.key(PASSPHRASE.encode()),
            auditor=auditor,
            issuer_root=issuer_root,
            trustees=trustees,
            trustee_list=signed,
        )

    @property
    def trustees_record(self) -> TrusteeListRecord:
        """Who they are, and how many are needed."""
        return TrusteeListRecord.from_octets(self.trustee_list.record)

    @property
    def signers(self) -> Signers:
        """Whom terminals go by."""
        return Signers(authority=(self.key.point,), auditor=(self.auditor.point,))

    def confirm(self, registry: Registry, today: date, *, clerk: str) -> None:
        """Every trustee opens the day's envelopes, and the office takes the confirmations."""
        desk = TrusteeDesk(registry)
        desk.know_trustees(
            self.trustee_list,
            [each.info for each in self.trustees],
            root_keys=[self.issuer_root.point],
            auditor_keys=[self.auditor.point],
            clerk=clerk,
        )
        envelopes = desk.envelopes(clerk=clerk)
        for each in self.trustees:
            checked = check_envelopes(each.folder, each.keys, envelopes, day=day_number(today))
            for confirmations in checked.confirmations:
                desk.take_confirmations(confirmations, clerk=clerk)

    def report(self, registry: Registry, resident: int, today: date, *, clerk: str) -> str:
        """A lost card, from the counter to next week's lists. Returns the case's number, as people say it."""
        day = day_number(today)
        coming = epoch_of(day) + 1
        cases = Cases(registry)
        opened = cases.open_case(resident, clerk=clerk)
        file = cases.case_file(opened.number, clerk=clerk)
        self.authority.take_case(file)
        sources = []
        for each in self.trustees[:NEEDED]:
            approve(each.folder, each.keys, file, day=day)
            out = each.folder.folder / "evaluations"
            evaluate_epoch(each.folder, each.keys, coming, out, day=day, engine=_HERE)
            sources.append(out)
        require_whole(combine_epoch(self.authority, coming, sources, day=day, engine=_HERE))
        publish(self.authority, coming, self.key, day=day)
        cases.mark_listed(opened.number, clerk=clerk)
        return file.words

    def hand_out(self, rp_contexts: Sequence[bytes], today: date) -> tuple[Path, Path]:
        """The running week's statements and its lists, for whoever carries them to the places."""
        epoch = epoch_of(day_number(today))
        out = self.folder / "statements"
        make_folder(out)
        publish(self.authority, epoch, self.key, day=day_number(today))
        for bucket in sorted(set(map(bucket_of, rp_contexts))):
            record = slot_record(epoch, bucket)
            half = HalfSigned(record=record, signature=self.key.sign(record.to_octets()))
            statement = sign_epoch(half, self.auditor, authority_keys=[self.key.point], day=day_number(today))
            write_new_file(out / f"{half.stem}{SIGNED}", statement.to_octets(), mode=0o644)
        return out, self.authority.published(epoch)

    def place(self, folder: Path, rp_context: bytes) -> RevocationFolder:
        """A place's folder, which pins whom it goes by."""
        make_folder(folder)
        self.signers.save(folder)
        return RevocationFolder.open(folder, rp_context, development=False)


def next_week(today: date) -> date:
    """The Monday after: what was reported this week is on the lists from then on."""
    return date_of(first_day(epoch_of(day_number(today)) + 1))


def _trustee(folder: Path) -> Trustee:
    keys = TrusteeKeys.generate()
    made, info = TrusteeFolder.create(
        folder, folder.name.title(), PASSPHRASE.encode(), keys=keys, log2_n=_CHEAP
    )
    return Trustee(folder=made, keys=keys, info=info)
