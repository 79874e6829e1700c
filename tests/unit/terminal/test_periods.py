"""An issuer changes its key by period; a terminal goes on taking the cards of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import standard
from tests.fixtures.command_line import CHEAP
from tests.fixtures.world import over

from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal, add_parameters
from mumei.terminal.verdict import Outcome
from mumei_core.errors import UsageError

PASSPHRASE = b"a till of the tests"
QUESTION = Question(predicates=(over(20),))


@pytest.fixture(scope="module")
def next_period() -> PublicParameters:
    """Another key, the same digit table: as 'mumei issuer rotate' makes it."""
    key = IssuerKey.generate()
    return replace(standard.parameters(), public_key=key.public_key, W1=key.W1)


@pytest.fixture
def folder(tmp_path: Path, next_period: PublicParameters) -> Path:
    """A terminal that was made in the next period, and knows nothing of the one before."""
    standard.credentials(standard.rights(over(20))).save(tmp_path / "sake", PASSPHRASE, log2_n=CHEAP)
    add_parameters(tmp_path / "sake", next_period)
    return tmp_path / "sake"


def outcome(folder: Path) -> Outcome:
    loaded = Terminal.load(folder, lambda: PASSPHRASE)
    at = replace(loaded, revocation=standard.terminal(over(20)).revocation)
    return standard.ask(standard.sample_card(), QUESTION, at=at).verdict.outcome


def test_cards_of_both_periods_are_taken(folder: Path) -> None:
    assert outcome(folder) is not Outcome.ACCEPT
    add_parameters(folder, standard.parameters())
    assert outcome(folder) is Outcome.ACCEPT


def test_a_period_is_added_once(folder: Path, next_period: PublicParameters) -> None:
    add_parameters(folder, standard.parameters())
    for known in (next_period, standard.parameters()):
        with pytest.raises(UsageError, match="already"):
            add_parameters(folder, known)


def test_another_issuer_is_no_further_period(folder: Path) -> None:
    with pytest.raises(UsageError, match="not a further period"):
        add_parameters(folder, standard.parameters("Aichi TEST"))
