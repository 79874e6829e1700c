"""One resident, one card: from an open enrolment to a credential on the card, resumable at every step.

Order (mumei protocol 2.2): the card is the expected kind → parameters → commitment, checked, of a genuine chip →
terms on record → signature on record → the card accepts → stored. A standard card is written to inside SCP03 only,
and closes its security domain at the end. A step that broke off is asked again with the same values, and the card
and the registry answer as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from mumei.issuer.parameters import PublicParameters
from mumei.issuer.signing import SigningService, check_commitment, draw_entropy
from mumei.office.genuine_chip import check_genuine, read_maker_root
from mumei.office.models import EnrolmentState
from mumei.office.records import EnrolmentRecord
from mumei.office.registry import Registry
from mumei.office.residents import credential_attributes
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
    InvalidProof,
    ProtocolError,
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


def month_of(day: date) -> date:
    """The first of its month: a card lets a terminal with old certificates feel for its last known date, and must
    not thereby tell the day on which it was issued.
    """
    return day.replace(day=1)


class Office:
    """A counter with its registry, the issuer's parameters and signing service."""

    def __init__(
        self,
        registry: Registry,
        parameters: PublicParameters,
        signing: SigningService,
        *,
        clerk: str,
        keys_of: KeyProvider | None = None,
        trust: CardTrust | None = None,
        statement: bytes | None = None,
        maker_root: bytes | None = None,
    ) -> None:
        """``keys_of`` finds the static keys of standard cards, ``trust`` is what these pin, ``statement`` what root
        and auditor signed about digits and ages: cards that pin the root want it. ``maker_root`` is the
        certificate by which genuine cards are known. Development cards have none of these.

        Raises TrustError where the signing key is not the one in the parameters, or the maker's root is none.
        """
        if signing.key_id != parameters.key_id:
            raise TrustError(
                "the issuer key and the parameters do not belong together",
                hint="Name the key file and the parameters file that 'mumei issuer init' made together.",
            )
        self._registry = registry
        self._parameters = parameters
        self._signing = signing
        self._clerk = clerk
        self._keys_of = keys_of
        self._trust = trust
        self._statement = statement
        self._maker_root = None if maker_root is None else read_maker_root(maker_root)

    def enrol(
        self,
        channel: Channel,
        resident_number: int,
        *,
        today: date,
        replacement: bool = False,
        card_number: bytes | None = None,
        progress: Progress = lambda _: None,
    ) -> Enrolled:
        """Issue a card to a resident, or finish an enrolment that broke off.

        ``card_number``: diversification data (10 octets) that a standard card must have to be written to.

        Raises what the registry, the session and the card raise; whatever happened, calling again with the
        same card goes on. WrongCardError or CardHasCredentialError: nothing was written to the card.
        """
        try:
            channel = self._open(channel, card_number, progress)
        except IssuedCardError as error:
            raise self._perhaps_finished(resident_number, error) from error
        resident = self._registry.resident(resident_number).resident
        attributes = credential_attributes(resident)
        if (stored := self._stored_but_not_secured(channel, resident_number, attributes)) is not None:
            security_domain.secure(channel)
            return self._enrolled(stored, resident_number, channel, today, resumed=True)
        record = self._registry.begin_enrolment(resident_number, clerk=self._clerk, replacement=replacement)
        resumed = record.state is not EnrolmentState.STARTED
        if record.state is not EnrolmentState.SIGNED:
            progress("the card draws its secrets and commits to them")
            answer = self._commitment(channel, record, today, progress)
            record = self._sign(record, answer, attributes, today, progress)
        progress("the card checks its credential and stores it")
        try:
            personalisation.store_credential(channel, _credential(record, attributes))
        except (CardHasCredentialError, CardNotReadyError) as error:
            raise _not_the_card_of(record) from error
        # On record before the card closes itself: afterwards it could not be asked again.
        self._registry.mark_stored(record.number, clerk=self._clerk)
        if isinstance(channel, Scp03Channel):
            progress("the card closes its security domain")
            security_domain.secure(channel)
        return self._enrolled(record, resident_number, channel, today, resumed=resumed)

    def _open(self, channel: Channel, card_number: bytes | None, progress: Progress) -> Channel:
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
            raise UsageError(
                "a standard card is written to with its own keys only, and this desk has none",
                hint="Name the master key of the card's maker.",
            )
        if self._trust is None:
            raise UsageError(
                "a standard card pins whom it trusts, and this desk does not know whom",
                hint="Name the root authority's certificate and the auditor's public key.",
            )
        if self._maker_root is None:
            raise UsageError(
                "a standard card shows that it is genuine, and this desk does not know its maker",
                hint="Name the card maker's root: --maker-root.",
            )
        progress("the card proves which card it is, and opens a channel")
        expected = None if card_number is None else (card_number,)
        return open_scp03(channel, self._keys_of, expected=expected)

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

    def _stored_but_not_secured(
        self, channel: Channel, resident_number: int, attributes: tuple[bytes, ...]
    ) -> EnrolmentRecord | None:
        """The enrolment whose card broke off at its very last step, if the card at hand is that card."""
        last = self._registry.enrolments_of(resident_number)[-1:]
        if not isinstance(channel, Scp03Channel) or not last or last[0].state is not EnrolmentState.STORED:
            return None
        try:
            personalisation.store_credential(channel, _credential(last[0], attributes))
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

    def _commitment(
        self, channel: Channel, record: EnrolmentRecord, today: date, progress: Progress
    ) -> EnrolmentAnswer:
        """The card's commitment, its proof checked, from a genuine card that pinned our own parameters."""
        try:
            answer = personalisation.enrol(channel, record.nonce)
        except CardNotReadyError as error:
            if record.commitment is not None:
                # The card that committed has parameters; this one is left as it is.
                raise _not_the_card_of(record) from error
            # What a card pins it keeps: parameters that nobody audited would ruin it, or mark it.
            self._parameters.audit()
            if self._trust is not None and isinstance(channel, Scp03Channel):
                progress("the card pins whom it trusts")
                personalisation.store_trust(channel, self._trust)
            progress("the card pins the issuer's parameters")
            personalisation.store_parameters(
                channel, self._parameters.for_card(month_of(today), statement=self._statement)
            )
            answer = personalisation.enrol(channel, record.nonce)
        if (answer.key_id, answer.table_hash) != (self._parameters.key_id, self._parameters.table_hash):
            raise WrongCardError(
                "the card holds the parameters of another issuer",
                hint="Use a card of this office's stock; this one belongs to another issuer.",
            )
        try:
            check_commitment(answer.commitment)
        except InvalidProof as error:
            raise ProtocolError(
                "the card's commitment does not hold",
                hint="Repeat once with the same card; then use another.",
            ) from error
        check_genuine(answer, record.nonce, self._maker_root if isinstance(channel, Scp03Channel) else None)
        return answer

    def _sign(
        self,
        record: EnrolmentRecord,
        answer: EnrolmentAnswer,
        attributes: tuple[bytes, ...],
        today: date,
        progress: Progress,
    ) -> EnrolmentRecord:
        """Commitment, terms and signature on record, in this order: entropy is kept before it is signed."""
        self._registry.record_commitment(record.number, answer.commitment.to_octets(), clerk=self._clerk)
        record = self._registry.record_issuance_terms(
            record.number,
            signer_nym_entropy=draw_entropy(),
            valid_until=valid_until_on_or_after(day_number(today + SHORTEST_VALIDITY)),
            key_id=self._signing.key_id,
            clerk=self._clerk,
        )
        if record.signer_nym_entropy is None or record.valid_until is None:
            raise DataError(f"enrolment {record.number} has no terms on record")
        progress("the issuer signs blindly")
        issued = self._signing.issue(
            attributes,
            answer.commitment,
            signer_nym_entropy=record.signer_nym_entropy,
            valid_until=record.valid_until,
        )
        return self._registry.record_signature(
            record.number,
            signature=issued.signature.to_octets(),
            common_key_proof=issued.common_key_proof.to_octets(),
            clerk=self._clerk,
        )


def _not_the_card_of(record: EnrolmentRecord) -> WrongCardError:
    return WrongCardError(
        "this is not the card that the enrolment began with",
        hint=f"Put back the card of enrolment {record.number}, or cancel that enrolment and begin anew.",
    )


def _credential(record: EnrolmentRecord, attributes: tuple[bytes, ...]) -> IssuedCredential:
    """What goes to the card, from what is on record alone: so it is the same octets on every attempt."""
    if (
        record.signature is None
        or record.common_key_proof is None
        or record.signer_nym_entropy is None
        or record.valid_until is None
        or record.key_id is None
    ):
        raise DataError(f"enrolment {record.number} is incomplete on record")
    return IssuedCredential(
        valid_until=record.valid_until,
        issuer_key_hash=record.key_id,
        attributes=attributes,
        signature=Signature.from_octets(record.signature),
        signer_nym_entropy=scalar_from_octets(record.signer_nym_entropy),
        common_key_proof=CommonKeyProof.from_octets(record.common_key_proof),
        issuance_date=day_number(month_of(dates.today(lambda: record.started_at))),
    )
