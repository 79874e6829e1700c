"""The steps of :class:`mumei.office.enrolment.Office`, one by one, as the plan of an enrolment asks for them."""

from __future__ import annotations

from datetime import date

from mumei.issuer.signing import check_commitment
from mumei.office.counter.enrol import not_the_card_of
from mumei.office.counter.plan import Progress
from mumei.office.enrolment import Office, _credential, month_of
from mumei.office.genuine_chip import check_genuine
from mumei.office.records import EnrolmentRecord
from mumei.office.registry import Registry
from mumei.office.residents import credential_attributes
from mumei.session import personalisation, security_domain
from mumei.session.channel import Channel
from mumei.session.personalisation import CardHasCredentialError, CardNotReadyError
from mumei.session.scp03 import Scp03Channel
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.errors import InvalidProof, ProtocolError, WrongCardError


class CardOffice:
    """An office's steps with one card. Each may be asked for again, and answers as before."""

    def __init__(self, office: Office, registry: Registry, progress: Progress) -> None:
        self._office, self._registry, self._progress = office, registry, progress

    def open(self, channel: Channel, card_number: bytes | None) -> Channel:
        """See :class:`~mumei.office.counter.enrol.OfficeSteps`, as everything here."""
        return self._office._open(channel, card_number, self._progress)

    def pin(self, channel: Channel, record: EnrolmentRecord, today: date) -> None:
        office = self._office
        try:
            personalisation.enrol(channel, record.nonce)
        except CardNotReadyError as error:
            if record.commitment is not None:
                raise not_the_card_of(record) from error
            # What a card pins it keeps: parameters that nobody audited would ruin it, or mark it.
            office._parameters.audit()
            if office._trust is not None and isinstance(channel, Scp03Channel):
                self._progress("the card pins whom it trusts")
                personalisation.store_trust(channel, office._trust)
            self._progress("the card pins the issuer's parameters")
            pinned = office._parameters.for_card(month_of(today), statement=office._statement)
            personalisation.store_parameters(channel, pinned)

    def commit(self, channel: Channel, record: EnrolmentRecord) -> EnrolmentAnswer:
        office = self._office
        try:
            answer = personalisation.enrol(channel, record.nonce)
        except CardNotReadyError as error:
            raise not_the_card_of(record) from error
        if (answer.key_id, answer.table_hash) != (office._parameters.key_id, office._parameters.table_hash):
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
        check_genuine(answer, record.nonce, office._maker_root if isinstance(channel, Scp03Channel) else None)
        return answer

    def sign(self, record: EnrolmentRecord, answer: EnrolmentAnswer, today: date) -> EnrolmentRecord:
        return self._office._sign(record, answer, self._attributes(record), today, self._progress)

    def store(self, channel: Channel, record: EnrolmentRecord) -> None:
        try:
            personalisation.store_credential(channel, _credential(record, self._attributes(record)))
        except (CardHasCredentialError, CardNotReadyError) as error:
            raise not_the_card_of(record) from error

    def secure(self, channel: Channel) -> None:
        if isinstance(channel, Scp03Channel):
            self._progress("the card closes its security domain")
            security_domain.secure(channel)

    def _attributes(self, record: EnrolmentRecord) -> tuple[bytes, ...]:
        return credential_attributes(self._registry.resident(record.resident_number).resident)
