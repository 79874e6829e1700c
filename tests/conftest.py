"""Which tests share a process where several run side by side (``make test``): pytest-xdist's scheduler."""

from __future__ import annotations

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

#: There is one place on a machine for a PC/SC service's socket; who waits for it must not keep a process.
_SERVICE: Final = "pcscd"


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests stay together, in order: they share what is made once. So do all that need the service."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _SERVICE if _SERVICE in file or file.startswith("tests/pcsc/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Asked for with ``-n`` only."""
    return _ByFile(config, log)
