"""What a card answers to STORE DATA, ENROL and STORE CREDENTIAL (protocol 2.2); a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.desk import Desk, desk_with
from tests.fixtures.world import NONCE, TODAY, issuer

from mumei.issuer.signing import check_commitment
from mumei.session import personalisation
from mumei.session.personalisation import CardHasCredentialError, CardNotReadyError
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential, encode_enrol
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import attribute_scalars, credential_header
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.curve import GROUP, POINT_LENGTH, P, R
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.dates import day_number
from mumei_core.errors import DecodingError, InvalidProof

OTHER_NONCE = bytes(32)


@pytest.fixture
def ready() -> Iterator[Desk]:
    """A card with parameters."""
    with desk_with(world.card_with_parameters()) as desk:
        yield desk


@pytest.fixture
def new() -> Iterator[Desk]:
    """A card as its maker delivers it."""
    with desk_with(world.new_card()) as desk:
        yield desk


class TestEnrol:
    def test_the_same_nonce_gets_the_same_commitment_also_after_power_off(self, ready: Desk) -> None:
        first = personalisation.enrol(ready.channel, NONCE)
        before = ready.records
        ready.again()
        assert personalisation.enrol(ready.channel, NONCE) == first
        assert ready.records == before

    def test_another_nonce_gets_other_secrets(self, ready: Desk) -> None:
        first = personalisation.enrol(ready.channel, NONCE)
        second = personalisation.enrol(ready.channel, OTHER_NONCE)
        assert first.commitment.to_octets() != second.commitment.to_octets()
        check_commitment(first.commitment)
        check_commitment(second.commitment)

    def test_two_cards_commit_to_different_secrets_for_one_nonce(self, ready: Desk) -> None:
        with desk_with(world.card_with_parameters()) as other:
            mine = personalisation.enrol(ready.channel, NONCE).commitment.to_octets()
            theirs = personalisation.enrol(other.channel, NONCE).commitment.to_octets()
        assert not any(mine[i : i + 16] in theirs for i in range(len(mine) - 15))

    def test_the_answer_names_what_the_card_pinned(self, ready: Desk) -> None:
        answer = personalisation.enrol(ready.channel, NONCE)
        parameters = issuer().parameters
        assert (answer.key_id, answer.table_hash) == (parameters.key_id, parameters.table_hash)

    def test_no_parameters(self, new: Desk) -> None:
        before = new.records
        with pytest.raises(CardNotReadyError):
            personalisation.enrol(new.channel, NONCE)
        assert new.records == before

    def test_a_card_with_a_credential_commits_no_more(self) -> None:
        with desk_with(world.sample_card()) as desk:
            before = desk.records
            with pytest.raises(CardHasCredentialError) as caught:
                personalisation.enrol(desk.channel, NONCE)
            assert caught.value.hint
            assert desk.records == before

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(encode_enrol(NONCE[:-1]), id="a short nonce"),
            pytest.param(encode_enrol(NONCE + b"\x00"), id="a long nonce"),
            pytest.param(encode_enrol(NONCE) + b"\x00", id="an octet behind"),
            pytest.param(encode_enrol(NONCE)[:-1], id="cut off"),
            pytest.param(
                encode_enrol(NONCE).replace(b"\x80\x01\x01", b"\x80\x01\x02"), id="a version not known"
            ),
        ],
    )
    def test_malformed(self, ready: Desk, data: bytes) -> None:
        before = ready.records
        assert ready.sw(codes.INS_ENROL, data) == codes.SW_WRONG_DATA
        assert ready.records == before

    def test_a_commitment_altered_by_one_bit_is_refused_by_the_issuer(self, ready: Desk) -> None:
        octets = personalisation.enrol(ready.channel, NONCE).to_octets()
        at = octets.index(bytes([codes.TAG_ENROL_COMMITMENT, 0x81, 176])) + 3
        refused = 0
        for place in range(at, at + 176, 11):
            altered = bytearray(octets)
            altered[place] ^= 1
            try:
                check_commitment(EnrolmentAnswer.from_octets(bytes(altered)).commitment)
            except (InvalidProof, DecodingError):
                refused += 1
        assert refused == 16


class TestStoreCredential:
    def test_it_is_taken_and_the_same_again_gets_the_same_answer(self, ready: Desk) -> None:
        credential = world.credential_for(ready.channel, world.residents()[0])
        personalisation.store_credential(ready.channel, credential)
        after = ready.records
        assert "pending" not in after
        ready.again()
        personalisation.store_credential(ready.channel, credential)
        assert ready.records == after

    def test_another_is_not(self, ready: Desk) -> None:
        first = world.credential_for(ready.channel, world.residents()[0])
        second = world.credential_for(ready.channel, world.residents()[1])
        personalisation.store_credential(ready.channel, first)
        after = ready.records
        with pytest.raises(CardHasCredentialError):
            personalisation.store_credential(ready.channel, second)
        assert ready.records == after

    def test_before_a_commitment(self, ready: Desk) -> None:
        with desk_with(world.card_with_parameters()) as other:
            credential = world.credential_for(other.channel, world.residents()[0])
        assert ready.store_credential(credential) == codes.SW_CONDITIONS

    def test_without_parameters(self, ready: Desk, new: Desk) -> None:
        credential = world.credential_for(ready.channel, world.residents()[0])
        assert new.store_credential(credential) == codes.SW_REFERENCE_NOT_FOUND

    def test_one_made_for_another_card(self, ready: Desk) -> None:
        with desk_with(world.card_with_parameters()) as other:
            credential = world.credential_for(other.channel, world.residents()[0])
        personalisation.enrol(ready.channel, NONCE)
        before = ready.records
        assert ready.store_credential(credential) == codes.SW_WRONG_DATA
        assert ready.records == before

    def test_one_made_for_an_earlier_nonce(self, ready: Desk) -> None:
        credential = world.credential_for(ready.channel, world.residents()[0])
        personalisation.enrol(ready.channel, OTHER_NONCE)
        before = ready.records
        assert ready.store_credential(credential) == codes.SW_WRONG_DATA
        assert ready.records == before

    @pytest.mark.parametrize(
        "alter",
        [
            pytest.param(lambda c: {"valid_until": c.valid_until + 181}, id="valid_until, another 30 June"),
            pytest.param(lambda c: {"valid_until": c.valid_until + 1}, id="valid_until, a day of its own"),
            pytest.param(lambda c: {"valid_until": 0xFFFFFFFF}, id="valid_until, no day"),
            pytest.param(lambda c: {"issuer_key_hash": bytes(32)}, id="issuer"),
            *(
                pytest.param(
                    lambda c, i=i, v=v: {"attributes": (*c.attributes[:i], v, *c.attributes[i + 1 :])},
                    id=f"attribute {i}",
                )
                for i, v in enumerate((b"\0\0\0\1", b"\0\0\0\1", b"\0\0\0\1", b"\xa0", b"00000000000"))
            ),
            pytest.param(
                lambda c: {"attributes": (b"\0" + c.attributes[0], *c.attributes[1:])},
                id="attribute too long",
            ),
            pytest.param(
                lambda c: {"attributes": (*c.attributes[:4], b"\xff\xfe")}, id="attribute that is not UTF-8"
            ),
            pytest.param(lambda c: {"signature": replace(c.signature, A=c.signature.A * 2)}, id="A"),
            pytest.param(
                lambda c: {"signature": replace(c.signature, e=c.signature.e % (R - 1) + 1)}, id="e"
            ),
            pytest.param(lambda c: {"signer_nym_entropy": c.signer_nym_entropy % (R - 1) + 1}, id="entropy"),
            pytest.param(
                lambda c: {
                    "common_key_proof": replace(c.common_key_proof, c=c.common_key_proof.c % (R - 1) + 1)
                },
                id="common-key proof, c",
            ),
            pytest.param(
                lambda c: {
                    "common_key_proof": replace(c.common_key_proof, z=c.common_key_proof.z % (R - 1) + 1)
                },
                id="common-key proof, z",
            ),
            pytest.param(lambda c: {"issuance_date": c.valid_until + 1}, id="expired when issued"),
        ],
    )
    def test_any_field_changed_is_refused_and_the_right_one_still_taken(
        self, ready: Desk, alter: Callable[[IssuedCredential], dict[str, Any]]
    ) -> None:
        credential = world.credential_for(ready.channel, world.residents()[0])
        before = ready.records
        assert ready.store_credential(replace(credential, **alter(credential))) == codes.SW_WRONG_DATA
        assert ready.records == before
        assert ready.store_credential(credential) == codes.SW_OK

    def test_every_bit_pattern_of_a_cut_or_longer_command_is_refused(self, ready: Desk) -> None:
        octets = world.credential_for(ready.channel, world.residents()[0]).to_octets()
        before = ready.records
        for data in (*(octets[:n] for n in range(1, len(octets), 37)), octets + b"\x00"):
            assert ready.sw(codes.INS_STORE_CREDENTIAL, data) == codes.SW_WRONG_DATA
        assert ready.records == before

    def test_a_point_of_order_three_added_to_the_signature_marks_no_card(self, ready: Desk) -> None:
        # (0, 2) lies on the curve and outside the subgroup: a mark that would come back in every presentation.
        credential = world.credential_for(ready.channel, world.residents()[0])
        octets = credential.to_octets()
        A = credential.signature.A
        marked = _add_affine(A.to_uncompressed(), (0).to_bytes(48) + (2).to_bytes(48))
        before = ready.records
        altered = octets.replace(A.to_octets(), marked)
        assert altered != octets
        assert ready.sw(codes.INS_STORE_CREDENTIAL, altered) == codes.SW_WRONG_DATA
        assert ready.records == before

    def test_a_signature_under_a_key_made_for_this_card_alone(self, ready: Desk) -> None:
        # An issuer that wants to mark a card signs under another key, and says it is the common one.
        credential = world.credential_for(ready.channel, world.residents()[0], issuer_name="Elsewhere TEST")
        claimed = replace(credential, issuer_key_hash=issuer().parameters.key_id)
        before = ready.records
        for stolen in (credential, claimed):
            assert ready.store_credential(stolen) == codes.SW_WRONG_DATA
        assert ready.records == before

    def test_even_with_a_proof_that_is_right_for_the_other_key(self) -> None:
        # As above, but the proof is right for the other key: only W1, which the card pinned, tells.
        with world.in_memory(world.card_with_parameters()) as card:
            desk = Desk(card)
            resident = world.residents()[0]
            other = issuer("Elsewhere TEST")
            credential = world.credential_for(desk.channel, resident, issuer_name="Elsewhere TEST")
            pending = card.nvm.get("pending")
            assert pending is not None
            blind, handle, nym = (int.from_bytes(pending[i : i + 32]) for i in (32, 64, 96))
            header = credential_header(issuer().parameters.public_key, credential.valid_until)
            domain = calculate_domain(MUMEI, issuer().parameters.public_key, ALL, header)
            secrets = (blind, handle, (nym + credential.signer_nym_entropy) % R)
            messages = (*attribute_scalars(credential.attributes), *secrets)
            B = calculate_b(GROUP, MUMEI.suite.p1, ALL, domain, messages)
            e = credential.signature.e
            signature = replace(credential.signature, A=B * pow(other.key.secret + e, -1, R))
            forged = replace(
                credential,
                signature=signature,
                issuer_key_hash=issuer().parameters.key_id,
                common_key_proof=prove_common_key(other.key.secret, signature, B),
            )
            assert desk.store_credential(forged) == codes.SW_WRONG_DATA
            genuine = replace(
                forged,
                signature=(right := replace(signature, A=B * pow(issuer().key.secret + e, -1, R))),
                common_key_proof=prove_common_key(issuer().key.secret, right, B),
            )
            assert desk.store_credential(genuine) == codes.SW_OK

    def test_the_cards_date_moves_to_the_day_of_issuance_and_never_back(self) -> None:
        for step in (-30, 30):
            with desk_with(world.card_with_parameters()) as desk:
                day = TODAY + timedelta(days=step)
                credential = world.credential_for(desk.channel, world.residents()[2], on=day)
                assert desk.store_credential(credential) == codes.SW_OK
                expected = max(day_number(TODAY), day_number(day))
                assert int.from_bytes(desk.records["last_date"]) == expected


def _add_affine(left: bytes, right: bytes) -> bytes:
    """Two points, uncompressed, added; the sum compressed."""
    x1, y1, x2, y2 = (int.from_bytes(p[i : i + 48]) for p in (left, right) for i in (0, 48))
    slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    y = (slope * (x1 - x) - y1) % P
    flags = 0xA0 if y > (P - 1) // 2 else 0x80
    return (x | flags << 376).to_bytes(POINT_LENGTH)
