"""Forged digit tables against anyone's audit (mumei protocol 2.4)."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from tests.fixtures.crypto_world import DIGIT_KEY, parameters, random_scalar
from tests.negative.mutants import Mutation

from mumei_core.crypto.curve import IDENTITY, Point, R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.pairing import BP2
from mumei_core.crypto.predicate import audit as audit_module
from mumei_core.crypto.predicate.audit import audit_digit_parameters
from mumei_core.crypto.predicate.issuer import DigitParameters, make_digit_parameters
from mumei_core.errors import DecodingError, InvalidProof, UsageError

X = DIGIT_KEY


def changed(entries: dict[int, tuple[Point, Point]], X: bytes | None = None) -> DigitParameters:
    """The good table with some (A_d, W_d) replaced."""
    good = parameters()
    A, W = list(good.A), list(good.W)
    for d, (A_d, W_d) in entries.items():
        A[d], W[d] = A_d, W_d
    return DigitParameters(X=X or good.X, A=tuple(A), W=tuple(W))


def reason(table: DigitParameters) -> str:
    with pytest.raises(InvalidProof) as caught:
        audit_digit_parameters(table)
    return str(caught.value.reason)


def remove(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    Mutation(owner=audit_module, name="audit_digit_parameters", old=old, new=new).apply(monkeypatch)


NO_PAIRING = ("if not products_are_equal([(left, X)], [(right, BP2)]):", "if False:")
NO_W = ("if G_D - A_d * d != W_d:", "if False:")
NO_IDENTITY = ("if any(A_d.is_identity for A_d in parameters.A):", "if False:")
NO_X = ("if any((BP2 * -d) == X for d in range(1, BASE)):", "if False:")


def test_the_honest_table_passes() -> None:
    audit_digit_parameters(parameters())


def test_a_point_that_is_no_signature_is_found_by_the_pairing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder could show a digit that was never signed, if it knows its logarithm."""
    A_5 = G_D * random_scalar()
    forged = changed({5: (A_5, G_D - A_5 * 5)})

    assert reason(forged) == "digit table: signatures"
    remove(monkeypatch, *NO_PAIRING)
    audit_module.audit_digit_parameters(forged)


def test_a_signature_on_another_number_is_found_by_w(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its maker signs 70,000 under the name of digit 5: a wider span for who knows."""
    A_5 = G_D * pow(X + 70_000, -1, R)
    forged = changed({5: (A_5, A_5 * X)})

    assert reason(forged) == "digit table: W of digit 5"
    remove(monkeypatch, *NO_W)
    audit_module.audit_digit_parameters(forged)


def test_two_digits_swapped_are_found() -> None:
    good = parameters()
    assert reason(changed({5: (good.A[6], good.W[6]), 6: (good.A[5], good.W[5])})).startswith(
        "digit table: W"
    )


def test_faults_that_cancel_pass_with_weights_one_only() -> None:
    """A_3 + E and A_7 - E (x + 3)/(x + 7): the sum over all digits is right, no entry is."""
    good, error = parameters(), G_D * random_scalar()
    A_3 = good.A[3] + error
    A_7 = good.A[7] - error * ((X + 3) * pow(X + 7, -1, R) % R)
    forged = changed({3: (A_3, G_D - A_3 * 3), 7: (A_7, G_D - A_7 * 7)})

    audit_digit_parameters(forged, weight=lambda: 1)
    for _ in range(3):
        assert reason(forged) == "digit table: signatures"


def test_the_identity_is_refused_twice_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redundant on purpose: e(identity, X) = 1 is not e(G_d, BP2), so the pairing refuses it too."""
    forged = changed({9: (IDENTITY, G_D)})

    assert reason(forged) == "digit table: identity"
    remove(monkeypatch, *NO_IDENTITY)
    with pytest.raises(InvalidProof, match="does not hold"):
        audit_module.audit_digit_parameters(forged)


@pytest.mark.parametrize("d", [1, 5, 255])
def test_a_key_that_is_minus_a_digit_is_refused_twice_over(monkeypatch: pytest.MonkeyPatch, d: int) -> None:
    """Redundant on purpose: with x = -d no A_d can satisfy A_d (x + d) = G_d."""
    x = -d % R
    A = tuple(G_D * (pow(x + i, -1, R) if i != d else 1) for i in range(256))
    W = tuple(G_D - A_i * i for i, A_i in enumerate(A))
    forged = DigitParameters(X=(BP2 * x).to_octets(), A=A, W=W)

    assert reason(forged) == "digit table: X is a small multiple of the base"
    remove(monkeypatch, *NO_X)
    with pytest.raises(InvalidProof, match="does not hold"):
        audit_module.audit_digit_parameters(forged)


def test_key_zero_is_no_point() -> None:
    """X = BP2 * -0 is the identity, which no decoder takes."""
    with pytest.raises(DecodingError):
        audit_digit_parameters(replace(parameters(), X=b"\xc0" + bytes(95)))


@pytest.mark.parametrize("count", [0, 255, 257])
def test_a_table_has_256_entries(count: int) -> None:
    good = parameters()
    forged = DigitParameters(X=good.X, A=(*good.A, good.A[0])[:count], W=(*good.W, good.W[0])[:count])

    assert reason(forged) == "digit table: number of entries"


def test_one_more_w_than_a_is_refused() -> None:
    good = parameters()
    assert reason(replace(good, W=(*good.W, good.W[0]))) == "digit table: number of entries"


def test_a_table_of_another_key_is_refused() -> None:
    other = make_digit_parameters(DIGIT_KEY + 1000)

    assert reason(replace(parameters(), X=other.X)) == "digit table: signatures"


def test_the_maker_takes_no_key_that_has_no_table() -> None:
    for x in (0, -1, R, R - 255, R - 1):
        with pytest.raises(UsageError):
            make_digit_parameters(x)


def test_every_part_of_a_table_is_in_its_hash() -> None:
    good = parameters()
    hashes = {
        good.hash,
        changed({0: (good.A[1], good.W[0])}).hash,
        changed({255: (good.A[255], good.W[254])}).hash,
        replace(good, X=make_digit_parameters(DIGIT_KEY + 1000).X).hash,
    }

    assert len(hashes) == 4


def test_random_weights_are_128_bits_and_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    answers = iter([0, 3])

    def randbits(bits: int) -> int:
        asked.append(bits)
        return next(answers)

    monkeypatch.setattr(secrets, "randbits", randbits)
    assert audit_module.random_weight() == 3
    assert asked == [128, 128]
