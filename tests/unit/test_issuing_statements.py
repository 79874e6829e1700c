"""Statements about issuer keys and trustees: one encoding each, and what no card takes (protocol 2.2, 2.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fixtures import world

from mumei.office.desk_trust import DeskTrust
from mumei_core.commands import codes
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, TrustError, UsageError
from mumei_core.issuing_statements import MAX_TRUSTEES, IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement, record_type

LIST = development_trustees()
ISSUER = world.issuer().key
KEY = IssuerKeyRecord(PK=ISSUER.public_key, W1=ISSUER.W1, first_day=53_600, last_day=53_700)
ROOT = development_key(DevelopmentRole.ISSUER_ROOT)
AUDITOR = development_key(DevelopmentRole.AUDITOR)


@pytest.mark.parametrize(
    ("record", "kind"), [(KEY, codes.STATEMENT_ISSUER_KEY), (LIST, codes.STATEMENT_TRUSTEES)]
)
def test_each_comes_back_in_its_one_encoding(record: IssuerKeyRecord | TrusteeListRecord, kind: int) -> None:
    octets = record.to_octets()
    assert type(record).from_octets(octets) == record and record_type(octets) == kind
    for wrong in (octets + b"\0", octets[:-1], b"", b"\x30\x00"):
        with pytest.raises(DecodingError):
            type(record).from_octets(wrong)


def test_one_is_not_read_as_the_other() -> None:
    with pytest.raises(DecodingError, match="another type"):
        IssuerKeyRecord.from_octets(LIST.to_octets())
    with pytest.raises(DecodingError, match="another type"):
        TrusteeListRecord.from_octets(KEY.to_octets())


def test_a_key_signs_on_its_days() -> None:
    assert [KEY.covers(day) for day in (53_599, 53_600, 53_700, 53_701)] == [False, True, True, False]
    assert KEY.key_id == ISSUER.key_id


@pytest.mark.parametrize("wrong", [{"PK": bytes(95)}, {"W1": bytes(49)}, {"last_day": 53_599}])
def test_what_is_no_issuer_key(wrong: dict[str, object]) -> None:
    with pytest.raises(DecodingError):
        replace(KEY, **wrong)  # type: ignore[arg-type]


def some_keys(count: int) -> tuple[bytes, ...]:
    return tuple(SigningKey(i + 1).point for i in range(count))


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"version": 1 << 31},
        {"t": 0},
        {"t": 4},
        {"keys": ()},
        {"keys": (LIST.keys[0], LIST.keys[0])},
        {"keys": (*LIST.keys[:2], bytes(65))},
        {"keys": some_keys(MAX_TRUSTEES + 1)},
    ],
    ids=["version 0", "version", "nobody needed", "more than all", "nobody", "twice", "no point", "too many"],
)
def test_what_is_no_list_of_trustees(wrong: dict[str, object]) -> None:
    with pytest.raises(DecodingError):
        replace(LIST, **wrong)  # type: ignore[arg-type]


def test_what_cards_hash_is_the_protocols_form() -> None:
    assert LIST.octets == b"\0\0\0\1\2\3" + b"".join(LIST.keys)
    assert replace(LIST, keys=some_keys(MAX_TRUSTEES)).n == MAX_TRUSTEES


class TestDesk:
    """What an office is given is checked before a card sees it."""

    @staticmethod
    def signed(record: IssuerKeyRecord | TrusteeListRecord, root: SigningKey = ROOT) -> bytes:
        return SignedStatement.by(record.to_octets(), root, AUDITOR).to_octets()

    def test_a_development_desk_knows_the_development_trustees(self) -> None:
        desk = DeskTrust.of(codes.PROFILE_DEVELOPMENT, None, None, ())
        assert desk.trustees == LIST and desk.statements == ()

    def test_a_standard_desk_knows_no_trustees_unless_told(self) -> None:
        desk = DeskTrust.of(codes.PROFILE_STANDARD, None, None, ())
        with pytest.raises(UsageError, match="does not know them") as caught:
            _ = desk.trustees
        assert caught.value.hint and desk.statements == ()
        with pytest.raises(UsageError, match="does not know them"):
            desk.check_signed(KEY.key_id)

    def test_a_standard_desk_wants_the_issuers_key_signed(self) -> None:
        keys = (), (self.signed(KEY),)
        without, with_key = (
            DeskTrust.of(codes.PROFILE_DEVELOPMENT, None, self.signed(LIST), signed) for signed in keys
        )
        with pytest.raises(UsageError, match="that root and auditor have signed") as caught:
            without.check_signed(KEY.key_id)
        assert "--issuer-key" in caught.value.hint
        with_key.check_signed(KEY.key_id)

    def test_takes_what_both_have_signed(self) -> None:
        newer = replace(LIST, version=2)
        desk = DeskTrust.of(codes.PROFILE_DEVELOPMENT, None, self.signed(newer), [self.signed(KEY)])
        assert desk.trustees == newer and desk.issuer_keys == (KEY,)
        assert desk.first_day(KEY.key_id) == KEY.first_day and desk.first_day(bytes(32)) == 0
        assert [record_type(SignedStatement.from_octets(s).record) for s in desk.statements] == [5, 4]

    @pytest.mark.parametrize("root", [AUDITOR, SigningKey(99)], ids=["the auditor alone", "a stranger"])
    def test_neither_alone_plants_trustees(self, root: SigningKey) -> None:
        with pytest.raises(TrustError, match="not both signed") as caught:
            DeskTrust.of(codes.PROFILE_DEVELOPMENT, None, self.signed(LIST, root), ())
        assert caught.value.hint

    def test_a_statement_about_something_else(self) -> None:
        with pytest.raises(TrustError, match="something else"):
            DeskTrust.of(codes.PROFILE_DEVELOPMENT, None, self.signed(KEY), ())

    def test_a_standard_desk_without_a_root_takes_nothing(self) -> None:
        with pytest.raises(TrustError, match="not both signed"):
            DeskTrust.of(codes.PROFILE_STANDARD, None, self.signed(LIST), ())
