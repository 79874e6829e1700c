"""The issuer's key in shares: enough of them give it back; all else is said before anything is written."""

from __future__ import annotations

import stat
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from tests.fixtures import world

from mumei.issuer import backup
from mumei.issuer.backup import back_up, open_share, put_together, read_label, restore
from mumei.issuer.keys import IssuerKey
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.shares import join, split
from mumei.key_file import KeyFile, KeyFileError, WrongPassphraseError
from mumei_core.crypto.curve import BP1, R, scalar_to_octets
from mumei_core.crypto.sharing.check import check_share
from mumei_core.errors import InvalidProof, TrustError, UsageError

CHEAP = 10
HOLDERS = [b"first holder's own", b"second holder's own", b"third holder's own"]
LEDGER_KEY = LedgerKey.generate()


def shares_in(folder: Path, key: IssuerKey | None = None) -> tuple[Path, ...]:
    return back_up(key or world.issuer().key, LEDGER_KEY, HOLDERS, folder, threshold=2, log2_n=CHEAP)


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return shares_in(tmp_path_factory.mktemp("shares"))


def opened(paths: tuple[Path, ...], *numbers: int) -> list[backup.Share]:
    return [open_share(paths[i], HOLDERS[i]) for i in numbers]


class TestShamir:
    def test_any_t_of_n_give_the_secret(self) -> None:
        values, points = split(4711, threshold=3, shares=5)

        assert len(points) == 3 and points[0] == BP1 * 4711
        for numbers in combinations(values, 3):
            assert join({i: values[i] for i in numbers}) == 4711

    def test_fewer_give_something_else_and_fit_every_secret(self) -> None:
        values, _ = split(4711, threshold=3, shares=3)

        assert join({i: values[i] for i in (1, 2)}) != 4711
        # Two shares leave a third one for each secret: they tell nothing about it.
        secret, third = 12, 0
        basis = [join({1: 1, 2: 0, 3: 0}), join({1: 0, 2: 1, 3: 0}), join({1: 0, 2: 0, 3: 1})]
        third = (secret - values[1] * basis[0] - values[2] * basis[1]) * pow(basis[2], -1, R) % R
        assert join({1: values[1], 2: values[2], 3: third}) == secret

    def test_a_wrong_share_does_not_lie_on_the_polynomial(self) -> None:
        values, points = split(4711, threshold=2, shares=3)
        check_share(points, 2, values[2])
        for number, value in ((2, values[2] + 1), (3, values[2])):
            with pytest.raises(InvalidProof):
                check_share(points, number, value)

    @pytest.mark.parametrize(("threshold", "count"), [(1, 3), (0, 2), (4, 3), (2, 33)])
    def test_what_is_no_back_up_is_refused(self, threshold: int, count: int) -> None:
        with pytest.raises(UsageError) as refused:
            split(1, threshold=threshold, shares=count)
        assert refused.value.hint


class TestABackUp:
    @pytest.mark.parametrize("numbers", [(0, 1), (0, 2), (2, 1), (0, 1, 2)])
    def test_comes_back_from_any_two_or_three(
        self, shares: tuple[Path, ...], tmp_path: Path, numbers: tuple[int, ...]
    ) -> None:
        key, ledger_key = put_together(opened(shares, *numbers))
        restore(tmp_path / "gifu", key, ledger_key, b"a new passphrase", log2_n=CHEAP)

        assert IssuerKey.load(tmp_path / "gifu" / "issuer.key", b"a new passphrase") == world.issuer().key
        assert LedgerKey.open(tmp_path / "gifu", b"a new passphrase") == LEDGER_KEY

    def test_is_private_and_does_not_show_the_keys(self, shares: tuple[Path, ...]) -> None:
        for path in shares:
            octets = path.read_bytes()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert LEDGER_KEY.octets not in octets
            assert scalar_to_octets(world.issuer().key.secret) not in octets
        assert "value" not in repr(opened(shares, 0)[0])

    def test_of_fewer_than_t_is_refused(self, shares: tuple[Path, ...]) -> None:
        with pytest.raises(UsageError, match="2 shares are needed, and 1 named"):
            put_together(opened(shares, 0))
        with pytest.raises(UsageError):
            put_together([])

    def test_with_a_share_twice_is_refused(self, shares: tuple[Path, ...]) -> None:
        with pytest.raises(UsageError, match="the same share, number 2"):
            put_together(opened(shares, 1, 1))

    def test_names_a_wrong_share(self, shares: tuple[Path, ...], tmp_path: Path) -> None:
        label = read_label(shares[1])
        wrong = tmp_path / "share-2.key"
        KeyFile.seal(wrong, backup.KIND, scalar_to_octets(4711), HOLDERS[1], label.to_octets(), log2_n=CHEAP)

        with pytest.raises(TrustError, match=r"share-2\.key is a wrong share") as refused:
            open_share(wrong, HOLDERS[1])
        assert "another holder" in refused.value.hint

    def test_names_a_share_of_another_key(self, shares: tuple[Path, ...], tmp_path: Path) -> None:
        foreign = shares_in(tmp_path, IssuerKey.generate())

        with pytest.raises(TrustError, match="share of another key"):
            put_together([*opened(shares, 0), *opened(foreign, 1)])

    def test_names_a_share_of_another_back_up_of_the_same_key(
        self, shares: tuple[Path, ...], tmp_path: Path
    ) -> None:
        other = shares_in(tmp_path)

        with pytest.raises(TrustError, match="another back-up"):
            put_together([*opened(shares, 0), *opened(other, 1)])

    def test_does_not_open_under_another_holder_s_passphrase(self, shares: tuple[Path, ...]) -> None:
        with pytest.raises(WrongPassphraseError):
            open_share(shares[0], HOLDERS[1])

    def test_that_gives_another_key_than_it_says_is_refused(self, shares: tuple[Path, ...]) -> None:
        other = IssuerKey.generate().public_key
        lie = [replace(share, label=replace(share.label, public_key=other)) for share in opened(shares, 0, 1)]
        with pytest.raises(TrustError, match="not the key"):
            put_together(lie)

    def test_is_no_other_key_file(self, tmp_path: Path) -> None:
        world.issuer().key.save(tmp_path / "issuer.key", HOLDERS[0], log2_n=CHEAP)
        KeyFile.seal(tmp_path / "x.key", backup.KIND, b"1", HOLDERS[0], b"\xa0", log2_n=CHEAP)
        for name in ("issuer.key", "x.key"):
            with pytest.raises(KeyFileError):
                read_label(tmp_path / name)


class TestNothingIsHalfDone:
    def test_when_a_share_cannot_be_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seal = KeyFile.seal

        def full(path: Path, *arguments: object, **options: object) -> None:
            if path.name == "share-3.key":
                raise OSError(28, "No space left on device")
            seal(path, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(KeyFile, "seal", full)
        with pytest.raises(OSError, match="No space"):
            shares_in(tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []

    def test_when_a_share_is_there_already(self, tmp_path: Path) -> None:
        (tmp_path / "share-2.key").write_bytes(b"somebody's")
        with pytest.raises(UsageError, match="there already"):
            shares_in(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["share-2.key"]

    def test_when_two_holders_choose_the_same_passphrase(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="same passphrase"):
            back_up(world.issuer().key, LEDGER_KEY, [b"the same one"] * 2, tmp_path / "out", threshold=2)
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("there", ["issuer.key", "ledger.key"])
    def test_when_there_is_a_key_to_restore_over(self, tmp_path: Path, there: str) -> None:
        (tmp_path / there).write_bytes(b"x")
        with pytest.raises(UsageError, match="there already"):
            restore(tmp_path, world.issuer().key, LEDGER_KEY, b"a new passphrase", log2_n=CHEAP)
        assert [path.name for path in tmp_path.iterdir()] == [there]

    def test_when_the_issuer_s_key_cannot_be_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(IssuerKey, "save", full)
        with pytest.raises(OSError, match="No space"):
            restore(tmp_path / "gifu", world.issuer().key, LEDGER_KEY, b"a new passphrase", log2_n=CHEAP)
        assert list((tmp_path / "gifu").iterdir()) == []
