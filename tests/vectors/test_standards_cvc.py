"""CV certificates: every published and generated sample, every scenario, every malformed one (TR-03110-3, C)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from tests.fixtures.certificates import CVCA, TODAY

from mumei_core.commands import codes
from mumei_core.eac.chat import Right, effective_rights
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.trust import Accepted, CertificateRefused, Refusal, Trust, accept
from mumei_core.errors import DecodingError

from .published import MISSING, ROOT

FOLDER = ROOT / "standards"
assert FOLDER.is_dir(), MISSING


def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return data


P256 = load("cvc_generated_p256")
BRAINPOOL = load("cvc_generated_brainpoolp256r1")
PUBLISHED = load("cvc_published_samples")
NEGATIVE = load("cvc_negative_p256")["samples"]
BSI = load("eac2_bsi_ta_ca_ecdsa")
CERTIFICATES = {
    name: Certificate.from_octets(bytes.fromhex(v["der"])) for name, v in P256["certificates"].items()
}
SAMPLES = [
    pytest.param(sample, id=f"{source}: {name}")
    for source, data in (("p256", P256), ("brainpool", BRAINPOOL), ("published", PUBLISHED))
    for name, sample in data["certificates"].items()
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_reads_as_its_fields_say_and_builds_to_the_same_octets(sample: dict[str, Any]) -> None:
    octets, fields = bytes.fromhex(sample["der"]), sample["fields"]
    certificate = Certificate.from_octets(octets)
    body = certificate.body
    assert certificate.to_octets() == octets
    assert body.to_octets() == certificate.signed
    assert certificate.signature.hex().upper() == sample["signature_plain"]
    assert body.car.decode("latin-1") == fields["car"]
    assert body.chr.decode("latin-1") == fields["chr"]
    assert body.public_key.algorithm.hex().upper() == fields["key_oid"]
    assert (body.public_key.parameters is not None) == fields["domain_parameters_present"]
    assert body.public_key.point.hex().upper() == fields["public_point"]
    assert (body.chat.oid.hex().upper(), body.chat.octets.hex().upper()) == (
        fields["chat_oid"],
        fields["chat_bits"],
    )
    assert body.effective.isoformat() == fields["effective"]
    assert body.expiration.isoformat() == fields["expiration"]


@pytest.mark.parametrize("sample", BSI["certificates"], ids=lambda sample: str(sample["role"]))
def test_the_certificates_of_the_worked_example_read(sample: dict[str, Any]) -> None:
    octets = bytes.fromhex(sample["der"])
    certificate = Certificate.from_octets(octets)
    assert certificate.to_octets() == octets
    assert certificate.body.chr.decode() == sample["chr"]
    assert certificate.body.chat.octets.hex().upper() == sample["chat"]
    assert certificate.body.expiration.isoformat() == sample["expires"]


def test_published_signatures_are_over_the_body_as_it_came() -> None:
    """A second opinion on what is signed, with another library call and the curve of the real PKI."""
    samples = PUBLISHED["certificates"]
    points: dict[bytes, bytes] = {}
    for sample in samples.values():
        body = Certificate.from_octets(bytes.fromhex(sample["der"])).body
        points.setdefault(body.chr, body.public_key.point)
    verified = 0
    for sample in samples.values():
        certificate = Certificate.from_octets(bytes.fromhex(sample["der"]))
        if not sample["verified"]:
            continue
        curve = ec.BrainpoolP256R1()
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, points[certificate.body.car])
        r, s = (int.from_bytes(certificate.signature[i : i + 32]) for i in (0, 32))
        key.verify(utils.encode_dss_signature(r, s), certificate.signed, ec.ECDSA(hashes.SHA256()))
        verified += 1
    assert verified == 15


def expected_reason(step: dict[str, Any]) -> str:
    return str(step["reason"])


@pytest.mark.parametrize("scenario", P256["scenarios"], ids=lambda scenario: str(scenario["name"]))
def test_a_scenario_ends_as_it_says(scenario: dict[str, Any]) -> None:
    expected = scenario["expected"]
    trust = Trust.initial(
        [CERTIFICATES[name] for name in scenario["trust_points"]], date.fromisoformat(scenario["card_date"])
    )
    state = Accepted(trust=trust, imported=None)
    for step in expected["steps"]:
        before = state
        if step["result"] == "accept":
            state = accept(state.trust, state.imported, CERTIFICATES[step["cert"]])
            assert state.trust.today.isoformat() == step["card_date_after"]
        else:
            with pytest.raises(CertificateRefused) as refused:
                accept(state.trust, state.imported, CERTIFICATES[step["cert"]])
            assert refused.value.refusal.value == expected_reason(step)
            assert state == before
    assert state.trust.today.isoformat() == expected["card_date_after"]
    assert [name.decode() for name in state.trust.names] == expected["trust_points_after"]
    assert Trust.from_octets(state.trust.to_octets()) == state.trust
    if "effective_rights" in expected:
        assert state.imported is not None
        rights = effective_rights(*(above.body.chat for above in state.imported.chain))
        assert f"{rights:010X}" == expected["effective_rights"]
        named = {"age verification": Right.AGE_VERIFICATION, "CAN allowed": Right.CAN_ALLOWED}
        for name, right in named.items():
            assert bool(rights & right) == (name in expected["effective_rights_names"])


def test_all_scenarios_and_negatives_are_there() -> None:
    assert (len(P256["scenarios"]), len(NEGATIVE)) == (24, 31)


@pytest.mark.parametrize("name", NEGATIVE)
def test_an_odd_certificate_is_taken_or_refused_as_it_says(name: str) -> None:
    sample = NEGATIVE[name]
    trust = Trust.initial([CERTIFICATES["cvca1"]], date(2026, 6, 1))
    before = accept(trust, None, CERTIFICATES["dv1"])

    def offer() -> Accepted:
        certificate = Certificate.from_octets(bytes.fromhex(sample["der"]))
        return accept(before.trust, before.imported, certificate)

    if sample["expect"] == "reject":
        with pytest.raises((DecodingError, CertificateRefused)):
            offer()
    else:
        # "note": TR-03110 leaves it to the card; ours takes a country code in lower case.
        state = offer()
        assert state.imported is not None
        assert state.imported.certificate.role == 0


def test_a_reserved_bit_gives_nothing() -> None:
    certificate = Certificate.from_octets(bytes.fromhex(NEGATIVE["chat-rfu-bit"]["der"]))
    assert certificate.body.chat.rights == CERTIFICATES["at1"].body.chat.rights


def test_trust_points_of_another_curve_are_refused() -> None:
    cvca = Certificate.from_octets(bytes.fromhex(BRAINPOOL["certificates"]["cvca1"]["der"]))
    with pytest.raises(CertificateRefused) as refused:
        Trust.initial([cvca], date(2026, 6, 1))
    assert refused.value.refusal is Refusal.UNSUPPORTED


def test_a_brainpool_key_under_a_trust_point_of_ours_is_refused() -> None:
    dv = Certificate.from_octets(bytes.fromhex(BRAINPOOL["certificates"]["dv1"]["der"]))
    body = replace(dv.body, car=CVCA.name)
    trust = Trust.initial([CVCA.certificate], TODAY)
    with pytest.raises(CertificateRefused) as refused:
        accept(trust, None, Certificate.issue(body, CVCA.key))
    assert refused.value.refusal is Refusal.UNSUPPORTED
    assert refused.value.refusal.sw == codes.SW_WRONG_DATA
