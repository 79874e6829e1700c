"""The checks on request objects: commands/request.py and commands/template.py.

A malformed request that a verifier sent and a card answered is a covert field, or two readings of one proof.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fixtures.crypto_world import TODAY, ask, over, parameters, show
from tests.negative.checks import Attempt, Check, NoCheck, present_and_verify, show_to_verifier
from tests.negative.mutants import Mutation

from mumei_core.commands import request as request_module
from mumei_core.commands import template
from mumei_core.commands.request import Predicate, Request
from mumei_core.crypto.predicate import messages as predicate_messages
from mumei_core.iso7816 import ber_tlv


def edited(
    request: Request, changes: dict[int, bytes | None], order: Callable[[list[int]], list[int]] = list
) -> bytes:
    """The request's octets with objects replaced, added in tag order or removed; ``order`` rearranges."""
    objects = {item.tag: item.value for item in ber_tlv.parse_one(request.to_octets(), 0xE1).children()}
    objects |= {tag: value for tag, value in changes.items() if value is not None}
    for tag in (tag for tag, value in changes.items() if value is None):
        del objects[tag]
    tags = order(sorted(objects, key=lambda tag: tag & 0x1F))
    return ber_tlv.encode(0xE1, b"".join(ber_tlv.encode(tag, objects[tag]) for tag in tags))


def odd(
    changes: dict[int, bytes | None],
    *predicates: Predicate,
    order: Callable[[list[int]], list[int]] = list,
    **fields: object,
) -> Callable[[], Attempt]:
    return lambda: present_and_verify(edited(ask(*predicates, **fields), changes, order))


def with_anothers_answer(
    changes: dict[int, bytes | None], *predicates: Predicate, **fields: object
) -> Callable[[], Attempt]:
    """For requests that not even a mutant card can answer: the wire of the request before the change."""

    def forgery() -> Attempt:
        request = ask(*predicates, **fields)
        return show_to_verifier(edited(request, changes), show(request)[1])

    return forgery


def in_request(old: str, new: str) -> tuple[Mutation, ...]:
    return (Mutation(owner=Request, name="__post_init__", old=old, new=new),)


def unchecked(what: str, field: str, constant: str) -> tuple[Mutation, ...]:
    return in_request(f'expect_length("{what}", self.{field}, {constant})', "pass")


def predicate(tag: int, value: bytes) -> bytes:
    return ber_tlv.encode(tag, value)


REQUEST_CHECKS = [
    Check(
        name="an age is 1 to 150",
        module=request_module,
        raises="an age lies between",
        mutations=(
            Mutation(
                owner=request_module.AgePredicate,
                name="__post_init__",
                old="if not 1 <= self.years <= MAX_AGE:",
                new="if False:",
            ),
        ),
        forgery=with_anothers_answer({0xA4: predicate(0x80, b"\1\0")}, over(20)),
        reason="an age lies between 1 and 150",
        redundant="cutoff() refuses the same ages",
    ),
    Check(
        name="rp_context is not empty",
        module=request_module,
        raises="rp_context has 1 to 255",
        mutations=in_request("if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:", "if False:"),
        forgery=odd({0x81: b""}),
        reason="rp_context has 1 to 255 octets",
    ),
    Check(
        name="rp_context has at most 255 octets",
        module=request_module,
        raises="rp_context has 1 to 255",
        mutations=in_request("if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:", "if False:"),
        forgery=odd({0x81: b"x" * 256}),
        reason="rp_context has 1 to 255 octets",
    ),
    Check(
        name="a nonce has 32 octets",
        module=request_module,
        raises='expect_length("nonce"',
        mutations=unchecked("nonce", "nonce", "NONCE_LENGTH"),
        forgery=odd({0x82: b""}),
        reason="nonce has 32 octets",
    ),
    Check(
        name="a channel binding has 32 octets",
        module=request_module,
        raises='expect_length("channel binding"',
        mutations=unchecked("channel binding", "channel_binding", "HASH_LENGTH"),
        forgery=odd({0x89: bytes(33)}),
        reason="channel binding has 32 octets",
    ),
    Check(
        name="a transaction hash has 32 octets",
        module=request_module,
        raises='expect_length("transaction hash"',
        mutations=unchecked("transaction hash", "transaction", "HASH_LENGTH"),
        forgery=odd({0x88: b"any text instead of a hash"}),
        reason="transaction hash has 32 octets",
    ),
    Check(
        name="a digit table's hash has 32 octets",
        module=request_module,
        raises='expect_length("digit table',
        mutations=unchecked("digit table's hash", "table_hash", "HASH_LENGTH"),
        forgery=odd({0x8A: bytes(31)}, over(20)),
        reason="digit table's hash has 32 octets",
        redundant="the verifier compares it with its own 32 octets",
    ),
    Check(
        name="a date is below 2^24",
        module=request_module,
        raises="the date lies between",
        mutations=in_request("if not 0 <= self.date < DAY_LIMIT:", "if False:"),
        forgery=odd({0x83: (1 << 24).to_bytes(4, "big")}),
        reason="the date lies between",
        redundant="every credential has expired by then, and no calendar day has that number",
    ),
    Check(
        name="a date has four octets",
        module=template,
        raises="expect_length(what, value, 4)",
        mutations=(
            Mutation(owner=request_module, name="day_from", old="expect_length(what, value, 4)", new="value"),
        ),
        forgery=odd({0x83: bytes(4) + TODAY.to_bytes(4, "big")}),
        reason="date has 4 octets",
    ),
    Check(
        name="at most four predicates",
        module=request_module,
        raises="at most",
        mutations=in_request("if len(self.predicates) > MAX_PREDICATES:", "if False:"),
        forgery=odd({0xA4: b"".join(predicate(0x80, bytes([1, n])) for n in (20, 19, 18, 17, 16))}, over(20)),
        reason="at most 4 predicates",
    ),
    Check(
        name="predicates name their digit table",
        module=request_module,
        raises="the digit table's hash goes with predicates",
        mutations=in_request("if bool(self.predicates) != (self.table_hash is not None):", "if False:"),
        forgery=odd({0x8A: None}, over(20)),
        reason="the digit table's hash goes with predicates",
    ),
    Check(
        name="no digit table without predicates",
        module=request_module,
        raises="the digit table's hash goes with predicates",
        mutations=in_request("if bool(self.predicates) != (self.table_hash is not None):", "if False:"),
        forgery=lambda: present_and_verify(edited(ask(), {0x8A: parameters().hash})),
        reason="the digit table's hash goes with predicates",
    ),
    Check(
        name="disclosed indexes are 0 to 4",
        module=request_module,
        raises="disclosed attributes are a subset",
        mutations=in_request(
            "if self.disclosed != tuple(sorted(set(self.disclosed) & set(range(len(ATTRIBUTES))))):",
            "if False:",
        ),
        forgery=with_anothers_answer({0x85: b"\x40"}, disclosed=(1,)),
        reason="an attribute mask is one octet",
        redundant="octets come through decode_mask, which refuses them first",
    ),
    Check(
        name="no predicate on a disclosed birth date",
        module=request_module,
        raises="a predicate on a birth date that is disclosed",
        mutations=in_request("if self.predicates and Index.BIRTH_DATE in self.disclosed:", "if False:"),
        forgery=with_anothers_answer({0x85: b"\x01"}, over(20)),
        reason="a predicate on a birth date that is disclosed",
        redundant="the proof would have nine messages for eight generators",
    ),
    Check(
        name="the version is 01",
        module=request_module,
        raises="expect_version(",
        mutations=(
            Mutation(
                owner=Request,
                name="from_octets",
                old="expect_version(values[codes.TAG_REQUEST_VERSION], VERSION)",
                new="pass",
            ),
        ),
        forgery=odd({0x80: b"\x02"}),
        reason="unknown version",
    ),
    Check(
        name="a pseudonym is asked with 01",
        module=request_module,
        raises="a pseudonym is asked with 01",
        mutations=(
            Mutation(
                owner=Request,
                name="from_octets",
                old='if values.get(codes.TAG_REQUEST_PSEUDONYM, b"\\1") != b"\\1":',
                new="if False:",
            ),
        ),
        forgery=odd({0x86: b"\x00"}),
        reason="a pseudonym is asked with 01",
    ),
    Check(
        name="an age predicate has two octets",
        module=request_module,
        raises="a predicate is 80 kind",
        mutations=(
            Mutation(
                owner=request_module,
                name="decode_predicate",
                old="if lengths.get(item.tag) != len(item.value):",
                new="if False:",
            ),
        ),
        forgery=odd({0xA4: predicate(0x80, b"\1\0\x14")}, over(20)),
        reason="a predicate is 80 kind",
    ),
    Check(
        name="a predicate is 80 or 81",
        module=request_module,
        raises="a predicate is 80 kind",
        mutations=(
            Mutation(
                owner=request_module,
                name="decode_predicate",
                old="if lengths.get(item.tag) != len(item.value):",
                new="if False:",
            ),
        ),
        forgery=odd({0xA4: predicate(0x82, b"\1\0\xff\xff")}, over(20)),
        reason="a predicate is 80 kind",
    ),
    Check(
        name="a kind is 01 or 02",
        module=request_module,
        raises="unknown kind of predicate",
        mutations=(
            Mutation(
                owner=request_module,
                name="decode_predicate",
                old="if item.value[0] not in (Kind.ON_OR_BEFORE, Kind.ON_OR_AFTER):",
                new="if False:",
            ),
        ),
        forgery=with_anothers_answer({0xA4: predicate(0x80, b"\3\x14")}, over(20)),
        reason="unknown kind of predicate",
        redundant="Kind itself has no third member; the check turns its ValueError into a DecodingError",
    ),
    Check(
        name="A4 is not empty",
        module=request_module,
        raises="A4 is present and empty",
        mutations=(
            Mutation(
                owner=request_module, name="_decode_predicates", old="if not predicates:", new="if False:"
            ),
        ),
        forgery=odd({0xA4: b""}),
        reason="A4 is present and empty",
    ),
    *(
        Check(
            name=f"no mask {mask.hex()}",
            module=request_module,
            raises="an attribute mask is one octet",
            mutations=(
                Mutation(
                    owner=request_module,
                    name="decode_mask",
                    old="if len(value) != 1 or not 0 < value[0] <= _DISCLOSED_MASK:",
                    new="if False:",
                ),
            ),
            forgery=odd({0x85: mask}),
            reason="an attribute mask is one octet",
        )
        for mask in (b"\x00", b"\x20", b"\x40", b"\x80", b"\x01\x00")
    ),
    Check(
        name="no unknown object",
        module=template,
        raises="unknown object",
        mutations=(
            Mutation(
                owner=request_module,
                name="parse_template",
                old="if unknown := set(tags) - set(order):",
                new="unknown = set()\n    if False:",
            ),
        ),
        forgery=with_anothers_answer({0x84: b"\1" + bytes(6)}),
        reason="unknown object 84",
        redundant="the order of the known ones differs then, too; the message would be less clear",
    ),
    Check(
        name="objects in their order",
        module=template,
        raises="out of order or repeated",
        mutations=(
            Mutation(
                owner=request_module,
                name="parse_template",
                old="if tags != [known for known in order if known in tags]:",
                new="if False:",
            ),
        ),
        forgery=odd({}, order=lambda tags: list(reversed(tags))),
        reason="out of order or repeated",
    ),
    Check(
        name="each object at most once",
        module=template,
        raises="out of order or repeated",
        mutations=(
            Mutation(
                owner=request_module,
                name="parse_template",
                old="if tags != [known for known in order if known in tags]:",
                new="if False:",
            ),
        ),
        forgery=odd({}, order=lambda tags: [*tags, tags[-1]]),
        reason="out of order or repeated",
    ),
    Check(
        name="no object missing",
        module=template,
        raises="is missing in",
        mutations=(
            Mutation(
                owner=request_module,
                name="parse_template",
                old="if missing := set(order if mandatory is None else mandatory) - set(tags):",
                new="missing = set()\n    if False:",
            ),
        ),
        forgery=with_anothers_answer({0x89: None}),
        reason="is missing in E1",
        redundant="reading the missing value fails; the check turns a KeyError into a DecodingError",
    ),
    Check(
        name="a day is below 2^24",
        module=predicate_messages,
        raises="the day of a predicate",
        mutations=(
            Mutation(
                owner=predicate_messages.DatePredicate,
                name="__post_init__",
                old="if not 0 <= self.cutoff < CUTOFF_LIMIT:",
                new="if False:",
            ),
        ),
        forgery=with_anothers_answer({0xA4: predicate(0x81, b"\1\1\0\0\0")}, over(20)),
        reason="a predicate is 80 kind",
        redundant="octets hold three octets of it, and cutoff() gives days of the calendar",
    ),
]

NOT_CHECKS_OF_REQUESTS = [
    NoCheck(
        module=request_module,
        raises="an age that no birth date can have",
        why="turns the calendar's DataError into a DecodingError",
    ),
    NoCheck(
        module=template, raises="octets, not {len(value)}", why="expect_length itself: a row for each use"
    ),
    NoCheck(
        module=template,
        raises="unknown version of a data object",
        why="expect_version itself: a row for each use",
    ),
]
