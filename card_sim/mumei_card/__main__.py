"""``mumei-card``: makes a software card, serves it as a PC/SC reader, shows its state."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from mumei_card import chip_report
from mumei_card.chip.nvm import Nvm
from mumei_card.inspection import inspect
from mumei_card.link import options as link_options
from mumei_card.link.fault_script import describe_language
from mumei_card.link.in_process import put_together
from mumei_card.link.vpcd import FIRST_SLOT_PORT, HOST, SECOND_SLOT_PORT, VpcdLink, check_expressible
from mumei_card.personalisation import (
    DEVELOPMENT,
    PROFILES,
    STANDARD,
    PinLetter,
    draw_letter,
    initial_records,
)
from mumei_core.errors import DataError, HostEnvironmentError, MumeiError, UsageError
from mumei_core.gp.card_keys import MAX_FILE_OCTETS, CardKeys

EXIT_OK, EXIT_USAGE, EXIT_ENVIRONMENT, EXIT_BUG = 0, 2, 3, 70


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; gives the exit code: 0 done, 2 usage or bad file, 3 environment, 70 defect."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.WARNING, stream=sys.stderr)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except MumeiError as error:
        print(f"mumei-card: {error}", file=sys.stderr)
        if error.hint:
            print(f"mumei-card: hint: {error.hint}", file=sys.stderr)
        return _exit_code(error)
    except BrokenPipeError:
        # Whoever read along has heard enough; what is buffered must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception:
        traceback.print_exc()
        print("mumei-card: this is a defect of mumei-card; please report it", file=sys.stderr)
        return EXIT_BUG
    return EXIT_OK


def _exit_code(error: MumeiError) -> int:
    if isinstance(error, UsageError | DataError):
        return EXIT_USAGE
    return EXIT_ENVIRONMENT if isinstance(error, HostEnvironmentError) else EXIT_BUG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mumei-card", description="The software card.")
    parser.add_argument("--verbose", action="store_true", help="log refused commands to stderr, without data")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    new = commands.add_parser("new", help="make a card file and draw its passwords")
    new.add_argument("file", metavar="FILE", help="card file to make; an existing one is never overwritten")
    new.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        default=STANDARD,
        help="default: %(default)s; development cards speak to everybody in plain and are for tests only",
    )
    new.add_argument(
        "--contactless", action="store_true", help="give it one of 16 shop codes; over contacts it is 00"
    )
    new.add_argument(
        "--personalisation-keys",
        metavar="FILE",
        help="static keys of this one card, from 'mumei maker card-keys'; without them nobody can issue the card",
    )
    new.add_argument("--letter", metavar="FILE", help="write the passwords there instead of printing them")
    new.set_defaults(command=_new)

    serve = commands.add_parser("serve", help="be a PC/SC reader with this card, through vpcd, until stopped")
    serve.add_argument("file", metavar="FILE")
    serve.add_argument(
        "--port",
        type=_port,
        default=FIRST_SLOT_PORT,
        help=f"vpcd's port on {HOST}: {FIRST_SLOT_PORT} (first slot, default) or {SECOND_SLOT_PORT}",
    )
    serve.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="give up after so long without a virtual reader (default: %(default)s)",
    )
    serve.add_argument(
        f"--{link_options.FAULT}", metavar="SCRIPT", help=link_options.ABOUT[link_options.FAULT]
    )
    serve.add_argument(f"--{link_options.CHIP}", metavar="NAME", help=link_options.ABOUT[link_options.CHIP])
    serve.add_argument(
        f"--{link_options.REALTIME}",
        action="store_const",
        const="on",
        help="answer as slowly as that chip would",
    )
    serve.add_argument(f"--{link_options.SEED}", metavar="N", help=link_options.ABOUT[link_options.SEED])
    serve.set_defaults(command=_serve)

    chips = commands.add_parser(
        "chips", help="list the chips whose time --chip can keep, or show one profile with its sources"
    )
    chips.add_argument("name", metavar="NAME", nargs="?", help="CHIP[/IMPLEMENTATION[/LINK]]; default: all")
    chips.add_argument("--json", action="store_true", help="as JSON")
    chips.set_defaults(command=_chips)

    show = commands.add_parser("show", help="show a card file's state and counters; no secret")
    show.add_argument("file", metavar="FILE")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(command=_show)

    faults = commands.add_parser("faults", help="explain the language of --fault, with examples")
    faults.set_defaults(command=lambda _: print(describe_language()))
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise ValueError
    return port


def _new(options: argparse.Namespace) -> None:
    letter = draw_letter(contactless=options.contactless)
    records = initial_records(options.profile, letter, _personalisation_keys(options))
    if options.letter is None:
        Nvm.create(options.file, records).close()
        _write_letter(letter, options.profile, sys.stdout)
        return
    # The letter first: a card whose PIN nobody has is of no use.
    path = Path(options.letter)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise DataError(
            f"cannot write the letter {path}: {error.strerror}", hint="Name a file that does not exist yet."
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            _write_letter(letter, options.profile, file)
        Nvm.create(options.file, records).close()
    except BaseException:
        path.unlink()
        raise


def _personalisation_keys(options: argparse.Namespace) -> CardKeys | None:
    path = options.personalisation_keys
    if options.profile == DEVELOPMENT:
        if path is not None:
            raise UsageError(
                "a development card has no keys: anyone writes to it",
                hint="Leave out --personalisation-keys.",
            )
        return None
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            return CardKeys.from_json(file.read(MAX_FILE_OCTETS + 1))
    except OSError as error:
        raise DataError(f"cannot read the keys {path}: {error.strerror}", hint="Check the path.") from None


def _write_letter(letter: PinLetter, profile: str, stream: TextIO) -> None:
    stream.write(f"transport PIN: {letter.transport_pin}\nPUK: {letter.puk}\n")
    if profile != DEVELOPMENT:
        stream.write(f"CAN: {letter.can}\nshop code: {letter.shop_code}\n")


def _serve(options: argparse.Namespace) -> None:
    named = {name: getattr(options, name) for name in link_options.ABOUT}
    told = {name: value for name, value in named.items() if value is not None}
    faults = link_options.read(told)
    check_expressible(faults)
    clock = link_options.clock(told)
    stopped = threading.Event()
    card = put_together(options.file, faults, clock, sleep=stopped.wait)
    link = VpcdLink(
        card,
        port=options.port,
        patience=options.patience,
        on_connect=lambda: print(
            f"mumei-card: serving {options.file} at {HOST} port {options.port}", file=sys.stderr, flush=True
        ),
    )

    def stop(*_: object) -> None:
        # A late answer is not waited for either.
        stopped.set()
        link.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        link.run()
    finally:
        card.close()
        if clock is not None:
            print(f"mumei-card: {clock.modelled}", file=sys.stderr)


def _chips(options: argparse.Namespace) -> None:
    if options.json:
        found = chip_report.document(options.name) if options.name else chip_report.documents()
        print(json.dumps(found, indent=2))
    else:
        print(chip_report.text(options.name) if options.name else chip_report.overview())


def _show(options: argparse.Namespace) -> None:
    state = dataclasses.asdict(inspect(Nvm.read(options.file)))
    if options.json:
        print(json.dumps(state, indent=2))
        return
    records = state.pop("records")
    for name, value in state.items():
        print(f"{name.replace('_', ' ')}: {value}")
    print("records:")
    for name, size in records.items():
        print(f"  {name}: {size} octets")


if __name__ == "__main__":
    raise SystemExit(main())
