"""Runs the issuer's service: uvicorn behind TLS 1.3 with the office CA's certificates on both sides."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

import uvicorn

from mumei.issuer.limits import Limits
from mumei.issuer.peer import PeerProtocol
from mumei.issuer.service import IssuerService
from mumei.issuer.tls import Identity
from mumei_core.errors import HostEnvironmentError, UsageError

_BACKLOG: Final = 128
_KEEP_ALIVE: Final = 15
#: Seconds for TLS to begin and to end.
HANDSHAKE_LIMIT: float = 5.0
SHUTDOWN_LIMIT: float = 2.0


class _Loop(asyncio.SelectorEventLoop):
    """Does not wait long for who begins a handshake and never ends it: uvicorn has no option for that."""

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": HANDSHAKE_LIMIT, "ssl_shutdown_timeout": SHUTDOWN_LIMIT}
        return await super().create_server(*arguments, **options)


class _Server(uvicorn.Server):
    """uvicorn, leaving signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpsServer:
    """The service on a socket of its own."""

    def __init__(
        self,
        service: IssuerService,
        identity: Identity,
        listener: socket.socket,
        *,
        limits: Limits | None = None,
    ) -> None:
        """Raises TrustError where certificate, key and CA do not go together."""
        self._service = service
        self._listener = listener
        limits = limits or Limits()
        config = uvicorn.Config(
            service.app,
            http=PeerProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            limit_concurrency=limits.connections,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=limits.stop_seconds,
        )
        config.load()
        # uvicorn's own options know neither TLS 1.3 only nor tickets.
        config.ssl = identity.for_service()
        self._server = _Server(config)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; what is being signed is answered first."""

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
            await self._serve()

        _run(serve())

    def start(self) -> Self:
        """Serve in a thread of its own, for tests and for programs that do something else beside it."""
        self._thread = threading.Thread(target=lambda: _run(self._serve()), name="issuer")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more connections, finish what was begun, end."""
        self._service.stopping = True
        self._server.should_exit = True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join()

    async def _serve(self) -> None:
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            self._listener.close()
            self._service.close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(work)


def listen(address: str) -> socket.socket:
    """A listening socket for HOST:PORT; port 0 takes a free one. Raises UsageError, HostEnvironmentError."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF:
        raise UsageError(
            f"{address!r} is no address", hint="Write HOST:PORT, as 127.0.0.1:8443 or [::1]:8443."
        )
    host = host.removeprefix("[").removesuffix("]")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise HostEnvironmentError(
            f"cannot listen at {address}: {error.strerror or error}",
            hint="Another program may listen there: choose another port, or end that program.",
        ) from None
    return listener
