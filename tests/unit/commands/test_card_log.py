"""Log entries and settings as octets: one length, one encoding, everything else refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.commands.card_log import ENTRY_LENGTH, LogEntry, Outcome
from mumei_core.commands.request import AgePredicate, Predicate, Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.dates import DAY_LIMIT, day_number
from mumei_core.errors import DecodingError

ENTRY = LogEntry(
    sequence=7,
    date=day_number(date(2026, 11, 23)),
    display_name="酒屋 TEST",
    context_hash=bytes(range(32)),
    predicates=(
        AgePredicate(kind=Kind.ON_OR_BEFORE, years=20),
        DatePredicate(kind=Kind.ON_OR_AFTER, cutoff=0x010203),
    ),
    disclosed=(1, 4),
    pseudonym=True,
    pin_used=True,
    outcome=Outcome.CANNOT_PROVE,
)
OCTETS = bytes.fromhex(
    "E681D4 800101 810400000007 82040000D194 830102 840105 850112"
    "8614 8001000014 8102010203 0000000000 0000000000"
    "8720 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
    "888181 0B E98592E5B18B2054455354"
) + bytes(117)

kinds = st.sampled_from(Kind)
predicates: st.SearchStrategy[Predicate] = st.one_of(
    st.builds(AgePredicate, kind=kinds, years=st.integers(1, 150)),
    st.builds(DatePredicate, kind=kinds, cutoff=st.integers(0, DAY_LIMIT - 1)),
)
entries = st.builds(
    LogEntry,
    sequence=st.integers(1, 2**32 - 1),
    date=st.integers(0, DAY_LIMIT - 1),
    display_name=st.sampled_from(["", "a", "酒" * 42, "x" * 128, "末\0", "\0", "𠮷" * 32]),
    context_hash=st.binary(min_size=32, max_size=32),
    predicates=st.lists(predicates, max_size=4).map(tuple),
    disclosed=st.sets(st.integers(0, 4)).map(lambda found: tuple(sorted(found))),
    pseudonym=st.booleans(),
    transaction=st.booleans(),
    pin_used=st.booleans(),
    outcome=st.sampled_from(Outcome),
)


def replaced(at: int, octet: int) -> bytes:
    return OCTETS[:at] + bytes([octet]) + OCTETS[at + 1 :]


class TestEntry:
    def test_octet_by_octet(self) -> None:
        assert ENTRY.to_octets() == OCTETS
        assert LogEntry.from_octets(OCTETS) == ENTRY

    @given(entries)
    def test_every_entry_has_one_length_and_comes_back(self, entry: LogEntry) -> None:
        octets = entry.to_octets()
        assert len(octets) == ENTRY_LENGTH
        assert LogEntry.from_octets(octets) == entry

    @given(st.integers(0, ENTRY_LENGTH - 1), st.integers(0, 255))
    def test_any_octet_changed_is_refused_or_is_another_entry(self, at: int, octet: int) -> None:
        changed = replaced(at, octet)
        try:
            entry = LogEntry.from_octets(changed)
        except DecodingError:
            return
        assert entry.to_octets() == changed

    @pytest.mark.parametrize(
        "octets",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(OCTETS[:-1], id="cut short"),
            pytest.param(OCTETS + b"\0", id="longer"),
            pytest.param(replaced(5, 2), id="version"),
            pytest.param(replaced(20, 3), id="outcome"),
            pytest.param(replaced(23, 8), id="circumstance"),
            pytest.param(replaced(26, 0x20), id="attribute 5"),
            pytest.param(replaced(30, 3), id="kind of predicate"),
            pytest.param(replaced(31, 1), id="age with an octet too many"),
            pytest.param(replaced(34, 0x82), id="tag of predicate"),
            pytest.param(OCTETS[:29] + bytes(5) + OCTETS[34:], id="gap before a predicate"),
            pytest.param(OCTETS[:8] + bytes(4) + OCTETS[12:], id="sequence number 0"),
            pytest.param(replaced(86, 0x81), id="name longer than its place"),
            pytest.param(replaced(86, 10), id="name longer than it says"),
            pytest.param(replaced(87, 0xFF), id="name not UTF-8"),
        ],
    )
    def test_what_is_not_an_entry_is_refused(self, octets: bytes) -> None:
        with pytest.raises(DecodingError):
            LogEntry.from_octets(octets)

    def test_it_is_made_of_the_request_without_nonce_binding_or_hash(self) -> None:
        request = Request(
            rp_context=b"sake.example",
            nonce=b"\xa1" * 32,
            date=ENTRY.date,
            channel_binding=b"\xa2" * 32,
            predicates=(AgePredicate(kind=Kind.ON_OR_BEFORE, years=20),),
            transaction=b"\xa3" * 32,
            table_hash=b"\xa4" * 32,
        )
        entry = LogEntry.of(request, sequence=1, display_name="酒屋", pin_used=False)
        assert (entry.outcome, entry.transaction) == (Outcome.INTERRUPTED, True)
        octets = entry.to_octets()
        assert not any(bytes([octet]) * 4 in octets for octet in (0xA1, 0xA2, 0xA3, 0xA4))
        assert b"sake" not in octets


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "octets"),
        [
            (HolderSettings(), "E709800101810101820100"),
            (HolderSettings(age_without_pin=False), "E709800101810100820100"),
            (HolderSettings(always_pin=True), "E709800101810101820101"),
        ],
    )
    def test_octet_by_octet(self, settings: HolderSettings, octets: str) -> None:
        assert settings.to_octets().hex().upper() == octets
        assert HolderSettings.from_octets(bytes.fromhex(octets)) == settings
