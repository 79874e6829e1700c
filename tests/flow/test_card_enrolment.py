"""What a card answers to STORE DATA, ENROL and STORE CREDENTIAL (protocol 2.2); a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.world import NONCE, TODAY, InsertedCard, issuer, records_of

from mumei.issuer.signing import check_commitment
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.personalisation import BLOCK_LENGTH, CardHasCredentialError, CardNotReadyError
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential, encode_enrol
from mumei_core.commands.parameters import CardParameters
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import attribute_scalars, credential_header
from mumei_core.crypto.bbs.messages import calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.curve import GROUP, POINT_LENGTH, UNCOMPRESSED_LENGTH, P, R
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.dates import day_number
from mumei_core.errors import CardRefused, DecodingError, InvalidProof
from mumei_core.iso7816.apdu import CommandAPDU

OTHER_NONCE = bytes(32)


class Desk:
    """A channel to one card, and the card's records."""

    def __init__(self, card: InsertedCard) -> None:
        self._card = card
        self.channel = Channel(card.connection)
        Application.select(self.channel)

    @property
    def records(self) -> dict[str, bytes]:
        return records_of(self._card.nvm)

    def again(self) -> None:
        """Power off and on."""
        self.channel.reset()
        Application.select(self.channel)

    def sw(self, ins: int, data: bytes, *, p1: int = 0, p2: int = 0) -> int:
        return self.channel.send(
            CommandAPDU(cla=codes.CLA_PROPRIETARY, ins=ins, p1=p1, p2=p2, data=data, le=256)
        ).sw

    def store_credential(self, credential: IssuedCredential) -> int:
        return self.sw(codes.INS_STORE_CREDENTIAL, credential.to_octets())


@contextmanager
def desk_with(records: world.Records) -> Iterator[Desk]:
    with world.in_memory(records) as card:
        yield Desk(card)


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


def card_parameters() -> CardParameters:
    return issuer().parameters.for_card(TODAY)


class TestStoreData:
    def send(self, desk: Desk, octets: bytes, *, size: int = BLOCK_LENGTH) -> int:
        sw = codes.SW_OK
        for number, start in enumerate(range(0, len(octets), size)):
            last = start + size >= len(octets)
            sw = desk.sw(
                codes.INS_STORE_DATA, octets[start : start + size], p1=0x80 if last else 0, p2=number
            )
            if sw != codes.SW_OK:
                return sw
        return sw

    def test_once_in_a_cards_life(self, new: Desk) -> None:
        octets = card_parameters().to_octets()
        assert self.send(new, octets) == codes.SW_OK
        after = new.records
        new.again()
        assert self.send(new, octets) == codes.SW_CONDITIONS
        other = issuer("Elsewhere TEST").parameters.for_card(TODAY).to_octets()
        assert self.send(new, other) == codes.SW_CONDITIONS
        assert new.records == after

    def test_blocks_of_any_size(self, new: Desk) -> None:
        assert self.send(new, card_parameters().to_octets(), size=200) == codes.SW_OK
        assert personalisation.enrol(new.channel, NONCE).table_hash == issuer().parameters.table_hash

    def test_blocks_out_of_order_missing_or_repeated(self, new: Desk) -> None:
        octets = card_parameters().to_octets()
        blocks = [octets[i : i + BLOCK_LENGTH] for i in range(0, len(octets), BLOCK_LENGTH)]
        before = new.records
        assert new.sw(codes.INS_STORE_DATA, blocks[1], p2=1) == codes.SW_CONDITIONS
        assert new.sw(codes.INS_STORE_DATA, blocks[0], p2=0) == codes.SW_OK
        assert new.sw(codes.INS_STORE_DATA, blocks[2], p2=2) == codes.SW_CONDITIONS
        assert new.sw(codes.INS_STORE_DATA, blocks[1], p2=1) == codes.SW_OK
        assert new.sw(codes.INS_STORE_DATA, blocks[1], p2=1) == codes.SW_CONDITIONS
        assert new.records == before
        # Block 0 begins anew.
        assert self.send(new, octets) == codes.SW_OK

    def test_half_the_blocks_then_power_off(self, new: Desk) -> None:
        octets = card_parameters().to_octets()
        before = new.records
        assert new.sw(codes.INS_STORE_DATA, octets[:BLOCK_LENGTH], p2=0) == codes.SW_OK
        new.again()
        assert (
            new.sw(codes.INS_STORE_DATA, octets[BLOCK_LENGTH : 2 * BLOCK_LENGTH], p2=1) == codes.SW_CONDITIONS
        )
        assert new.records == before
        assert self.send(new, octets) == codes.SW_OK

    def test_a_last_block_too_early(self, new: Desk) -> None:
        octets = card_parameters().to_octets()
        before = new.records
        assert new.sw(codes.INS_STORE_DATA, octets[:BLOCK_LENGTH], p1=0x80) == codes.SW_WRONG_DATA
        assert new.records == before

    def test_more_than_any_parameters(self, new: Desk) -> None:
        before = new.records
        assert self.send(new, bytes(60_000)) == codes.SW_NO_SPACE
        assert new.records == before

    @pytest.mark.parametrize(
        "alter",
        [
            pytest.param(lambda o: o + b"\x00", id="an octet behind"),
            pytest.param(lambda o: o[:-1], id="an octet short"),
            pytest.param(lambda o: o.replace(b"\x80\x01\x01", b"\x80\x01\x02", 1), id="version"),
            pytest.param(lambda o: _flip(o, _table_at(0) + 95), id="a point of A off the curve"),
            pytest.param(
                lambda o: _flip(o, _table_at(1) + 255 * UNCOMPRESSED_LENGTH), id="a point of W off it"
            ),
            pytest.param(
                lambda o: _put(o, _table_at(0), (0).to_bytes(48) + (2).to_bytes(48)),
                id="a point of A outside the subgroup",
            ),
            pytest.param(lambda o: _put(o, _table_at(0), bytes(96)), id="zeros for a point"),
            pytest.param(lambda o: _put(o, _table_at(0), P.to_bytes(48)), id="a coordinate not reduced"),
            pytest.param(lambda o: _flip(o, o.index(issuer().parameters.W1) + 47), id="W1"),
            pytest.param(
                lambda o: o.replace(bytes((12, 15, 18, 20)), bytes((12, 15, 20, 18))), id="ages unsorted"
            ),
        ],
    )
    def test_tampered_parameters_are_refused_and_the_right_ones_still_taken(
        self, new: Desk, alter: Callable[[bytes], bytes]
    ) -> None:
        octets = card_parameters().to_octets()
        before = new.records
        assert alter(octets) != octets
        assert self.send(new, alter(octets)) == codes.SW_WRONG_DATA
        assert new.records == before
        assert self.send(new, octets) == codes.SW_OK

    def test_parameters_of_another_profile(self, new: Desk) -> None:
        before = new.records
        other = replace(card_parameters(), profile=2)
        assert self.send(new, other.to_octets()) == codes.SW_CONDITIONS
        assert new.records == before
        with pytest.raises(CardRefused):
            personalisation.store_parameters(new.channel, other)

    def test_progress_is_told(self, new: Desk) -> None:
        told: list[tuple[int, int]] = []
        personalisation.store_parameters(
            new.channel, card_parameters(), progress=lambda done, all_: told.append((done, all_))
        )
        total = len(card_parameters().to_octets())
        assert told[-1] == (total, total)
        assert [done for done, _ in told] == sorted({done for done, _ in told})


def _table_at(table: int) -> int:
    parameters = card_parameters()
    return parameters.to_octets().index((parameters.A_table, parameters.W_table)[table])


def _flip(octets: bytes, place: int) -> bytes:
    return _put(octets, place, bytes([octets[place] ^ 1]))


def _put(octets: bytes, place: int, piece: bytes) -> bytes:
    return octets[:place] + piece + octets[place + len(piece) :]
