"""What a terminal shows cards: from its folder, complete and whole, or with words that help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.fixtures.certificates import CVCA, SHOPS, Member, root, shop

from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import CHAIN_FOLDER, KEY_FILE
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.errors import TrustError, UsageError

PASSPHRASE = b"correct horse battery"


def credentials(member: Member) -> TerminalCredentials:
    return TerminalCredentials(certificate=member.certificate, known=member.above, key=member.key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    credentials(shop()).save(tmp_path / "sake", PASSPHRASE, log2_n=10)
    return tmp_path / "sake"


def test_is_read_as_it_was_written(folder: Path) -> None:
    found = TerminalCredentials.load(folder, PASSPHRASE)
    assert found.chain_for([CVCA.name]) == (SHOPS.certificate, found.certificate)
    assert found.chat == found.certificate.body.chat.to_octets()
    verify(found.certificate.body.public_key.point, b"message", found.sign(b"message"))
    with pytest.raises(UsageError):
        found.save(folder, PASSPHRASE, log2_n=10)


def test_shows_no_key_when_printed(folder: Path) -> None:
    found = TerminalCredentials.load(folder, PASSPHRASE)
    assert found.key.secret_octets.hex() not in repr(found)
    assert str(int.from_bytes(found.key.secret_octets)) not in repr(found)
    assert found.key.secret_octets not in (folder / KEY_FILE).read_bytes()


def test_a_missing_certificate_is_named(folder: Path) -> None:
    next((folder / CHAIN_FOLDER).glob("JPSHOPS*")).unlink()
    with pytest.raises(TrustError, match="JPSHOPS00001 is missing"):
        TerminalCredentials.load(folder, PASSPHRASE)


def test_key_and_certificate_belong_together() -> None:
    with pytest.raises(TrustError, match="belong together"):
        replace(credentials(shop()), key=SigningKey.generate())


def test_an_authority_is_no_terminal() -> None:
    with pytest.raises(TrustError, match="no terminal"):
        credentials(SHOPS)


def test_a_card_of_another_system_is_named() -> None:
    with pytest.raises(TrustError, match="JPOTHER00001"):
        credentials(shop()).chain_for([root(b"JPOTHER00001").name])
    with pytest.raises(TrustError, match="none"):
        credentials(shop()).chain_for([])


@pytest.mark.parametrize(
    ("today", "good"),
    [
        (date(2026, 10, 31), False),
        (date(2026, 11, 1), True),
        (date(2026, 12, 5), True),
        (date(2026, 12, 6), False),
    ],
)
def test_knows_its_own_days(today: date, good: bool) -> None:
    found = credentials(shop())
    if good:
        found.check_day(today)
    else:
        with pytest.raises(TrustError, match="valid from"):
            found.check_day(today)
