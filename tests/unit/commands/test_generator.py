"""Specifications that contradict themselves or are incomplete are refused, with file and line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.spec_generator import checks, reader
from tools.spec_generator.located import SpecError

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "apdu_specs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """In ``file`` the first ``old`` becomes ``new``; what is refused stands in the line that holds ``at``."""

    file: str
    old: str
    new: str
    at: str
    says: str


OFFENCES = {
    "a key that the schema does not know": Offence(
        file="pin.yaml", old="other_p2:", new="other_p9:", at="other_p9:", says="unknown key: .*'other_p9'"
    ),
    "a key that is missing": Offence(
        file="pin.yaml",
        old='    clause: "7.5.6"\n',
        new="",
        at="- name: VERIFY",
        says="incomplete: 'clause' is a required property",
    ),
    "a key that is there twice": Offence(
        file="pin.yaml",
        old='    ins: "20"\n',
        new='    ins: "20"\n    ins: "21"\n',
        at='ins: "21"',
        says="the key 'ins' is there twice",
    ),
    "no YAML": Offence(file="pin.yaml", old="variants:", new="variants: [", at="- name: PIN", says="no YAML"),
    "an instruction that is no octet": Offence(
        file="pin.yaml", old='ins: "20"', new='ins: "2"', at='ins: "2"', says="not as schema.json has it"
    ),
    "a status word without condition": Offence(
        file="pin.yaml",
        old='{sw: "6983", when: "blocked"}',
        new='{sw: "6983"}',
        at='{sw: "6983"}',
        says="incomplete: 'when' is a required property",
    ),
    "a state that the vocabulary has not": Offence(
        file="pin.yaml",
        old="states: [PIN_CHANGED]",
        new="states: [PIN_CHANGD]",
        at="PIN_CHANGD",
        says="PIN_CHANGD is none of the states",
    ),
    "a right that the vocabulary has not": Offence(
        file="pin.yaml",
        old="rights: TERMINAL",
        new="rights: SHOP",
        at="rights: SHOP",
        says="SHOP is none of the rights",
    ),
    "a layer that the vocabulary has not": Offence(
        file="eac.yaml",
        old="layer: PACE",
        new="layer: EAC",
        at="layer: EAC",
        says="EAC is none of the layers",
    ),
    "a state of life that the vocabulary has not": Offence(
        file="pin.yaml",
        old="life_cycle: [OP_READY",
        new="life_cycle: [READY",
        at="[READY",
        says="READY is none of the life_cycle",
    ),
    "a kind of card that the vocabulary has not": Offence(
        file="pin.yaml",
        old="given: standard",
        new="given: silver",
        at="silver",
        says="silver is none of the given",
    ),
    "a word of the vocabulary twice": Offence(
        file="vocabulary.yaml",
        old="  - {name: RESPONSE_WAITS",
        new="  - {name: CURRENT_FILE",
        at="the answer before was longer",
        says="states: CURRENT_FILE is there twice",
    ),
    "a tag that is not declared": Offence(
        file="identity.yaml",
        old="{tag: ENROL_NONCE, name",
        new="{tag: ENROL_NUNCE, name",
        at="ENROL_NUNCE",
        says="the tag ENROL_NUNCE is not declared",
    ),
    "a tag that is declared twice": Offence(
        file="identity.yaml",
        old="  - {name: REQUEST_NONCE, tag",
        new="  - {name: REQUEST_VERSION, tag",
        at="the terminal's, fresh",
        says="the tag REQUEST_VERSION is declared twice",
    ),
    "a constant that is defined twice": Offence(
        file="pin.yaml",
        old="name: REFERENCE_PUK",
        new="name: REFERENCE_PIN",
        at="P2 of the PIN commands: PUK",
        says=r"the constant REFERENCE_PIN is defined at pin.yaml:\d+ already",
    ),
    "an instruction twice": Offence(
        file="pin.yaml",
        old='ins: "24"',
        new='ins: "20"',
        at="- name: CHANGE REFERENCE DATA",
        says=r"CHANGE REFERENCE DATA has class and instruction of VERIFY at pin.yaml:\d+",
    ),
    "a reserved instruction that is taken": Offence(
        file="identity.yaml",
        old='{name: LINK, cla: "80", ins: "3C"',
        new='{name: LINK, cla: "80", ins: "34"',
        at="name: LINK, cla",
        says="LINK has class and instruction of PRESENT",
    ),
    "variants that overlap": Offence(
        file="card.yaml",
        old='"0C..0F": "no data',
        new='"07..0F": "no data',
        at="- name: BY NAME WITHOUT DATA",
        says="BY NAME WITHOUT DATA overlaps BY NAME",
    ),
    "values of P2 that overlap": Offence(
        file="card.yaml",
        old='"04..07": "FCP, occ',
        new='"03..07": "FCP, occ',
        at='"03..07"',
        says="overlaps another value of p2",
    ),
    "an example for every variant": Offence(
        file="pin.yaml",
        old='[["00200004", "63CA"], ["00200004083132333435363738", "6A87"]]',
        new='[["00200003", "63C3"]]',
        at="- name: PUK TRIES",
        says="no example shows VERIFY, PUK TRIES",
    ),
    "a command without examples": Offence(
        file="identity.yaml",
        old='{name: LINK, cla: "80", ins: "3C", clause: "project 2.5", reserved: true}',
        new='{name: LINK, cla: "80", ins: "3C", clause: "project 2.5", effect: none, '
        'variants: [{name: A, p1: "00", p2: "00", data: none, response: none}], '
        'status_words: [{sw: "9000", when: always}]}',
        at="name: LINK",
        says="incomplete: 'examples' is a required property",
    ),
    "a status word twice in one command": Offence(
        file="pin.yaml",
        old='{sw: "6984", when: "the transport PIN',
        new='{sw: "6983", when: "the transport PIN',
        at='{sw: "6983", when: "the transport PIN',
        says=r"6983 is listed at pin.yaml:\d+ already",
    ),
    "one condition under two status words": Offence(
        file="pin.yaml",
        old='when: "the transport PIN was not changed yet"',
        new='when: "Blocked"',
        at='when: "Blocked"',
        says="6984 and 6983 have the same condition",
    ),
    "a status word that is not defined": Offence(
        file="pin.yaml",
        old='{sw: "6984", when: "the transport PIN',
        new='{sw: "6999", when: "the transport PIN',
        at='{sw: "6999"',
        says="the status word 6999 is not defined",
    ),
    "a status word of the layers that is not defined": Offence(
        file="status_words.yaml",
        old='{sw: "6884"',
        new='{sw: "6885"',
        at='{sw: "6885"',
        says="the status word 6885 is not defined",
    ),
    "a status word that is defined twice": Offence(
        file="status_words.yaml",
        old='{name: BLOCKED, value: "6983"',
        new='{name: BLOCKED, value: "6982"',
        at="name: BLOCKED",
        says="the status word 6982 is defined at",
    ),
    "an answer of the table that the command does not list": Offence(
        file="pin.yaml",
        old='other_p2: "6A88"',
        new='other_p2: "6A81"',
        at='other_p2: "6A81"',
        says=r"VERIFY answers 6A81 \(other_p2\) and does not list it",
    ),
    "a length from more to less": Offence(
        file="pin.yaml",
        old="{name: old PIN, length: 5..6",
        new="{name: old PIN, length: 7..6",
        at="7..6",
        says="a length from 7 to 6 octets",
    ),
    "a length that its objects contradict": Offence(
        file="identity.yaml",
        old="{tag: ENROL, name: enrolment, children",
        new="{tag: ENROL, name: enrolment, length: 10, children",
        at="length: 10",
        says=r"ENROL has 10..10 octets, its objects have 37..37",
    ),
    "objects in a primitive one": Offence(
        file="identity.yaml",
        old="{tag: ENROL_NONCE, name: nonce, length: 32",
        new="{tag: ENROL_NONCE, name: nonce, children: [{tag: ENROL_VERSION, length: 1}]",
        at="children: [{tag: ENROL_VERSION",
        says=r"ENROL_NONCE \(81\) is primitive",
    ),
    "one tag twice among its neighbours": Offence(
        file="identity.yaml",
        old="{tag: ENROL_NONCE, name: nonce, length: 32",
        new="{tag: REQUEST_VERSION, name: nonce, length: 32",
        at="{tag: ENROL, name: enrolment, children: [",
        says="two objects with the tag 80",
    ),
    "two parts that nobody can tell apart": Offence(
        file="pin.yaml",
        old="{name: new PIN, length: 6,",
        new="{name: new PIN, length: 4..6,",
        at="          parts:",
        says="two parts of more than one length",
    ),
    "an example that is no hexadecimal": Offence(
        file="pin.yaml",
        old='["00200003", "6984"]',
        new='["0020003", "6984"]',
        at='["0020003", "6984"]',
        says="is not whole octets in capital hexadecimal",
    ),
    "an example whose command does not parse": Offence(
        file="pin.yaml",
        old='["0020000306313233343536", "6984"]',
        new='["00200003063132333435", "6984"]',
        at='["00200003063132333435", "6984"]',
        says="the example's command 00200003063132333435 is none",
    ),
    "an example whose answer is none": Offence(
        file="pin.yaml",
        old='["00200003", "6984"]',
        new='["00200003", "698"]',
        at='["00200003", "698"]',
        says="the example's answer is not octets, dots and a status word",
    ),
    "an example with a status word that is not listed": Offence(
        file="pin.yaml",
        old='["00200003", "6984"]',
        new='["00200003", "6A82"]',
        at='["00200003", "6A82"]',
        says="answered 6A82, which VERIFY does not list",
    ),
    "an example whose data are of another length": Offence(
        file="pin.yaml",
        old='["0020000306313233343536", "9000"], ["00200003", "9000"]',
        new='["00200003053132333435", "9000"]',
        at='["00200003053132333435", "9000"]',
        says="the example's data is not what the variant has: 5 octets, not 6 to 6",
    ),
    "an example whose answer lacks an object": Offence(
        file="identity.yaml",
        old='["803A000000", "E7098001018101018201009000"]',
        new='["803A000000", "E7068001018101019000"]',
        at='"E7068001018101019000"',
        says="the example's answer is not what the variant has",
    ),
    "an example with data beside an error": Offence(
        file="pin.yaml",
        old='["00200003", "6984"]',
        new='["00200003", "006984"]',
        at='["00200003", "006984"]',
        says="errors bring no data",
    ),
    "an example that succeeds with P1-P2 of no variant": Offence(
        file="pin.yaml",
        old='["00200003", "63C3"], ["0020000306363534333231"',
        new='["00200005", "63C3"], ["0020000306363534333231"',
        at='["00200005", "63C3"]',
        says="its P1-P2 are no variant of VERIFY",
    ),
}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(SPECS, tmp_path / "specs")
    return tmp_path / "specs"


def refusal(folder: Path) -> str:
    with pytest.raises(SpecError) as caught:
        checks.check(reader.read(folder))
    return str(caught.value)


def test_the_specifications_as_they_are_agree() -> None:
    checks.check(reader.read(SPECS))


@pytest.mark.parametrize("offence", OFFENCES.values(), ids=list(OFFENCES))
def test_an_offence_is_refused_with_file_and_line(specs: Path, offence: Offence) -> None:
    path = specs / offence.file
    text = path.read_text(encoding="utf-8")
    assert offence.old in text
    spoilt = text.replace(offence.old, offence.new, 1)
    path.write_text(spoilt, encoding="utf-8")
    line = next(number for number, row in enumerate(spoilt.splitlines(), 1) if offence.at in row)

    refused = refusal(specs)

    assert refused.startswith(f"{offence.file}:{line}: "), refused
    assert re.search(offence.says, refused), refused


def test_the_generator_says_what_it_refuses_and_writes_nothing(specs: Path) -> None:
    path = specs / "pin.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('ins: "24"', 'ins: "20"'), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tools" / "gen_commands.py"), "--check", "--specs", str(specs)]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 1
    assert re.match(r"apdu_specs/pin.yaml:\d+: CHANGE REFERENCE DATA", finished.stderr), finished.stderr


def test_a_stale_file_is_named(specs: Path) -> None:
    path = specs / "pin.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("costs no try", "does not cost a try"), encoding="utf-8"
    )
    command = [sys.executable, str(ROOT / "tools" / "gen_commands.py"), "--check", "--specs", str(specs)]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert finished.returncode == 1
    assert "catalogue/pin.py is stale" in finished.stderr
    assert "codes.py" not in finished.stderr
