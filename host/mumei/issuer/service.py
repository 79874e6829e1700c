"""The issuer's service for offices: who asks, whether it may, then the signature (mumei protocol 2.2).

It decides nothing about credentials: that is whoever implements :class:`~mumei.issuer.issuance.Issuing` behind it.
Its log has office, purpose, outcome and the beginning of the request's hash: no attribute, no record, no secret.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final, Protocol, TypeVar

from fastapi import FastAPI, Request, Response

from mumei.issuer import wire
from mumei.issuer.issuance import (
    MAX_REQUEST_OCTETS,
    IssuanceRefused,
    IssuanceRequest,
    Issuing,
    LedgerEntry,
    Reason,
)
from mumei.issuer.limits import Limits, Pace, TooManyError
from mumei.issuer.office_ca import utc_now
from mumei.issuer.peer import Office, Offices
from mumei.issuer.wire import Failure
from mumei_core.credential import Index
from mumei_core.errors import DecodingError, MumeiError

_LOG: Final = logging.getLogger(__name__)
_Work = Callable[[Request, Office], Awaitable[Response]]
_T = TypeVar("_T")
#: From here on the log and the office are told that the office's certificate ends soon.
EXPIRY_WARNING: Final = timedelta(days=30)


class Register(Protocol):
    """What the service asks of the ledger, beside what the issuer asks of it."""

    def at_most(self, per_hour: int) -> AbstractContextManager[None]:
        """In here, an office that has had so many new signatures in an hour gets no further one."""

    def by_record(self, record: bytes) -> tuple[LedgerEntry, ...]:
        """All issuances of one record."""

    def report(self, record: bytes, *, reported: bool) -> None:
        """All that was issued to the record until now is reported, or found again."""

    def check_ready(self) -> None:
        """Raises where nothing could be written."""


class _UnavailableError(Exception):
    """The service cannot answer now; asking again is safe."""


class IssuerService:
    """Answers offices, as the ASGI application :attr:`app`."""

    def __init__(
        self,
        issuing: Issuing,
        register: Register,
        offices: Offices,
        *,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._issuing = issuing
        self._register = register
        self._offices = offices
        self._limits = limits or Limits()
        self._clock = clock
        self._pace = Pace(self._limits.burst, self._limits.per_second)
        self._threads = ThreadPoolExecutor(self._limits.concurrent, thread_name_prefix="sign")
        self._pending = 0
        self.stopping = False
        # No pages that describe the service, and no validation errors that repeat what was sent.
        self.app = FastAPI(title="mumei issuer", docs_url=None, redoc_url=None, openapi_url=None)
        for path, method, work in (
            (wire.ISSUE, "POST", self._issue),
            (wire.REPORT, "POST", self._report),
            (wire.KEY, "GET", self._key),
            (wire.HEALTH, "GET", self._health),
            (wire.READY, "GET", self._ready),
        ):
            self.app.add_api_route(path, self._route(work), methods=[method], response_model=None)

    def close(self) -> None:
        """Wait for the signatures that are being made."""
        self._threads.shutdown()

    def _route(self, work: _Work) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                office = self._offices.identify(request.scope.get("state", {}), self._clock())
                self._pace.take(office.name)
                response = await work(request, office)
                self._warn_of_expiry(office, response)
            except IssuanceRefused as refused:
                return _refusal(refused)
            except _UnavailableError as error:
                return _unavailable(str(error))
            except MumeiError as error:
                # Ours, not the office's: a ledger that cannot be written, a damaged file.
                _LOG.error("cannot answer: %s: %s", error.message, error.hint)
                return _unavailable("the issuer cannot answer now")
            except Exception as error:
                # Without its words: they might repeat what was asked.
                _LOG.error("a fault of the program: %s", type(error).__name__)
                return _unavailable("the issuer has a fault", status=500)
            return response

        return answer

    async def _issue(self, request: Request, office: Office) -> Response:
        try:
            asked = IssuanceRequest.from_octets(await self._body(request))
        except DecodingError as error:
            raise _malformed(str(error)) from None
        started, outcome = perf_counter(), "stopped"
        try:
            check_rights(asked, office)
            octets = await self._in_thread(lambda: self._sign(asked, office))
            outcome = "signed"
        except IssuanceRefused as refused:
            outcome = f"refused ({refused.reason})"
            raise
        finally:
            took = (perf_counter() - started) * 1000
            _LOG.info(
                "%s: %s request %s %s in %.0f ms",
                office.name,
                asked.purpose.name.lower(),
                asked.digest[:8].hex(),
                outcome,
                took,
            )
        return Response(octets, media_type=wire.CBOR)

    def _sign(self, asked: IssuanceRequest, office: Office) -> bytes:
        with self._register.at_most(office.rights.per_hour):
            return self._issuing.issue(asked).to_octets()

    async def _report(self, request: Request, office: Office) -> Response:
        """A lost card is not renewed. Only an office through which it was issued says so, or takes it back."""
        try:
            report = wire.Report.from_octets(await self._body(request))
        except DecodingError as error:
            raise _malformed(str(error)) from None
        await self._in_thread(lambda: self._take_report(report, office))
        _LOG.info("%s: %s", office.name, "reported cards" if report.reported else "took a report back")
        return Response(status_code=204)

    def _take_report(self, report: wire.Report, office: Office) -> None:
        entries = self._register.by_record(report.record)
        if office.name not in {entry.beginning.office for entry in entries}:
            raise _not_allowed("nothing was issued to this record through this office")
        self._register.report(report.record, reported=report.reported)

    async def _key(self, _request: Request, _office: Office) -> Response:
        return Response(self._issuing.key_id, media_type="application/octet-stream")

    async def _health(self, _request: Request, _office: Office) -> Response:
        return Response(status_code=204)

    async def _ready(self, _request: Request, _office: Office) -> Response:
        if self.stopping:
            raise _UnavailableError("the issuer is stopping")
        await self._in_thread(self._register.check_ready)
        return Response(status_code=204)

    async def _body(self, request: Request) -> bytes:
        """The whole body, refused as soon as it is too long; the protocol limits how long it may take."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST_OCTETS:
                raise _malformed("the request is too long")
        return bytes(body)

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        if self._pending >= self._limits.concurrent + self._limits.waiting:
            raise _UnavailableError("the issuer has too much to do")
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # Counted until the work ends, also where nobody waits for it any more.
        future.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._limits.seconds)
        except TimeoutError:
            raise _UnavailableError("the issuer takes too long") from None

    def _ended(self, future: asyncio.Future[_T]) -> None:
        self._pending -= 1
        if not future.cancelled():
            # Looked at, so that nothing is printed about it later.
            future.exception()

    def _warn_of_expiry(self, office: Office, response: Response) -> None:
        left = office.expires - self._clock()
        if left <= EXPIRY_WARNING:
            _LOG.warning("the certificate of %s ends in %d days", office.name, left.days)
            response.headers["mumei-certificate-days-left"] = str(left.days)


def check_rights(asked: IssuanceRequest, office: Office) -> None:
    """What is asked is within what the office's certificate says. Raises IssuanceRefused(RIGHTS)."""
    rights = office.rights
    if asked.office != office.name:
        raise IssuanceRefused(
            Reason.RIGHTS,
            "the request names another office than the certificate",
            hint=f"Name the office as its certificate does: --office-name {office.name!r}.",
        )
    if asked.purpose not in rights.may:
        raise _not_allowed(f"the office may not {asked.purpose.name.lower()}")
    if int.from_bytes(asked.attributes[Index.PREFECTURE]) not in rights.prefectures:
        raise _not_allowed("the office may not have this prefecture's residents signed")


def _malformed(why: str) -> IssuanceRefused:
    return IssuanceRefused(Reason.MALFORMED, why, hint="Update mumei at the office and at the issuer.")


def _not_allowed(why: str) -> IssuanceRefused:
    return IssuanceRefused(
        Reason.RIGHTS, why, hint="The office's certificate says what it may; the issuer makes it."
    )


def _refusal(refused: IssuanceRefused) -> Response:
    headers = {"retry-after": str(math.ceil(refused.after))} if isinstance(refused, TooManyError) else None
    return Response(
        Failure.of(refused).to_octets(),
        status_code=wire.status_of(refused.reason),
        headers=headers,
        media_type="application/json",
    )


def _unavailable(message: str, *, status: int = 503) -> Response:
    failure = Failure(reason=wire.UNAVAILABLE, message=message, hint="Nothing is lost; ask again.")
    return Response(
        failure.to_octets(), status_code=status, headers={"retry-after": "1"}, media_type="application/json"
    )
