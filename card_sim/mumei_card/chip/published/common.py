"""What the profiles have in common: how files and rows are named, and what no profile can know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mumei_card.chip.figures import Figure, Source, Unknown

_JCALGTEST: Final = "crocs-muni/jcalgtest_results"
_JCALGTEST_COMMIT: Final = "76b01cf"
_PERFORMANCE: Final = "javacard/Profiles/performance"
_JCMATHLIB: Final = "OpenCryptoProject/JCMathLib"
_JCMATHLIB_COMMIT: Final = "0e53ada"

#: Units of the rows: SHA-256 of 16 and 512 octets are 1 and 9 blocks with padding, AES of 16 and 512 are 1 and 32.
BLOCKS_OF_16_HASHED: Final = 1
BLOCKS_OF_256_HASHED: Final = 5
BLOCKS_OF_512_HASHED: Final = 9
BLOCKS_OF_16: Final = 1
BLOCKS_OF_512: Final = 32
ROW_OCTETS: Final = 256

# Names of rows.
DH_384: Final = "ALG_EC_FP LENGTH_EC_FP_384 ALG_EC_SVDP_DH KeyAgreement_generateSecret()"
DH_384_INIT: Final = "ALG_EC_FP LENGTH_EC_FP_384 ALG_EC_SVDP_DH KeyAgreement_init()"
SET_S_384: Final = "TYPE_EC_FP_PRIVATE LENGTH_EC_FP_384 setS()"
DH_256: Final = "ALG_EC_FP LENGTH_EC_FP_256 ALG_EC_SVDP_DH KeyAgreement_generateSecret()"
DH_256_INIT: Final = "ALG_EC_FP LENGTH_EC_FP_256 ALG_EC_SVDP_DH KeyAgreement_init()"
SET_S_256: Final = "TYPE_EC_FP_PRIVATE LENGTH_EC_FP_256 setS()"
SET_W_256: Final = "TYPE_EC_FP_PUBLIC LENGTH_EC_FP_256 setW()"
_ECDSA: Final = "KeyPair_ALG_EC_FP KeyBuilder_LENGTH_EC_FP_256 Signature_ALG_ECDSA_SHA"
ECDSA_INIT: Final = f"{_ECDSA} Signature_init()"
ECDSA_VERIFY: Final = f"{_ECDSA} Signature_verify()"
ECDSA_SIGN: Final = f"{_ECDSA} Signature_sign()"
SHA_256: Final = "ALG_SHA_256 MessageDigest_doFinal()"
AES_INIT: Final = "TYPE_AES LENGTH_AES_128 ALG_AES_BLOCK_128_CBC_NOPAD Cipher_init()"
AES_CBC: Final = "TYPE_AES LENGTH_AES_128 ALG_AES_BLOCK_128_CBC_NOPAD Cipher_doFinal()"
RANDOM: Final = "ALG_SECURE_RANDOM RandomData_generateData()"
WRITE: Final = "UTIL Util_arrayCopy_RAM2EEPROM()"

G1_NOTE: Final = (
    "stand-in: ECDH at 384 bits with setting the scalar and the key; BLS12-381 was never measured"
)
P256_NOTE: Final = "ECDH with setting the scalar and the key; PACE's second generator would be set besides"
ECDSA_NOTE: Final = "with SHA-1 over 256 octets inside, and setting the key"

#: Every profile says at least this.
CANNOT_KNOW: Final = (
    "whether the chip takes BLS12-381 at all: 381 bits, an order much shorter than the field, a large cofactor",
    "the time of a product with both coordinates: the rows are of ALG_EC_SVDP_DH, which gives a hash of x alone",
    "products in constant time: nobody published how the coprocessor treats its scalars",
    "masked reads of the digit table, and whatever else the application's own code does between the operations",
    "a chip's own journal: a commit is taken as one write of its octets, of at least one row of the source",
)


def fixed(file: str, rows: Mapping[str, float]) -> Source:
    """Rows at one length, 256 octets, averages of 250 runs less the baseline; DH of 50."""
    return Source(
        repository=_JCALGTEST, commit=_JCALGTEST_COMMIT, file=f"{_PERFORMANCE}/fixed/{file}", rows=rows
    )


def variable(file: str, row: str, at: Mapping[int, float]) -> Source:
    """A row at several lengths, octets to milliseconds; averages of 25 runs less the baseline."""
    rows = {f"{row}, {octets} octets": milliseconds for octets, milliseconds in at.items()}
    return Source(
        repository=_JCALGTEST, commit=_JCALGTEST_COMMIT, file=f"{_PERFORMANCE}/variable/{file}", rows=rows
    )


def write(file: str, milliseconds: float) -> Figure:
    """A commit: a row of 256 octets is what a write takes at least, and each octet its part of such a row."""
    return Figure(
        per_call=milliseconds,
        per_unit=round(milliseconds / ROW_OCTETS, 6),
        sources=(fixed(file, {WRITE: milliseconds}),),
        note="each commit as one write of 256 octets, and its octets' part of such writes besides",
    )


def big_numbers(column: str, row: str, milliseconds: float, note: str) -> Figure:
    """A row of JCMathLib's table; 256 bits, and the way of the APDU is included."""
    source = Source(
        repository=_JCMATHLIB,
        commit=_JCMATHLIB_COMMIT,
        file="PERFORMANCE.md",
        rows={f"{row}, column {column}": milliseconds},
    )
    return Figure(per_call=milliseconds, sources=(source,), note=note)


def native_addition(multiplication: Figure) -> Figure:
    """An addition of points by the chip's own code, derived: nobody publishes one."""
    return Figure(
        per_call=round(multiplication.per_call / 384, 4),
        sources=multiplication.sources,
        note="derived, not measured: a multiplication by 384 bits is at least 384 doublings",
    )


NATIVE_SCALARS: Final = Unknown(
    why="nobody publishes arithmetic modulo the order by a chip's own code; small beside a multiplication"
)
