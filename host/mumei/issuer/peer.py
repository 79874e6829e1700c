"""Who is at the other end: the certificate of the TLS connection, handed to the application, and what it may.

uvicorn tells an application nothing about the client's certificate, so a protocol of its own puts it into the state
of each request. The handshake has checked signature, purpose and dates; expiry and revocation are looked at again
for each request, because a connection may stay open for long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from uvicorn.protocols.http.h11_impl import H11Protocol

from mumei.issuer.issuance import IssuanceRefused, Reason
from mumei.issuer.office_ca import read_revoked
from mumei.issuer.office_rights import OfficeRights

#: Name in a request's state.
PEER: Final = "peer_certificate"
#: Seconds in which a request must have come whole, from the connection or the last answer on.
REQUEST_LIMIT: Final = 20.0


class PeerProtocol(H11Protocol):
    """HTTP/1.1, with the client's certificate (DER) in each request's state, and a limit on slow senders."""

    request_limit = REQUEST_LIMIT
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        peer = None if tls is None else tls.getpeercert(binary_form=True)
        # A copy: the original is shared by all connections.
        self.app_state = {**self.app_state, PEER: peer}
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._start_timer()

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self._stop_timer()

    def shutdown(self) -> None:
        """The service stops: what is being answered is answered, who just keeps a connection open is left."""
        if self.cycle is None or self.cycle.response_complete:
            self._give_up()
        else:
            super().shutdown()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.request_limit, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office that has shown a good certificate."""

    rights: OfficeRights
    expires: datetime

    @property
    def name(self) -> str:
        return self.rights.office


class Offices:
    """Reads certificates that came through the handshake. ``revoked``: the office CA's list; there may be none."""

    def __init__(self, ca: x509.Certificate, revoked: Path) -> None:
        self._ca = ca
        self._path = revoked
        self._stamp: tuple[int, int, int] | None = None
        self._revoked: x509.CertificateRevocationList | None = None
        self.refresh()

    def identify(self, state: dict[str, Any], now: datetime) -> Office:
        """Who asks. Raises IssuanceRefused(RIGHTS): no certificate, out of its days, revoked, or without rights."""
        octets = state.get(PEER)
        if not isinstance(octets, bytes):
            raise _refused("no certificate was shown")
        certificate = x509.load_der_x509_certificate(octets)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise _refused("the office's certificate has expired, or is not good yet")
        self.refresh()
        if self._is_revoked(certificate):
            raise _refused("the office's certificate is revoked")
        rights = OfficeRights.of_certificate(certificate)
        if rights is None:
            raise _refused("the certificate does not say what the office may have signed")
        return Office(rights=rights, expires=certificate.not_valid_after_utc)

    def refresh(self) -> None:
        """Take in a newer list, put there while we run. Raises TrustError for one that is not the office CA's."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if self._stamp is None:
                return
            # Once there was one: without it somebody revoked would be let in again.
            raise _refused("the issuer's list of revoked certificates is missing") from None
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._revoked = read_revoked(self._path, self._ca)
            self._stamp = stamp

    def list_is_stale(self, now: datetime) -> bool:
        """Whether a newer list of revoked certificates is due."""
        due = None if self._revoked is None else self._revoked.next_update_utc
        return due is not None and due < now

    def _is_revoked(self, certificate: x509.Certificate) -> bool:
        revoked = self._revoked
        return (
            revoked is not None
            and revoked.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
        )


def _refused(why: str) -> IssuanceRefused:
    return IssuanceRefused(
        Reason.RIGHTS, why, hint="Ask whoever runs the issuer for a new certificate of the office."
    )
