"""The import laws are no decoration: each is broken, in a copy of the sources, and must be reported."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """Files to plant in the copy, and the law (its id in pyproject.toml) that they break."""

    law: str
    files: dict[str, str]


OFFENCES = {
    "the product imports the software card": Offence(
        law="sides", files={"host/mumei/session/offence.py": "import mumei_card.errors\n"}
    ),
    "the software card imports the product": Offence(
        law="sides", files={"card_sim/mumei_card/offence.py": "from mumei import transport\n"}
    ),
    "the core imports a side": Offence(
        law="core", files={"host/mumei_core/offence.py": "def late() -> None:\n    import mumei.session\n"}
    ),
    "the core speaks to a terminal window": Offence(
        law="core", files={"host/mumei_core/offence.py": "import click\n"}
    ),
    "the software card imports a pairing": Offence(
        law="chip", files={"card_sim/mumei_card/offence.py": "from mumei_core.crypto import pairing\n"}
    ),
    "the software card verifies by a detour": Offence(
        law="chip",
        files={
            "card_sim/mumei_card/offence.py": "import mumei_core.crypto.bbs.detour\n",
            "host/mumei_core/crypto/bbs/detour.py": "from mumei_core.crypto.bbs import verifier\n",
        },
    ),
    "the software card opens seals, in a package that comes later": Offence(
        law="chip",
        files={
            "host/mumei_core/sealing/__init__.py": "",
            "host/mumei_core/sealing/open.py": "",
            "card_sim/mumei_card/offence.py": "import mumei_core.sealing.open\n",
        },
    ),
    "pyscard in the session": Offence(
        law="pyscard", files={"host/mumei/session/offence.py": "from smartcard import scard\n"}
    ),
    "click outside the command line": Offence(
        law="click", files={"host/mumei/terminal/offence.py": "import click\n"}
    ),
    "the curve library in a proof": Offence(
        law="curve", files={"host/mumei_core/crypto/bbs/offence.py": "import pyblst\n"}
    ),
    "pycryptodome in secure messaging": Offence(
        law="points", files={"host/mumei_core/iso7816/offence.py": "from Crypto.PublicKey import ECC\n"}
    ),
    "the tests' curves in the product": Offence(
        law="points", files={"host/mumei_core/eac/offence.py": "import ecdsa\n"}
    ),
    "the transport looks up to the session": Offence(
        law="layers", files={"host/mumei/transport/offence.py": "import mumei.session.channel\n"}
    ),
    "the terminal looks across to the office": Offence(
        law="layers", files={"host/mumei/terminal/offence.py": "import mumei.office\n"}
    ),
    "a new room that was given no floor": Offence(law="layers", files={"host/mumei/offence.py": ""}),
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the three packages and of the laws, to break things in."""
    for folder in ("host", "card_sim"):
        shutil.copytree(PROJECT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def check_laws(sources: Path, *, only: str | None = None) -> subprocess.CompletedProcess[str]:
    checker = Path(sys.executable).with_name("lint-imports")
    # The copy has to come before the installed sources on the path.
    settings = {**os.environ, "PYTHONPATH": f"{sources / 'host'}:{sources / 'card_sim'}"}
    command = [str(checker), "--no-cache", "--no-logo", "--config", str(sources / "pyproject.toml")]
    return subprocess.run(
        [*command, *(["--contract", only] if only else [])],
        cwd=sources,
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_sources_as_they_are_keep_every_law(sources: Path) -> None:
    finished = check_laws(sources)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "0 broken" in finished.stdout


@pytest.mark.parametrize("offence", OFFENCES.values(), ids=list(OFFENCES))
def test_a_planted_offence_is_reported(sources: Path, offence: Offence) -> None:
    for name, text in offence.files.items():
        (sources / name).parent.mkdir(exist_ok=True)
        (sources / name).write_text(text, encoding="utf-8")

    finished = check_laws(sources, only=offence.law)

    assert finished.returncode == 1
    assert "0 kept, 1 broken" in finished.stdout
    assert "offence" in finished.stdout
