"""The holder's settings on the card: E7 of SETTINGS (mumei protocol 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.commands.template import build_template, expect_version, parse_template
from mumei_core.errors import DecodingError

_ORDER: Final = (
    codes.TAG_SETTINGS_VERSION,
    codes.TAG_SETTINGS_AGE_WITHOUT_PIN,
    codes.TAG_SETTINGS_ALWAYS_PIN,
)
_OFF, _ON = b"\0", b"\1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSettings:
    """When the holder wants to be asked for the PIN, beyond what a terminal's rights demand.

    ``age_without_pin``: the pinned ages are answered without it. ``always_pin``: nothing is. The defaults are
    those of a new card.
    """

    age_without_pin: bool = True
    always_pin: bool = False

    def need_pin(self, request: Request) -> bool:
        """Whether the holder wants the PIN before this request is answered."""
        return self.always_pin or (bool(request.predicates) and not self.age_without_pin)

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_SETTINGS,
            {
                codes.TAG_SETTINGS_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_SETTINGS_AGE_WITHOUT_PIN: _ON if self.age_without_pin else _OFF,
                codes.TAG_SETTINGS_ALWAYS_PIN: _ON if self.always_pin else _OFF,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> HolderSettings:
        """Raises DecodingError; a set is whole or refused."""
        values = parse_template(octets, codes.TAG_SETTINGS, _ORDER)
        expect_version(values[codes.TAG_SETTINGS_VERSION], codes.DATA_VERSION)
        return cls(
            age_without_pin=_switch(values[codes.TAG_SETTINGS_AGE_WITHOUT_PIN]),
            always_pin=_switch(values[codes.TAG_SETTINGS_ALWAYS_PIN]),
        )


def _switch(value: bytes) -> bool:
    if value not in (_OFF, _ON):
        raise DecodingError("a setting is 00 or 01")
    return value == _ON
