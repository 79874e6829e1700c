"""One resident, one card: from an open enrolment to a credential on the card, resumable at every step.

Order (mumei protocol 2.2): the card is the expected kind → trustees, parameters → commitment with shares, checked,
of a genuine chip → answer and terms on record → the issuer signs → signature on record → the card accepts → stored.
A standard card is written to inside SCP03 only, and closes its security domain at the end. A step that broke off is
asked again with the same values, and card, registry and issuer answer as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mumei.issuer.check_issuance import IssuerPublicKey, by_key_id, check_issuance
from mumei.issuer.issuance import IssuanceRequest, Issuing, Purpose, RenewalEvidence
from mumei.issuer.parameters import PublicParameters
from mumei.office.database.models import EnrolmentState
from mumei.office.desk_trust import DeskTrust
from mumei.office.genuine_chip import check_answer, check_genuine, read_maker_root
from mumei.office.records import EnrolmentRecord
from mumei.office.registry import Registry
from mumei.office.residents.resident import credential_attributes
from mumei.session import personalisation, security_domain
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.personalisation import CardHasCredentialError, CardNotReadyError
from mumei.session.recovery import begin
from mumei.session.scp03 import IssuedCardError, KeyProvider, Scp03Channel, open_scp03
from mumei_core import dates
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential
from mumei_core.commands.trust import CardTrust
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.curve import scalar_from_octets
from mumei_core.dates import date_of, day_number, valid_until_on_or_after
from mumei_core.errors import (
    CardRefused,
    DataError,
    TrustError,
    UsageError,
    WrongCardError,
)

#: A credential is good for at least this long; it ends on the 30 June or 31 December after.
SHORTEST_VALIDITY: Final = timedelta(days=365)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What the clerk sees at the end. ``resumed``: an earlier attempt was finished."""

    enrolment: int
    resident: int
    card: str
    valid_until: date
    resumed: bool
    development: bool

    def text(self) -> str:
        words = "an enrolment that had broken off is finished" if self.resumed else "the card is issued"
        lines = [
            f"Enrolment {self.enrolment}: {words}; the credential is good until {self.valid_until.isoformat()}.",
            "The holder now sets a PIN: mumei card pin change",
        ]
        if self.development:
            lines.append("DEVELOPMENT CARD: anyone can read and write it. Not for real residents.")
        return "\n".join(lines)


_NO_KEYS: Final = (
    "is written to with its own keys only, and this desk has none",
    "Name the master key of the card's maker.",
)
_NO_TRUST: Final = (
    "pins whom it trusts, and this desk does not know whom",
    "Name the root authority's certificate and the auditor's public key.",
)
_NO_MAKER: Final = (
    "shows that it is genuine, and this desk does not know its maker",
    "Name the card maker's root: --maker-root.",
)


def month_of(day: date) -> date:
    """The first of its month: a card lets a terminal with old certificates feel for its last known date, and must
    not thereby tell the day on which it was issued.
    """
    return day.replace(day=1)


class Office:
    """A counter with its registry, the issuer's parameters and the issuer itself.

    :meth:`enrol` does all of it; the steps stand alone too, each may be asked for again and answers as before.
    """

    def __init__(
        self,
        registry: Registry,
        parameters: PublicParameters,
        issuing: Issuing,
        *,
        clerk: str,
        keys_of: KeyProvider | None = None,
        trust: CardTrust | None = None,
        statement: bytes | None = None,
        maker_root: bytes | None = None,
        trustees: bytes | None = None,
        issuer_keys: Sequence[bytes] = (),
        name: str = "office",
    ) -> None:
        """``keys_of`` finds the static keys of standard cards, ``trust`` is what these pin, ``statement`` what root
        and auditor signed about digits and ages, ``trustees`` and ``issuer_keys`` what they signed about these.
        ``maker_root`` is the certificate by which genuine cards are known. Development cards have none of these.
        ``name``: the office's at the issuer.

        Raises TrustError where the signing key is none of those that are trusted, a statement does not hold, or the
        maker's root is none.
        """
        self.desk = DeskTrust.of(parameters.profile, trust, trustees, issuer_keys)
        known = {parameters.key_id, *(record.key_id for record in self.desk.issuer_keys)}
        if issuing.key_id not in known:
            raise TrustError(
                "the issuer key and the parameters do not belong together",
                hint="Name the key file and the parameters file that 'mumei issuer init' made together.",
            )
        self._registry = registry
        self._parameters = parameters
        self._issuing = issuing
        self._clerk = clerk
        self._keys_of = keys_of
        self._trust = trust
        self._statement = statement
        self._maker_root = None if maker_root is None else read_maker_root(maker_root)
        self._name = name
        self._progress: Progress = lambda _: None

    def says(self, progress: Progress) -> None:
        """Who is told what is being done."""
        self._progress = progress

    @property
    def registry(self) -> Registry:
        """Whose residents these are."""
        return self._registry

    @property
    def clerk(self) -> str:
        """Who works at this desk."""
        return self._clerk

    @property
    def parameters(self) -> PublicParameters:
        """The issuer's, as cards pin them."""
        return self._parameters

    def enrol(
        self,
        channel: Channel,
        resident_number: int,
        *,
        today: date,
        replacement: bool = False,
        card_number: bytes | None = None,
        progress: Progress | None = None,
    ) -> Enrolled:
        """Issue a card to a resident, or finish an enrolment that broke off.

        ``card_number``: diversification data (10 octets) that a standard card must have to be written to.

        Raises what the registry, the session, the issuer and the card raise; whatever happened, calling again with
        the same card goes on. WrongCardError or CardHasCredentialError: nothing was written to the card.
        """
        if progress is not None:
            self._progress = progress
        try:
            channel = self.open(channel, card_number)
        except IssuedCardError as error:
            raise self._perhaps_finished(resident_number, error) from error
        if (stored := self._stored_but_not_secured(channel, resident_number)) is not None:
            self.secure(channel)
            return self._enrolled(stored, resident_number, channel, today, resumed=True)
        record = self._registry.begin_enrolment(resident_number, clerk=self._clerk, replacement=replacement)
        resumed = record.state is not EnrolmentState.STARTED
        if record.state is not EnrolmentState.SIGNED:
            self._progress("the card draws its secrets and commits to them")
            try:
                answer = self.commit(channel, record)
            except CardNotReadyError as error:
                self._pin(channel, record, today, error)
                answer = self.commit(channel, record)
            record = self.sign(record, answer, today)
        self._progress("the card checks its credential and stores it")
        self.store(channel, record)
        # On record before the card closes itself: afterwards it could not be asked again.
        self._registry.mark_stored(record.number, clerk=self._clerk)
        self.secure(channel)
        return self._enrolled(record, resident_number, channel, today, resumed=resumed)

    def open(self, channel: Channel, card_number: bytes | None = None) -> Channel:
        """The channel to write through: the plain one of a development card, SCP03 of a standard one."""
        application = begin(channel, lambda: Application.identify(channel))
        if application.profile != self._parameters.profile:
            raise WrongCardError(
                "the card and the issuer's parameters are of different profiles",
                hint="Development parameters are for development cards only, and the reverse.",
            )
        if application.profile is Profile.DEVELOPMENT:
            return channel
        if self._keys_of is None:
            raise _incomplete(*_NO_KEYS)
        if self._trust is None:
            raise _incomplete(*_NO_TRUST)
        if self._maker_root is None:
            raise _incomplete(*_NO_MAKER)
        self.check_signed()
        self._progress("the card proves which card it is, and opens a channel")
        expected = None if card_number is None else (card_number,)
        return open_scp03(channel, self._keys_of, expected=expected)

    def check_signed(self) -> None:
        """For standard cards: root and auditor have signed for trustees and issuer. Raises UsageError."""
        self.desk.check_signed(self._issuing.key_id)

    def pin(self, channel: Channel, record: EnrolmentRecord, today: date) -> None:
        """Trust points, trustees and parameters on the card, if it has none."""
        try:
            personalisation.enrol(channel, record.nonce)
        except CardNotReadyError as error:
            self._pin(channel, record, today, error)

    def commit(self, channel: Channel, record: EnrolmentRecord) -> EnrolmentAnswer:
        """The card's commitment and shares, checked, from a genuine card that pinned our own parameters.

        Raises CardNotReadyError for a card that has not pinned them yet.
        """
        answer = personalisation.enrol(channel, record.nonce)
        if (answer.key_id, answer.table_hash) != (self._parameters.key_id, self._parameters.table_hash):
            raise WrongCardError(
                "the card holds the parameters of another issuer",
                hint="Use a card of this office's stock; this one belongs to another issuer.",
            )
        stale = answer.linked is not None and answer.linked.trustee_list != self.desk.trustees.digest
        if stale and record.commitment is None and self.desk.trustees_statement is not None:
            personalisation.store_statement(channel, self.desk.trustees_statement)
            answer = personalisation.enrol(channel, record.nonce)
        check_genuine(answer, record.nonce, self._maker_root if isinstance(channel, Scp03Channel) else None)
        check_answer(answer, record.nonce, self.desk.trustees)
        return answer

    def sign(self, record: EnrolmentRecord, answer: EnrolmentAnswer, today: date) -> EnrolmentRecord:
        """Answer and terms on record, in this order, then the issuer's signature, checked; the same again."""
        self._registry.record_answer(record.number, answer, self.desk.trustees.octets, clerk=self._clerk)
        return self.ask_issuer(record, answer, Purpose.ENROL, today)

    def ask_issuer(
        self,
        record: EnrolmentRecord,
        answer: EnrolmentAnswer,
        purpose: Purpose,
        today: date,
        evidence: RenewalEvidence | None = None,
    ) -> EnrolmentRecord:
        """The request that follows from what is on record, so it is the same octets on every attempt."""
        number = record.number
        wanted = valid_until_on_or_after(day_number(today + SHORTEST_VALIDITY))
        terms = self._registry.record_valid_until(number, wanted, clerk=self._clerk)
        kept = self._registry.issuing(number)
        if terms.valid_until is None or kept is None or kept.trustees is None:
            raise DataError(f"enrolment {number} has no terms on record")
        resident = self._registry.resident(record.resident_number)
        request = IssuanceRequest(
            office=self._name,
            record=resident.record,
            purpose=purpose,
            nonce=record.nonce,
            answer=answer.to_octets(),
            attributes=credential_attributes(resident.resident),
            valid_until=terms.valid_until,
            trustees=kept.trustees,
            renewal=evidence,
        )
        self._progress("the issuer signs blindly")
        issuance = self._issuing.issue(request)
        check_issuance(request, issuance, self._trusted_keys())
        return self._registry.record_issuance(number, issuance, clerk=self._clerk)

    def store(self, channel: Channel, record: EnrolmentRecord) -> None:
        """The card checks its credential and keeps it; the same again, and the card confirms it."""
        try:
            personalisation.store_credential(channel, self.credential(record))
        except (CardHasCredentialError, CardNotReadyError) as error:
            raise not_the_card_of(record) from error

    def secure(self, channel: Channel) -> None:
        """A standard card closes its security domain."""
        if isinstance(channel, Scp03Channel):
            self._progress("the card closes its security domain")
            security_domain.secure(channel)

    def credential(self, record: EnrolmentRecord) -> IssuedCredential:
        """What goes to the card, from what is on record alone: so it is the same octets on every attempt."""
        if (
            record.signature is None
            or record.common_key_proof is None
            or record.signer_nym_entropy is None
            or record.valid_until is None
            or record.key_id is None
        ):
            raise DataError(f"enrolment {record.number} is incomplete on record")
        month = day_number(month_of(dates.today(lambda: record.started_at)))
        return IssuedCredential(
            valid_until=record.valid_until,
            issuer_key_hash=record.key_id,
            attributes=credential_attributes(self._registry.resident(record.resident_number).resident),
            signature=Signature.from_octets(record.signature),
            signer_nym_entropy=scalar_from_octets(record.signer_nym_entropy),
            common_key_proof=CommonKeyProof.from_octets(record.common_key_proof),
            # The key signs from its first day on, and that day tells no card from another.
            issuance_date=max(month, self.desk.first_day(record.key_id)),
        )

    def _pin(self, channel: Channel, record: EnrolmentRecord, today: date, why: CardNotReadyError) -> None:
        if record.commitment is not None:
            # The card that committed has parameters; this one is left as it is.
            raise not_the_card_of(record) from why
        # What a card pins it keeps: parameters that nobody audited would ruin it, or mark it.
        self._parameters.audit()
        if self._trust is not None and isinstance(channel, Scp03Channel):
            self._progress("the card pins whom it trusts")
            personalisation.store_trust(channel, self._trust)
        self.update(channel)
        self._progress("the card pins the issuer's parameters")
        pinned = self._parameters.for_card(month_of(today), statement=self._statement)
        personalisation.store_parameters(channel, pinned)

    def update(self, channel: Channel) -> None:
        """The newest trustees and issuer keys on the card; it keeps what it has where that is the same."""
        for signed in self.desk.statements:
            personalisation.store_statement(channel, signed)

    def _trusted_keys(self) -> Mapping[bytes, IssuerPublicKey]:
        pinned = IssuerPublicKey(public_key=self._parameters.public_key, W1=self._parameters.W1)
        others = (IssuerPublicKey(public_key=key.PK, W1=key.W1) for key in self.desk.issuer_keys)
        return by_key_id(pinned, *others)

    def _perhaps_finished(self, resident_number: int, error: IssuedCardError) -> IssuedCardError:
        """A card that has closed itself does not say whose it is; the registry may say that all is done."""
        last = self._registry.enrolments_of(resident_number)[-1:]
        if not last or last[0].state is not EnrolmentState.STORED:
            return error
        return IssuedCardError(
            error.message,
            hint=f"If it is the card of enrolment {last[0].number}, that is finished: hand the card over. "
            "Otherwise use a new card.",
        )

    def _stored_but_not_secured(self, channel: Channel, resident_number: int) -> EnrolmentRecord | None:
        """The enrolment whose card broke off at its very last step, if the card at hand is that card."""
        last = self._registry.enrolments_of(resident_number)[-1:]
        if not isinstance(channel, Scp03Channel) or not last or last[0].state is not EnrolmentState.STORED:
            return None
        try:
            personalisation.store_credential(channel, self.credential(last[0]))
        except CardRefused:
            return None
        return last[0]

    def _enrolled(
        self, record: EnrolmentRecord, resident_number: int, channel: Channel, today: date, *, resumed: bool
    ) -> Enrolled:
        valid_until = record.valid_until
        return Enrolled(
            enrolment=record.number,
            resident=resident_number,
            card=channel.connection.name,
            valid_until=date_of(valid_until) if valid_until is not None else today,
            resumed=resumed,
            development=self._parameters.is_development,
        )


def _incomplete(why: str, hint: str) -> UsageError:
    return UsageError(f"a standard card {why}", hint=hint)


def not_the_card_of(record: EnrolmentRecord) -> WrongCardError:
    """The error for a card that an enrolment did not begin with."""
    return WrongCardError(
        "this is not the card that the enrolment began with",
        hint=f"Put back the card of enrolment {record.number}, or cancel that enrolment and begin anew.",
    )
