"""The card's life cycle states, as GET STATUS and SET STATUS code them (GlobalPlatform Card Specification 2.3, 5.1
and table 11-6).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from mumei_core.commands import codes


class LifeCycle(IntEnum):
    """OP_READY: new. INITIALIZED: parameters loaded. SECURED: issued. LOCKED: by the issuer. TERMINATED: the
    end.
    """

    OP_READY = codes.LIFE_CYCLE_OP_READY
    INITIALIZED = codes.LIFE_CYCLE_INITIALIZED
    SECURED = codes.LIFE_CYCLE_SECURED
    LOCKED = codes.LIFE_CYCLE_LOCKED
    TERMINATED = codes.LIFE_CYCLE_TERMINATED


STEPS: Final[Mapping[LifeCycle, frozenset[LifeCycle]]] = MappingProxyType(
    {
        LifeCycle.OP_READY: frozenset({LifeCycle.INITIALIZED, LifeCycle.TERMINATED}),
        LifeCycle.INITIALIZED: frozenset({LifeCycle.SECURED, LifeCycle.TERMINATED}),
        LifeCycle.SECURED: frozenset({LifeCycle.LOCKED, LifeCycle.TERMINATED}),
        LifeCycle.LOCKED: frozenset({LifeCycle.SECURED, LifeCycle.TERMINATED}),
        LifeCycle.TERMINATED: frozenset(),
    }
)
"""From a state to those that SET STATUS may reach from it."""
