"""Terminal Authentication 2 in the profile TA2-P, messages and both roles' steps: TR-03110-2 v2.21, 3.3; TR-03110-3
v2.21, A.7 and B.3.

TA2-P: DO 91 names the terminal's *PACE* ephemeral key, and no Chip Authentication follows (mumei protocol 2.6). So
rights hold exactly in the secure messaging that the authenticated key established. The signature is over
``ID_PICC || r_PICC || Comp(PK_PCD) || A_PCD``: x of the card's PACE key, the card's challenge, x of the terminal's
PACE key, the auxiliary data with tag and length as they were sent.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mumei_core.commands import codes
from mumei_core.commands.messages import card, cvc, eac
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate, check_reference
from mumei_core.eac.signature import compress, verify
from mumei_core.eac.trust import CertificateRefused, ImportedKey, Trust, accept
from mumei_core.errors import DecodingError, InvalidProof, ProtocolError, UsageError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU

_Decoded = TypeVar("_Decoded")
_REQUIRED = {codes.TAG_MECHANISM, codes.TAG_KEY_REFERENCE, codes.TAG_EPHEMERAL_KEY}


class TerminalAuthError(ProtocolError):
    """A step of Terminal Authentication is refused. ``sw``: what the card answers.

    ``attempt_used``: the challenge is gone, whatever else stays as it was.
    """

    def __init__(self, message: str, *, sw: int, attempt_used: bool = False) -> None:
        super().__init__(message)
        self.sw = sw
        self.attempt_used = attempt_used


def signature_input(card_key: bytes, challenge: bytes, terminal_key: bytes, auxiliary: bytes = b"") -> bytes:
    """What the terminal signs. Keys: PACE ephemeral keys, 65 octets; ``auxiliary``: the whole DO 67, or nothing."""
    return compress(card_key) + challenge + compress(terminal_key) + auxiliary


# The messages.


def set_dst(reference: bytes) -> CommandAPDU:
    """MSE:Set DST: the next certificate is signed by the key ``reference`` (its CAR)."""
    return eac.manage_security_environment_set_dst(issuer_name=reference)


def verify_certificate(certificate: Certificate) -> CommandAPDU:
    """PSO: Verify Certificate."""
    return cvc.perform_security_operation(
        certificate_body=certificate.signed, signature=certificate.signature
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAt:
    """MSE:Set AT for Terminal Authentication.

    ``reference``: CHR of the terminal's certificate; ``compressed_key``: Comp of its PACE key, 32 octets;
    ``auxiliary``: the whole DO 67, or nothing.
    """

    reference: bytes
    compressed_key: bytes
    auxiliary: bytes = b""

    def to_command(self) -> CommandAPDU:
        """Objects in the standard's order: 80, 83, 67, 91."""
        return eac.manage_security_environment_set_at_for_terminal_authentication(
            protocol=codes.OID_TA_ECDSA_SHA_256,
            terminal_name=self.reference,
            auxiliary_data=self.auxiliary or None,
            ephemeral_key=self.compressed_key,
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> SetAt:
        """Reads the data field; objects may come in any order, each once. Raises :class:`DecodingError`."""
        items = ber_tlv.parse(octets)
        found = {item.tag: item for item in items}
        if len(found) != len(items) or set(found) - {codes.TAG_AUXILIARY_DATA} != _REQUIRED:
            raise DecodingError("MSE:Set AT lacks an object, or has one that is unknown or repeated")
        if found[codes.TAG_MECHANISM].value != codes.OID_TA_ECDSA_SHA_256:
            raise DecodingError("another protocol than ECDSA with SHA-256")
        auxiliary = found.get(codes.TAG_AUXILIARY_DATA)
        if auxiliary is not None:
            auxiliary_values(auxiliary.to_bytes())
        return cls(
            reference=found[codes.TAG_KEY_REFERENCE].value,
            compressed_key=found[codes.TAG_EPHEMERAL_KEY].value,
            auxiliary=auxiliary.to_bytes() if auxiliary else b"",
        )


def get_challenge() -> CommandAPDU:
    """GET CHALLENGE with eight octets."""
    return card.get_challenge(le=codes.CHALLENGE_LENGTH)


def external_authenticate(signature: bytes) -> CommandAPDU:
    """EXTERNAL AUTHENTICATE with r || s."""
    return cvc.external_authenticate(signature=signature)


def parse_set_dst(octets: bytes) -> bytes:
    """The reference in the data field of MSE:Set DST. Raises :class:`DecodingError`."""
    reference = ber_tlv.parse_one(octets, codes.TAG_KEY_REFERENCE).value
    check_reference(reference)
    return reference


def auxiliary_data(values: Sequence[tuple[bytes, bytes]]) -> bytes:
    """DO 67 of (OID, value) pairs (A.7.5); nothing where there are none."""
    if not values:
        return b""
    templates = [
        ber_tlv.encode(
            codes.TAG_EXTENSION,
            ber_tlv.encode(codes.TAG_OBJECT_IDENTIFIER, oid) + ber_tlv.encode(codes.TAG_CHAT_BITS, value),
        )
        for oid, value in values
    ]
    return ber_tlv.encode(codes.TAG_AUXILIARY_DATA, b"".join(templates))


def auxiliary_values(octets: bytes) -> dict[bytes, bytes]:
    """OID to value of a DO 67; of one OID twice the last counts (A.7.5). Raises :class:`DecodingError`."""
    values = {}
    for item in ber_tlv.parse_one(octets, codes.TAG_AUXILIARY_DATA).children() if octets else ():
        if item.tag != codes.TAG_EXTENSION:
            raise DecodingError("auxiliary data are discretionary data templates")
        children = item.children()
        if [child.tag for child in children] != [codes.TAG_OBJECT_IDENTIFIER, codes.TAG_CHAT_BITS]:
            raise DecodingError("an item of auxiliary data is an object identifier and a value")
        values[children[0].value] = children[1].value
    return values


# The terminal's role.


class TerminalAuth:
    """The terminal's side: :meth:`first`, then :meth:`next` with each answer, until it gives None.

    ``chain``: link and authority certificates in order, the terminal's last; ``sign``: r || s over SHA-256 of what
    it gets; ``card_key`` and ``terminal_key``: ephemeral keys of this PACE, 65 octets each.
    """

    def __init__(
        self,
        chain: Sequence[Certificate],
        sign: Callable[[bytes], bytes],
        *,
        card_key: bytes,
        terminal_key: bytes,
        auxiliary: bytes = b"",
    ) -> None:
        if not chain or chain[-1].role is not Role.TERMINAL:
            raise UsageError("a chain ends with the terminal's certificate")
        self._sign = sign
        self._card_key, self._terminal_key, self._auxiliary = card_key, terminal_key, auxiliary
        self._commands = [
            command
            for certificate in chain
            for command in (set_dst(certificate.body.car), verify_certificate(certificate))
        ]
        at = SetAt(reference=chain[-1].body.chr, compressed_key=compress(terminal_key), auxiliary=auxiliary)
        self._commands += [at.to_command(), get_challenge()]
        self._sent = 0

    def first(self) -> CommandAPDU:
        """The command to begin with."""
        self._sent = 1
        return self._commands[0]

    def next(self, answer: bytes) -> CommandAPDU | None:
        """The command after ``answer``, the data of a 90 00; None when the terminal is authenticated.

        Raises :class:`ProtocolError` for an answer of another length than the standard's.
        """
        expected = codes.CHALLENGE_LENGTH if self._sent == len(self._commands) else 0
        if len(answer) != expected:
            raise ProtocolError("the card answered Terminal Authentication with data of another length")
        self._sent += 1
        if self._sent <= len(self._commands):
            return self._commands[self._sent - 1]
        if self._sent == len(self._commands) + 1:
            message = signature_input(self._card_key, answer, self._terminal_key, self._auxiliary)
            return external_authenticate(self._sign(message))
        return None


# The card's role.


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTerminalAuth:
    """The card's side within one channel, as immutable state: each step gives the state after it.

    ``terminal_type``: OID of the CHAT that PACE carried. Every method raises :class:`TerminalAuthError`.
    """

    card_key: bytes
    terminal_key: bytes
    terminal_type: bytes
    dst: bytes | None = None
    imported: ImportedKey | None = None
    at: SetAt | None = None
    challenge: bytes | None = None

    def set_dst(self, octets: bytes, trust: Trust) -> CardTerminalAuth:
        """MSE:Set DST. 6A 88 already here for a key that the card has not."""
        reference = _decoded(parse_set_dst, octets)
        temporary = self.imported is not None and self.imported.certificate.body.chr == reference
        if trust.point(reference) is None and not temporary:
            raise TerminalAuthError("no key of that name", sw=codes.SW_REFERENCE_NOT_FOUND)
        return replace(self, dst=reference)

    def verify_certificate(self, octets: bytes, trust: Trust) -> tuple[CardTerminalAuth, Trust]:
        """PSO: Verify Certificate, under the key that was set, which is then to be set anew."""
        if self.dst is None:
            raise TerminalAuthError("no key was set", sw=codes.SW_CONDITIONS)
        certificate = _decoded(Certificate.from_pso, octets)
        if certificate.body.car != self.dst:
            raise TerminalAuthError("the certificate names another key", sw=codes.SW_WRONG_DATA)
        try:
            accepted = accept(trust, self.imported, certificate)
        except CertificateRefused as error:
            raise TerminalAuthError(error.message, sw=error.refusal.sw) from error
        # What was prepared for a key that is overwritten is void.
        return replace(self, imported=accepted.imported, dst=None, at=None), accepted.trust

    def set_at(self, octets: bytes) -> CardTerminalAuth:
        """MSE:Set AT: the most recent temporary key, a terminal's; DO 91 is the PACE key of this channel.

        A challenge given before is void: it serves one attempt with one set of parameters.
        """
        at = _decoded(SetAt.from_octets, octets)
        if not hmac.compare_digest(at.compressed_key, compress(self.terminal_key)):
            raise TerminalAuthError("DO 91 is not the PACE key of this channel", sw=codes.SW_WRONG_DATA)
        key = self.imported
        if key is None or key.certificate.body.chr != at.reference:
            raise TerminalAuthError("no key of that name", sw=codes.SW_REFERENCE_NOT_FOUND)
        if key.certificate.role is not Role.TERMINAL:
            raise TerminalAuthError("an authority is no terminal", sw=codes.SW_CONDITIONS)
        return replace(self, at=at, challenge=None)

    def with_challenge(self, challenge: bytes) -> CardTerminalAuth:
        """GET CHALLENGE has given these eight octets."""
        return replace(self, challenge=challenge)

    def without_challenge(self) -> CardTerminalAuth:
        """After any EXTERNAL AUTHENTICATE: a challenge serves one attempt."""
        return replace(self, challenge=None)

    def authenticate(self, signature: bytes) -> ImportedKey:
        """EXTERNAL AUTHENTICATE: the terminal's key with its chain. The caller erases the challenge."""
        if self.at is None or self.challenge is None or self.imported is None:
            raise TerminalAuthError("no key was set, or no challenge given", sw=codes.SW_CONDITIONS)
        message = signature_input(self.card_key, self.challenge, self.terminal_key, self.at.auxiliary)
        try:
            verify(self.imported.certificate.body.public_key.point, message, signature)
        except InvalidProof as error:
            raise TerminalAuthError(
                error.reason, sw=codes.SW_AUTHENTICATION_FAILED, attempt_used=True
            ) from error
        if any(above.body.chat.oid != self.terminal_type for above in self.imported.chain):
            raise TerminalAuthError(
                "another terminal type than PACE's", sw=codes.SW_CONDITIONS, attempt_used=True
            )
        return self.imported


def _decoded(decode: Callable[[bytes], _Decoded], octets: bytes) -> _Decoded:
    try:
        return decode(octets)
    except DecodingError as error:
        raise TerminalAuthError(error.message, sw=codes.SW_WRONG_DATA) from error
