"""Everything that turns octets into a value: BER-TLV, APDUs, the identity commands' objects, certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import Runner, Target
from tools.fuzz.targets.codec import attempt, canonical, parser, stable, tolerant
from tools.fuzz.world import World

from mumei.session.application import parse_atr_info
from mumei_core.attestation import MakerCertificate
from mumei_core.commands.card_log import LogEntry
from mumei_core.commands.enrolment import (
    EnrolmentAnswer,
    IssuedCredential,
    decode_enrol,
    decode_receipt,
    encode_enrol,
    encode_receipt,
)
from mumei_core.commands.parameters import CardParameters
from mumei_core.commands.request import Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.commands.slot_point import SlotPoint
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.trust import CardTrust
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.crypto.bbs.messages import Proof, Signature
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.predicate.messages import DigitProof
from mumei_core.eac.card_access import parse_card_access
from mumei_core.eac.chat import Chat
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.pace_messages import SetAt, UnknownPassword, dynamic_data
from mumei_core.eac.rights import CertificateRights, rights_of
from mumei_core.eac.terminal_auth import SetAt as SetAtTa
from mumei_core.eac.terminal_auth import auxiliary_values, parse_set_dst
from mumei_core.eac.trust import Trust
from mumei_core.epoch_statements import RecogniseRecord, SlotRecord
from mumei_core.errors import DecodingError, ProtocolError
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.keys import PutKeyData
from mumei_core.gp.scp03_session import InitializeUpdateAnswer
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import Tlv
from mumei_core.presentation.messages import Presentation
from mumei_core.statements import ContextRecord, DigitRecord, SignedStatement, record_type

# What an input's first octet chooses between.
_DEK: Final = bytes(16)
_MAX_DEPTH: Final = 32


def _tlv(octets: bytes) -> None:
    objects = attempt(ber_tlv.parse, octets)
    if objects is None:
        return
    if b"".join(item.to_bytes() for item in objects) != octets:
        raise Violation("round trip", "data objects are encoded to other octets")
    _descend(objects, depth=_MAX_DEPTH)


def _descend(objects: tuple[Tlv, ...], *, depth: int) -> None:
    for item in objects if depth else ():
        try:
            children = item.children()
        except DecodingError:
            continue
        if b"".join(child.to_bytes() for child in children) != item.value:
            raise Violation("round trip", "the objects inside are encoded to other octets")
        _descend(children, depth=depth - 1)


def _command(octets: bytes) -> None:
    command = attempt(CommandAPDU.from_bytes, octets)
    if command is None:
        return
    forms = [command.to_bytes(extended=True)]
    if command.fits_short:
        forms.append(command.to_bytes())
    if octets not in forms:
        raise Violation("round trip", "a command is encoded to other octets, short and extended")


def _choosing(*checks: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The first octet says which of ``checks`` gets the others."""

    def check(octets: bytes) -> None:
        if octets:
            checks[octets[0] % len(checks)](octets[1:])

    return check


def _make_presentation(world: World, stopwatch: Stopwatch) -> Runner:
    del stopwatch
    requests = [Request.from_octets(octets) for octets in world.good("request")]

    def decoder(request: Request) -> Callable[[bytes], Presentation]:
        return lambda octets: Presentation.from_octets(octets, request)

    check = _choosing(*(canonical(decoder(request), Presentation.to_octets) for request in requests))

    def run(octets: bytes) -> int:
        check(octets)
        return 1

    return run


def _presentation_seeds(world: World) -> list[bytes]:
    return [bytes([number]) + octets for number, octets in enumerate(world.good("presentation"))]


_PROOFS = (
    canonical(Proof.from_octets, Proof.to_octets),
    canonical(Signature.from_octets, Signature.to_octets),
    canonical(CommitmentWithProof.from_octets, CommitmentWithProof.to_octets),
    canonical(DigitProof.from_octets, DigitProof.to_octets),
    canonical(CommonKeyProof.from_octets, CommonKeyProof.to_octets),
)


def _make_proofs(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    check = _choosing(*_PROOFS)

    def run(octets: bytes) -> int:
        check(octets)
        return 1

    return run


def _proof_seeds(world: World) -> list[bytes]:
    """Cut out of good messages where their formats have them."""
    presentations, enrolment = world.good("presentation"), world.good("enrolment")[0]
    credential = IssuedCredential.from_octets(world.good("credential")[0])
    answer = EnrolmentAnswer.from_octets(enrolment)
    request = Request.from_octets(world.good("request")[0])
    shown = Presentation.from_octets(presentations[0], request)
    parts = (
        shown.standard_proof(1).to_octets(),
        credential.signature.to_octets(),
        answer.commitment.to_octets(),
        shown.digits[0][0].to_octets(),
        credential.common_key_proof.to_octets(),
    )
    return [bytes([number]) + part for number, part in enumerate(parts)]


def _certificate(octets: bytes) -> None:
    certificate = attempt(Certificate.from_octets, octets)
    if certificate is None:
        return
    if certificate.to_octets() != octets:
        raise Violation("round trip", "a certificate is encoded to other octets")
    if certificate.body.to_octets() != certificate.signed:
        raise Violation("round trip", "a certificate's body is encoded to other octets than were signed")
    if Certificate.from_pso(certificate.to_pso()) != certificate:
        raise Violation("round trip", "PSO carries another certificate")
    attempt(lambda _: rights_of(certificate), octets)


def _record(octets: bytes) -> None:
    attempt(record_type, octets)
    canonical(DigitRecord.from_octets, DigitRecord.to_octets)(octets)
    canonical(ContextRecord.from_octets, ContextRecord.to_octets)(octets)
    canonical(SlotRecord.from_octets, SlotRecord.to_octets)(octets)
    canonical(RecogniseRecord.from_octets, RecogniseRecord.to_octets)(octets)
    canonical(SlotPoint.from_octets, SlotPoint.to_octets)(octets)
    canonical(SignedStatement.from_octets, SignedStatement.to_octets)(octets)


def _set_at(octets: bytes) -> SetAt:
    try:
        return SetAt.from_octets(octets)
    except UnknownPassword as error:
        raise DecodingError(str(error)) from error


def _dynamic(octets: bytes) -> dict[int, bytes]:
    return dynamic_data(octets, required=(0x80,), optional=tuple(range(0x81, 0x89)))


def _atr_info(octets: bytes) -> object:
    try:
        return parse_atr_info(octets)
    except ProtocolError as error:
        raise DecodingError(str(error)) from error


TARGETS: Final = (
    parser(
        "ber-tlv",
        "data objects and what is in them",
        _tlv,
        kinds=("certificate", "request", "file", "set at"),
    ),
    parser(
        "apdu-command",
        "commands, short and extended",
        _command,
        seeds=(
            bytes(4),
            bytes(5),
            bytes(7),
            b"\0" * 4 + b"\x01\xff",
            b"\0" * 4 + b"\x02\xff\xff\0",
            b"\0" * 6 + b"\x01\xff\0\0",
        ),
    ),
    parser(
        "apdu-response",
        "responses",
        canonical(ResponseAPDU.from_bytes, ResponseAPDU.to_bytes),
        seeds=(b"\x90\0", b"\x01\x90\0"),
    ),
    parser(
        "request",
        "the request object E1",
        canonical(Request.from_octets, Request.to_octets),
        kinds=("request",),
    ),
    Target(
        name="presentation",
        about="presentations, read as answers to three requests",
        make=_make_presentation,
        seeds=_presentation_seeds,
        share=5.0,
    ),
    Target(
        name="proof",
        about="proof, signature, commitment, digit and common-key proof",
        make=_make_proofs,
        seeds=_proof_seeds,
        share=2.0,
    ),
    parser(
        "enrolment",
        "ENROL's and STORE CREDENTIAL's objects E3, E4",
        canonical(decode_enrol, encode_enrol),
        canonical(EnrolmentAnswer.from_octets, EnrolmentAnswer.to_octets),
        canonical(IssuedCredential.from_octets, IssuedCredential.to_octets),
        canonical(decode_receipt, encode_receipt),
        kinds=("enrol", "enrolment", "credential", "receipt"),
        share=2.0,
    ),
    parser(
        "description",
        "a development terminal's description E2",
        canonical(TerminalDescription.from_octets, TerminalDescription.to_octets),
        kinds=("description",),
    ),
    parser(
        "log-entry",
        "an entry of the card's log E6",
        canonical(LogEntry.from_octets, LogEntry.to_octets),
        kinds=("log entry",),
    ),
    parser(
        "settings",
        "the holder's settings E7",
        canonical(HolderSettings.from_octets, HolderSettings.to_octets),
        kinds=("settings",),
    ),
    parser(
        "parameters",
        "what a card pins of its issuer E5",
        canonical(CardParameters.from_octets, CardParameters.to_octets),
        kinds=("parameters",),
        max_octets=50_000,
        share=2.0,
    ),
    parser(
        "trust",
        "what a card trusts E8, and its own record of it",
        canonical(CardTrust.from_octets, CardTrust.to_octets),
        canonical(Trust.from_octets, Trust.to_octets),
        kinds=("trust", "trust record"),
        share=4.0,
    ),
    parser(
        "certificate",
        "CV certificates 7F21 with their rights",
        _certificate,
        kinds=("certificate",),
        max_octets=2048,
        share=1.5,
    ),
    parser(
        "rights",
        "the DER of the rights' extension",
        canonical(CertificateRights.from_octets, CertificateRights.to_octets),
        kinds=("rights",),
        share=1.5,
    ),
    parser(
        "statement", "the auditor's records and statements", _record, kinds=("record", "statement"), share=2.0
    ),
    parser("chat", "CHAT 7F4C", canonical(Chat.from_octets, Chat.to_octets), kinds=("chat",)),
    parser(
        "maker-certificate",
        "the card maker's certificates",
        canonical(MakerCertificate.from_octets, MakerCertificate.to_octets),
        kinds=("maker certificate",),
    ),
    parser(
        "pace-messages",
        "MSE:Set AT, dynamic authentication data, EF.CardAccess",
        stable(_set_at, lambda at: at.to_command().data),
        tolerant(_dynamic),
        tolerant(parse_card_access),
        kinds=("set at", "dynamic", "replies", "card access"),
    ),
    parser(
        "terminal-authentication",
        "MSE:Set DST and Set AT, auxiliary data",
        stable(SetAtTa.from_octets, lambda at: at.to_command().data),
        tolerant(parse_set_dst),
        tolerant(auxiliary_values),
        kinds=("set at ta", "set dst"),
    ),
    parser(
        "scp03-messages",
        "the answer to INITIALIZE UPDATE, and PUT KEY's data",
        canonical(InitializeUpdateAnswer.from_bytes, InitializeUpdateAnswer.to_bytes),
        stable(lambda octets: PutKeyData.from_bytes(octets, _DEK), lambda data: data.to_bytes(_DEK)),
        kinds=("initialize update", "put key"),
    ),
    parser(
        "card-keys",
        "the maker's file with a card's keys",
        stable(CardKeys.from_json, CardKeys.to_json),
        kinds=("card keys",),
    ),
    parser("card-information", "EF.ATR/INFO as the host reads it", tolerant(_atr_info), kinds=("file",)),
)
