"""Residents and their cards, issued by the office's own code into a registry of their own (mumei protocol 2.2).

Cards differ in everything in which real ones do: names from two to sixty characters, addresses, birth dates,
prefectures, days of issue over ten months, PINs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from tools.linkage_audit.observation import RecordingConnection
from tools.linkage_audit.ways import Way, records_of

from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.office.registry import Registry
from mumei.office.residents.japan_codes import MUNICIPALITIES, MunicipalityCode
from mumei.office.residents.resident import Resident, Sex, credential_attributes
from mumei.office.residents.resident_code import ResidentCode, check_digit
from mumei.session.channel import Channel
from mumei_card.applet.records import (
    RECORD_ATTESTATION_CERTIFICATE,
    RECORD_ATTESTATION_KEY,
    RECORD_CREDENTIAL,
    StoredCredential,
)
from mumei_card.chip.nvm import Nvm
from mumei_card.os.context import RECORD_CARD_KEY
from mumei_card.os.kernel import Kernel
from mumei_card.personalisation import PinLetter
from mumei_core.credential import Index
from mumei_core.crypto.curve import scalar_to_octets
from mumei_core.dates import day_number

CLERK: Final = "audit"
_ISSUING_DAYS: Final = 300
_FAMILY: Final = "岐阜見本閏間架空例野仮名試山雛形想定案内虚野"
_READING: Final = "ギフミホンウルマカクウレイノカリナ"
_LONGEST_NAME: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all cards have in common; made once and given to every worker. ``today``: the day of the visits."""

    way: Way
    seed: int
    today: date
    key: IssuerKey = field(repr=False)
    parameters: PublicParameters = field(repr=False)
    #: What a card of the stock holds once the issuer's parameters are on it, and no other card's own data.
    stock: Mapping[str, bytes] = field(repr=False)


def make_world(way: Way, *, seed: int, today: date) -> World:
    """An issuer with fresh keys, and the records that its stock of cards shares."""
    key = IssuerKey.generate()
    parameters = make_parameters(key, "audit TEST", profile=way.profile)
    return World(
        way=way,
        seed=seed,
        today=today,
        key=key,
        parameters=parameters,
        stock=way.stock(parameters, today - timedelta(days=_ISSUING_DAYS + 1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCard:
    """One card in the hands of its holder, and who knows what of it.

    ``delivered``, ``stocked``, ``handed_over``: its records earlier in life: from the maker, with parameters,
    and issued with the transport PIN.
    """

    number: int
    issued_on: date
    letter: PinLetter
    pin: str = field(repr=False)
    records: Mapping[str, bytes] = field(repr=False)
    delivered: Mapping[str, bytes] = field(repr=False)
    stocked: Mapping[str, bytes] = field(repr=False)
    handed_over: Mapping[str, bytes] = field(repr=False)
    issuer_knows: Mapping[str, bytes] = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)


def issue_cards(world: World, numbers: range, folder: Path) -> Iterator[AuditedCard]:
    """Enrol residents ``numbers`` and give each a card, through registry, office and card in process."""
    way = world.way
    clock = _Clock()
    with Registry.create(folder / f"registry-{numbers.start}.sqlite", clock=clock) as registry:
        office = way.office(registry, world.parameters, world.key, CLERK, lambda: day_number(clock.day))
        for number in numbers:
            chance = random.Random(f"{world.seed}-{number}")  # noqa: S311 - invented people, no secrets
            issued_on = world.today - timedelta(days=chance.randrange(_ISSUING_DAYS))
            clock.day = issued_on
            resident = _resident(number, chance)
            record = registry.add_resident(resident, clerk=CLERK)
            letter = way.new_letter()
            delivered, card_number = way.deliver(letter)
            stocked = {**delivered, **world.stock}
            nvm = Nvm.in_memory(stocked)
            channel = Channel(RecordingConnection(Kernel(nvm)))
            enrolled = office.enrol(channel, record.number, today=issued_on, card_number=card_number)
            handed_over = records_of(nvm)
            pin = f"{chance.randrange(10**6):06}"
            way.set_pin(channel.connection, letter, pin)
            yield AuditedCard(
                number=number,
                issued_on=issued_on,
                letter=letter,
                pin=pin,
                records=records_of(nvm),
                delivered=delivered,
                stocked=stocked,
                handed_over=handed_over,
                issuer_knows=_issuer_knows(registry, enrolled.enrolment, resident),
                secrets=_secrets(nvm, letter, pin) | _told_in_personalisation(delivered, card_number),
            )


def _told_in_personalisation(delivered: Mapping[str, bytes], card_number: bytes | None) -> dict[str, bytes]:
    """What tells a card from all others, and may be told to the office's SCP03 channel only."""
    told = {
        "card number": card_number,
        "attestation certificate": delivered.get(RECORD_ATTESTATION_CERTIFICATE),
        "attestation key": delivered.get(RECORD_ATTESTATION_KEY),
    }
    return {name: value for name, value in told.items() if value is not None}


class _Clock:
    """The office's clock: noon in Japan on the day of issue."""

    day = date(2026, 1, 1)

    def __call__(self) -> datetime:
        return datetime.combine(self.day, time(3), UTC)


def _resident(number: int, chance: random.Random) -> Resident:
    municipality = MunicipalityCode(digits=chance.choice(sorted(MUNICIPALITIES)))
    first_ten = f"{9 * 10**9 + number:010}"
    return Resident(
        resident_code=ResidentCode(digits=first_ten + str(check_digit(first_ten))),
        family_name=_text(_FAMILY, chance),
        given_name=_text(_FAMILY, chance),
        family_reading=_text(_READING, chance),
        given_reading=_text(_READING, chance),
        sex=chance.choice((Sex.FEMALE, Sex.MALE)),
        birth_date=date(1930, 1, 1) + timedelta(days=chance.randrange(94 * 365)),
        address=f"{MUNICIPALITIES[municipality.digits]}架空町{chance.randrange(1, 10**4)}番地",
        prefecture=municipality.prefecture,
        municipality=municipality,
    )


def _text(letters: str, chance: random.Random) -> str:
    return "".join(chance.choice(letters) for _ in range(chance.randrange(1, _LONGEST_NAME)))


def _issuer_knows(registry: Registry, enrolment: int, resident: Resident) -> dict[str, bytes]:
    """The registry's row and the person's data. Dates and codes of places are classes, not strings."""
    record = registry.enrolment(enrolment)
    attributes = credential_attributes(resident)
    known = {
        "nonce of enrolment": record.nonce,
        "commitment": record.commitment,
        "signature": record.signature,
        "entropy of the pseudonym": record.signer_nym_entropy,
        "common-key proof": record.common_key_proof,
        "resident code": attributes[Index.RESIDENT_CODE],
        "civil identity": attributes[Index.CIVIL_IDENTITY],
        "name": resident.name.encode(),
    }
    return {name: octets for name, octets in known.items() if octets}


def _secrets(nvm: Nvm, letter: PinLetter, pin: str) -> dict[str, bytes]:
    stored = StoredCredential.from_bytes(nvm.get(RECORD_CREDENTIAL) or b"")
    blind, handle, nym = map(scalar_to_octets, stored.secrets)
    return {
        "blinding of the commitment": blind,
        "revocation handle": handle,
        "pseudonym secret": nym,
        "B": stored.B.to_octets(),
        "key of the generator": nvm.get(RECORD_CARD_KEY) or b"",
        "PIN": pin.encode(),
        "transport PIN": letter.transport_pin.encode(),
        "PUK": letter.puk.encode(),
        "CAN": letter.can.encode(),
    }
