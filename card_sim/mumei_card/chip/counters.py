"""Counts of what costs time on a chip: a profile turns them into milliseconds (project 2.8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class OperationCounters:
    """Operations since power-up. Whoever does one adds one; nobody else writes here.

    Hashing, AES, ECDSA and products of scalars are done by code that both sides share: it reports to
    :mod:`mumei_core.metering`, to which the kernel lends these counters while a command is in hand.
    """

    g1_multiplications: int = 0
    """In G1, those with a fixed base included."""
    fixed_base_multiplications: int = 0
    """Those of ``g1_multiplications`` whose point is a constant of the card: a generator, P1, the issuer's common
    key. The entries of the digit table are not: which one it is, is secret. Computed like all others, so that no
    table leaks; counted apart to say what a table would save."""
    g1_additions: int = 0
    scalar_products: int = 0
    """Multiplications modulo the order of G1, as in every response; Java Card's API has none."""
    scalar_inverses: int = 0
    hash_to_curve: int = 0
    hash_to_scalar: int = 0
    nvm_writes: int = 0
    """Commits."""
    nvm_octets: int = 0
    """Octets that commits wrote: names and values of the changed records, as memory stores them."""
    random_octets: int = 0
    """Of the true random generator."""
    random_draws: int = 0
    """Times that the true random generator was asked."""
    p256_multiplications: int = 0
    p256_verifications: int = 0
    """ECDSA signatures checked, good or bad."""
    p256_signatures: int = 0
    """ECDSA signatures made."""
    sha256_messages: int = 0
    """Messages hashed with SHA-256, or SHA-1 in PACE's key derivation."""
    sha256_blocks: int = 0
    """Their blocks of 64 octets, padding included."""
    aes_runs: int = 0
    """Encryptions, decryptions and CMACs with AES: each begins with setting key and initial value."""
    aes_blocks: int = 0
    """Their blocks of 16 octets; a CMAC has one more, for its subkeys."""
    delay_ms: int = 0
    """Milliseconds that the card made wrong guesses wait; modelled, not slept."""

    def reset(self) -> None:
        """As at power-up."""
        fresh = OperationCounters()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def copy(self) -> OperationCounters:
        """The counts of this moment."""
        return OperationCounters(**{name: getattr(self, name) for name in self.__slots__})

    def since(self, before: OperationCounters) -> OperationCounters:
        """What was counted after ``before`` was copied; no reset may lie between."""
        return OperationCounters(
            **{name: getattr(self, name) - getattr(before, name) for name in self.__slots__}
        )
