"""Objects that are stored or bound to by their octets have one encoding; found by fuzzing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import AUDITOR, CVCA, root

from mumei_core.commands import codes
from mumei_core.commands.card_log import ENTRY_LENGTH, LogEntry
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.trust import CardTrust
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.trust import Trust
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

DESCRIPTION = world.terminal(world.over(20)).description_octets
# "Ä" in one character, and as "A" with a combining diaeresis.
COMPOSED, DECOMPOSED = "\u00c4".encode(), "A\u0308".encode()


def rebuilt(octets: bytes, changes: dict[int, bytes]) -> bytes:
    """The same template with other values."""
    template = ber_tlv.parse(octets)[0]
    inner = b"".join(
        ber_tlv.encode(item.tag, changes.get(item.tag, item.value)) for item in template.children()
    )
    return ber_tlv.encode(template.tag, inner)


def test_a_description_whose_list_of_predicates_is_present_and_empty_is_refused() -> None:
    assert TerminalDescription.from_octets(DESCRIPTION).to_octets() == DESCRIPTION
    with pytest.raises(DecodingError):
        TerminalDescription.from_octets(rebuilt(DESCRIPTION, {0xA4: b""}))


def test_a_description_whose_name_is_not_in_normal_form_is_refused() -> None:
    TerminalDescription.from_octets(rebuilt(DESCRIPTION, {0x82: COMPOSED}))
    with pytest.raises(DecodingError):
        TerminalDescription.from_octets(rebuilt(DESCRIPTION, {0x82: DECOMPOSED}))


def test_a_log_entry_whose_name_is_not_in_normal_form_is_refused() -> None:
    entry = LogEntry(sequence=1, date=0, display_name=COMPOSED.decode(), context_hash=bytes(32)).to_octets()
    start = entry.index(bytes([len(COMPOSED)]) + COMPOSED)
    changed = entry[:start] + bytes([len(DECOMPOSED)]) + DECOMPOSED
    changed += entry[start + 1 + len(DECOMPOSED) :]
    assert len(changed) == ENTRY_LENGTH
    with pytest.raises(DecodingError, match="normal form"):
        LogEntry.from_octets(changed)


@pytest.mark.parametrize("points", [0, 3])
def test_a_trust_record_has_a_date_and_one_or_two_certificates(points: int) -> None:
    day = ber_tlv.encode(0x5F25, bytes((2, 6, 1, 1, 2, 3)))
    certificate = CVCA.certificate.to_octets()
    assert Trust.from_octets(day + certificate).points == (CVCA.certificate,)
    with pytest.raises(DecodingError):
        Trust.from_octets(day + points * certificate)
    with pytest.raises(DecodingError):
        Trust.from_octets(b"")


def test_what_a_card_trusts_has_one_encoding() -> None:
    octets = standard.card_trust().to_octets()
    assert CardTrust.from_octets(octets).to_octets() == octets
    for changes in ({codes.TAG_TRUST_ROOT_KEYS: b""}, {codes.TAG_TRUST_AUDITOR_KEYS: b""}):
        with pytest.raises(DecodingError):
            CardTrust.from_octets(rebuilt(octets, changes))


def test_two_trust_points_stand_most_recent_first() -> None:
    newer = root(b"JPMUMEICVCA00002")
    older = Certificate.issue(replace(CVCA.certificate.body, effective=date(2025, 1, 1)), CVCA.key)
    trust = CardTrust.of([older, newer.certificate], world.TODAY, auditor_keys=[AUDITOR.point])
    octets = trust.to_octets()
    assert CardTrust.from_octets(octets) == trust
    turned = older.to_octets() + newer.certificate.to_octets()
    with pytest.raises(DecodingError, match="one encoding"):
        CardTrust.from_octets(rebuilt(octets, {codes.TAG_TRUST_POINTS: turned}))
