"""Coupons: the first moves of a presentation, computed before the request is there (mumei protocol 2.3, 2.8).

Every session makes exactly one: in idle time inside its channel, or at the latest in the command that lets the
terminal in. What an earlier session has left is replaced, never used. So the work of no command tells what
happened to the card before, and memory that is put back brings no coupon back.

PRESENT destroys the coupon in the commit that burns its own counter and begins its log entry, before anything is
computed with it. Power that fails before that commit leaves a coupon that no later session uses; power that fails
after it leaves none. So a cut can waste a coupon, and no random ever serves two challenges: those of a coupon were
drawn under a counter value of their own, and those that PRESENT draws are drawn under another.
"""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import Final

from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCoupon, StoredCredential
from mumei_card.chip.arithmetic import CountedGroup
from mumei_card.chip.rng import scalar_source
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.presentation.prover import COUPON_SCALARS, Coupon, prepare

log = logging.getLogger(__name__)

RECORD_COUPON: Final = "coupon"
DESTROYED: Final = MappingProxyType({RECORD_COUPON: None})
"""Goes into the commit after which the coupon, or the credential that it is of, must be gone."""

SESSION_COUPON: Final = "coupon"
"""Name, in the session's area, of the number of the coupon that this session has made; 0 if memory failed."""


def make_in_idle_time(context: CardContext) -> bool:
    """Makes the session's coupon if that is still to be done, and whether it was; for when nobody waits.

    Only inside a channel in which a terminal may yet show its rights: whoever just powers a card must not set it to
    work on its secrets, nor wear out its memory, and the holder alone needs no coupon.
    """
    status = context.security_status
    if status.channel is None or status.channel.chat is None or status.terminal is not None:
        return False
    return make(context)


def make(context: CardContext) -> bool:
    """Makes the session's coupon unless it has one, or there is no credential; whether it did any work.

    Memory that fails is no reason to refuse a terminal: PRESENT then computes there and then.
    """
    session = context.security_status.session
    stored = context.nvm.get(RECORD_CREDENTIAL)
    if stored is None or SESSION_COUPON in session:
        return False
    session[SESSION_COUPON] = 0
    try:
        rng = context.rng()
        if (channel := context.security_status.channel) is not None:
            # All that this session has said so far and that others do not repeat.
            rng.mix(channel.card_key + channel.terminal_key)
        credential = StoredCredential.from_bytes(stored).credential()
        coupon = prepare(
            CountedGroup(context.counters), credential, scalar_source(rng, at_once=COUPON_SCALARS)
        )
        context.nvm.commit({RECORD_COUPON: StoredCoupon(number=rng.counter, coupon=coupon).to_bytes()})
    except CardError as error:
        log.warning("no coupon: %s", error.reason)
    else:
        session[SESSION_COUPON] = rng.counter
    return True


def sessions_coupon(context: CardContext, credential: StoredCredential) -> Coupon | None:
    """The coupon that this session has made; None where memory failed, or the credential is newer.

    It must be destroyed before it is used.
    """
    octets = context.nvm.get(RECORD_COUPON)
    if octets is None:
        return None
    stored = StoredCoupon.from_bytes(octets, domain=credential.domain)
    return stored.coupon if stored.number == context.security_status.session.get(SESSION_COUPON) else None
