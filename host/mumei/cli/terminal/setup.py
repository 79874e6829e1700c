"""``mumei terminal init``, ``describe`` and ``show``: who a terminal is, and what it may ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.cli.questions import Asked, question_options
from mumei.issuer.parameters import PublicParameters
from mumei.terminal.question import attribute_names, describe
from mumei.terminal.trust import (
    PARAMETERS_FILE,
    Terminal,
    add_parameters,
    has_credentials,
    require_consent_to_development,
    rights_in,
)
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
    recognise: bool
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
            recognise=rights.recognise,
            pin_always=rights.pin,
            not_before=date_of(rights.not_before),
            not_after=date_of(rights.not_after),
            issuer=parameters.issuer,
            development=parameters.is_development,
        )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--parameters", required=True, type=click.Path(path_type=Path), help="The issuer's parameters.")
@json_option
def init(folder: Path, parameters: Path, as_json: bool) -> None:
    """Make a terminal of FOLDER, which 'mumei authority terminal' made: it now trusts an issuer's cards.

    The parameters are audited first. What it may ask is in its certificate. When the issuer begins a new period,
    the same command adds that one's parameters: cards of both are in people's hands.

    \b
    Examples:
      mumei terminal init sake --parameters gifu/parameters.cbor
      mumei terminal init sake --parameters gifu/periods/2027/parameters.cbor
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


@click.command("describe")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--context", required=True, help="The relying party's context: one for all its terminals.")
@click.option("--name", required=True, help="The name that holders are shown.")
@click.option("--parameters", required=True, type=click.Path(path_type=Path), help="The issuer's parameters.")
@question_options
@click.option("--recognise", is_flag=True, help="Know a card again within the week; needs lists of its own.")
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
    recognise: bool,
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
            recognise=recognise,
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


@click.command()
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
