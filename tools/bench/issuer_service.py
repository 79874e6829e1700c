"""How many signatures the issuer's service gives in a second: real mutual TLS, ledger on disk, one process.

There is no bar on it; the figure says how many offices one machine can serve.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from tests.issuer import cards
from tests.issuer.desks import HOST, Certificates, running, trusted
from tests.issuer.signers import signer
from tools.bench.bars import Details, Progress, Section

from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import IssuanceRequest
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.limits import Limits
from mumei.issuer.tls import Identity

_SIGNATURES: Final = 100
_OFFICES: Final = (1, 2, 4)
_NO_LIMIT: Final = 100_000
_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    offices: int
    seconds: float
    service_seconds: float

    @property
    def row(self) -> tuple[str, ...]:
        per_signature = 1000 * self.service_seconds / _SIGNATURES
        return (str(self.offices), f"{_SIGNATURES / self.seconds:.0f}", f"{per_signature:.1f} ms")


def measure(say: Progress) -> Section:
    """Offices that ask one after the other, each in a thread of one client process."""
    say(f"having {_SIGNATURES} credentials signed over mutual TLS, by {len(_OFFICES)} numbers of offices")
    with tempfile.TemporaryDirectory(prefix="mumei-bench-issuer-") as name:
        folder = Path(name)
        certificates = Certificates.make(folder / "offices")
        certificates.service()
        office = certificates.office(per_hour=_NO_LIMIT)
        embedded = _embedded(folder)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(folder, certificates, theirs)
        )
        process.start()
        try:
            url = f"https://{HOST}:{ours.recv()}"
            runs = [_run(url, office, number, ours) for number in _OFFICES]
        finally:
            ours.send("end")
            process.join()
    return Section(
        bars=(),
        details=(
            Details(
                title="the issuer's service: mutual TLS 1.3, ledger in SQLite, one process",
                columns=("offices at once", "signatures a second", "service's processor time for one"),
                rows=[run.row for run in runs],
                said=(
                    f"The same issuer embedded, without the network: {1000 * embedded:.1f} ms a signature, "
                    "its checks and two transactions flushed to disk.",
                    "The offices' side is on the same machine, and checks each answer with a pairing.",
                ),
            ),
        ),
    )


def _embedded(folder: Path) -> float:
    with DurableLedger.open(folder / "embedded.db", LedgerKey.generate()) as ledger:
        issuer = signer(ledger)
        requests = [cards.request() for _ in range(_SIGNATURES)]
        started = perf_counter()
        for request in requests:
            issuer.issue(request)
        return (perf_counter() - started) / len(requests)


def _run(url: str, office: Identity, offices: int, service: Connection) -> _Run:
    requests = [cards.request() for _ in range(_SIGNATURES)]
    issuers = [RemoteIssuer(url, office, trusted()) for _ in range(offices)]
    for issuer in issuers:
        _issue(issuer, [cards.request() for _ in range(_WARM_UP)])
    threads = [
        threading.Thread(target=_issue, args=(issuer, requests[i::offices]))
        for i, issuer in enumerate(issuers)
    ]
    service.send("time")
    before, started = float(service.recv()), perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - started
    service.send("time")
    spent = float(service.recv()) - before
    for issuer in issuers:
        issuer.close()
    return _Run(offices=offices, seconds=seconds, service_seconds=spent)


def _issue(issuer: RemoteIssuer, requests: Sequence[IssuanceRequest]) -> None:
    for request in requests:
        issuer.issue(request)


def _serve(folder: Path, certificates: Certificates, orders: Connection) -> None:
    """The service in a process of its own; tells its processor time when asked."""
    limits = Limits(burst=_NO_LIMIT, per_second=_NO_LIMIT)
    with running(folder, certificates, limits=limits) as desk:
        orders.send(desk.port)
        while orders.recv() == "time":
            orders.send(process_time())
