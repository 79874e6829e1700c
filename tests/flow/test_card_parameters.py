"""What a card answers to STORE DATA (protocol 2.2, 2.4): parameters are pinned once, whole and sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.fixtures import world
from tests.fixtures.desk import Desk, desk_with
from tests.fixtures.world import NONCE, TODAY, issuer

from mumei.session import personalisation
from mumei.session.personalisation import BLOCK_LENGTH
from mumei_core.commands import codes
from mumei_core.commands.parameters import CardParameters
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, P
from mumei_core.errors import CardRefused


@pytest.fixture
def new() -> Iterator[Desk]:
    """A card as its maker delivers it."""
    with desk_with(world.new_card()) as desk:
        yield desk


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
        assert self.send(new, other.to_octets()) == codes.SW_WRONG_DATA
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
