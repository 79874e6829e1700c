"""A municipality with everyone in it, made by the commands as people type them: authorities, trustees, shops."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fixtures import world
from tests.fixtures.clerks import cheap_passwords
from tests.fixtures.command_line import CHEAP, PASSPHRASE, calendar_at, mumei

from mumei.authority.credentials import TerminalCredentials
from mumei.authority.folder import save_holder
from mumei.issuer.keys import IssuerKey
from mumei.maker.attestation_root import MakerRoot
from mumei.maker.master_key import MasterKey
from mumei.office.residents.resident import Resident, Sex
from mumei.office.residents.resident_code import ResidentCode, check_digit
from mumei.revocation.folder import AuthorityFolder
from mumei.signing_key import save_key
from mumei.trustee.folder import TrusteeFolder
from mumei_card.__main__ import main as mumei_card

TRUSTEES: Final = ("ombudsman", "court", "board")
#: Every key's passphrase and every clerk's password, each in the file of this name.
PASS: Final = "--passphrase-file pass"
_BY: Final = f"{PASS} --by-passphrase-file pass"

_SETUP: Final = (
    f"issuer init gifu --name 'Gifu TEST' {PASS}",
    f"maker init maker.key {PASS}",
    f"maker root maker --name 'Cards TEST' {PASS}",
    f"auditor init auditor {PASS}",
    f"auditor init issuer-root --root {PASS}",
    "auditor sign digits gifu.statement --by auditor --root issuer-root"
    f" --parameters gifu/parameters.cbor {PASS} --root-passphrase-file pass",
    "auditor sign issuer-key key.statement --by auditor --root issuer-root --first 2026-01-01 --last 2027-12-31"
    f" --parameters gifu/parameters.cbor {PASS} --root-passphrase-file pass",
    f"revocation init revocation {PASS}",
    *(f"trustee init {name} --name {name} {PASS}" for name in TRUSTEES),
    "auditor sign trustees trustees.statement --by auditor --root issuer-root --threshold 2"
    f" {' '.join(f'--trustee {name}/trustee.pub' for name in TRUSTEES)} {PASS} --root-passphrase-file pass",
    "revocation trustees revocation trustees.statement --root issuer-root/root.pub --auditor auditor/auditor.pub",
    f"authority init root --name JPROOT {PASS}",
    "authority sector offices --by root --name JPOFFICES --official --all-questions --flag renewal"
    f" --flag personalisation --pin-management {_BY}",
    "auditor sign context counter.context --by auditor --context mumei:renewal --display-name 'Ward Office'"
    f" --sector JPOFFICES00001 {PASS}",
    "authority terminal counter --by offices --name JPCOUNTER --audited counter.context --pseudonym"
    f" --flag renewal --flag personalisation --pin-management --days 90 {_BY}",
    "authority sector shops --by root --name JPSHOPS --over 20 --show prefecture --pseudonym --days 90"
    f" {_BY}",
    "auditor sign context forum.context --by auditor --context forum.example --display-name Forum"
    f" --sector JPSHOPS00001 {PASS}",
    "authority terminal sake --by shops --name JPSAKE --context sake.example --display-name 'Sake Shop'"
    f" --over 20 {_BY}",
    "authority terminal forum --by shops --name JPFORUM --audited forum.context --pseudonym"
    f" --show prefecture {_BY}",
    "terminal init counter --parameters gifu/parameters.cbor",
    "terminal init sake --parameters gifu/parameters.cbor",
    "terminal init forum --parameters gifu/parameters.cbor",
    *(
        f"terminal trust {shop} --revocation-authority revocation/authority.pub --auditor auditor/auditor.pub"
        for shop in ("sake", "forum", "counter")
    ),
)


@dataclass(frozen=True, slots=True)
class Municipality:
    """A folder to work in; every command runs there."""

    folder: Path

    def run(self, line: str, *, expect: int = 0) -> dict[str, Any]:
        """One command as it is typed, with --json: what it says."""
        result = mumei(*shlex.split(line), "--json")
        assert result.exit_code == expect, f"{line}\n{result.stderr}"
        found = json.loads(result.stdout) if result.stdout else {}
        assert isinstance(found, dict)
        return found

    def refused(self, line: str, words: str, *, code: int) -> None:
        """A command that fails, for this reason, and says what to do."""
        result = mumei(*shlex.split(line))
        assert result.exit_code == code, f"{line}\n{result.output}"
        assert words in result.stderr, f"{line}\n{result.stderr}"

    def secret(self, name: str, text: str) -> None:
        """What a person types, in a file."""
        file = self.folder / name
        file.write_text(f"{text}\n", encoding="utf-8")
        file.chmod(0o600)

    def new_card(self, name: str) -> str:
        """A card of the maker's, blank, with its letter; the number on the delivery note."""
        made = self.run(
            f"maker card-keys {name}.keys --master maker.key --root maker {PASS} --root-passphrase-file pass"
        )
        folder = self.folder
        keys = ["--personalisation-keys", str(folder / f"{name}.keys")]
        assert (
            mumei_card(
                ["new", str(folder / f"{name}.card"), *keys, "--letter", str(folder / f"{name}.letter")]
            )
            == 0
        )
        (folder / f"{name}.keys").unlink()
        return str(made["number"])

    def week(self, day: date) -> None:
        """Authority and auditor sign the week's statements, and every shop takes them in."""
        self.run(f"revocation statements revocation week-{day} {PASS}")
        self.run(
            f"auditor sign statements week-{day} --by auditor --authority revocation/authority.pub {PASS}"
        )
        for shop in ("sake", "forum", "counter"):
            self.run(f"terminal update {shop} --from week-{day}")


def resident_list(residents: tuple[Resident, ...]) -> bytes:
    """What the resident system writes out: CSV in CP932 with Japanese headings."""
    lines = ["住民票コード,氏,名,氏カナ,名カナ,性別,生年月日,住所,市区町村コード"]
    lines += [
        ",".join(
            (
                one.resident_code.digits,
                one.family_name,
                one.given_name,
                one.family_reading,
                one.given_reading,
                "男" if one.sex is Sex.MALE else "女",
                one.birth_date.isoformat(),
                one.address,
                one.municipality.digits,
            )
        )
        for one in residents
    ]
    return ("\r\n".join(lines) + "\r\n").encode("cp932")


def twenty_residents() -> tuple[Resident, ...]:
    """The samples whose names CP932 can write, and others like them under codes of their own."""
    first = [one for one in world.residents() if _in_cp932(one)]
    more = []
    for number, like in zip(range(20 - len(first)), first * 3, strict=False):
        ten = f"55555000{number:02d}"
        code = ResidentCode(digits=ten + str(check_digit(ten)))
        more.append(replace(like, resident_code=code, address=f"{like.address}の{number + 1}"))
    return (*first, *more)


def _in_cp932(resident: Resident) -> bool:
    try:
        f"{resident.name}{resident.address}".encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def cheap_keys(patch: pytest.MonkeyPatch) -> None:
    """scrypt's lowest cost for commands too, which nobody hands one."""
    makers: tuple[Any, ...] = (
        save_key,
        save_holder,
        TerminalCredentials.save,
        TrusteeFolder.create,
        AuthorityFolder.create,
        IssuerKey.save,
        MasterKey.save,
        MakerRoot.save,
    )
    for made in makers:
        patch.setitem(getattr(made, "__func__", made).__kwdefaults__, "log2_n", CHEAP)


@contextmanager
def municipality(folder: Path, day: date) -> Iterator[Municipality]:
    """Everyone but the office, in ``folder``; keys and passwords cost little."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_keys(patch)
        # A week has 1,024 lists, each flushed to the disk: seconds, in which nothing is tested.
        patch.setattr(os, "fsync", lambda _descriptor: None)
        cheap_passwords(patch)
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        patch.chdir(folder)
        place = Municipality(folder)
        place.secret("pass", PASSPHRASE)
        place.secret("pin", world.PIN)
        with calendar_at(day):
            for line in _SETUP:
                place.run(line)
        yield place
