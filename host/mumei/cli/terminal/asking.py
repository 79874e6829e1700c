"""``mumei terminal verify``: ask the card, verify its answer, and say it."""

from __future__ import annotations

from pathlib import Path

import click

from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import EXIT_CANNOT_DECIDE, EXIT_DENY, EXIT_TRUST, emit
from mumei.cli.questions import Asked, question_options
from mumei.cli.secrets import SecretSource, secret_options
from mumei.office.residents.japan_codes import find_prefecture
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.access import CONTACT_SHOP_CODE
from mumei.terminal.check import visit
from mumei.terminal.question import Question, transaction_hash
from mumei.terminal.receipt import Receipt, check_nameless_question
from mumei.terminal.revocation_check import Rule
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome, Reason, Verdict
from mumei.terminal.visit_times import Stopwatch, TimedVerdict
from mumei_core.dates import today
from mumei_core.errors import UsageError


@click.command()
@click.option("--terminal", "folder", required=True, type=click.Path(path_type=Path), help="Its folder.")
@question_options
@click.option("--prefecture", metavar="NAME", help="The holder must live in this one: 21, 岐阜県 or gifu.")
@click.option("--sign", type=click.Path(path_type=Path), metavar="FILE", help="The holder signs FILE's hash.")
@click.option(
    "--receipt", type=click.Path(path_type=Path), metavar="FILE", help="Keep a receipt, if accepted."
)
@click.option(
    "--shop-code",
    default=CONTACT_SHOP_CODE,
    show_default=True,
    metavar="NN",
    help="The two digits on the card's face; over contacts they are always 00.",
)
@click.option(
    "--revocation",
    type=click.Choice([rule.value for rule in Rule]),
    help="How much to insist on a revocation list, this once. [default: the terminal's own rule]",
)
@click.option("--profile", is_flag=True, help="Say as well where the time went, phase by phase.")
@card_options
@secret_options("passphrase", "the passphrase of the terminal's key")
@secret_options("pin", "the holder's PIN")
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    folder: Path,
    asked: Asked,
    prefecture: str | None,
    sign: Path | None,
    receipt: Path | None,
    shop_code: str,
    revocation: str | None,
    profile: bool,
    place: CardPlace,
    passphrase: SecretSource,
    pin: SecretSource,
    as_json: bool,
) -> None:
    """Ask the card, verify its answer, and say ACCEPT, DENY or CANNOT DECIDE. Offline.

    Exit code 0 is ACCEPT, 1 DENY, 6 CANNOT DECIDE, 5 an issuer that this terminal does not know. The PIN is
    asked for only where the card wants it.

    \b
    Examples:
      mumei terminal verify --terminal sake --over 20 --card hanako.card
      mumei terminal verify --terminal forum --prefecture gifu --pseudonym --reader ACR122
      mumei terminal verify --terminal sake --over 20 --sign contract.pdf --receipt visit.receipt
      mumei terminal verify --terminal sake --over 20 --card hanako.card --chip J3R180 --profile
    """
    question = Question(
        predicates=asked.predicates,
        prefecture=find_prefecture(prefecture).code if prefecture is not None else None,
        disclose=asked.disclose,
        pseudonym=asked.pseudonym,
        transaction=transaction_hash(sign) if sign is not None else None,
    )
    if receipt is not None:
        check_nameless_question(question)
        if receipt.exists():
            raise UsageError(f"{receipt} is there already and is not overwritten", hint="Name another file.")
    loaded = Terminal.load(
        folder,
        lambda: passphrase.text(prompt="passphrase of the terminal's key").encode(),
        shop_code=shop_code,
        rule=Rule(revocation) if revocation is not None else None,
    )
    watch = Stopwatch()
    with watch.over(place.open()) as connection:
        done = visit(
            Channel(connection),
            loaded,
            question,
            today=today(),
            ask_pin=watch.aside(lambda: pin.digits(Pin, prompt="PIN (six digits)")),
            restart=True,
        )
        times = watch.stop()
    if receipt is not None and done.verdict.outcome is Outcome.ACCEPT:
        Receipt.of(done).save(receipt)
    emit(TimedVerdict.of(done.verdict, times) if profile else done.verdict, as_json=as_json)
    ctx.exit(_exit_code(done.verdict))


def _exit_code(verdict: Verdict) -> int:
    if verdict.reason is Reason.UNKNOWN_ISSUER:
        return EXIT_TRUST
    codes = {Outcome.ACCEPT: 0, Outcome.DENY: EXIT_DENY, Outcome.CANNOT_DECIDE: EXIT_CANNOT_DECIDE}
    return codes[verdict.outcome]
