"""The checks on tokens, slots and epoch statements: what a revoked card, or a planted point, would need."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tests.fixtures.crypto_world import (
    EPOCH,
    SHOP,
    SLOT_TOKEN,
    ask,
    card,
    over,
    random_scalar,
    show,
)
from tests.negative.checks import Attempt, Check, NoCheck, show_to_verifier
from tests.negative.checks_request import odd
from tests.negative.forger import ForgedToken, forge
from tests.negative.mutants import Mutation

from mumei_core import epoch_statements
from mumei_core.commands import codes
from mumei_core.commands import request as request_module
from mumei_core.commands.request import SlotToken
from mumei_core.credential import Index
from mumei_core.crypto.curve import Point
from mumei_core.crypto.hash_to_curve import slot_point, slot_points
from mumei_core.crypto.revocation import messages as revocation_messages
from mumei_core.crypto.revocation import tree as slot_tree
from mumei_core.crypto.revocation.messages import Token, recognise_input, slots_input
from mumei_core.crypto.revocation.tree import SlotTree
from mumei_core.eac import der
from mumei_core.epoch_statements import RecogniseRecord, SlotRecord
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.statements import DigitRecord, SignedStatement, signed_record

BUCKET = SLOT_TOKEN.bucket
EPOCH_OCTETS = EPOCH.to_bytes(4)


def q(k: int = 5, epoch: int = EPOCH) -> Point:
    return slot_point(epoch, BUCKET, k)


def token_of(K: Point, k: int = 5) -> Token:
    return Token(salt=secrets.token_bytes(16), k=k, K=K)


def revoked(token: ForgedToken) -> Attempt:
    """A card shows this in the place of its own point, which stands in the list."""
    octets = ask(token=SLOT_TOKEN).to_octets()
    return show_to_verifier(octets, forge(card(), octets, token=token))


def any_point() -> Attempt:
    """Where t_K is in no hash, K is whatever one likes."""
    return revoked(ForgedToken(token=token_of(q() * random_scalar()), base=q()))


def hung_on(index: int) -> Callable[[], Attempt]:
    """K made of another secret, for which the card has another response."""
    return lambda: revoked(ForgedToken(token=token_of(q() * card().messages[index]), base=q(), index=index))


def last_weeks() -> Attempt:
    """K under a point whose list does not have the card yet."""
    base = q(epoch=EPOCH - 1)
    handle = card().messages[Index.REVOCATION_HANDLE]
    return revoked(ForgedToken(token=token_of(base * handle), base=base))


def slot_without_list() -> Attempt:
    base = q(k=200)
    handle = card().messages[Index.REVOCATION_HANDLE]
    return revoked(ForgedToken(token=token_of(base * handle, k=200), base=base))


def one_octet_more() -> Attempt:
    _, wire = show(ask(over(20), token=SLOT_TOKEN))
    return lambda: Token.from_octets(wire[-65:] + b"\0")


def points_of(k: int) -> tuple[bytes, bytes, tuple[bytes, ...]]:
    tree = SlotTree(slot_points(EPOCH, BUCKET))
    return tree.root, tree.points[k].to_uncompressed(), tree.path(k)


def planted_point() -> Attempt:
    """A point that the terminal knows a ratio of."""
    root, _, path = points_of(3)
    planted = (q(4) * 2).to_uncompressed()
    return lambda: slot_tree.check_path(root, 3, planted, path)


def a_node_for_a_leaf() -> Attempt:
    root, point, path = points_of(3)
    return lambda: slot_tree.check_path(root, 3 + 16, point, path)


def record(octets: bytes, kind: type[SlotRecord | RecogniseRecord]) -> Callable[[], Attempt]:
    return lambda: lambda: kind.from_octets(octets)


def slots_record(p_input: bytes, epoch: int, bucket: int, root: bytes = bytes(32)) -> bytes:
    return signed_record(
        codes.STATEMENT_SLOTS,
        der.octet_string(p_input),
        der.integer(epoch),
        der.integer(bucket),
        der.octet_string(root),
    )


def recognise_record(p_input: bytes, epoch: int, rp_context: bytes, R: bytes = bytes(96)) -> bytes:
    return signed_record(
        codes.STATEMENT_RECOGNISE,
        der.octet_string(p_input),
        der.integer(epoch),
        der.octet_string(rp_context),
        der.octet_string(R),
    )


def about_digits() -> SignedStatement:
    digits = DigitRecord(X=bytes(96), table_hash=bytes(32), ages=()).to_octets()
    return SignedStatement(record=digits, authority=bytes(64), auditor=bytes(64))


def in_records(owner: type, name: str, old: str, new: str = "if False:") -> tuple[Mutation, ...]:
    return (Mutation(owner=owner, name=name, old=old, new=new),)


TOKEN_CHECKS = [
    Check(
        name="t_K stands in the challenge",
        module=presentation_verifier,
        raises="Reason.CHALLENGE",
        mutations=in_records(Token, "digest", "self.to_octets() + t_K.to_octets()", "self.to_octets()"),
        forgery=any_point,
        reason="challenge",
    ),
    *(
        Check(
            name=f"K hangs on the response of the handle, not of {index.name}",
            module=presentation_verifier,
            raises="Reason.CHALLENGE",
            mutations=(
                Mutation(
                    owner=presentation_verifier,
                    name="_token_digest",
                    old="presentation.m_hat[Index.REVOCATION_HANDLE]",
                    new=f"presentation.m_hat[Index.{index.name}]",
                ),
            ),
            forgery=hung_on(index),
            reason="challenge",
        )
        for index in (Index.SECRET_PROVER_BLIND, Index.NYM_SECRET, Index.PREFECTURE)
    ),
    Check(
        name="a token's point is of the epoch asked",
        module=presentation_verifier,
        raises="Reason.CHALLENGE",
        mutations=(
            Mutation(
                owner=presentation_verifier,
                name="_labelled_point",
                old="slot_point(request.token.epoch,",
                new="slot_point(request.token.epoch - 1,",
            ),
        ),
        forgery=last_weeks,
        reason="challenge",
    ),
    Check(
        name="a token's slot is one that has a list",
        module=presentation_messages,
        raises="of a slot that nobody asked for",
        mutations=(
            Mutation(
                owner=presentation_messages,
                name="_read_token",
                old="if not request.token.has_slot(token.k):",
                new="if False:",
            ),
        ),
        forgery=slot_without_list,
        reason="of a slot that nobody asked for",
    ),
    Check(
        name="a token has 65 octets",
        module=revocation_messages,
        raises="a token has {TOKEN_LENGTH} octets",
        mutations=in_records(Token, "from_octets", "if len(octets) != TOKEN_LENGTH:"),
        forgery=one_octet_more,
        reason="a token has 65 octets",
        redundant="the point behind it has 48",
    ),
    Check(
        name="a bucket is below 64",
        module=request_module,
        raises="a bucket lies between 0 and",
        mutations=in_records(
            SlotToken,
            "__post_init__",
            "if not 0 <= self.epoch < EPOCH_LIMIT or not 0 <= self.bucket < BUCKETS:",
        ),
        forgery=odd({0x87: b"\1" + EPOCH_OCTETS + b"\0\x40"}),
        reason="a bucket lies between 0 and 63",
    ),
    Check(
        name="a token is asked in two ways",
        module=request_module,
        raises="a token is asked with",
        mutations=(
            Mutation(
                owner=request_module,
                name="_decode_token",
                old="if kind == bytes([_RECOGNISE_KIND]) and len(value) == 5:",
                new="if True:",
            ),
        ),
        forgery=odd({0x87: b"\3" + EPOCH_OCTETS}),
        reason="a token is asked with",
    ),
    Check(
        name="a slot's point is in the signed tree",
        module=slot_tree,
        raises="the point is not in the signed tree",
        mutations=(
            Mutation(
                owner=slot_tree,
                name="check_path",
                old="if not hmac.compare_digest(digest, root):",
                new="if False:",
            ),
        ),
        forgery=planted_point,
        reason="the point is not in the signed tree",
    ),
    Check(
        name="a path has the shape of the tree",
        module=slot_tree,
        raises="not the shape of a slot",
        mutations=(
            Mutation(
                owner=slot_tree,
                name="check_path",
                old="if not 0 <= k < SLOTS or len(path) != DEPTH or len(point) != UNCOMPRESSED_LENGTH:",
                new="if False:",
            ),
        ),
        forgery=a_node_for_a_leaf,
        reason="not the shape of a slot",
        redundant="the leaf holds k, so no other slot's path leads to the root",
    ),
    Check(
        name="slot points are of the statement's own label",
        module=epoch_statements,
        raises="slot points are hashed from their own label",
        mutations=in_records(
            SlotRecord,
            "from_octets",
            "if der.read_octets(p_input) != slots_input(record.epoch, record.bucket):",
        ),
        forgery=record(slots_record(slots_input(EPOCH + 1, BUCKET), EPOCH, BUCKET), SlotRecord),
        reason="slot points are hashed from their own label",
    ),
    Check(
        name="a bucket of a statement is below 64",
        module=epoch_statements,
        raises="a bucket lies between 0 and",
        mutations=in_records(SlotRecord, "__post_init__", "if not 0 <= self.bucket < BUCKETS:"),
        forgery=record(slots_record(slots_input(EPOCH, 64), EPOCH, 64), SlotRecord),
        reason="a bucket lies between 0 and 63",
    ),
    Check(
        name="a root has 32 octets",
        module=epoch_statements,
        raises='expect_length("the root"',
        mutations=in_records(
            SlotRecord, "__post_init__", 'expect_length("the root", self.root, HASH_LENGTH)', "pass"
        ),
        forgery=record(slots_record(slots_input(EPOCH, BUCKET), EPOCH, BUCKET, bytes(33)), SlotRecord),
        reason="the root has 32 octets",
    ),
    Check(
        name="a point to recognise by is of the statement's own label",
        module=epoch_statements,
        raises="a point to recognise by is hashed from its own label",
        mutations=in_records(
            RecogniseRecord,
            "from_octets",
            "if der.read_octets(p_input) != recognise_input(record.epoch, record.rp_context):",
        ),
        forgery=record(
            recognise_record(recognise_input(EPOCH, b"forum.example"), EPOCH, SHOP),
            RecogniseRecord,
        ),
        reason="hashed from its own label",
    ),
    Check(
        name="a statement to recognise by names a context",
        module=epoch_statements,
        raises="rp_context has 1 to 255 octets",
        mutations=in_records(
            RecogniseRecord, "__post_init__", "if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:"
        ),
        forgery=record(recognise_record(recognise_input(EPOCH, b""), EPOCH, b""), RecogniseRecord),
        reason="rp_context has 1 to 255 octets",
    ),
    Check(
        name="R has 96 octets",
        module=epoch_statements,
        raises='expect_length("R"',
        mutations=in_records(
            RecogniseRecord, "__post_init__", 'expect_length("R", self.R, UNCOMPRESSED_LENGTH)', "pass"
        ),
        forgery=record(
            recognise_record(recognise_input(EPOCH, SHOP), EPOCH, SHOP, bytes(48)),
            RecogniseRecord,
        ),
        reason="R has 96 octets",
    ),
    Check(
        name="an epoch is one of the calendar",
        module=epoch_statements,
        raises="an epoch is a week from",
        mutations=(
            Mutation(
                owner=epoch_statements,
                name="_check_epoch",
                old="if not 0 <= epoch <= _MAX_EPOCH or first_day(epoch) < 0:",
                new="if False:",
            ),
        ),
        forgery=record(slots_record(slots_input(0, BUCKET), 0, BUCKET), SlotRecord),
        reason="an epoch is a week from",
    ),
    Check(
        name="a statement about an epoch is one of two",
        module=epoch_statements,
        raises="a statement about something else",
        mutations=(
            Mutation(
                owner=epoch_statements,
                name="epoch_record",
                old="if kind == codes.STATEMENT_RECOGNISE:",
                new="if True:",
            ),
        ),
        forgery=lambda: lambda: epoch_statements.epoch_record(about_digits()),
        reason="a statement about something else",
        redundant="the record is read as one type, which it then says it is not",
    ),
]

NOT_CHECKS_OF_TOKENS = [
    NoCheck(
        module=request_module,
        raises='DecodingError("an epoch has 4 octets")',
        why="on the wire it has four octets; the check is for callers, who get an error before the encoder does",
    ),
]
