"""What a verification is made of, as the benchmark sees it: counts, never times."""

from collections import Counter
from functools import cache

from tests.fixtures.crypto_world import SHOP, ask, over, show, under, verifier
from tools.bench.recording import Primitive, Recording, record

from mumei_core.commands.request import Request
from mumei_core.crypto.curve import BP1, Point


def counts(recording: Recording) -> Counter[Primitive]:
    return Counter({primitive: len(found) for primitive, found in recording.items()})


@cache
def verification(*, pseudonym: bool = False, predicates: int = 1) -> Recording:
    request: Request = ask(*(over(20), under(65))[:predicates], pseudonym=pseudonym)
    octets, wire = show(request)
    ours = verifier()
    # Others may have verified for so many shops that it has forgotten this one's table.
    ours.prepare(SHOP)
    return record(lambda: ours.verify(octets, wire))


def test_a_verification_is_three_miller_loops_and_one_final_exponentiation_whatever_is_asked() -> None:
    for recording in (verification(), verification(pseudonym=True), verification(predicates=2)):
        found = counts(recording)
        assert found[Primitive.MILLER_LOOP] == 3
        assert found[Primitive.FINAL_EXPONENTIATION] == 1


def test_age_and_pseudonym_take_no_more_multiplications_than_the_equations_have() -> None:
    found = counts(verification(pseudonym=True))
    # Points sent: Abar, Bbar, D, the pseudonym, V and V' of two digits.
    assert found[Primitive.DECODING] == 8
    # T1: 3, T2: 1, Uv: 1, t: 2 for each digit; weights: 2 for each equation but the first.
    assert found[Primitive.MULTIPLICATION] == 3 + 1 + 1 + 2 * 2 + 2 * 2
    # P1, Q_1 and eight messages' generators; OP; G_d for each digit.
    assert found[Primitive.FIXED_BASE] == 10 + 1 + 2
    assert found[Primitive.COMPRESSION] == 5


def test_a_pseudonym_adds_a_point_and_a_first_move() -> None:
    added = counts(verification(pseudonym=True)) - counts(verification())
    assert added == {
        Primitive.DECODING: 1,
        Primitive.MULTIPLICATION: 1,
        Primitive.FIXED_BASE: 1,
        Primitive.ADDITION: 1,
        Primitive.COMPRESSION: 1,
    }


def test_what_was_recorded_can_be_done_again_with_the_same_outcome() -> None:
    found: list[Point] = []
    recording = record(lambda: found.append(BP1 * 5 + Point.from_octets(BP1.to_octets())))
    (multiply,), (add,), (decode,) = (
        recording[kind] for kind in (Primitive.MULTIPLICATION, Primitive.ADDITION, Primitive.DECODING)
    )
    assert Point(multiply()) == BP1 * 5
    assert Point(decode()) == BP1
    assert Point(add()) == found[0] == BP1 * 6
    assert all(operation() is True for operation in verification()[Primitive.FINAL_EXPONENTIATION])
