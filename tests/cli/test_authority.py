"""``mumei authority`` and ``mumei auditor``: what an authority's clerk sees, and what other programs make of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.fixtures import world

from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import open_authority, read_certificate
from mumei.cli.main import cli
from mumei.key_file import KeyFile
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.trust import Trust, accept
from mumei_core.errors import TrustError

PASSPHRASE = "correct horse battery"
needs_openpace = pytest.mark.skipif(
    shutil.which("cvc-print") is None and not os.environ.get("CI"),
    reason="cvc-print of Debian's package openpace is not installed",
)


@pytest.fixture(autouse=True)
def cheap_key_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second a key would make this the slowest file of all."""
    seal = KeyFile.seal

    def cheap(*arguments: Any, log2_n: int) -> None:
        seal(*arguments, log2_n=10)

    monkeypatch.setattr(KeyFile, "seal", staticmethod(cheap))


class Clerk:
    """Runs commands in a folder of its own, with the one passphrase for everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pass").write_text(PASSPHRASE + "\n")
        (folder / "pass").chmod(0o600)

    def run(self, *words: str, **files: str) -> Result:
        secrets = [w for name in ("passphrase", *files) for w in (f"--{name.replace('_', '-')}-file", "pass")]
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(cli, [*words, *secrets])
        finally:
            os.chdir(before)
        assert PASSPHRASE not in result.output
        return result

    def make(self, *words: str, **files: str) -> dict[str, Any]:
        result = self.run(*words, "--json", **files)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def certificate(self, name: str) -> Certificate:
        return read_certificate(self.folder / name / "certificate.cvcert")


BY = {"by_passphrase": "pass"}


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    """With a root and both kinds of sectors."""
    found = Clerk(tmp_path)
    found.make("authority", "init", "cvca", "--name", "JPMUMEI")
    shops = ("--name", "JPSHOPS", "--all-questions")
    found.make("authority", "sector", "shops", "--by", "cvca", *shops, **BY)
    offices = (
        "--name",
        "JPOFFICES",
        "--official",
        "--all-questions",
        "--flag",
        "renewal",
        "--pin-management",
    )
    found.make("authority", "sector", "offices", "--by", "cvca", *offices, **BY)
    return found


SAKE = ("--name", "JPSAKE", "--context", "sake.example", "--display-name", "Sake Shop", "--over", "20")


class TestAuthority:
    def test_makes_a_chain_that_a_card_takes(self, clerk: Clerk) -> None:
        made = clerk.make("authority", "terminal", "sake", "--by", "shops", *SAKE, **BY)
        assert made["role"] == "terminal"
        assert made["may_ask"] == ["20 or over"]
        assert (made["rp_context"], made["display_name"]) == ("sake.example", "Sake Shop")
        credentials = TerminalCredentials.load(clerk.folder / "sake", PASSPHRASE.encode())
        root = clerk.certificate("cvca")
        trust, imported = Trust.initial([root], date(2026, 11, 1)), None
        for certificate in credentials.chain_for([root.body.chr]):
            accepted = accept(trust, imported, certificate)
            trust, imported = accepted.trust, accepted.imported
        assert imported is not None and imported.certificate == credentials.certificate
        assert credentials.rights.rp_context == b"sake.example"

    def test_shops_sectors_have_role_01_and_begin_on_the_first_of_a_month(self, clerk: Clerk) -> None:
        shops, offices = clerk.certificate("shops"), clerk.certificate("offices")
        assert (shops.role, offices.role) == (Role.DV_NON_OFFICIAL, Role.DV_OFFICIAL)
        assert shops.body.effective.day == clerk.certificate("cvca").body.effective.day == 1

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("--by", "shops", *SAKE, "--days", "36"), "35 days"),
            (("--by", "shops", *SAKE, "--over", "21"), "over 21"),
            (("--by", "shops", *SAKE, "--flag", "renewal"), "renewal"),
            (("--by", "shops", *SAKE, "--pseudonym"), "auditor"),
            (("--by", "shops", "--name", "jpsake"), "name"),
            (("--by", "shops", "--name", "JPSAKE", "--context", "x"), "context and a name"),
            (("--by", "cvca", *SAKE), "sector"),
            (("--by", "offices", *SAKE, "--context", "mumei:renewal"), "system's own"),
            (("--by", "shops", *SAKE, "--days", "7000"), "valid"),
        ],
    )
    def test_refuses_what_a_card_would_not_honour(
        self, clerk: Clerk, words: tuple[str, ...], says: str
    ) -> None:
        result = clerk.run("authority", "terminal", "bad", *words, **BY)
        assert result.exit_code == 2
        assert says in result.output
        assert not (clerk.folder / "bad").exists()

    def test_overwrites_nothing(self, clerk: Clerk) -> None:
        before = clerk.certificate("cvca")
        assert clerk.run("authority", "init", "cvca", "--name", "JPMUMEI").exit_code == 2
        assert clerk.certificate("cvca") == before

    def test_a_wrong_passphrase_is_said_and_nothing_made(self, clerk: Clerk) -> None:
        (clerk.folder / "wrong").write_text("not the passphrase\n")
        (clerk.folder / "wrong").chmod(0o600)
        words = ("authority", "terminal", "sake", "--by", str(clerk.folder / "shops"), *SAKE)
        secrets = ("--passphrase-file", "pass", "--by-passphrase-file", str(clerk.folder / "wrong"))
        result = CliRunner().invoke(cli, [*words, *secrets])
        assert result.exit_code == 2
        assert "passphrase" in result.output

    def test_links_roots(self, clerk: Clerk) -> None:
        clerk.make("authority", "init", "cvca2", "--name", "JPMUMEI", "--sequence", "2")
        link = clerk.make("authority", "link", "cvca", "cvca2")
        assert (link["holder"], link["signed_by"]) == ("JPMUMEI00002", "JPMUMEI00001")
        certificate = read_certificate(clerk.folder / link["place"])
        accepted = accept(Trust.initial([clerk.certificate("cvca")], date(2026, 11, 1)), None, certificate)
        assert accepted.trust.names[0] in (b"JPMUMEI00001", b"JPMUMEI00002")
        assert len(accepted.trust.points) == 2

    def test_inspects_folders_and_files_alike(self, clerk: Clerk) -> None:
        words = ("authority", "inspect")
        folder = CliRunner().invoke(cli, [*words, str(clerk.folder / "shops")])
        file = CliRunner().invoke(cli, [*words, str(clerk.folder / "shops" / "certificate.cvcert")])
        assert folder.output == file.output
        assert "sector authority: JPSHOPS00001" in folder.output

    def test_says_that_a_file_is_no_certificate(self, clerk: Clerk) -> None:
        result = CliRunner().invoke(cli, ["authority", "inspect", str(clerk.folder / "pass")])
        assert result.exit_code == 5
        assert "no certificate" in result.output

    def test_keys_are_encrypted_and_private(self, clerk: Clerk) -> None:
        key = clerk.folder / "cvca" / "holder.key"
        assert key.stat().st_mode & 0o777 == 0o600
        secret = open_authority(clerk.folder / "cvca", PASSPHRASE.encode()).key.secret_octets
        assert secret not in key.read_bytes()

    def test_a_certificate_put_in_anothers_place_is_found(self, clerk: Clerk) -> None:
        clerk.make("authority", "terminal", "sake", "--by", "shops", *SAKE, **BY)
        chain = clerk.folder / "sake" / "chain"
        clerk.make("authority", "init", "other", "--name", "JPMUMEI")
        other = (clerk.folder / "other" / "certificate.cvcert").read_bytes()
        (chain / "JPMUMEI00001.cvcert").write_bytes(other)
        with pytest.raises(TrustError, match="not signed by"):
            TerminalCredentials.load(clerk.folder / "sake", PASSPHRASE.encode())


class TestAuditor:
    CONTEXT = ("--context", "forum.example", "--display-name", "Forum", "--sector", "JPSHOPS00001")

    @pytest.fixture
    def audited(self, clerk: Clerk) -> Clerk:
        clerk.make("auditor", "init", "auditor")
        clerk.make("auditor", "sign", "context", "forum.context", "--by", "auditor", *self.CONTEXT)
        return clerk

    def test_signs_a_context_for_a_pseudonym(self, audited: Clerk) -> None:
        forum = ("--name", "JPFORUM", "--audited", "forum.context", "--pseudonym")
        made = audited.make("authority", "terminal", "forum", "--by", "shops", *forum, **BY)
        assert made["audited"] and made["further_rights"] == ["pseudonym"]
        assert TerminalCredentials.load(audited.folder / "forum", PASSPHRASE.encode()).rights.pseudonym

    def test_another_sector_may_not_use_it(self, audited: Clerk) -> None:
        forum = ("--name", "JPFORUM", "--audited", "forum.context", "--pseudonym")
        result = audited.run("authority", "terminal", "forum", "--by", "offices", *forum, **BY)
        assert result.exit_code == 2
        assert "JPSHOPS00001" in result.output

    def test_anyone_can_verify(self, audited: Clerk) -> None:
        folder = audited.folder
        words = ["auditor", "verify", "context", str(folder / "forum.context"), "--auditor"]
        assert CliRunner().invoke(cli, [*words, str(folder / "auditor" / "auditor.pub")]).exit_code == 0
        audited.make("auditor", "init", "other")
        result = CliRunner().invoke(cli, [*words, str(folder / "other" / "auditor.pub")])
        assert result.exit_code == 5
        assert "not signed" in result.output


class TestDigits:
    def test_root_and_auditor_sign_an_audited_table_and_anyone_can_verify(self, clerk: Clerk) -> None:
        world.issuer("Gifu TEST").parameters.save(clerk.folder / "parameters.cbor")
        clerk.make("auditor", "init", "auditor")
        clerk.make("auditor", "init", "root", "--root")
        sign = ("auditor", "sign", "digits", "gifu.statement", "--by", "auditor", "--root", "root")
        made = clerk.make(*sign, "--parameters", "parameters.cbor", root_passphrase="pass")
        assert made["ages_without_pin"] == [12, 15, 18, 20, 60, 65, 70]
        folder = clerk.folder
        words = ["auditor", "verify", "digits", str(folder / "gifu.statement")]
        words += [
            "--parameters",
            str(folder / "parameters.cbor"),
            "--root",
            str(folder / "root" / "root.pub"),
        ]
        good = CliRunner().invoke(cli, [*words, "--auditor", str(folder / "auditor" / "auditor.pub")])
        assert good.exit_code == 0, good.output
        bad = CliRunner().invoke(cli, [*words, "--auditor", str(folder / "root" / "root.pub")])
        assert bad.exit_code == 5
        world.issuer("Other TEST").parameters.save(folder / "other.cbor")
        words[words.index(str(folder / "parameters.cbor"))] = str(folder / "other.cbor")
        other = CliRunner().invoke(cli, [*words, "--auditor", str(folder / "auditor" / "auditor.pub")])
        assert (other.exit_code, "other parameters" in other.output) == (5, True)


@needs_openpace
class TestOtherPrograms:
    """OpenPACE's tools read what we make, and we take what they make."""

    def test_cvc_print_reads_and_verifies_our_chain(self, clerk: Clerk) -> None:
        clerk.make("authority", "terminal", "sake", "--by", "shops", *SAKE, **BY)
        trusted = clerk.folder / "trusted"
        trusted.mkdir()
        for name in ("cvca", "shops"):
            certificate = clerk.certificate(name)
            (trusted / certificate.body.chr.decode()).write_bytes(certificate.to_octets())
        for name, role in (("cvca", "CVCA"), ("shops", "DV"), ("sake", "Terminal")):
            printed = subprocess.run(
                ["cvc-print", f"--cvc={clerk.folder / name}/certificate.cvcert", f"--cvc-dir={trusted}"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout
            body = clerk.certificate(name).body
            assert f"CHR: {body.chr.decode()}" in printed
            assert f"CAR: {body.car.decode()}" in printed
            assert f"{role} certificate" in printed
            assert f"Expiration Date: {body.expiration.isoformat()}" in printed
            assert "certificate verified" in printed.splitlines(), printed

    def test_a_chain_of_cvc_create_is_accepted_and_gives_no_right_of_ours(self, clerk: Clerk) -> None:
        folder = clerk.folder

        def create(name: str, role: str, *more: str) -> Certificate:
            key = ec.generate_private_key(ec.SECP256R1())
            octets = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"{name}.pkcs8").write_bytes(octets)
            command = ["cvc-create", f"--role={role}", f"--chr={name}", f"--key={name}.pkcs8"]
            command += ["--issued=261101", "--expires=270101", f"--out-cert={name}.cvcert", *more]
            done = subprocess.run(
                [*command, "--scheme=ECDSA_SHA_256"], cwd=folder, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            return Certificate.from_octets((folder / f"{name}.cvcert").read_bytes())

        rights = ("--verify-age", "--can-allowed")
        root = create("ZZROOT00001", "cvca", "--type=at", *rights, "--sign-with=ZZROOT00001.pkcs8")
        by_root = ("--sign-with=ZZROOT00001.pkcs8", "--sign-as=ZZROOT00001.cvcert")
        sector = create("ZZSECT00001", "dv_foreign", *rights, *by_root)
        by_sector = ("--sign-with=ZZSECT00001.pkcs8", "--sign-as=ZZSECT00001.cvcert")
        terminal = create("ZZTERM00001", "terminal", *rights, *by_sector)
        trust = Trust.initial([root], date(2026, 11, 1))
        first = accept(trust, None, sector)
        last = accept(first.trust, first.imported, terminal)
        assert last.imported is not None
        assert last.imported.rights is None
        assert not last.imported.is_official
