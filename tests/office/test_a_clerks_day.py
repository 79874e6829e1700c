"""A Sunday at a ward office that opens for working people, and the Monday after, as one story on both databases.

Import, twenty cards, a crash in the middle, wrong cards, a renewal, a lost card revoked by two of three trustees,
refused the next day at a shop and at a forum, and unlinkable before; the audit trail verified at the end.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fixtures import world
from tests.fixtures.clerks import PASSWORD, TEMPORARY
from tests.fixtures.command_line import calendar_at
from tests.fixtures.postgres import DATABASES, empty_postgresql
from tests.office.municipality import (
    PASS,
    TRUSTEES,
    Municipality,
    municipality,
    resident_list,
    twenty_residents,
)

from mumei.office.database.place import with_key
from mumei.revocation.lists import RevocationList
from mumei.session import personalisation
from mumei.session.channel import Channel
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, over
from mumei.terminal.trust import Terminal
from mumei.transport.simulator import open_simulator

SUNDAY: Final = date(2026, 11, 29)
MONDAY: Final = date(2026, 11, 30)
#: The ISO week that ends on SUNDAY.
THIS_WEEK: Final = 7665
CLERKS: Final = (("sato", "clerk"), ("kato", "supervisor"), ("abe", "auditor"))
_DESK: Final = (
    f"--issuer gifu {PASS} --card-master maker.key --card-master-passphrase-file pass"
    " --maker-root maker/maker.root --root root/certificate.cvcert --auditor auditor/auditor.pub"
    " --issuer-root issuer-root/root.pub --authority revocation/authority.pub --digits gifu.statement"
    " --trustees trustees.statement --issuer-key key.statement"
)
_LISTED: Final = "--trustees trustees.statement --root issuer-root/root.pub --auditor auditor/auditor.pub"
_FORUM: Final = f"terminal verify --terminal forum {PASS} --pseudonym --prefecture gifu"
_SAKE: Final = f"terminal verify --terminal sake {PASS} --over 20"


class WardOffice:
    """The office's commands, each typed by somebody at their own desk."""

    def __init__(self, place: Municipality, registry: str) -> None:
        self.place, self._registry = place, registry

    def types(self, clerk: str, line: str, *, expect: int = 0) -> dict[str, Any]:
        self._sit_down(clerk)
        return self.place.run(f"{line} --registry '{self._registry}'", expect=expect)

    def refused(self, clerk: str, line: str, words: str, *, code: int) -> None:
        self._sit_down(clerk)
        self.place.refused(f"{line} --registry '{self._registry}'", words, code=code)

    def dies(self, clerk: str, line: str) -> None:
        """The process is killed right after the card took its credential, before anything is on record."""
        child = os.fork()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
            return
        store = personalisation.store_credential

        def store_and_die(*arguments: Any) -> None:
            store(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

        personalisation.store_credential = store_and_die  # type: ignore[assignment]  # this process has no tests
        self.types(clerk, line)
        os._exit(1)

    def _sit_down(self, clerk: str) -> None:
        desk = self.place.folder / f"desk-{clerk}"
        desk.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(desk)

    def opens(self) -> None:
        """IT makes the registry and names the clerks, who choose passwords of their own."""
        self.types("ito", "office init")
        self.types("ito", "audit init --key ward.audit.key")
        self.types("ito", "office clerk add ito --role it --password-file password")
        self.types("ito", "office login ito --password-file password")
        for name, role in CLERKS:
            self.types("ito", f"office clerk add {name} --role {role} --password-file temporary")
            self.types(name, f"office login {name} --password-file temporary --new-password-file password")
        trustees = " ".join(f"--trustee {name}/trustee.pub" for name in TRUSTEES)
        roots = "--root issuer-root/root.pub --auditor auditor/auditor.pub"
        self.types("ito", f"office trustees trustees.statement {roots} {trustees}")


@pytest.fixture(params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WardOffice]:
    with ExitStack() as stack:
        place = stack.enter_context(municipality(tmp_path, SUNDAY))
        key = tmp_path / "ward.key"
        registry = "ward.db"
        if request.param == "postgresql":
            registry = with_key(stack.enter_context(empty_postgresql()), key)
        place.secret("password", PASSWORD)
        place.secret("temporary", TEMPORARY)
        yield WardOffice(place, registry)


def test_a_clerks_day(office: WardOffice) -> None:
    place, folder = office.place, office.place.folder
    with calendar_at(SUNDAY):
        office.opens()
        _nobody_is_reported_yet(place)
        _residents_and_stock(office)
        _the_first_card_and_a_crash(office)
        _wrong_cards(office)
        _the_others_on_two_readers(office)
        _envelopes(office)
        before = [_shows_a_token(folder) for _ in range(2)]
        pseudonyms = {
            card: place.run(f"{_FORUM} --card {card}")["pseudonym"] for card in ("1.card", "2.card")
        }
        assert len(set(pseudonyms.values())) == 2
        _renewal(office)
        again = place.run(f"{_FORUM} --card 2.card")["pseudonym"]
        assert again == pseudonyms["2.card"], "a renewal keeps the pseudonym"
        _lost_card(office)
        _trustees_and_authority(office)
    with calendar_at(MONDAY):
        place.week(MONDAY)
        for shop in ("sake", "forum"):
            place.run(f"terminal update {shop} --from lists")
        for line in (_SAKE, _FORUM):
            refused = place.run(f"{line} --card 1.card", expect=1)
            assert (refused["outcome"], refused["reason"]) == ("deny", "reported")
            accepted = place.run(f"{line} --card 2.card")
            assert accepted["outcome"] == "accept" and accepted["revocation"]["state"] == "not_reported"
        _unlinkable_before(folder, before)
        _no_card_without_the_issuer_knowing(office)
        _audit(office)


def _nobody_is_reported_yet(place: Municipality) -> None:
    """Shops have this week's statements and its lists, which are empty."""
    place.week(SUNDAY)
    place.run(f"revocation publish revocation --epoch {THIS_WEEK} --out lists-now {PASS}")
    for shop in ("sake", "forum"):
        place.run(f"terminal update {shop} --from lists-now")


def _residents_and_stock(office: WardOffice) -> None:
    place, folder = office.place, office.place.folder
    (folder / "jumin.csv").write_bytes(resident_list(twenty_residents()))
    tried = office.types("sato", "office import jumin.csv --dry-run")
    assert (tried["encoding"], tried["rows"], tried["refused"]) == ("cp932", 20, 0)
    office.refused("ito", "office import jumin.csv", "may not put residents on record", code=3)
    assert office.types("sato", "office import jumin.csv")["residents"] == 20
    numbers = [place.new_card(str(number)) for number in range(1, 21)]
    (folder / "box.csv").write_text("number\n" + "".join(f"{number}\n" for number in numbers))
    assert office.types("sato", "office stock import box.csv")["cards"] == 20


def _the_first_card_and_a_crash(office: WardOffice) -> None:
    place, folder = office.place, office.place.folder
    (folder / "office.json").write_text(
        '{"name": "架空区役所", "address": "岐阜県架空市一丁目1番1号",'
        ' "telephone": "058-000-0000", "hours": "9-17"}'
    )
    letters = "--maker-letter 1.letter --letter 1.pdf --letter-from office.json"
    _transport_pin(place, 1)
    office.types("sato", f"office enrol 1 {_DESK} --card 1.card {letters}")
    assert (folder / "1.pdf").read_bytes().startswith(b"%PDF") and not (folder / "1.letter").exists()
    place.run("card pin change --card 1.card --pin-file transport --new-pin-file pin")
    office.dies("sato", f"office enrol 2 {_DESK} --card 2.card")
    resumed = office.types("kato", f"office enrol 2 {_DESK} --card 2.card --take-over")
    assert resumed["resumed"] and resumed["resident"] == 2
    shown = office.types("sato", "office show 2")
    assert [card["state"] for card in shown["cards"]] == ["issued"]
    assert [enrolment["state"] for enrolment in shown["enrolments"]] == ["stored"]


def _wrong_cards(office: WardOffice) -> None:
    office.refused("sato", f"office enrol 3 {_DESK} --card 1.card", "issued already", code=3)
    office.refused(
        "sato", f"office enrol 3 {_DESK} --card 3.card --card-number {'0' * 20}", "not the card", code=3
    )
    office.refused("sato", f"office enrol 1 {_DESK} --card 3.card", "was issued a card", code=2)


def _the_others_on_two_readers(office: WardOffice) -> None:
    folder = office.place.folder
    blanks = folder / "blanks"
    blanks.mkdir()
    for number in range(3, 21):
        (folder / f"{number}.card").rename(blanks / f"{number}.card")
    (folder / "order.csv").write_text("resident\n" + "".join(f"{number}\n" for number in range(3, 21)))
    done = office.types(
        "sato",
        f"office batch run order.csv {_DESK} --cards blanks --reader left --reader right",
    )
    assert done["issued_now"] == 18


def _envelopes(office: WardOffice) -> None:
    """The evening: every trustee opens its shares at home, and confirms."""
    place, folder = office.place, office.place.folder
    office.types("kato", "office envelopes day.envelopes")
    confirmed = []
    for name in TRUSTEES:
        place.run(f"trustee check {name} day.envelopes {_LISTED} --out from-{name} {PASS}")
        confirmed += [str(file) for file in (folder / f"from-{name}").glob("*.confirmations")]
    office.types("kato", f"office confirmations {' '.join(confirmed)}")


def _renewal(office: WardOffice) -> None:
    place = office.place
    _transport_pin(place, 2)
    place.run("card pin change --card 2.card --pin-file transport --new-pin-file pin")
    counter = "--terminal counter --terminal-passphrase-file pass --pin-file pin"
    office.types("sato", f"office renew 2 {_DESK} {counter} --card 2.card")


def _lost_card(office: WardOffice) -> None:
    office.refused("sato", "office lost 1", "takes a second person", code=3)
    office.refused("sato", "office approve 1", "", code=3)
    office.types("kato", "office approve 1")
    reported = office.types("sato", "office lost 1")
    assert reported["case"] and not reported["irrevocable"]
    office.types("kato", "office cases export 1 --out cases")
    (case,) = (office.place.folder / "cases").iterdir()
    name = world.residents()[0].name.encode()
    assert name not in case.read_bytes()


def _trustees_and_authority(office: WardOffice) -> None:
    place = office.place
    (case,) = (place.folder / "cases").iterdir()
    place.run(f"revocation cases revocation '{case}'")
    two = TRUSTEES[:2]
    for name in two:
        place.run(f"trustee approve {name} '{case}' {_LISTED} {PASS}")
        place.run(f"trustee evaluate {name} --out evaluations-{name} --processes 1 {PASS}")
        if name == two[0]:
            place.refused(
                f"revocation combine revocation evaluations-{name} --processes 1", "needs 2 trustees", code=2
            )
    sources = " ".join(f"evaluations-{name}" for name in two)
    assert place.run(f"revocation combine revocation {sources} --processes 1")["handles"] == 1
    place.run(f"revocation publish revocation --out lists {PASS}")
    office.types("kato", "office cases listed 1")


def _shows_a_token(folder: Path) -> Visit:
    """A visit of the card that will be lost, at the shop, which wants a token; nobody has lost anything yet."""
    terminal = Terminal.load(folder / "sake", lambda: (folder / "pass").read_bytes().strip())
    with open_simulator(folder / "1.card") as connection:
        return visit(Channel(connection), terminal, Question(predicates=(over(20),)), today=SUNDAY)


def _unlinkable_before(folder: Path, before: list[Visit]) -> None:
    """Sunday's visits have nothing in common, and no list that was ever published says anything of them."""
    first, second = (_pieces(one.wire or b"") for one in before)
    assert first and not first & second
    listed = {entry for file in folder.glob("lists*/**/*.list") for entry in _entries(file)}
    assert len(listed) == 1024, "one card, in every bucket and slot of Monday's week"
    assert not (first | second) & listed


def _pieces(wire: bytes) -> set[bytes]:
    """All that could be found again: every 16 octets in a row. What all cards say is shorter."""
    return {wire[i : i + 16] for i in range(len(wire) - 15)}


def _entries(file: Path) -> list[bytes]:
    body = RevocationList.from_octets(file.read_bytes()).body
    return [body[i : i + 16] for i in range(0, len(body), 16)]


def _no_card_without_the_issuer_knowing(office: WardOffice) -> None:
    """The next card of anybody tells the issuer of the loss, which renews the lost one at no office."""
    office.types("sato", "office login sato --password-file password")
    office.place.new_card("21")
    office.refused("sato", f"office enrol 1 {_DESK} --card 21.card", "was issued a card", code=2)
    with sqlite3.connect(office.place.folder / "gifu" / "ledger.db") as ledger:
        (reported,) = ledger.execute("SELECT count(*) FROM issuer_issuances WHERE reported").fetchone()
    assert reported == 1


def _audit(office: WardOffice) -> None:
    place, folder = office.place, office.place.folder
    office.types("ito", "office login ito --password-file password")
    office.types("ito", "audit seal --key ward.audit.key")
    office.types("abe", "office login abe --password-file password")
    office.types("abe", "audit export trail.cbor")
    assert place.run("audit verify trail.cbor --key ward.audit.pub")["sound"]
    altered = bytearray((folder / "trail.cbor").read_bytes())
    altered[altered.rindex(b"sato")] ^= 1
    (folder / "altered.cbor").write_bytes(altered)
    assert not place.run("audit verify altered.cbor --key ward.audit.pub", expect=1)["sound"]


def _transport_pin(place: Municipality, card: int) -> None:
    words = (place.folder / f"{card}.letter").read_text().split()
    place.secret("transport", words[words.index("PIN:") + 1])
