"""Who is not let in, and who gets less than asked: over real TLS, with certificates made for it."""

from __future__ import annotations

import logging
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fixtures import world
from tests.issuer import cards
from tests.issuer.desks import HOST, Certificates, Desk, long_ago, running

from mumei.issuer import server, wire
from mumei.issuer.issuance import (
    MAX_REQUEST_OCTETS,
    IssuanceRefused,
    IssuerUnreachableError,
    LedgerConflict,
    Purpose,
    Reason,
)
from mumei.issuer.limits import Limits, Pace, TooManyError
from mumei.issuer.office_ca import read_revoked, utc_now, write_revoked
from mumei.issuer.office_rights import OfficeRights
from mumei.issuer.peer import PEER, Offices, PeerProtocol
from mumei.issuer.tls import Identity
from mumei_core.errors import DecodingError, TrustError, UsageError


def post(desk: Desk, body: bytes, identity: Identity | None = None, path: str = wire.ISSUE) -> httpx.Response:
    """As any program could, with an office's certificate."""
    context = (identity or desk.certificates.office()).for_office()
    with httpx.Client(base_url=desk.url, verify=context, trust_env=False) as client:
        return client.post(path, content=body)


def bare(identity: Identity) -> ssl.SSLContext:
    """TLS that trusts the service and shows nothing."""
    context = ssl.create_default_context(cafile=str(identity.ca))
    context.check_hostname = False
    return context


def refused_in_tls(desk: Desk, context: ssl.SSLContext) -> str:
    """The alert with which a connection ends before the service has heard anything."""
    with (
        pytest.raises(ssl.SSLError) as error,
        socket.create_connection((HOST, desk.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as tls,
    ):
        tls.sendall(b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n")
        # TLS 1.3: the server refuses after the client's side of the handshake is done.
        tls.recv(1)
    return error.value.reason or ""


class TestTheHandshakeFails:
    def test_without_certificate(self, desk: Desk) -> None:
        assert "CERTIFICATE_REQUIRED" in refused_in_tls(desk, bare(desk.certificates.office()))

    def test_with_a_certificate_of_another_ca(self, desk: Desk, tmp_path: Path) -> None:
        foreign = Certificates.make(tmp_path).office()
        context = bare(desk.certificates.office())
        context.load_cert_chain(foreign.certificate, foreign.key, foreign.passphrase)

        assert "UNKNOWN_CA" in refused_in_tls(desk, context)

    def test_with_a_certificate_of_another_ca_of_the_same_name(self, desk: Desk, tmp_path: Path) -> None:
        foreign = Certificates.make(tmp_path).office()
        context = bare(desk.certificates.office())
        context.load_cert_chain(foreign.certificate, foreign.key, foreign.passphrase)

        assert refused_in_tls(desk, context)

    def test_with_an_expired_certificate(self, desk: Desk) -> None:
        expired = desk.certificates.office(file="expired", now=long_ago(), days=90)
        context = bare(expired)
        context.load_cert_chain(expired.certificate, expired.key, expired.passphrase)

        assert "CERTIFICATE_EXPIRED" in refused_in_tls(desk, context)

    def test_with_the_service_s_own_certificate(self, desk: Desk) -> None:
        service = desk.certificates.service()
        context = bare(service)
        context.load_cert_chain(service.certificate, service.key, service.passphrase)

        assert refused_in_tls(desk, context)

    def test_below_tls_1_3(self, desk: Desk) -> None:
        office = desk.certificates.office()
        context = bare(office)
        context.load_cert_chain(office.certificate, office.key, office.passphrase)
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        assert "PROTOCOL_VERSION" in refused_in_tls(desk, context)


class TestAnOffice:
    def test_whose_certificate_has_expired_is_told_before_it_asks(self, desk: Desk) -> None:
        expired = desk.certificates.office(file="expired", now=long_ago(), days=90)

        with pytest.raises(TrustError, match="expired on") as refused:
            desk.client(expired)
        assert "office-certificate" in refused.value.hint

    def test_whose_clock_is_wrong_is_told_by_the_service(self, desk: Desk) -> None:
        expired = desk.certificates.office(file="expired", now=long_ago(), days=90)

        with (
            desk.client(expired, clock=lambda: long_ago() + timedelta(days=1)) as issuer,
            pytest.raises(TrustError, match="service says that the office's certificate has expired"),
        ):
            issuer.issue(cards.request())

    def test_whose_certificate_is_not_good_yet_is_told_to_look_at_its_clock(self, desk: Desk) -> None:
        with pytest.raises(TrustError, match="not good yet") as refused:
            desk.client(clock=lambda: utc_now() - timedelta(days=1))
        assert "clock" in refused.value.hint

    def test_that_shows_the_service_s_certificate_is_told(self, desk: Desk) -> None:
        with pytest.raises(TrustError, match="does not say what the office may"):
            desk.client(desk.certificates.service())

    def test_asks_for_its_own_prefecture_only(self, desk: Desk) -> None:
        with desk.client() as issuer, pytest.raises(IssuanceRefused, match="prefecture") as refused:
            issuer.issue(cards.request(resident=world.SAYURI_TOKYO))

        assert refused.value.reason is Reason.RIGHTS and refused.value.hint
        assert desk.ledger.by_record(cards.request().record) == ()

    def test_asks_in_its_own_name_only(self, desk: Desk) -> None:
        with desk.client() as issuer, pytest.raises(IssuanceRefused, match="another office") as refused:
            issuer.issue(cards.request(office="Tokyo TEST"))
        assert refused.value.reason is Reason.RIGHTS and cards.OFFICE in refused.value.hint

    def test_asks_for_what_its_certificate_names_only(self, desk: Desk) -> None:
        renews = desk.certificates.office("Renewals TEST", may=(Purpose.RENEW,))

        with desk.client(renews) as issuer, pytest.raises(IssuanceRefused, match="may not enrol") as refused:
            issuer.issue(cards.request(office="Renewals TEST"))
        assert refused.value.reason is Reason.RIGHTS

    def test_that_had_its_hour_s_signatures_waits(self, desk: Desk) -> None:
        busy = desk.certificates.office("Busy TEST", per_hour=2)
        asked = [cards.request(office="Busy TEST") for _ in range(3)]

        with desk.client(busy) as issuer:
            first = [issuer.issue(request) for request in asked[:2]]
            with pytest.raises(IssuanceRefused, match="2 signatures in the last hour") as refused:
                issuer.issue(asked[2])
            # What was signed already costs nothing.
            assert issuer.issue(asked[0]) == first[0]
        assert refused.value.reason is Reason.BUSY and "minutes" in refused.value.hint

    def test_cannot_have_one_commitment_signed_for_two_requests(self, desk: Desk) -> None:
        asked = cards.request()
        with desk.client() as issuer:
            issuer.issue(asked)
            with pytest.raises(LedgerConflict):
                issuer.issue(replace(asked, record=bytes(16)))

    def test_without_rights_in_its_certificate_gets_nothing(self, desk: Desk) -> None:
        # What RFC 5280 calls an unknown uncritical extension, left out.
        plain = desk.certificates.plain("plain")

        assert post(desk, cards.request().to_octets(), plain).status_code == 403


def test_a_certificate_that_ends_while_a_connection_is_open_ends_it_too(
    tmp_path: Path, certificates: Certificates
) -> None:
    offices = Offices(certificates.ca.certificate, tmp_path / "none.crl")
    shown = {PEER: certificates.office().read_certificate().public_bytes(Encoding.DER)}

    assert offices.identify(shown, utc_now()).name == cards.OFFICE
    for now in (utc_now() + timedelta(days=91), utc_now() - timedelta(days=1)):
        with pytest.raises(IssuanceRefused, match="expired"):
            offices.identify(shown, now)
    with pytest.raises(IssuanceRefused, match="no certificate"):
        offices.identify({PEER: None}, utc_now())


class TestARevokedCertificate:
    def test_is_refused_at_once_on_an_open_connection(
        self, tmp_path: Path, certificates: Certificates
    ) -> None:
        lost = certificates.office("Lost TEST")
        serial = lost.read_certificate().serial_number
        with running(tmp_path, certificates) as desk, desk.client(lost) as issuer, desk.client() as other:
            issuer.issue(cards.request(office="Lost TEST"))
            revoked = certificates.ca.revoke(serial, None, now=utc_now())
            write_revoked(desk.revoked, revoked)

            with pytest.raises(IssuanceRefused, match="revoked") as refused:
                issuer.issue(cards.request(office="Lost TEST"))
            other.issue(cards.request())

            # The list only grows, and who takes it away lets nobody in.
            again = certificates.ca.revoke(
                1234, read_revoked(desk.revoked, certificates.ca.certificate), now=utc_now()
            )
            assert {entry.serial_number for entry in again} == {serial, 1234}
            desk.revoked.unlink()
            with pytest.raises(IssuanceRefused, match="missing"):
                other.issue(cards.request())
        assert refused.value.reason is Reason.RIGHTS

    def test_list_of_another_ca_stops_the_service(self, tmp_path: Path, certificates: Certificates) -> None:
        foreign = Certificates.make(tmp_path / "foreign", name="Office CA TEST")
        with running(tmp_path, certificates) as desk, desk.client(patience=0.5) as issuer:
            write_revoked(desk.revoked, foreign.ca.revoke(1, None, now=utc_now()))

            with pytest.raises(IssuerUnreachableError):
                issuer.issue(cards.request())


class TestWhatIsNoRequest:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"\xa0", 400),
            (b'{"office": "x"}', 400),
            (bytes(MAX_REQUEST_OCTETS + 1), 400),
        ],
        ids=["empty", "cbor", "json", "long"],
    )
    def test_is_malformed(self, desk: Desk, body: bytes, status: int) -> None:
        answer = post(desk, body)

        assert answer.status_code == status
        assert answer.json()["reason"] == "malformed" and answer.json()["hint"]

    def test_too_long_is_not_even_listened_to(self, desk: Desk) -> None:
        context = desk.certificates.office().for_office()
        with (
            socket.create_connection((HOST, desk.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            tls.sendall(b"POST /v1/issue HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n")
            tls.sendall(bytes(MAX_REQUEST_OCTETS + 1))
            assert tls.recv(65536).startswith(b"HTTP/1.1 400")

    def test_with_something_behind_it_is_malformed(self, desk: Desk) -> None:
        assert post(desk, cards.request().to_octets() + b"\x00").status_code == 400

    def test_elsewhere_is_not_found(self, desk: Desk) -> None:
        assert post(desk, b"", path="/docs").status_code == 404
        assert post(desk, b"", path="/openapi.json").status_code == 404
        assert post(desk, b"", path=wire.HEALTH).status_code == 405

    def test_leaves_no_attribute_in_any_log(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        asked = cards.request()
        with desk.client() as issuer:
            issuer.issue(asked)
            with pytest.raises(IssuanceRefused):
                issuer.issue(replace(asked, record=bytes(16)))
        post(desk, asked.to_octets()[:-1])

        said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("mumei"))
        assert f"{cards.OFFICE}: enrol request {asked.digest[:8].hex()} signed" in said
        assert "refused (conflict)" in said
        everything = caplog.text.encode()
        for secret in (*asked.attributes[2:], asked.record, asked.nonce):
            assert secret not in everything and secret.hex() not in caplog.text


class TestLimits:
    def test_an_office_that_hurries_is_slowed_down(self, tmp_path: Path, certificates: Certificates) -> None:
        limits = Limits(burst=3, per_second=0.5)
        with running(tmp_path, certificates, limits=limits) as desk:
            answers = [post(desk, b"") for _ in range(4)]

        assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
        assert answers[-1].headers["retry-after"] == "2" and answers[-1].json()["reason"] == "busy"

    def test_a_bucket_fills_again(self) -> None:
        now = [0.0]
        pace = Pace(2, 1.0, clock=lambda: now[0])
        pace.take("a")
        pace.take("a")
        with pytest.raises(TooManyError) as refused:
            pace.take("a")
        pace.take("b")
        now[0] += refused.value.after
        pace.take("a")
        with pytest.raises(TooManyError):
            pace.take("a")

    def test_an_office_is_warned_in_the_log_before_its_certificate_ends(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        ends = desk.certificates.office("Ending TEST", days=10)

        answer = post(desk, b"", ends, path=wire.HEALTH)
        assert answer.status_code == 405
        with httpx.Client(base_url=desk.url, verify=ends.for_office(), trust_env=False) as client:
            answer = client.get(wire.HEALTH)
        left = answer.headers["mumei-certificate-days-left"]
        assert answer.status_code == 204 and left in ("9", "10")
        assert f"the certificate of Ending TEST ends in {left} days" in caplog.text

    def test_who_sends_slowly_is_cut_off(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PeerProtocol, "request_limit", 0.2)
        context = desk.certificates.office().for_office()
        with (
            socket.create_connection((HOST, desk.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as tls,
        ):
            tls.sendall(b"POST /v1/issue HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                assert tls.recv(1) == b""
                raise ConnectionError

    def test_who_begins_no_handshake_is_cut_off(
        self, tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server, "HANDSHAKE_LIMIT", 0.2)
        with (
            running(tmp_path, certificates) as desk,
            socket.create_connection((HOST, desk.port), timeout=5) as silent,
        ):
            assert silent.recv(1) == b""


class TestRights:
    def test_come_back_as_they_were_written(self) -> None:
        rights = OfficeRights.of(
            "岐阜市 TEST", may=(Purpose.RENEW, Purpose.ENROL), prefectures=(21, 1), per_hour=5
        )

        assert rights.may == (Purpose.ENROL, Purpose.RENEW) and rights.prefectures == (1, 21)
        assert OfficeRights.from_octets(rights.to_octets()) == rights

    @pytest.mark.parametrize(
        "wrong",
        [
            {"prefectures": (0,)},
            {"prefectures": (48,)},
            {"prefectures": ()},
            {"may": ()},
            {"per_hour": 0},
            {"per_hour": 1_000_000},
            {"office": ""},
            {"office": "x" * 65},
            {"office": "two\nlines"},
        ],
    )
    def test_that_make_no_sense_are_not_written(self, wrong: dict[str, object]) -> None:
        sound = {"office": "x", "may": (Purpose.ENROL,), "prefectures": (21,), "per_hour": 1}
        with pytest.raises(UsageError) as refused:
            OfficeRights.of(**(sound | wrong))  # type: ignore[arg-type]
        assert refused.value.hint

    def test_in_another_form_grant_nothing(self) -> None:
        good = OfficeRights.of("x", may=(Purpose.ENROL,), prefectures=(21,), per_hour=1).to_octets()
        for octets in (b"", good + b"\0", good[:-1], good.replace(b"\x02\x01\x01", b"\x02\x01\x02", 1)):
            with pytest.raises(DecodingError):
                OfficeRights.from_octets(octets)


def test_a_ca_writes_what_openssl_reads(certificates: Certificates) -> None:
    pem = certificates.office().read_certificate().public_bytes(Encoding.PEM).decode()

    assert ssl.PEM_cert_to_DER_cert(pem)
