"""Renewing a resident's card: a new credential and a new handle, the same pseudonyms, as the card proves (2.2).

Order: the holder's PIN and the office's renewal certificate → newest trustees and issuer keys → new commitment on
record → old credential shown for it, on record → the issuer compares pseudonyms and signs → the card swaps. Each
step may be asked for again; until the swap the old credential works.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mumei.issuer.issuance import Purpose, RenewalEvidence
from mumei.office.database.models import EnrolmentState
from mumei.office.enrolment import Enrolled, Office, not_the_card_of
from mumei.office.genuine_chip import check_answer
from mumei.office.records import EnrolmentRecord
from mumei.session import renewal
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.session.personalisation import CardHasCredentialError, CardNotReadyError
from mumei.session.recovery import begin
from mumei.session.renewal import RenewalCredentials
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.curve import Point, scalar_from_octets
from mumei_core.crypto.generators import OP_RENEWAL
from mumei_core.dates import date_of, day_number
from mumei_core.errors import DataError, UsageError, WrongCardError


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A card in whose channel the office is authenticated. ``binding``: the channel's, 32 octets."""

    channel: Channel
    binding: bytes


class RenewalDesk:
    """An office's steps with a card that is renewed.

    ``credentials``: of a terminal with the renewal right; None for development cards, which ask for none.
    """

    def __init__(self, office: Office, credentials: RenewalCredentials | None = None) -> None:
        self._office = office
        self._credentials = credentials

    def renew(self, channel: Channel, resident_number: int, pin: Pin, *, today: date) -> Enrolled:
        """All of it, or what is left of a renewal that broke off. Raises what its steps raise."""
        record = self.begin(resident_number)
        resumed = record.state is not EnrolmentState.STARTED
        inside = self.enter(channel, pin, today=today)
        if record.state is not EnrolmentState.SIGNED:
            answer = self.commit(inside, record)
            record = self.sign(record, answer, self.show(inside, record, answer, today=today), today=today)
        self.store(inside, record)
        self._office.registry.mark_stored(record.number, clerk=self._office.clerk)
        return Enrolled(
            enrolment=record.number,
            resident=resident_number,
            card=channel.connection.name,
            valid_until=date_of(record.valid_until or 0),
            resumed=resumed,
            development=self._office.parameters.is_development,
        )

    def begin(self, resident_number: int) -> EnrolmentRecord:
        """The renewal on record, begun or gone on with. Raises as :meth:`Registry.begin_renewal`."""
        return self._office.registry.begin_renewal(resident_number, clerk=self._office.clerk)

    def enter(self, channel: Channel, pin: Pin, *, today: date) -> Inside:
        """The holder's PIN, and who we are.

        Raises WrongCardError for another profile, and what the session raises.
        """
        application = begin(channel, lambda: Application.identify(channel))
        if application.profile != self._office.parameters.profile:
            raise WrongCardError(
                "the card and the issuer's parameters are of different profiles",
                hint="Development parameters are for development cards only, and the reverse.",
            )
        if application.profile is not Profile.DEVELOPMENT and self._credentials is None:
            raise UsageError(
                "a standard card is renewed by an office with a renewal certificate only",
                hint="Name the folder of the office's terminal that has the renewal right.",
            )
        development = application.profile is Profile.DEVELOPMENT
        if not development:
            self._office.check_signed()
        binding = renewal.enter(
            channel, pin, None if development else self._credentials, day=day_number(today)
        )
        return Inside(channel=channel, binding=binding)

    def commit(self, inside: Inside, record: EnrolmentRecord) -> EnrolmentAnswer:
        """Newest trustees on the card, then its new commitment, checked and on record; the same again.

        Raises WrongCardError, ProtocolError, EnrolmentConflictError.
        """
        office = self._office
        kept = office.registry.issuing(record.number)
        if kept is None or kept.answer is None:
            # Not after a commitment: the card would go on naming the list that it was made for.
            office.update(inside.channel)
        try:
            answer = renewal.commit(inside.channel, record.nonce)
        except (CardHasCredentialError, CardNotReadyError) as error:
            raise not_the_card_of(record) from error
        if answer.table_hash != office.parameters.table_hash:
            raise WrongCardError(
                "the card holds the parameters of another issuer", hint="Use the resident's own card."
            )
        check_answer(answer, record.nonce, office.desk.trustees)
        self._check_own(record, answer)
        office.registry.record_answer(record.number, answer, office.desk.trustees.octets, clerk=office.clerk)
        return answer

    def _check_own(self, record: EnrolmentRecord, answer: EnrolmentAnswer) -> None:
        """The card keeps the pseudonyms that are on record. The issuer compares too; here no record is bound to
        another card yet.
        """
        registry = self._office.registry
        kept = registry.issuing(record.number)
        before = registry.issuing(kept.renews) if kept is not None and kept.renews is not None else None
        if before is None or before.renewal_pseudonym is None or answer.linked is None:
            raise DataError(f"enrolment {record.number} is no renewal on record")
        entropy = registry.enrolment(before.enrolment).signer_nym_entropy or b""
        expected = Point.from_octets(before.renewal_pseudonym)
        if answer.linked.N + OP_RENEWAL * scalar_from_octets(entropy) != expected:
            raise WrongCardError(
                "this is not the card that is renewed",
                hint="Ask for the resident's own card; if it is lost, report it and enrol a new one.",
            )

    def show(
        self, inside: Inside, record: EnrolmentRecord, answer: EnrolmentAnswer, *, today: date
    ) -> RenewalEvidence:
        """The old credential, shown for this commitment, on record; what is on record stays."""
        kept = self._office.registry.issuing(record.number)
        if kept is not None and kept.evidence is not None:
            return kept.evidence
        shown = renewal.show(
            inside.channel, answer, record.nonce, binding=inside.binding, day=day_number(today)
        )
        evidence = RenewalEvidence(request=shown.request, presentation=shown.presentation)
        return self._office.registry.record_evidence(record.number, evidence, clerk=self._office.clerk)

    def sign(
        self, record: EnrolmentRecord, answer: EnrolmentAnswer, evidence: RenewalEvidence, *, today: date
    ) -> EnrolmentRecord:
        """The issuer's signature, on record; the same again. Raises IssuanceRefused for another card."""
        return self._office.ask_issuer(record, answer, Purpose.RENEW, today, evidence)

    def answer_on_record(self, record: EnrolmentRecord) -> EnrolmentAnswer:
        """What the card answered: the issuer can be asked without the card. Raises DataError before it did."""
        kept = self._office.registry.issuing(record.number)
        if kept is None or kept.answer is None:
            raise DataError(f"enrolment {record.number} has no answer of a card on record")
        return kept.answer

    def store(self, inside: Inside, record: EnrolmentRecord) -> None:
        """The card checks its new credential and swaps; the same again, and the card confirms it."""
        try:
            renewal.swap(inside.channel, self._office.credential(record))
        except (CardHasCredentialError, CardNotReadyError) as error:
            raise not_the_card_of(record) from error
