"""Someone under age who answers "20 or over" all the same."""

from __future__ import annotations

from collections.abc import Callable

from tests.fixtures.crypto_world import (
    MINOR,
    ask,
    card,
    over,
    random_scalar,
)
from tests.negative.forger import ForgedPredicate, forge

from mumei_core.credential import Index
from mumei_core.crypto.curve import R
from mumei_core.crypto.predicate.messages import DatePredicate


def minor_over_20(make: Callable[[DatePredicate, int], ForgedPredicate]) -> tuple[bytes, bytes]:
    """Someone under age answers "20 or over" with a forged predicate; ``make`` gets it and m~_birth."""
    request = ask(over(20))
    m_tilde = random_scalar()
    octets = request.to_octets()
    forged = make(request.date_predicates()[0], m_tilde)
    return octets, forge(card(MINOR), octets, predicates=[forged], m_tilde={Index.BIRTH_DATE: m_tilde})


def negative_delta(predicate: DatePredicate) -> int:
    """The minor's difference: less than 0, so a large number modulo r."""
    return (predicate.cutoff - MINOR) % R
