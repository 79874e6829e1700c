"""Cards and authorities for a test bench, made by the commands that people type. All of it is called TEST.

The cards: one issued to a sample resident whose PIN is set, one as its maker delivers it, one of the development
profile. On real cards the same lines are typed with --reader instead of --card, and the files' names do not matter.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import shlex
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW, BenchCard, BenchFile, BenchKey

from mumei.authority.folder import AUTHORITY_KEY
from mumei.cli.main import cli
from mumei.issuer.parameters import PublicParameters
from mumei.revocation.folder import AuthorityFolder
from mumei.signing_key import load_key
from mumei_core import dates
from mumei_core.errors import HostEnvironmentError

BENCH: Final = "bench.json"
_PIN: Final = "271828"
_AUTHORITIES: Final = ("root", "shops", "offices")
_AUDITOR_KEY: Final = "auditor-key"
_TRUSTEES: Final = ("ombudsman", "court")
_PARAMETERS: Final = "gifu/parameters.cbor"
_KEY, _BY = "--passphrase-file pass", "--passphrase-file pass --by-passphrase-file pass"
_TO_ISSUE: Final = (
    "--card-master maker.key --card-master-passphrase-file pass --maker-root maker/maker.root"
    " --root root/certificate.cvcert --auditor auditor/auditor.pub --issuer-root issuer-root/root.pub"
    " --authority revocation/authority.pub --digits gifu.statement --trustees trustees.statement"
    " --issuer-key key.statement"
)
_LINES: Final = (
    f"mumei issuer init gifu --name 'Gifu TEST' {_KEY}",
    f"mumei issuer init development --name 'Development TEST' --development {_KEY}",
    f"mumei maker init maker.key {_KEY}",
    f"mumei maker root maker --name 'Cards TEST' {_KEY}",
    *(
        line
        for card in (ISSUED, NEW)
        for line in (
            f"mumei maker card-keys {card}.keys --master maker.key --root maker {_KEY}"
            " --root-passphrase-file pass",
            f"mumei-card new {card}.card --personalisation-keys {card}.keys --letter {card}.letter",
        )
    ),
    f"mumei-card new {DEVELOPMENT}.card --profile development --letter {DEVELOPMENT}.letter",
    f"mumei authority init root --name JPROOT {_KEY}",
    f"mumei authority sector shops --by root --name JPSHOPS --all-questions --flag recognise {_BY}",
    "mumei authority sector offices --by root --name JPOFFICES --official --all-questions --flag personalisation"
    f" --pin-management {_BY}",
    f"mumei auditor init auditor {_KEY}",
    f"mumei auditor init issuer-root --root {_KEY}",
    f"mumei revocation init revocation {_KEY}",
    *(f"mumei trustee init {trustee} --name {trustee} {_KEY}" for trustee in _TRUSTEES),
    "mumei auditor sign trustees trustees.statement --by auditor --root issuer-root --threshold 2 "
    + " ".join(f"--trustee {trustee}/trustee.pub" for trustee in _TRUSTEES)
    + f" {_KEY} --root-passphrase-file pass",
    "mumei auditor sign digits gifu.statement --by auditor --root issuer-root"
    f" --parameters gifu/parameters.cbor {_KEY} --root-passphrase-file pass",
    "mumei auditor sign issuer-key key.statement --by auditor --root issuer-root --first 2024-01-01"
    f" --last 2034-12-31 --parameters gifu/parameters.cbor {_KEY} --root-passphrase-file pass",
    *(
        line
        for office in ("ward.db", "development.db")
        for line in (
            f"mumei office init --registry {office}",
            f"mumei office import --samples --registry {office}",
        )
    ),
    # Standard cards are issued by clerks who have a name; the token of their session is kept in this folder too.
    "mumei office clerk add tanaka --role it --registry ward.db --password-file pass",
    "mumei office login tanaka --registry ward.db --password-file pass",
    "mumei office clerk add sato --role clerk --registry ward.db --password-file pass",
    "mumei office login sato --registry ward.db --password-file pass --new-password-file password",
    f"mumei office enrol 1 --registry ward.db --issuer gifu --card {ISSUED}.card {_KEY} {_TO_ISSUE}",
    f"mumei office enrol 1 --registry development.db --issuer development --card {DEVELOPMENT}.card {_KEY}",
    *(
        f"mumei card pin change --card {card}.card --pin-file {card}.transport --new-pin-file pin"
        for card in (ISSUED, DEVELOPMENT)
    ),
)


def prepare(folder: Path, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Makes everything in a new folder; gives the bench file. Raises HostEnvironmentError where a line fails."""
    folder.mkdir(mode=0o700, parents=True)
    _secret(folder / "pass", secrets.token_hex(16))
    _secret(folder / "pin", _PIN)
    _secret(folder / "password", secrets.token_hex(16))
    with contextlib.chdir(folder), _own_sessions(folder):
        for line in _LINES:
            progress(line)
            _type(line)
            if line.startswith("mumei-card"):
                card = shlex.split(line)[2].removesuffix(".card")
                _secret(Path(f"{card}.transport"), _letter(card)["transport PIN"])
        bench = _collect()
    bench.save(folder / BENCH)
    return folder / BENCH


@contextlib.contextmanager
def _own_sessions(folder: Path) -> Iterator[None]:
    """Whoever is logged in at this machine stays so."""
    place, before = folder / "sessions", os.environ.get("XDG_RUNTIME_DIR")
    place.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(place)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _type(line: str) -> None:
    program, *arguments = shlex.split(line)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        if program == "mumei":
            code = _mumei(arguments)
        else:
            # Imported here and by name: on a bench with real cards nobody needs the software card.
            from mumei_card.__main__ import main as mumei_card

            code = mumei_card(arguments)
    if code:
        raise HostEnvironmentError(
            f"the bench cannot be prepared: {line}", hint=said.getvalue().strip() or "It said nothing."
        )


def _mumei(arguments: list[str]) -> int:
    try:
        cli.main(arguments, prog_name="mumei", standalone_mode=True)
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def _collect() -> BenchFile:
    passphrase = Path("pass").read_text().strip().encode()
    auditor = load_key(Path("auditor/auditor.key"), _AUDITOR_KEY, passphrase)
    revocation = AuthorityFolder.open(Path("revocation")).key(passphrase)
    parameters = PublicParameters.load(Path(_PARAMETERS))
    development = PublicParameters.load(Path("development/parameters.cbor"))
    return BenchFile(
        day=_today(),
        cards={name: _card(name) for name in (ISSUED, NEW, DEVELOPMENT)},
        authorities={name: _authority(name, passphrase) for name in _AUTHORITIES},
        auditor=auditor.secret_octets.hex(),
        revocation=revocation.secret_octets.hex(),
        parameters=_PARAMETERS,
        table_hash=parameters.table_hash.hex(),
        development_table_hash=development.table_hash.hex(),
    )


def _today() -> date:
    return dates.today()


def _authority(name: str, passphrase: bytes) -> BenchKey:
    key = load_key(Path(name) / "holder.key", AUTHORITY_KEY, passphrase)
    return BenchKey(
        certificate=(Path(name) / "certificate.cvcert").read_bytes().hex(), secret=key.secret_octets.hex()
    )


def _card(name: str) -> BenchCard:
    letter = _letter(name)
    passwords: dict[str, Any] = {
        "pin": "" if name == NEW else _PIN,
        "transport_pin": letter["transport PIN"] if name == NEW else "",
        "puk": letter["PUK"],
        "can": letter.get("CAN", ""),
        "shop_code": letter.get("shop code", ""),
        "file": f"{name}.card",
    }
    if name == DEVELOPMENT:
        return BenchCard(serial=DEVELOPMENT, **passwords)
    keys = json.loads(Path(f"{name}.keys").read_text())
    return BenchCard(
        serial=keys["diversification_data"],
        key_version=keys["key_version"],
        enc=keys["enc"],
        mac=keys["mac"],
        dek=keys["dek"],
        **passwords,
    )


def _letter(card: str) -> dict[str, str]:
    lines = Path(f"{card}.letter").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def _secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
