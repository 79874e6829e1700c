"""The world of standard cards: authorities, a shop with a certificate, and a card issued inside SCP03."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from tools.bench.world import AGE_ONLY, RP_CONTEXT, SHOP_NAME, Desk, World

from mumei.auditor.audit import sign_digits
from mumei.authority.credentials import TerminalCredentials
from mumei.authority.issuing import (
    ALL_RIGHTS,
    MAX_SHOP_DAYS,
    Issuer,
    Validity,
    issue_root,
    issue_sector,
    issue_terminal,
    reference,
)
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import make_parameters
from mumei.maker.attestation_root import MakerRoot
from mumei.maker.master_key import MasterKey
from mumei.terminal.calendar import SigningCalendar
from mumei.terminal.revocation_check import RevocationCheck
from mumei.terminal.trust import Terminal
from mumei_card.personalisation import draw_letter, initial_records
from mumei_core import dates
from mumei_core.commands import codes
from mumei_core.commands.trust import CardTrust
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.rights import CertificateRights, RelyingParty
from mumei_core.eac.signature import SigningKey
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

_YEAR: Final = timedelta(days=365)


def build(folder: Path, say: Callable[[str], None]) -> World:
    """A standard card, issued, and a shop's terminal: root, sector authority and terminal, one right."""
    say("issuing a standard card")
    folder.mkdir()
    today = dates.today()
    root, credentials = _certify(today)
    key, master, maker = IssuerKey.generate(), MasterKey.generate(), MakerRoot.generate("BENCH Cards")
    parameters = make_parameters(key, "Gifu BENCH", profile=codes.PROFILE_STANDARD)
    issuer_root, auditor, authority = (SigningKey.generate() for _ in range(3))
    first = dates.day_number(today.replace(day=1))
    issuer_key = IssuerKeyRecord(
        PK=parameters.public_key, W1=parameters.W1, first_day=first, last_day=first + _YEAR.days
    )
    desk = Desk(
        parameters=parameters,
        key=key,
        today=today,
        keys_of=master.keys_of,
        trust=CardTrust.of(
            [root],
            today,
            auditor_keys=[auditor.point],
            root_keys=[issuer_root.point],
            authority_keys=[authority.point],
        ),
        maker_root=maker.certificate.to_octets(),
        trustees=SignedStatement.by(development_trustees().to_octets(), issuer_root, auditor).to_octets(),
        issuer_key=SignedStatement.by(issuer_key.to_octets(), issuer_root, auditor).to_octets(),
        statement=sign_digits(parameters, issuer_root, auditor).to_octets(),
    )
    card_keys = master.new_card(attestation=maker.new_attestation_key())
    return World(
        folder=folder,
        card_file=desk.issue(folder, initial_records("standard", draw_letter(), card_keys)),
        parameters=parameters,
        terminal=Terminal.with_credentials(
            credentials,
            parameters,
            revocation=RevocationCheck(calendar=SigningCalendar(authority, auditor)),
        ),
        today=today,
    )


def _certify(today: date) -> tuple[Certificate, TerminalCredentials]:
    """The root's certificate, and what the shop's terminal shows."""
    root_key, sector_key, terminal_key = (SigningKey.generate() for _ in range(3))
    long = Validity(effective=today, expiration=today + _YEAR)
    root = issue_root(reference("JPROOT", 1), long, root_key)
    sector = issue_sector(
        Issuer(chain=(root,), key=root_key),
        reference("JPSHOPS", 1),
        long,
        sector_key,
        CertificateRights(predicates=ALL_RIGHTS.predicates, pin=False),
        official=False,
    )
    terminal = issue_terminal(
        Issuer(chain=(root, sector), key=sector_key),
        reference("JPSHOP", 1),
        Validity(effective=today, expiration=today + timedelta(days=MAX_SHOP_DAYS - 1)),
        terminal_key,
        CertificateRights(
            relying_party=RelyingParty(rp_context=RP_CONTEXT, display_name=SHOP_NAME),
            predicates=AGE_ONLY.predicates,
            pin=False,
        ),
    )
    return root, TerminalCredentials(certificate=terminal, known=(root, sector), key=terminal_key)
