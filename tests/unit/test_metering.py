"""Work of both sides' code is counted for whoever lends a meter, and for nobody else."""

from __future__ import annotations

from threading import Thread

import pytest

from mumei_card.chip.counters import OperationCounters
from mumei_core.crypto.hashing import MUMEI, sha256
from mumei_core.eac.pace_crypto import PaceAlgorithm, encrypt_nonce, kdf
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.errors import InvalidProof
from mumei_core.gp.kdf import aes_cmac
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import CardChannel, TerminalChannel
from mumei_core.metering import metered

KEY = bytes(16)


@pytest.fixture
def counters() -> OperationCounters:
    return OperationCounters()


@pytest.mark.parametrize(("octets", "blocks"), [(0, 1), (55, 1), (56, 2), (64, 2), (119, 2), (120, 3)])
def test_blocks_of_sha256_with_padding(counters: OperationCounters, octets: int, blocks: int) -> None:
    with metered(counters):
        sha256(bytes(octets))
    assert (counters.sha256_messages, counters.sha256_blocks) == (1, blocks)


def test_hash_to_scalar_hashes_three_times(counters: OperationCounters) -> None:
    with metered(counters):
        MUMEI.hash_to_scalar(b"", b"X_")
    # expand_message_xmd to 48 octets: the message behind a block of zeros, then two blocks of output.
    assert counters.sha256_messages == 3


@pytest.mark.parametrize(("octets", "blocks"), [(0, 2), (16, 2), (17, 3), (64, 5)])
def test_a_cmac_has_a_block_for_its_subkeys(counters: OperationCounters, octets: int, blocks: int) -> None:
    with metered(counters):
        aes_cmac(KEY, bytes(octets))
    assert (counters.aes_runs, counters.aes_blocks) == (1, blocks)


def test_pace_counts_its_hash_and_its_block(counters: OperationCounters) -> None:
    with metered(counters):
        encrypt_nonce(kdf(PaceAlgorithm.AES_128, b"123456", 3), bytes(16))
    assert (counters.sha256_messages, counters.aes_runs, counters.aes_blocks) == (1, 1, 1)


def test_only_the_cards_half_of_a_protected_exchange_counts(counters: OperationCounters) -> None:
    terminal, card = TerminalChannel(KEY, KEY), CardChannel(KEY, KEY)
    command = terminal.wrap(CommandAPDU(cla=0, ins=0xB0, p1=0, p2=0, le=4), extended=False)
    with metered(counters):
        card.unwrap(command)
    # SSC, header, DO 97 padded: three blocks and the subkeys'.
    assert (counters.aes_runs, counters.aes_blocks) == (1, 4)
    with metered(counters):
        response = card.wrap(ResponseAPDU(bytes(4), 0x9000))
    # The IV, one block of data; SSC and 23 octets of objects padded, and the subkeys'.
    assert (counters.aes_runs, counters.aes_blocks) == (4, 4 + 1 + 1 + 4)
    terminal.unwrap(response)
    assert counters.aes_runs == 4


def test_signatures_made_and_checked_good_or_bad(counters: OperationCounters) -> None:
    key = SigningKey.generate()
    signature = key.sign(b"before")
    with metered(counters):
        verify(key.point, b"before", signature)
        with pytest.raises(InvalidProof):
            verify(key.point, b"after", signature)
        key.sign(b"")
    assert (counters.p256_verifications, counters.p256_signatures) == (2, 1)
    # What they hash is in the published times of a signature.
    assert counters.sha256_messages == 0


def test_other_threads_and_what_follows_are_not_counted(counters: OperationCounters) -> None:
    with metered(counters):
        other = Thread(target=sha256, args=(b"",))
        other.start()
        other.join()
    sha256(b"")
    assert counters == OperationCounters()


def test_a_meter_inside_another_has_the_work_alone(counters: OperationCounters) -> None:
    inner = OperationCounters()
    with metered(counters):
        with metered(inner):
            sha256(b"")
        sha256(b"")
    assert (counters.sha256_messages, inner.sha256_messages) == (1, 1)
