"""The reference's own interface against itself: a presentation verifies, and no changed octet of it does.

Self-consistency only; the comparison with the product is another test's.
"""

from __future__ import annotations

import datetime
import secrets
from dataclasses import replace
from functools import cache

import pytest

from . import mumei as reference
from . import pseudonym
from .credential import API_ID, NYMS, SUITE, generators
from .curve import IDENTITY_G1, g1
from .encoding import octets_to_g1, point_to_octets_e1, serialize
from .field import Fp
from .presentation import presentation_header

SK, X = 0x5EED_0001, 0x5EED_0002
TODAY = reference.day_number(2026, 11, 23)
VALID_UNTIL = reference.day_number(2027, 12, 31)
BIRTH_DATE = reference.day_number(2004, 2, 29)
ATTRIBUTES = (BIRTH_DATE, 13, 131016, b"\xa1\x00\x01", "20260000004")
HANDLE, PROVER_NYM, BLIND, ENTROPY = 1111, 2222, 3333, 4444


@cache
def table() -> reference.DigitTable:
    return reference.digit_table(X)


@cache
def card() -> reference.Credential:
    commitment = reference.commit(HANDLE, PROVER_NYM, BLIND, 51, 52, 53)
    pk = reference.public_key(SK)
    signature = reference.issue(SK, ATTRIBUTES, VALID_UNTIL, commitment, ENTROPY)
    return reference.make_credential(
        pk, signature, ATTRIBUTES, VALID_UNTIL, BLIND, HANDLE, PROVER_NYM, ENTROPY
    )


def ask(**fields: object) -> reference.Request:
    base = reference.Request(
        rp_context=b"shop.example", nonce=bytes(range(32)), date=TODAY, channel_binding=bytes(32)
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def aged(*predicates: tuple[int, int], **fields: object) -> reference.Request:
    wanted = tuple(reference.DatePredicate(kind=kind, age=n) for kind, n in predicates)
    return ask(predicates=wanted, table_hash=table().table_hash, **fields)


def show(request: reference.Request, **options: object) -> tuple[bytes, bytes]:
    octets = reference.build_request(request)
    return octets, reference.present(card(), octets, table=table(), **options)  # type: ignore[arg-type]


def check(octets: bytes, wire: bytes) -> reference.Shown:
    return reference.verify(card().pk, table().x_point, octets, wire, table_hash=table().table_hash)


def outside_the_subgroup() -> bytes:
    """(0, 2), a point of order 3."""
    return point_to_octets_e1(g1(Fp(0), Fp(2)))


def test_day_numbers_are_days_since_1880() -> None:
    epoch = datetime.date(1880, 1, 1)
    assert TODAY == 53_652
    for _ in range(500):
        number = secrets.randbelow(100_000)
        day = epoch + datetime.timedelta(days=number)
        assert reference.date_of(number) == (day.year, day.month, day.day)
        assert reference.day_number(day.year, day.month, day.day) == number


@pytest.mark.parametrize(
    ("n", "on", "born"),
    [
        (20, (2026, 11, 23), (2006, 11, 23)),
        (18, (2022, 2, 28), (2004, 2, 28)),
        (18, (2022, 3, 1), (2004, 3, 1)),
        (18, (2024, 2, 29), (2006, 2, 28)),
        (20, (2024, 2, 29), (2004, 2, 29)),
    ],
)
def test_cutoff(n: int, on: tuple[int, int, int], born: tuple[int, int, int]) -> None:
    assert reference.cutoff(n, reference.day_number(*on)) == reference.day_number(*born)


def test_header_is_der_and_its_day_a_half_year_end() -> None:
    octets = reference.header(card().pk, VALID_UNTIL)
    assert octets[:4].hex() == "30390c10"
    assert octets.endswith(bytes.fromhex("020300") + VALID_UNTIL.to_bytes(2, "big"))
    with pytest.raises(reference.Invalid):
        reference.header(card().pk, VALID_UNTIL - 1)


def test_request_octets_survive_the_round_trip() -> None:
    requests = [
        ask(),
        ask(rp_context=b"x" * 255, disclosed=0x1F, pseudonym=True, transaction_hash=bytes(32)),
        aged((1, 20), (2, 65), (1, 12), (2, 146), disclosed=2, token=b"\x01" + bytes(6)),
        ask(token=b"\x02" + bytes(4)),
    ]
    for request in requests:
        assert reference.parse_request(reference.build_request(request)) == request


def test_request_parser_refuses_what_is_not_canonical() -> None:
    octets = reference.build_request(ask(pseudonym=True))
    body = octets[2:]
    e1 = b"\xe1"
    bad = [
        octets + b"\x00",
        octets[:-1],
        e1 + b"\x81" + bytes([len(body)]) + body,
        e1 + bytes([len(body) + 2]) + body + b"\x8a\x00",
        e1 + bytes([len(body) + 3]) + body + b"\x80\x01\x01",
        octets.replace(b"\x86\x01\x01", b"\x86\x01\x00"),
        octets.replace(b"\x86\x01\x01", b"\x85\x01\x00"),
        octets.replace(b"\x86\x01\x01", b"\x85\x01\x20"),
        octets.replace(b"\x80\x01\x01", b"\x80\x01\x02"),
    ]
    for wrong in bad:
        with pytest.raises(reference.Invalid):
            reference.parse_request(wrong)


def test_digit_table_passes_its_audit_and_a_changed_one_does_not() -> None:
    reference.audit_digit_table(table())
    swapped = table()._replace(a=[*table().a[1:], table().a[0]])
    with pytest.raises(reference.Invalid):
        reference.audit_digit_table(swapped)


def test_issued_credential_verifies_and_is_under_the_common_key() -> None:
    reference.verify_credential(card())
    b = reference.signed_point(card())
    proof = reference.prove_common_key(SK, card().signature, b, 77)
    reference.check_common_key(reference.w1(SK), card().signature, b, proof)
    other = reference.prove_common_key(SK + 1, card().signature, b, 77)
    with pytest.raises(reference.Invalid):
        reference.check_common_key(reference.w1(SK), card().signature, b, other)


def test_signature_point_outside_the_subgroup_is_refused_by_the_card() -> None:
    moved = octets_to_g1(card().signature[:48]) + g1(Fp(0), Fp(2))
    b = reference.signed_point(card())
    proof = reference.prove_common_key(SK, card().signature, b, 77)
    with pytest.raises(reference.Invalid):
        reference.check_common_key(reference.w1(SK), serialize(moved) + card().signature[48:], b, proof)


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (aged((1, 20)), 828),
        (aged((1, 20), pseudonym=True), 876),
        (ask(), 12 + 144 + 128 + 8 * 32),
        (aged((2, 65)), 828),
    ],
)
def test_wire_has_the_length_of_the_design(request_: reference.Request, length: int) -> None:
    octets, wire = show(request_)
    assert len(wire) == length
    assert check(octets, wire).valid_until == VALID_UNTIL


def test_everything_at_once() -> None:
    request = aged((1, 20), (2, 65), disclosed=0b11110, pseudonym=True, token=b"\x01" + bytes(6))
    octets, wire = show(request, slot=(7, bytes(16)))
    shown = check(octets, wire)
    assert shown.attributes == {i: card().attributes[i] for i in (1, 2, 3, 4)}
    op = octets_to_g1(reference.context_point(b"shop.example"))
    assert shown.pseudonym == serialize(op * (PROVER_NYM + ENTROPY))
    assert shown.slot == 7
    octets, wire = show(ask(token=b"\x02" + bytes(4)), slot=(255, bytes(16)))
    assert check(octets, wire).slot == 255


def test_without_predicates_it_is_a_standard_proof() -> None:
    """A verifier of the drafts, told ph, accepts the base proof."""
    octets, wire = show(ask(disclosed=2, pseudonym=True))
    proof, nym = wire[12 + 2 + 4 : -48], wire[-48:]
    pseudonym.core_proof_verify_with_nym(
        SUITE,
        card().pk,
        proof,
        nym,
        b"MUMEI-CTX-V1shop.example",
        NYMS,
        generators(),
        reference.header(card().pk, VALID_UNTIL),
        presentation_header(octets, b""),
        [13],
        [1],
        API_ID,
    )


@pytest.mark.parametrize("predicate", [(1, 23), (2, 20), (1, 146)])
def test_what_is_not_so_cannot_be_proven(predicate: tuple[int, int]) -> None:
    with pytest.raises(reference.CannotProve):
        show(aged(predicate))


def test_no_changed_octet_is_accepted() -> None:
    octets, wire = show(aged((1, 20), (2, 65), disclosed=2, pseudonym=True))
    for position in {0, 4, 13, 17, 20, 70, 120, 170, 400, len(wire) - 1, *range(500, len(wire), 90)}:
        changed = bytearray(wire)
        changed[position] ^= 1
        with pytest.raises(reference.Invalid):
            check(octets, bytes(changed))
    for wrong in (wire + b"\x00", wire[:-1], b""):
        with pytest.raises(reference.Invalid):
            check(octets, wrong)


def test_proof_is_bound_to_the_request() -> None:
    _, wire = show(aged((1, 20)))
    others = aged((1, 20), nonce=bytes(32)), aged((2, 20)), aged((1, 18)), aged((1, 20), pseudonym=True)
    for other in others:
        with pytest.raises(reference.Invalid):
            check(reference.build_request(other), wire)


@pytest.mark.parametrize("point", [serialize(IDENTITY_G1), outside_the_subgroup()])
def test_bad_points_are_refused(point: bytes) -> None:
    octets, wire = show(ask())
    with pytest.raises(reference.Invalid):
        check(octets, wire[:12] + point + wire[60:])


def test_listed_randoms_give_the_same_octets() -> None:
    request = aged((1, 20), (2, 65), disclosed=2)
    octets = reference.build_request(request)
    scalars = {name: secrets.randbelow(reference.R - 1) + 1 for name in reference.draw_names(request)}
    listed = reference.listed_draw(list(scalars.values()))
    wire = reference.present(card(), octets, listed, table=table())
    assert wire == reference.present(card(), octets, scalars.__getitem__, table=table())
    check(octets, wire)
    with pytest.raises(ValueError, match="no scalar left"):
        listed("one too many")


def test_expired_credential_is_refused() -> None:
    octets, wire = show(ask(date=VALID_UNTIL + 1))
    with pytest.raises(reference.Invalid, match="expired"):
        check(octets, wire)
