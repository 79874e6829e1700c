"""A folder with an issuer, as its people have it, for commands that are typed."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures import world
from tests.fixtures.command_line import CHEAP, PASSPHRASE

from mumei.issuer.ledger import DurableLedger

OFFICE_PASSPHRASE = "an office's own words"


class Room:
    """A folder with an issuer, its passphrases in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.issuer = folder / "gifu"

    def secret(self, name: str, text: str) -> Path:
        file = self.folder / name
        if not file.exists():
            file.write_text(text + "\n", encoding="utf-8")
            file.chmod(0o600)
        return file

    @property
    def passphrase(self) -> tuple[str | Path, ...]:
        return ("--passphrase-file", self.secret("passphrase", PASSPHRASE))

    def make_issuer(self) -> None:
        self.issuer.mkdir(mode=0o700)
        world.issuer().key.save(self.issuer / "issuer.key", PASSPHRASE.encode(), log2_n=CHEAP)
        world.issuer().parameters.save(self.issuer / "parameters.cbor")

    def ledger(self) -> DurableLedger:
        return DurableLedger.of_folder(self.issuer, PASSPHRASE.encode())
