"""The issuer hears of every lost card before it signs anything else, and of every one found again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mumei.issuer.issuance import IssuanceRefused, IssuerUnreachableError, Reason
from mumei.office.issuer_reports import IssuerReports
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei_core.dates import today


class Listener:
    """An issuer, as far as losses go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.heard: list[tuple[bytes, bool]] = []
        self.error = error

    def report(self, record: bytes, *, reported: bool) -> None:
        if self.error is not None:
            raise self.error
        self.heard.append((record, reported))


@pytest.fixture
def lost(registry: Registry, issue: Callable[[Registry, int], int]) -> tuple[int, bytes]:
    """A resident's card that was issued and is lost; the resident's record at the issuer."""
    (resident,) = registry.import_residents(sample_residents(today())[:1], clerk="sato")
    issue(registry, resident.number)
    (card,) = registry.cards_of(resident.number)
    registry.report_card_lost(card.card, clerk="sato")
    (pending,) = IssuerReports(registry).pending()
    assert pending.resident == resident.number and pending.lost
    return card.card, pending.record


def test_a_loss_is_told_once(registry: Registry, lost: tuple[int, bytes]) -> None:
    issuer = Listener()
    assert IssuerReports(registry).send(issuer, clerk="sato") == 1
    assert IssuerReports(registry).send(issuer, clerk="sato") == 0
    assert issuer.heard == [(lost[1], True)]
    assert registry.history(limit=1000)[-1].action == "ISSUER_TOLD"


def test_an_issuer_out_of_reach_is_told_later(registry: Registry, lost: tuple[int, bytes]) -> None:
    away = Listener(IssuerUnreachableError("the issuer does not answer", hint="Try again later."))
    with pytest.raises(IssuerUnreachableError):
        IssuerReports(registry).send(away, clerk="sato")
    assert len(IssuerReports(registry).pending()) == 1


def test_a_card_found_again_is_told_too(registry: Registry, lost: tuple[int, bytes]) -> None:
    issuer = Listener()
    IssuerReports(registry).send(issuer, clerk="sato")
    registry.report_card_found(lost[0], clerk="sato")
    IssuerReports(registry).send(issuer, clerk="sato")
    assert [reported for _, reported in issuer.heard] == [True, False]


def test_the_next_card_is_not_reported_with_the_lost_one(
    registry: Registry, lost: tuple[int, bytes], issue: Callable[[Registry, int], int]
) -> None:
    issue(registry, 1)
    issuer = Listener()
    IssuerReports(registry).send(issuer, clerk="sato")
    assert issuer.heard == [] and IssuerReports(registry).pending() == ()


def test_a_record_that_the_issuer_does_not_know_is_done_with(
    registry: Registry, lost: tuple[int, bytes]
) -> None:
    stranger = Listener(IssuanceRefused(Reason.RIGHTS, "no card of this record"))
    IssuerReports(registry).send(stranger, clerk="sato")
    assert IssuerReports(registry).pending() == ()
