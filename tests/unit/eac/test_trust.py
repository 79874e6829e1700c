"""Trust points and dates beyond the published scenarios: who may certify whom, time both ways, what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.fixtures.certificates import (
    ALL,
    CVCA,
    FIRST,
    OFFICES,
    SHOPS,
    TODAY,
    Member,
    office,
    root,
    shop,
)

from mumei_core.commands import codes
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate, check_reference, decode_date, encode_date
from mumei_core.eac.trust import Accepted, CertificateRefused, Refusal, Trust, accept
from mumei_core.errors import DecodingError


def trust(today: date = TODAY, *members: Member) -> Trust:
    return Trust.initial([member.certificate for member in members or (CVCA,)], today)


def link(old: Member, new: Member, effective: date | None = None) -> Certificate:
    body = replace(new.certificate.body, car=old.name)
    return Certificate.issue(replace(body, effective=effective or body.effective), old.key)


def refused(found: Trust, state: Accepted | None, certificate: Certificate) -> Refusal:
    with pytest.raises(CertificateRefused) as error:
        accept(found, state.imported if state else None, certificate)
    return error.value.refusal


ROLES = (Role.CVCA, Role.DV_OFFICIAL, Role.DV_NON_OFFICIAL, Role.TERMINAL)


@pytest.mark.parametrize("below", ROLES, ids=lambda role: f"signs {role.name}")
@pytest.mark.parametrize("above", ROLES, ids=lambda role: role.name)
def test_who_may_certify_whom(above: Role, below: Role) -> None:
    found = trust()
    state = Accepted(trust=found, imported=None)
    issuer = {
        Role.CVCA: CVCA,
        Role.DV_OFFICIAL: OFFICES,
        Role.DV_NON_OFFICIAL: SHOPS,
        Role.TERMINAL: shop(),
    }[above]
    for certificate in issuer.chain:
        state = accept(state.trust, state.imported, certificate)
    certificate = issuer.issue(b"JPBELOW00001", below, ALL).certificate
    allowed = {Role.CVCA: (Role.CVCA, Role.DV_OFFICIAL, Role.DV_NON_OFFICIAL), Role.TERMINAL: ()}
    if below in allowed.get(above, (Role.TERMINAL,)):
        accept(state.trust, state.imported, certificate)
    else:
        assert refused(state.trust, state, certificate) is Refusal.ROLE


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 35, 36, 10_000])
def test_terminals_of_shops_never_move_the_date(days: int) -> None:
    effective = max(FIRST, TODAY + timedelta(days=days)) if days < 9_000 else date(2053, 1, 1)
    first = accept(trust(), None, SHOPS.certificate)
    certificate = shop(effective=effective, expiration=effective + timedelta(days=30)).certificate
    assert accept(first.trust, first.imported, certificate).trust.today == TODAY


def test_terminals_of_offices_move_it_forward_only() -> None:
    first = accept(trust(), None, OFFICES.certificate)
    for effective in (date(2026, 12, 24), date(2026, 11, 5)):
        moved = accept(first.trust, first.imported, office(effective=effective).certificate)
        assert moved.trust.today == max(TODAY, effective)


def test_a_wrong_signature_does_not_move_the_date() -> None:
    first = accept(trust(), None, OFFICES.certificate)
    certificate = office(effective=date(2027, 3, 1)).certificate
    forged = replace(
        certificate, signature=certificate.signature[:-1] + bytes([certificate.signature[-1] ^ 1])
    )
    assert refused(first.trust, first, forged) is Refusal.SIGNATURE


def test_a_failed_import_leaves_the_key_before_it() -> None:
    first = accept(trust(), None, SHOPS.certificate)
    assert refused(first.trust, first, OFFICES.issue(b"JPX00001", Role.TERMINAL, ALL).certificate)
    accept(first.trust, first.imported, shop().certificate)


def test_a_temporary_key_cannot_take_a_trust_points_name() -> None:
    thief = CVCA.issue(CVCA.name, Role.DV_NON_OFFICIAL, ALL)
    assert refused(trust(), None, thief.certificate) is Refusal.EXISTS


def test_the_same_chain_may_come_again() -> None:
    first = accept(trust(), None, SHOPS.certificate)
    again = accept(first.trust, first.imported, SHOPS.certificate)
    accept(again.trust, again.imported, shop().certificate)


class TestLinks:
    new = root(b"JPMUMEICVCA00002")
    newest = root(b"JPMUMEICVCA00003")

    def test_add_a_trust_point_and_the_oldest_goes(self) -> None:
        found = trust(date(2026, 6, 1))
        dates = [date(2026, 7, 1), date(2026, 8, 1)]
        found = accept(found, None, link(CVCA, self.new, effective=dates[0])).trust
        assert found.names == (self.new.name, CVCA.name)
        found = accept(found, None, link(self.new, self.newest, effective=dates[1])).trust
        assert found.names == (self.newest.name, self.new.name)
        assert found.today == dates[1]
        assert refused(found, None, SHOPS.certificate) is Refusal.UNKNOWN_ISSUER

    def test_are_accepted_late(self) -> None:
        found = trust(date(2035, 1, 1))
        certificate = link(CVCA, self.new)
        assert accept(found, None, certificate).trust.names[0] in (self.new.name, CVCA.name)
        assert accept(found, None, certificate).trust.today == date(2035, 1, 1)

    def test_of_an_unknown_root_are_not(self) -> None:
        assert refused(trust(), None, link(self.new, self.newest)) is Refusal.UNKNOWN_ISSUER

    def test_that_drop_a_root_drop_what_hangs_on_it(self) -> None:
        found = trust(date(2026, 6, 1), CVCA)
        found = accept(found, None, link(CVCA, self.new, effective=date(2026, 7, 1))).trust
        state = accept(found, None, SHOPS.certificate)
        state = accept(state.trust, state.imported, link(self.new, self.newest, effective=date(2026, 8, 1)))
        assert state.imported is None


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (SHOPS, Refusal.ROLE),
        (replace(CVCA, certificate=link(CVCA, root(b"JPMUMEICVCA00002"))), Refusal.MALFORMED),
        (replace(CVCA, certificate=replace(CVCA.certificate, signature=bytes(64))), Refusal.SIGNATURE),
    ],
    ids=["a sector", "a link", "a wrong signature"],
)
def test_what_is_no_trust_point(member: Member, reason: Refusal) -> None:
    with pytest.raises(CertificateRefused) as error:
        trust(TODAY, member)
    assert error.value.refusal is reason


def test_a_card_has_one_or_two_trust_points() -> None:
    others = [root(f"JPMUMEICVCA0000{n}".encode()) for n in (2, 3)]
    assert len(trust(TODAY, CVCA, others[0]).points) == 2
    for members in ((), (CVCA, CVCA), (CVCA, *others)):
        with pytest.raises(CertificateRefused):
            Trust.initial([member.certificate for member in members], TODAY)


def test_each_reason_has_its_documented_word() -> None:
    words = {refusal: refusal.sw for refusal in Refusal}
    assert words[Refusal.UNKNOWN_ISSUER] == codes.SW_REFERENCE_NOT_FOUND
    assert words[Refusal.EXPIRED] == words[Refusal.ISSUER_EXPIRED] == codes.SW_REFERENCE_DATA_UNUSABLE
    assert words[Refusal.EXISTS] == codes.SW_FILE_EXISTS
    assert words[Refusal.SIGNATURE] == words[Refusal.ROLE] == codes.SW_WRONG_DATA


@pytest.mark.parametrize(
    "reference", [b"JP0001", b"J" * 17, b"JPSHOP\x00001", b"JPSHOP\x7f0001", b"JP\x9fX00001"]
)
def test_what_cannot_name_a_holder(reference: bytes) -> None:
    with pytest.raises(DecodingError):
        check_reference(reference)


def test_dates_are_six_digits_of_this_century() -> None:
    assert encode_date(date(2026, 11, 23)) == bytes([2, 6, 1, 1, 2, 3])
    assert decode_date(bytes([2, 8, 0, 2, 2, 9])) == date(2028, 2, 29)
    for octets in (bytes([2, 7, 0, 2, 2, 9]), b"261123", bytes(6), bytes([2, 6, 1, 1, 2])):
        with pytest.raises(DecodingError):
            decode_date(octets)
    with pytest.raises(DecodingError):
        encode_date(date(2100, 1, 1))
