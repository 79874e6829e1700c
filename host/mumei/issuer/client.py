"""An office's way to the issuer's service: the same :class:`~mumei.issuer.issuance.Issuing` over HTTPS.

A request that got no answer is sent again, the same octets: the service signs a commitment once. All attempts
together have a limit. Nothing that comes back is believed: it is checked against the request before a card sees it.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from mumei.issuer import wire
from mumei.issuer.check_issuance import IssuerPublicKey, WrongIssuanceError, check_issuance
from mumei.issuer.issuance import (
    Issuance,
    IssuanceRefused,
    IssuanceRequest,
    IssuerUnreachableError,
    Reason,
)
from mumei.issuer.office_ca import utc_now
from mumei.issuer.office_rights import OfficeRights
from mumei.issuer.tls import Identity
from mumei.issuer.wire import Failure
from mumei_core.errors import DecodingError, TrustError, UsageError

_T = TypeVar("_T")
#: Seconds for all attempts together, and for one.
PATIENCE: Final = 30.0
ATTEMPT: Final = 10.0
_FIRST_PAUSE: Final = 0.2
#: Seconds for which the name of today's key is believed.
_KEY_ID_LASTS: Final = 300.0
#: How many answers are remembered, to find an issuer that answers one commitment in two ways.
_REMEMBERED: Final = 10_000
_ALERTS: Final[Mapping[str, tuple[str, str]]] = {
    "CERTIFICATE_EXPIRED": (
        "the issuer's service says that the office's certificate has expired",
        "Have the issuer make a new one; check the clocks of both machines.",
    ),
    "CERTIFICATE_REQUIRED": (
        "the issuer's service wants a certificate of the office",
        "Name the office's certificate and key.",
    ),
    "UNKNOWN_CA": (
        "the issuer's service does not know the CA of the office's certificate",
        "Use the certificate that this issuer's office CA has made.",
    ),
}


class _NoAnswerError(Exception):
    """This attempt got no answer. ``after``: seconds that the service asks to wait; ``last``: what to raise when
    there is no time for another attempt.
    """

    def __init__(self, why: str, *, after: float = 0.0, last: IssuanceRefused | None = None) -> None:
        super().__init__(why)
        self.after = after
        self.last = last


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: httpx.Headers
    octets: bytes


class RemoteIssuer:
    """The issuer at ``url``. Threads may share one. Close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        identity: Identity,
        keys: Mapping[bytes, IssuerPublicKey],
        *,
        patience: float = PATIENCE,
        attempt: float = ATTEMPT,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """``keys``: the issuer's public keys that this office trusts, by SHA-256(PK). From its certificate
        the office has its name, ``office``, and ``certificate_ends``.

        Raises UsageError for a URL that is not https, TrustError for files that do not go together and for an
        office's certificate that has expired.
        """
        parts = httpx.URL(url)
        if parts.scheme != "https" or not parts.host or parts.path not in ("", "/"):
            raise UsageError(
                f"{url!r} is no issuer's service",
                hint="Write https://HOST:PORT, as the issuer's people gave it.",
            )
        self.certificate_ends, self.office = _read_own(identity, clock())
        self._name = f"{parts.host}:{parts.port or 443}"
        self._keys = keys
        self._patience = patience
        self._attempt = attempt
        self._answered: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._key_id: tuple[bytes, float] | None = None
        self._client = httpx.AsyncClient(
            base_url=parts,
            verify=identity.for_office(),
            timeout=attempt,
            # A connection a request: nothing that was said before can be taken for its answer.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
            follow_redirects=False,
            http2=False,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="issuer-client", daemon=True)
        self._thread.start()

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK) of the key that signs today, as the service says; it must be one that we trust.

        Raises as :meth:`issue`.
        """
        if self._key_id is None or monotonic() > self._key_id[1]:
            found = self._ask("GET", wire.KEY).octets
            if found not in self._keys:
                raise TrustError(
                    "the issuer signs with a key that this office does not know",
                    hint="Get the issuer's new parameters or key record, signed by root and auditor.",
                )
            self._key_id = (found, monotonic() + _KEY_ID_LASTS)
        return self._key_id[0]

    def issue(self, request: IssuanceRequest) -> Issuance:
        """Sign, or answer again what was signed. What comes back is checked.

        Raises IssuanceRefused, IssuerUnreachableError (asking again is safe), TrustError for certificates that are
        not accepted, WrongIssuanceError for an answer that is not what was asked.
        """
        answer = self._ask("POST", wire.ISSUE, request.to_octets())
        try:
            issuance = Issuance.from_octets(answer.octets)
        except DecodingError as error:
            raise WrongIssuanceError(str(error)) from None
        check_issuance(request, issuance, self._keys)
        self._remember(request, issuance)
        return issuance

    def report(self, record: bytes, *, reported: bool) -> None:
        """Tell the issuer that the cards of a record (16 octets) are lost, so that none is renewed, or found again.

        Raises as :meth:`issue`; IssuanceRefused where the record had no card through this office.
        """
        self._ask("POST", wire.REPORT, wire.Report(record=record, reported=reported).to_octets())

    def check_ready(self) -> None:
        """Raises as :meth:`issue` unless the service could sign now."""
        self._ask("GET", wire.READY)

    def days_left(self, now: datetime) -> int:
        """Days for which the office's certificate is still good."""
        return (self.certificate_ends - now).days

    def close(self) -> None:
        """End connections and the thread behind them."""
        if self._loop.is_closed():
            return
        self._run(self._client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _remember(self, request: IssuanceRequest, issuance: Issuance) -> None:
        """One request has one answer for as long as we remember."""
        with self._lock:
            if self._answered.setdefault(request.digest, issuance.signature) != issuance.signature:
                raise WrongIssuanceError("it has signed the same request twice, in two ways")
            if len(self._answered) > _REMEMBERED:
                self._answered.pop(next(iter(self._answered)))

    def _ask(self, method: str, path: str, body: bytes | None = None) -> _Answer:
        return self._run(self._attempts(method, path, body))

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _attempts(self, method: str, path: str, body: bytes | None) -> _Answer:
        """One answer, of the service or of its limits, within the time there is."""
        end, pause, why = monotonic() + self._patience, _FIRST_PAUSE, ""
        last: IssuanceRefused | None = None
        while (left := end - monotonic()) > 0:
            try:
                # A limit of our own: httpx limits each read, and a drop now and then is many reads.
                async with asyncio.timeout(min(self._attempt, left)):
                    return await self._once(method, path, body)
            except TimeoutError:
                why, last = "it takes too long", None
            except _NoAnswerError as error:
                why, pause, last = str(error), max(pause, error.after), error.last
            if pause >= end - monotonic():
                break
            await asyncio.sleep(pause)
            pause *= 2
        raise last or IssuerUnreachableError(
            f"the issuer's service at {self._name} does not answer: {why}",
            hint="Check the network and the address, then run the same again: it goes on where it was.",
        )

    async def _once(self, method: str, path: str, body: bytes | None) -> _Answer:
        headers = {} if body is None else {"content-type": wire.CBOR}
        try:
            async with self._client.stream(method, path, content=body, headers=headers) as response:
                octets = bytearray()
                async for chunk in response.aiter_raw():
                    octets += chunk
                    if len(octets) > wire.MAX_ANSWER_OCTETS:
                        raise WrongIssuanceError("it is too long")
                answer = _Answer(status=response.status_code, headers=response.headers, octets=bytes(octets))
        except httpx.TimeoutException:
            raise TimeoutError from None
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise _translated(error) from None
        if answer.status in (200, 204):
            return answer
        raise _said_no(answer)


def _said_no(answer: _Answer) -> Exception:
    failure = Failure.from_octets(answer.octets)
    if failure is None:
        return _NoAnswerError(f"it answers with status {answer.status}, as no issuer's service does")
    refused = failure.to_error()
    after = answer.headers.get("retry-after", "")
    seconds = float(after) if after.isdecimal() else 0.0
    if refused is None:
        return _NoAnswerError(failure.message, after=seconds)
    if refused.reason is Reason.BUSY:
        return _NoAnswerError(refused.message, after=seconds, last=refused)
    return refused


def _translated(error: Exception) -> Exception:
    """What a broken connection says about certificates; anything else is worth another attempt."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TrustError(
                f"the issuer's service shows a certificate that is not accepted: {cause.verify_message}",
                hint="Check the address, the clock, and that the office CA's certificate is this issuer's.",
            )
        if isinstance(cause, ssl.SSLError):
            for alert, (message, hint) in _ALERTS.items():
                if alert in (cause.reason or ""):
                    return TrustError(message, hint=hint)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return _NoAnswerError("no connection can be made")
    return _NoAnswerError("the connection broke off")


def _read_own(identity: Identity, now: datetime) -> tuple[datetime, str]:
    certificate = identity.read_certificate()
    ends = certificate.not_valid_after_utc
    if ends < now:
        raise TrustError(
            f"the office's certificate expired on {ends.date().isoformat()}",
            hint="Have the issuer make a new one: mumei issuer office-certificate.",
        )
    if certificate.not_valid_before_utc > now + timedelta(minutes=5):
        raise TrustError(
            "the office's certificate is not good yet", hint="Check this machine's clock and its date."
        )
    rights = OfficeRights.of_certificate(certificate)
    if rights is None:
        raise TrustError(
            "the certificate does not say what the office may have signed",
            hint="Name the certificate that 'mumei issuer office-certificate' has made.",
        )
    return ends, rights.office
