"""Runs blocks on a Dask cluster: a trustee's own machines, its own network.

Dask rather than Ray: the work is a map over independent blocks, so many on their way and no more, which is all that
``distributed`` is asked for; it is pure Python in wheels that go where Python goes, with a scheduler that starts in
a second and no object store beside it. Shares travel to the workers: over TLS, or on this machine's loopback only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from mumei_core.errors import HostEnvironmentError, UsageError

Job = TypeVar("Job")
Answer = TypeVar("Answer")
_WAITING: Final = 2
_PATIENCE: Final = 15
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class ClusterEngine:
    """A cluster that runs already. ``address``: of its scheduler, ``tls://host:8786`` or on loopback ``tcp://``.

    ``ca``, ``certificate``, ``key``: PEM files for TLS, the same kind on scheduler and workers.
    """

    def __init__(
        self,
        address: str,
        *,
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        place = urlsplit(address)
        if place.scheme not in ("tls", "tcp") or place.port is None:
            raise UsageError(f"{address} is no address of a scheduler", hint="For example tls://head:8786.")
        if place.scheme == "tcp" and place.hostname not in _LOOPBACK:
            raise UsageError(
                "shares do not go over a network in clear",
                hint="Start scheduler and workers with --tls-ca-file, --tls-cert and --tls-key; say tls://.",
            )
        self._address, self._patience = address, patience
        self._tls = {"tls_ca_file": ca, "tls_client_cert": certificate, "tls_client_key": key}

    def run(self, function: Callable[[Job], Answer], jobs: Iterable[Job]) -> Iterator[tuple[Job, Answer]]:
        """Each job with its answer, in the jobs' order. Raises HostEnvironmentError."""
        with self._client() as client:
            waiting: deque[tuple[Job, Any]] = deque()
            try:
                limit = _WAITING * max(1, sum(client.nthreads().values()))
                for job in jobs:
                    # Not pure: Dask would hash every job, and keep answers by that hash.
                    waiting.append((job, client.submit(function, job, pure=False)))
                    if len(waiting) >= limit:
                        yield self._first(waiting)
                while waiting:
                    yield self._first(waiting)
            finally:
                client.cancel([future for _, future in waiting])

    def _first(self, waiting: deque[tuple[Job, Any]]) -> tuple[Job, Any]:
        from distributed import CancelledError, KilledWorker

        job, future = waiting.popleft()
        try:
            return job, future.result()
        except (CancelledError, KilledWorker, OSError) as error:
            raise HostEnvironmentError(
                "the cluster lost a block of work",
                hint="Look at its workers; then run the same command again: it goes on.",
            ) from error

    def _client(self) -> Any:
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError:
            raise HostEnvironmentError(
                "Dask is not installed here", hint="pip install 'mumei[cluster]', on every machine."
            ) from None
        given = {name: str(path) for name, path in self._tls.items() if path is not None}
        make_security: Callable[..., Any] = Security
        make_client: Callable[..., Any] = Client
        security = make_security(require_encryption=True, **given) if given else None
        try:
            return make_client(self._address, timeout=self._patience, security=security, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise HostEnvironmentError(
                f"no scheduler answers at {self._address}",
                hint="Start one: dask scheduler; and on each machine: dask worker ADDRESS.",
            ) from error
