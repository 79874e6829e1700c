"""The issuer's key in t of n files, each under its holder's own passphrase, and back again.

A share file is a key file (kind "issuer-share"): its secret is f(i); its public part, deterministic CBOR, says
which back-up, which share of how many, the points that check it (the first one is W1), and the ledger's key
encrypted under a key that only sk gives: HKDF-SHA256(sk, info "MUMEI-BACKUP-LEDGER-V1"). Fewer than t shares tell
nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mumei.files import all_or_none, decode_document, make_folder
from mumei.issuer.folder import KEY_FILE, LEDGER_KEY_FILE
from mumei.issuer.keys import IssuerKey
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.shares import check_numbers, join, split
from mumei.key_file import DEFAULT_LOG2_N, KeyFile, KeyFileError
from mumei_core.crypto.bbs.issuer import public_key
from mumei_core.crypto.curve import Point, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.sharing.check import check_share
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError

KIND: Final = "issuer-share"
_INFO: Final = b"MUMEI-BACKUP-LEDGER-V1"
_TYPE: Final = "mumei-issuer-share-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLabel:
    """What a share file says of itself without passphrase. ``backup``: 16 random octets, the same in all."""

    backup: bytes
    number: int
    threshold: int
    shares: int
    public_key: bytes
    points: tuple[bytes, ...]
    ledger_key: bytes

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return cbor2.dumps({"type": _TYPE, **fields, "points": list(self.points)}, canonical=True)

    @classmethod
    def from_octets(cls, octets: bytes, name: str) -> Self:
        """Raises KeyFileError."""
        try:
            found = decode_document(octets)
            if not isinstance(found, dict) or set(found) != {"type", *cls.__slots__}:
                raise ValueError
            if found.pop("type") != _TYPE:
                raise ValueError
            label = cls(**{**found, "points": tuple(found["points"])})
            numbers = (label.number, label.threshold, label.shares)
            octet_fields = (label.backup, label.public_key, label.ledger_key, *label.points)
            sound = all(type(number) is int for number in numbers) and all(
                type(value) is bytes for value in octet_fields
            )
            if not sound or len(label.points) != label.threshold or not 1 <= label.number <= label.shares:
                raise ValueError
            check_numbers(label.threshold, label.shares)
        except (ValueError, TypeError, UsageError):
            raise KeyFileError(f"{name} does not hold a share", hint="Name the share's file.") from None
        return label


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An opened share, which lies on its polynomial."""

    label: ShareLabel
    value: int = field(repr=False)
    name: str


def back_up(
    key: IssuerKey,
    ledger_key: LedgerKey,
    passphrases: Sequence[bytes],
    out: Path,
    *,
    threshold: int,
    log2_n: int = DEFAULT_LOG2_N,
) -> tuple[Path, ...]:
    """Write ``share-1.key`` .. into ``out``, one for each passphrase; all of them or none.

    Raises UsageError for numbers or passphrases that make no sense and for files that are there already.
    """
    n = len(passphrases)
    check_numbers(threshold, n)
    if len(set(passphrases)) != n:
        raise UsageError(
            "two shares have the same passphrase", hint="Each holder chooses one, and tells nobody."
        )
    paths = tuple(out / f"share-{i}.key" for i in range(1, n + 1))
    for path in paths:
        if path.exists():
            raise UsageError(f"{path} is there already", hint="Choose another folder.")
    values, points = split(key.secret, threshold=threshold, shares=n)
    backup = secrets.token_bytes(16)
    wrapped = LedgerKey(_wrapping_key(key.secret)).seal(ledger_key.octets, bound_to=backup + key.public_key)
    make_folder(out)
    with all_or_none() as written:
        for i, (path, passphrase) in enumerate(zip(paths, passphrases, strict=True), start=1):
            label = ShareLabel(
                backup=backup,
                number=i,
                threshold=threshold,
                shares=n,
                public_key=key.public_key,
                points=tuple(point.to_octets() for point in points),
                ledger_key=wrapped,
            )
            secret = scalar_to_octets(values[i])
            KeyFile.seal(path, KIND, secret, passphrase, label.to_octets(), log2_n=log2_n)
            written.append(path)
    return paths


def read_label(path: Path) -> ShareLabel:
    """What a file says of itself. Raises as :meth:`KeyFile.load`, KeyFileError where it holds no share."""
    found = KeyFile.load(path)
    if found.kind != KIND:
        raise KeyFileError(
            f"{path.name} is a key file of another kind: {found.kind!a}", hint="Name the share's file."
        )
    return ShareLabel.from_octets(found.public, path.name)


def check_labels(labels: Sequence[tuple[str, ShareLabel]]) -> None:
    """That these files can be put together: one back-up, no share twice, enough of them. Before any passphrase.

    Raises UsageError, TrustError for a share of another key or back-up.
    """
    if not labels:
        raise UsageError("no share was named", hint="Name the files of the shares.")
    (_, first), seen = labels[0], dict[int, str]()
    for name, label in labels:
        if label.public_key != first.public_key:
            raise TrustError(f"{name} is a share of another key", hint="Name shares of one key only.")
        if label.backup != first.backup or label.points != first.points:
            raise TrustError(f"{name} is of another back-up of the key", hint="Name shares of one back-up.")
        if label.number in seen:
            raise UsageError(
                f"{name} and {seen[label.number]} are the same share, number {label.number}",
                hint="Name each share once.",
            )
        seen[label.number] = name
    if len(labels) < first.threshold:
        raise UsageError(
            f"{first.threshold} shares are needed, and {len(labels)} named",
            hint="Ask further holders; fewer tell nothing about the key.",
        )


def open_share(path: Path, passphrase: bytes) -> Share:
    """Open one, and check it against its points. Raises as :func:`read_label`, WrongPassphraseError, and TrustError
    that names a share which is not what was split.
    """
    found = KeyFile.load(path)
    label = read_label(path)
    octets = found.unseal(passphrase)
    try:
        value = scalar_from_octets(bytes(octets))
        points = tuple(map(Point.from_octets, label.points))
        check_share(points, label.number, value)
    except (DecodingError, InvalidProof):
        raise TrustError(
            f"{path.name} is a wrong share: it does not fit the points of its back-up",
            hint="Leave it out and use another holder's.",
        ) from None
    finally:
        octets[:] = bytes(len(octets))
    return Share(label=label, value=value, name=path.name)


def put_together(shares: Sequence[Share]) -> tuple[IssuerKey, LedgerKey]:
    """The keys. Raises as :func:`check_labels`, and TrustError where what comes out is not the key of the label."""
    check_labels([(share.name, share.label) for share in shares])
    label = shares[0].label
    needed = {share.label.number: share.value for share in shares[: label.threshold]}
    secret = join(needed)
    if public_key(secret) != label.public_key:
        raise TrustError("what the shares give is not the key", hint="Use other shares of the back-up.")
    key = IssuerKey.from_secret(secret)
    wrapping = LedgerKey(_wrapping_key(secret))
    return key, LedgerKey(wrapping.unseal(label.ledger_key, bound_to=label.backup + label.public_key))


def restore(
    folder: Path, key: IssuerKey, ledger_key: LedgerKey, passphrase: bytes, *, log2_n: int = DEFAULT_LOG2_N
) -> None:
    """Write ``issuer.key`` and ``ledger.key`` into a folder that has neither; both or none. Raises UsageError."""
    for name in (KEY_FILE, LEDGER_KEY_FILE):
        if (folder / name).exists():
            raise UsageError(
                f"{folder / name} is there already", hint="Restore into another folder, or move it away."
            )
    make_folder(folder)
    with all_or_none() as written:
        ledger_key.save(folder, passphrase, log2_n=log2_n)
        written.append(folder / LEDGER_KEY_FILE)
        key.save(folder / KEY_FILE, passphrase, log2_n=log2_n)


def _wrapping_key(secret: int) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO)
    return kdf.derive(scalar_to_octets(secret))
