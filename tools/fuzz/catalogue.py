"""All targets by name. Importing this imports what they fuzz: a guided driver does so under its instrumentation."""

from __future__ import annotations

from typing import Final

from tools.fuzz.target import Target
from tools.fuzz.targets import channels, files, kernel, parsers, sessions

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (*parsers.TARGETS, *channels.TARGETS, *files.TARGETS, *sessions.TARGETS, *kernel.TARGETS)
    if target.is_there
}
