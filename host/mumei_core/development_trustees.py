"""The development profile's trustees: 2 of 3, whose keys **anybody has**, by design."""

from __future__ import annotations

import functools
from typing import Final

from mumei_core.development import DevelopmentRole, development_key
from mumei_core.issuing_statements import TrusteeListRecord

_TRUSTEES: Final = 3


@functools.cache
def development_trustees() -> TrusteeListRecord:
    """What a development card seals its shares to that has pinned no other list; trustee i has number i, from 1."""
    keys = tuple(development_key(DevelopmentRole.TRUSTEE, i).point for i in range(1, _TRUSTEES + 1))
    return TrusteeListRecord(version=1, t=2, keys=keys)
