"""What an office does when the issuer's service is away, slow, killed, or answers something else."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import world
from tests.issuer import cards
from tests.issuer.desks import (
    HOST,
    LEDGER_KEY,
    Certificates,
    Desk,
    ask_until_killed,
    running,
    serve_until_killed,
    trusted,
)
from tests.issuer.signers import signer

from mumei.issuer.client import RemoteIssuer
from mumei.issuer.issuance import Issuance, IssuanceRequest, IssuerUnreachableError
from mumei.issuer.limits import Limits
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.server import listen
from mumei.issuer.signing import SigningService
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.errors import HostEnvironmentError, TrustError, UsageError


class TestNobodyAnswers:
    def test_where_nothing_listens(self, certificates: Certificates) -> None:
        with listen(f"{HOST}:0") as free:
            port = free.getsockname()[1]

        with (
            RemoteIssuer(f"https://{HOST}:{port}", certificates.office(), trusted(), patience=0.5) as issuer,
            pytest.raises(IssuerUnreachableError, match=f"{HOST}:{port}") as error,
        ):
            issuer.issue(cards.request())
        assert "goes on where it was" in error.value.hint

    def test_where_the_machine_takes_the_call_and_is_silent(self, certificates: Certificates) -> None:
        with listen(f"{HOST}:0") as silent:
            url = f"https://{HOST}:{silent.getsockname()[1]}"
            with (
                RemoteIssuer(url, certificates.office(), trusted(), patience=0.5) as issuer,
                pytest.raises(IssuerUnreachableError, match="takes too long"),
            ):
                issuer.issue(cards.request())

    def test_in_time_and_the_service_signs_once_all_the_same(
        self, tmp_path: Path, certificates: Certificates
    ) -> None:
        slow = threading.Event()

        class Slow:
            def __init__(self, ledger: Any) -> None:
                self._issuer = signer(ledger)
                self.key_id = self._issuer.key_id

            def issue(self, request: IssuanceRequest) -> Issuance:
                slow.wait(20)
                return self._issuer.issue(request)

        asked = cards.request()
        with running(tmp_path, certificates, signer=Slow, limits=Limits(seconds=0.3)) as desk:
            with (
                desk.client(patience=0.8, attempt=0.2) as hasty,
                pytest.raises(IssuerUnreachableError, match="takes too long"),
            ):
                hasty.issue(asked)
            with (
                desk.client(patience=0.7) as patient,
                pytest.raises(IssuerUnreachableError, match="takes too"),
            ):
                patient.issue(asked)
            slow.set()
            with desk.client() as issuer:
                assert issuer.issue(asked) == issuer.issue(asked)
            assert len(desk.ledger.by_record(asked.record)) == desk.ledger.verify().number == 1

    def test_with_too_much_to_do(self, tmp_path: Path, certificates: Certificates) -> None:
        asked = cards.request()
        limits = Limits(concurrent=1, waiting=-1)
        with (
            running(tmp_path, certificates, limits=limits) as desk,
            desk.client(patience=0.3) as issuer,
            pytest.raises(IssuerUnreachableError, match="too much to do"),
        ):
            issuer.issue(asked)

    def test_until_it_comes_back(self, tmp_path: Path, certificates: Certificates) -> None:
        asked = cards.request()
        with running(tmp_path, certificates, ledger_key=LEDGER_KEY) as desk:
            port = desk.port
            issuer = desk.client(patience=20.0)
            first = issuer.issue(asked)
        answers: list[Issuance] = []
        thread = threading.Thread(target=lambda: answers.append(issuer.issue(asked)))
        thread.start()
        with running(tmp_path, certificates, ledger_key=LEDGER_KEY, port=port):
            thread.join()
        issuer.close()

        assert answers == [first]


@pytest.mark.parametrize("before", ["signature", "answer"])
def test_a_service_killed_in_the_middle_gives_the_same_signature_afterwards(
    tmp_path: Path, certificates: Certificates, before: str
) -> None:
    asked = cards.request()
    ours, theirs = multiprocessing.Pipe()
    certificates.service()
    process = multiprocessing.get_context("fork").Process(
        target=serve_until_killed, args=(tmp_path, certificates, before, theirs), daemon=True
    )
    process.start()
    theirs.close()
    url = f"https://{HOST}:{ours.recv()}"
    with RemoteIssuer(url, certificates.office(), trusted(), patience=1.0) as issuer:
        ask_until_killed(process, lambda: issuer.issue(asked))

    with running(tmp_path, certificates, ledger_key=LEDGER_KEY) as desk:
        (kept,) = desk.ledger.by_record(asked.record)
        with desk.client() as again:
            issued = again.issue(asked)
        assert issued.signer_nym_entropy == kept.terms.signer_nym_entropy
        assert kept.signature in (None, issued.signature)
        assert (kept.signature is None) == (before == "signature")
        # The signature is a function of key, terms and request: nobody kept it, and it is the same.
        signed = SigningService(world.issuer().key).issue(
            asked.attributes,
            EnrolmentAnswer.from_octets(asked.answer).commitment,
            signer_nym_entropy=kept.terms.signer_nym_entropy,
            valid_until=asked.valid_until,
        )
        assert signed.signature.to_octets() == issued.signature
        assert desk.ledger.verify().number == 1


@contextmanager
def scripted(certificates: Certificates, *scripts: bytes) -> Iterator[str]:
    """A host with the service's certificate that says the same whatever it is asked, one script a connection."""
    context = certificates.service().for_service()
    with listen(f"{HOST}:0") as listener:

        def serve() -> None:
            for script in scripts:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with plain, context.wrap_socket(plain, server_side=True) as tls:
                    received = b""
                    while b"\r\n\r\n" not in received:
                        received += tls.recv(65536)
                    tls.sendall(script)
                    tls.settimeout(2)
                    try:
                        while tls.recv(65536):
                            pass
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"https://{HOST}:{listener.getsockname()[1]}"
        finally:
            # Ends accept() where a script was not asked for.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class TestAHostThatIsNoService:
    def http(self, octets: bytes, status: bytes = b"200 OK") -> bytes:
        length = str(len(octets)).encode()
        return b"HTTP/1.1 " + status + b"\r\ncontent-length: " + length + b"\r\n\r\n" + octets

    def test_that_answers_twice_has_its_second_answer_taken_for_nothing(
        self, certificates: Certificates
    ) -> None:
        first, second = cards.request(), cards.request()
        ledger = MemoryLedger()
        answers = [self.http(signer(ledger).issue(asked).to_octets()) for asked in (first, second)]
        with (
            scripted(certificates, answers[0] + answers[0], answers[1]) as url,
            RemoteIssuer(url, certificates.office(), trusted(), patience=5.0) as issuer,
        ):
            assert issuer.issue(first) == signer(ledger).issue(first)
            assert issuer.issue(second) == signer(ledger).issue(second)

    def test_that_never_ends_its_answer_is_given_up(self, certificates: Certificates) -> None:
        endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n"
        with (
            scripted(certificates, endless) as url,
            RemoteIssuer(url, certificates.office(), trusted(), patience=0.4) as issuer,
            pytest.raises(IssuerUnreachableError, match="takes too long"),
        ):
            issuer.issue(cards.request())

    def test_that_sends_us_elsewhere_or_speaks_of_something_else_is_not_followed(
        self, certificates: Certificates
    ) -> None:
        moved = b"HTTP/1.1 307 Elsewhere\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n"
        for script in (moved, self.http(b"<html>", b"403 Forbidden"), self.http(b'{"reason": 1}', b"403 No")):
            with (
                scripted(certificates, script) as url,
                RemoteIssuer(url, certificates.office(), trusted(), patience=0.2) as issuer,
                pytest.raises(IssuerUnreachableError, match="as no issuer's service does"),
            ):
                issuer.issue(cards.request())

    def test_with_a_certificate_of_another_ca_is_not_told_anything(
        self, tmp_path: Path, certificates: Certificates
    ) -> None:
        foreign = Certificates.make(tmp_path / "foreign")
        office = certificates.office()
        with (
            running(tmp_path, foreign) as desk,
            RemoteIssuer(desk.url, office, trusted(), patience=5.0) as issuer,
            pytest.raises(TrustError, match="not accepted") as error,
        ):
            issuer.issue(cards.request())
        assert error.value.hint

    def test_of_another_name_is_not_told_anything(self, desk: Desk) -> None:
        url = desk.url.replace(HOST, "localhost")
        with (
            RemoteIssuer(url, desk.certificates.office(), trusted(), patience=5.0) as issuer,
            pytest.raises(TrustError, match="not accepted"),
        ):
            issuer.issue(cards.request())

    def test_that_signs_with_an_unknown_key_is_found_out_before_a_card_is_asked(self, desk: Desk) -> None:
        with (
            RemoteIssuer(desk.url, desk.certificates.office(), trusted("Elsewhere TEST")) as issuer,
            pytest.raises(TrustError, match="does not know"),
        ):
            assert issuer.key_id


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://", "gifu", "https://127.0.0.1/path"])
def test_what_is_no_url_of_a_service_is_refused(certificates: Certificates, url: str) -> None:
    with pytest.raises(UsageError, match="no issuer's service"):
        RemoteIssuer(url, certificates.office(), trusted())


def test_a_wrong_passphrase_and_an_open_key_are_said(certificates: Certificates, tmp_path: Path) -> None:
    office = certificates.office()
    with pytest.raises(TrustError, match="passphrase"):
        RemoteIssuer("https://127.0.0.1:1", replace(office, passphrase=b"wrong passphrase"), trusted())
    with pytest.raises(TrustError, match="no key"):
        RemoteIssuer("https://127.0.0.1:1", replace(office, key=tmp_path / "none"), trusted())
    key = tmp_path / "office.key"
    key.write_bytes(office.key.read_bytes())
    key.chmod(0o644)
    with pytest.raises(HostEnvironmentError, match="0644"):
        RemoteIssuer("https://127.0.0.1:1", replace(office, key=key), trusted())


@pytest.mark.parametrize("address", ["8443", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        listen(address)


def test_an_address_that_is_taken_is_said(desk: Desk) -> None:
    with pytest.raises(HostEnvironmentError, match="cannot listen") as error:
        listen(f"{HOST}:{desk.port}")
    assert "another port" in error.value.hint
