"""``mumei terminal``: set up a relying party's terminal, and ask cards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import EXIT_CANNOT_DECIDE, EXIT_DENY, EXIT_TRUST, emit
from mumei.cli.questions import Asked, question_options
from mumei.cli.secrets import SecretSource, secret_options
from mumei.issuer.parameters import PublicParameters
from mumei.office.japan_codes import find_prefecture
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.access import CONTACT_SHOP_CODE
from mumei.terminal.check import visit
from mumei.terminal.question import Question, attribute_names, describe, transaction_hash
from mumei.terminal.receipt import Receipt, check_nameless_question
from mumei.terminal.trust import (
    PARAMETERS_FILE,
    Terminal,
    add_parameters,
    has_credentials,
    require_consent_to_development,
    rights_in,
)
from mumei.terminal.verdict import Outcome, Reason, Verdict
from mumei.terminal.visit_times import Stopwatch, TimedVerdict
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.credential import encode_text
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.dates import date_of, day_number, today
from mumei_core.errors import DecodingError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalInfo:
    """What a terminal is and may ask."""

    rp_context: str
    display_name: str
    may_ask: tuple[str, ...]
    may_see: tuple[str, ...]
    pseudonym: bool
    pin_always: bool
    not_before: date
    not_after: date
    issuer: str
    development: bool

    @classmethod
    def of(cls, rights: TerminalRights, parameters: PublicParameters) -> TerminalInfo:
        return cls(
            rp_context=rights.rp_context.decode("utf-8", "replace"),
            display_name=rights.display_name,
            may_ask=tuple(map(describe, rights.predicates)),
            may_see=attribute_names(rights.attributes),
            pseudonym=rights.pseudonym,
            pin_always=rights.pin,
            not_before=date_of(rights.not_before),
            not_after=date_of(rights.not_after),
            issuer=parameters.issuer,
            development=parameters.is_development,
        )


@click.group()
def terminal() -> None:
    """Set up a relying party's terminal, and ask cards."""


@terminal.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--parameters", required=True, type=click.Path(path_type=Path), help="The issuer's parameters.")
@json_option
def init(folder: Path, parameters: Path, as_json: bool) -> None:
    """Make a terminal of FOLDER, which 'mumei authority terminal' made: it now trusts an issuer's cards.

    The parameters are audited first. What it may ask is in its certificate.

    \b
    Examples:
      mumei terminal init sake --parameters gifu/parameters.cbor
    """
    found = PublicParameters.load(parameters)
    if not has_credentials(folder):
        raise UsageError(
            f"there is no terminal's certificate in {folder}",
            hint="'mumei authority terminal' makes one; for development cards: 'mumei terminal describe'.",
        )
    if found.is_development:
        raise UsageError(
            "certificates open standard cards, and these parameters are for development cards",
            hint="Use standard parameters, or 'mumei terminal describe'.",
        )
    found.audit()
    add_parameters(folder, found)
    emit(TerminalInfo.of(rights_in(folder), found), as_json=as_json)


@terminal.command("describe")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--context", required=True, help="The relying party's context: one for all its terminals.")
@click.option("--name", required=True, help="The name that holders are shown.")
@click.option("--parameters", required=True, type=click.Path(path_type=Path), help="The issuer's parameters.")
@question_options
@click.option("--pin", is_flag=True, help="Always ask for the holder's PIN.")
@click.option(
    "--days", type=click.IntRange(1, 35), default=35, show_default=True, help="Validity from today."
)
@click.option("--development", is_flag=True, help="Trust development parameters.")
@json_option
def describe_terminal(
    folder: Path,
    context: str,
    name: str,
    parameters: Path,
    asked: Asked,
    pin: bool,
    days: int,
    development: bool,
    as_json: bool,
) -> None:
    """DEVELOPMENT: make a terminal's FOLDER whose rights are an unsigned description, without a certificate.

    It opens development cards only. Every right not named is refused. The parameters are audited first.

    \b
    Examples:
      mumei terminal describe sake --context sake.example --name "Sake Shop" \\
        --parameters gifu/parameters.cbor --over 20 --development
      mumei terminal describe forum --context forum.example --name Forum \\
        --parameters gifu/parameters.cbor --show prefecture --pseudonym --development
    """
    found = PublicParameters.load(parameters)
    require_consent_to_development(found, allowed=development)
    found.audit()
    first = day_number(today())
    try:
        rp_context = encode_text(context)
        description = TerminalDescription(
            rp_context=rp_context,
            display_name=name,
            OP=context_point(rp_context),
            predicates=asked.predicates,
            attributes=asked.disclose,
            pseudonym=asked.pseudonym,
            pin=pin,
            not_before=first,
            not_after=first + days - 1,
        )
    except DecodingError as error:
        raise UsageError(
            f"no terminal can be like this: {error}", hint="Check --context, --name and the rights."
        ) from error
    Terminal.of(description, found).save(folder)
    emit(TerminalInfo.of(description, found), as_json=as_json)


@terminal.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def show(folder: Path, as_json: bool) -> None:
    """Show who the terminal in FOLDER is and what it may ask.

    \b
    Examples:
      mumei terminal show sake
    """
    parameters = PublicParameters.load(folder / PARAMETERS_FILE)
    emit(TerminalInfo.of(rights_in(folder), parameters), as_json=as_json)


@terminal.command()
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
