"""Which tests share a process where several run side by side (``make test``): pytest-xdist's groups."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

#: There is one place on a machine for a PC/SC service's socket; who waits for it must not keep a process.
_SERVICE = "pcscd"


# First: pytest-xdist reads the marks in a hook of its own.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A file's tests stay together, in order: they share what is made once. So do all that need the service."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = _SERVICE if _SERVICE in file or file.startswith("tests/pcsc/") else file
        item.add_marker(pytest.mark.xdist_group(group))
