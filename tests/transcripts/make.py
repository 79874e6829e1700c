"""Makes the transcripts that are not there yet: ``python -m tests.transcripts.make``.

A transcript that is there is never made again, whatever the program has become: that is its use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.fixtures import certificates, standard, world
from tests.transcripts.sessions import ABOUT, FOLDER, MATERIAL, TRACE, Host, Session

from mumei.office.residents.resident import credential_attributes
from mumei.session.channel import Channel
from mumei.terminal.calendar import SUFFIX, SigningCalendar, development_calendar
from mumei.trace.recorder import Recorder
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential
from mumei_core.credential import Index
from mumei_core.crypto.curve import scalar_from_octets
from mumei_core.dates import day_number, valid_until_on_or_after

VERSION: Final = "v2"
HANAKO, TARO = world.HANAKO_20_TODAY, world.TARO_20_TOMORROW
Records = world.Records

_PUBLIC: Final = {"day": world.TODAY.isoformat()}
_SHOP: Final = {**_PUBLIC, "kind": "visit", "terminal": "sake", "shop_code": "00"}
_FORUM: Final = {**_PUBLIC, "kind": "visit", "terminal": "forum", "shop_code": "00"}
_OVER_20: Final = {"question": {"over": [20]}}
_OPENED: Final = {"pin": world.PIN}


def _visited() -> Records:
    """A standard card that two terminals have asked."""
    with world.in_memory(standard.sample_card()) as card:
        for _ in range(2):
            inside = standard.enter(card, standard.terminal(world.over(20)))
            inside.present(world.over(20))
        return world.records_of(card.nvm)


#: Name: (what it shows, notes, the card).
TRANSCRIPTS: Final[dict[str, tuple[str, dict[str, Any], Callable[[], Records]]]] = {
    "development-visit": (
        "a development card proves that its holder is 20 or over",
        {**_SHOP, **_OVER_20, "profile": "development"},
        world.sample_card,
    ),
    "development-visit-refused": (
        "a development card cannot prove it: its holder turns 20 tomorrow",
        {**_SHOP, **_OVER_20, "profile": "development"},
        lambda: world.sample_card(TARO),
    ),
    "development-visit-shown": (
        "a development card shows the prefecture and a pseudonym, and the PIN is typed: all masked, with the proof",
        {
            **_FORUM,
            **_OPENED,
            "profile": "development",
            "question": {"show": ["prefecture"], "pseudonym": True},
        },
        world.sample_card,
    ),
    "development-token": (
        "a development card proves the age and that it is not revoked: masked, for a token finds its card again",
        {**_SHOP, **_OVER_20, "kind": "token", "profile": "development"},
        world.sample_card,
    ),
    "development-enrolment": (
        "a development card is enrolled in plain: commitment and credential are masked",
        {**_PUBLIC, "kind": "enrolment", "profile": "development"},
        world.card_with_parameters,
    ),
    "development-pin-change": (
        "the holder of a development card replaces the transport PIN, in plain: masked",
        {
            **_PUBLIC,
            **_OPENED,
            "kind": "PIN change",
            "profile": "development",
            "transport_pin": world.TRANSPORT_PIN,
        },
        world.new_card,
    ),
    "standard-visit": (
        "PACE, terminal authentication, and a standard card proves that its holder is 20 or over",
        {**_SHOP, **_OVER_20, "profile": "standard"},
        standard.sample_card,
    ),
    "standard-token": (
        "a standard card burns a slot, proves the age, and shows a token: masked, but as ciphertext",
        {**_SHOP, **_OVER_20, "kind": "token", "profile": "standard"},
        standard.sample_card,
    ),
    "standard-visit-refused": (
        "a standard card cannot prove it: its holder turns 20 tomorrow",
        {**_SHOP, **_OVER_20, "profile": "standard"},
        lambda: standard.sample_card(TARO),
    ),
    "standard-visit-shown": (
        "a standard card shows the prefecture and a pseudonym after the PIN: masked, but as ciphertext",
        {**_FORUM, **_OPENED, "profile": "standard", "question": {"show": ["prefecture"], "pseudonym": True}},
        standard.sample_card,
    ),
    "standard-enrolment": (
        "a standard card is enrolled and secured inside SCP03, under a test key: kept as it travelled",
        {
            **_PUBLIC,
            "kind": "enrolment",
            "profile": "standard",
            "test_master_key": standard.MASTER.secret.hex(),
        },
        standard.card_with_parameters,
    ),
    "standard-pin-change": (
        "the holder of a new standard card opens a channel with the transport PIN and sets a PIN",
        {
            **_PUBLIC,
            **_OPENED,
            "kind": "PIN change",
            "profile": "standard",
            "transport_pin": world.TRANSPORT_PIN,
        },
        standard.new_card,
    ),
    "standard-log": (
        "the holder of a standard card reads whom it has answered: masked, but as ciphertext",
        {**_PUBLIC, **_OPENED, "kind": "log", "profile": "standard"},
        _visited,
    ),
}


def make_material(folder: Path) -> None:
    """What all sessions of the version verify against; public, but for test keys."""
    folder.mkdir(parents=True)
    world.issuer().parameters.save(folder / "development.cbor")
    standard.parameters().save(folder / "standard.cbor")
    (folder / "maker.root").write_bytes(standard.MAKER_ROOT.certificate.to_octets())
    shown = (Index.PREFECTURE,)
    for name, predicates, show in (("sake", (world.over(20),), ()), ("forum", (), shown)):
        context = f"{name}.example"
        asked = {"context": context, "show": show, "pseudonym": bool(show), "pin": bool(show)}
        described = world.terminal(*predicates, **asked)  # type: ignore[arg-type]
        (folder / f"{name}.e2").write_bytes(described.description_octets)
        granted = standard.rights(*predicates, **asked)  # type: ignore[arg-type]
        given = standard.credentials(granted)
        _KEYS[name] = given
        (folder / name).mkdir()
        chain = (certificates.CVCA.certificate, certificates.SHOPS.certificate, given.certificate)
        for place, certificate in enumerate(chain):
            (folder / name / f"{place}.cvcert").write_bytes(certificate.to_octets())
        for profile, calendar in _CALENDARS.items():
            (signed,) = calendar.statements(context.encode(), day_number(world.TODAY))
            (folder / f"{profile}.statements").mkdir(exist_ok=True)
            (folder / f"{profile}.statements" / f"{name}{SUFFIX}").write_bytes(signed.octets)


_KEYS: Final[dict[str, Any]] = {}
_CALENDARS: Final = {
    "development": development_calendar(),
    "standard": SigningCalendar(certificates.REVOCATION, certificates.AUDITOR),
}


def make(folder: Path, about: str, notes: dict[str, Any], records: Records) -> None:
    """One transcript."""
    folder.mkdir()
    notes = {"about": about, **notes, "seed": hashlib.sha256(folder.name.encode()).hexdigest()}
    made: dict[str, str] = {}

    def sign(message: bytes) -> bytes:
        signature: bytes = _KEYS[notes["terminal"]].sign(message)
        made["signature"] = signature.hex()
        return signature

    def issue(channel: Channel, answer: EnrolmentAnswer) -> IssuedCredential:
        del channel
        credential = _credential(answer)
        made["credential"] = credential.to_octets().hex()
        return credential

    def noon() -> datetime:
        return datetime(2026, 11, 23, 3, tzinfo=UTC)

    keep = "test_master_key" in notes
    recorder = Recorder(folder / TRACE, now=noon, keep_scp03=keep)
    with world.in_memory(records) as card, recorder.attach(card.connection) as connection:
        expected = Session(folder=folder, notes=notes).perform(connection, Host(sign=sign, issue=issue))
    assert not recorder.finish()
    (folder / TRACE).chmod(0o644)
    text = json.dumps({**notes, **made, "expected": expected}, ensure_ascii=False, indent=2)
    (folder / ABOUT).write_text(text + "\n", encoding="utf-8")


def _credential(answer: EnrolmentAnswer) -> IssuedCredential:
    resident = world.residents()[HANAKO]
    attributes = credential_attributes(resident)
    entropy = hashlib.sha256(b"entropy of the transcripts").digest()
    entropy = (int.from_bytes(entropy) >> 2).to_bytes(32)
    valid_until = valid_until_on_or_after(day_number(world.TODAY) + 365)
    issued = world.issuer().signing.issue(
        attributes, answer.commitment, signer_nym_entropy=entropy, valid_until=valid_until
    )
    return IssuedCredential(
        valid_until=valid_until,
        issuer_key_hash=answer.key_id,
        attributes=attributes,
        signature=issued.signature,
        signer_nym_entropy=scalar_from_octets(entropy),
        common_key_proof=issued.common_key_proof,
        issuance_date=day_number(world.TODAY),
    )


def main() -> None:
    """Make what is missing; a version whose material is there is closed to sessions that need its keys."""
    folder = FOLDER / VERSION
    if (folder / MATERIAL).exists():
        print(f"{VERSION} is there, and transcripts are never made again: add a version.")
        return
    make_material(folder / MATERIAL)
    for name, (about, notes, records) in TRANSCRIPTS.items():
        make(folder / name, about, notes, records())
        print(f"{VERSION}/{name}: {about}")


if __name__ == "__main__":
    main()
