"""``mumei maker`` and ``mumei-card new``: from a master key to a card that only its holder's desk can write to."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mumei.cli.main import cli
from mumei.maker.attestation_root import KEY_FILE, ROOT_FILE, MakerRoot
from mumei.maker.master_key import MasterKey
from mumei.office.delivery_note import DeliveryNote
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.scp03 import open_scp03
from mumei.session.security_domain import life_cycle
from mumei.transport.simulator import open_simulator
from mumei_card.__main__ import main as mumei_card
from mumei_core.attestation import MakerCertificate
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.life_cycle import LifeCycle

PASSPHRASE = "correct horse battery"
SECRETS = ("enc", "mac", "dek", "attestation_key")


def mumei(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert PASSPHRASE not in result.output
    return result


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n", encoding="ascii")
    file.chmod(0o600)
    return file


@pytest.fixture
def master(tmp_path: Path, passphrase: Path) -> Path:
    file = tmp_path / "maker.key"
    assert mumei("maker", "init", file, "--passphrase-file", passphrase).exit_code == 0
    return file


@pytest.fixture
def root(tmp_path: Path, passphrase: Path) -> Path:
    folder = tmp_path / "maker"
    made = mumei("maker", "root", folder, "--name", "Cards TEST", "--passphrase-file", passphrase)
    assert made.exit_code == 0
    return folder


def card_keys(
    file: Path, master: Path, root: Path, passphrase: Path, *more: str, root_passphrase: Path | None = None
) -> Result:
    named: list[str | Path] = ["--master", master, "--root", root, "--passphrase-file", passphrase]
    other: list[str | Path] = ["--root-passphrase-file", root_passphrase or passphrase]
    return mumei("maker", "card-keys", file, *named, *other, *more)


def test_from_a_master_key_to_a_card_that_can_be_personalised(
    tmp_path: Path, master: Path, root: Path, passphrase: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, card = tmp_path / "card.keys", tmp_path / "new.card"
    made = card_keys(keys, master, root, passphrase, "--json")
    assert made.exit_code == 0
    number = bytes.fromhex(json.loads(made.stdout)["number"])
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    secrets = [json.loads(keys.read_text(encoding="ascii"))[name] for name in SECRETS]
    assert not [secret for secret in secrets if secret in made.output]

    assert mumei_card(["new", str(card), "--personalisation-keys", str(keys)]) == 0
    assert not [secret for secret in secrets if secret in "".join(capsys.readouterr())]
    with open_simulator(card) as connection:
        channel = Channel(connection)
        Application.identify(channel)
        key = MasterKey.load(master, PASSPHRASE.encode())
        opened = open_scp03(channel, key.keys_of, expected=(number,))
        assert life_cycle(opened) is LifeCycle.OP_READY


def test_a_root_says_what_it_made_and_overwrites_nothing(root: Path, passphrase: Path) -> None:
    assert stat.S_IMODE((root / KEY_FILE).stat().st_mode) == 0o600
    before = {file.name: file.read_bytes() for file in root.iterdir()}
    certificate = MakerCertificate.from_octets(before[ROOT_FILE])
    certificate.check_root()
    assert certificate.maker == "Cards TEST"
    arguments = ("--name", "Cards TEST", "--passphrase-file", passphrase)
    assert mumei("maker", "root", root, *arguments).exit_code == 2
    assert {file.name: file.read_bytes() for file in root.iterdir()} == before
    made = json.loads(mumei("maker", "root", root.with_name("other"), *arguments, "--json").stdout)
    other = MakerCertificate.from_octets((root.with_name("other") / ROOT_FILE).read_bytes())
    assert made["public_key"] == other.key.hex() != certificate.key.hex()


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_root_needs_a_name_that_fits(tmp_path: Path, passphrase: Path, name: str) -> None:
    made = mumei("maker", "root", tmp_path / "maker", "--name", name, "--passphrase-file", passphrase)
    assert made.exit_code == 2
    assert not (tmp_path / "maker").exists()


def test_another_makers_root_with_our_key_makes_no_cards(
    tmp_path: Path, master: Path, root: Path, passphrase: Path
) -> None:
    other = MakerRoot.generate("Cards TEST").certificate
    (root / ROOT_FILE).write_bytes(other.to_octets())
    refused = card_keys(tmp_path / "card.keys", master, root, passphrase)
    assert refused.exit_code == 5
    assert not (tmp_path / "card.keys").exists()


def test_init_says_what_it_made_and_overwrites_nothing(
    tmp_path: Path, master: Path, passphrase: Path
) -> None:
    before = master.read_bytes()
    again = mumei("maker", "init", master, "--passphrase-file", passphrase)
    assert again.exit_code == 2
    assert master.read_bytes() == before
    other = tmp_path / "other.key"
    made = mumei(
        "maker", "init", other, "--bits", "256", "--scheme", "kdf3", "--passphrase-file", passphrase, "--json"
    )
    loaded = MasterKey.load(other, PASSPHRASE.encode())
    assert json.loads(made.stdout) == {
        "file": str(other),
        "check_value": loaded.check_value.hex(),
        "bits": 256,
        "scheme": "kdf3",
    }


def test_card_keys_need_the_right_passphrase_and_a_new_file(
    tmp_path: Path, master: Path, root: Path, passphrase: Path
) -> None:
    keys, wrong = tmp_path / "card.keys", tmp_path / "wrong"
    wrong.write_text("another passphrase\n", encoding="ascii")
    wrong.chmod(0o600)
    assert card_keys(keys, master, root, wrong).exit_code == 2
    assert card_keys(keys, master, root, passphrase, root_passphrase=wrong).exit_code == 2
    assert not keys.exists()
    keys.write_text("mine", encoding="ascii")
    assert card_keys(keys, master, root, passphrase).exit_code == 2
    assert keys.read_text(encoding="ascii") == "mine"


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        (["--profile", "development"], None),
        ([], "no keys at all"),
        ([], '{"format": "mumei card keys 1"}'),
    ],
)
def test_keys_that_fit_no_card_make_none(
    tmp_path: Path, arguments: list[str], content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, card = tmp_path / "card.keys", tmp_path / "new.card"
    keys.write_text(content or "", encoding="ascii")
    assert mumei_card(["new", str(card), *arguments, "--personalisation-keys", str(keys)]) == 2
    assert not card.exists()
    assert "hint:" in capsys.readouterr().err


def test_keys_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mumei_card(["new", str(tmp_path / "card"), "--personalisation-keys", str(tmp_path / "none")]) == 2
    assert "cannot read the keys" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["", "00", "zz" * 10, "00" * 11])
def test_a_card_number_that_is_none(tmp_path: Path, number: str) -> None:
    assert mumei("office", "init", "--registry", tmp_path / "r.db").exit_code == 0
    result = mumei(
        "office", "enrol", "1", "--registry", tmp_path / "r.db", "--issuer", tmp_path, "--card-number", number
    )
    assert result.exit_code == 2
    assert "20 hex digits" in result.output


def test_cards_go_into_an_offices_stock_by_their_note(
    tmp_path: Path, master: Path, root: Path, passphrase: Path
) -> None:
    note = tmp_path / "box.csv"
    for name in ("one", "two"):
        drawn = card_keys(tmp_path / name, master, root, passphrase, "--note", str(note))
        assert drawn.exit_code == 0
    noted = DeliveryNote.from_bytes(note.read_bytes()).cards
    keys = [CardKeys.from_json((tmp_path / name).read_bytes()) for name in ("one", "two")]
    assert [card.number for card in noted] == [card.diversification_data for card in keys]
    assert [card.attestation for card in noted] == [
        hashlib.sha256(card.attestation.certificate.key).digest() for card in keys if card.attestation
    ]
    wrong = card_keys(tmp_path / "three", master, root, passphrase, "--note", str(master))
    assert wrong.exit_code == 2 and not (tmp_path / "three").exists()
