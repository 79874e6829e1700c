"""``mumei receipt``: verify a receipt, by anyone, any time later."""

from __future__ import annotations

from pathlib import Path

import click

from mumei.authority.folder import read_certificate
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.issuer.parameters import PublicParameters
from mumei.terminal.question import transaction_hash
from mumei.terminal.receipt import Receipt, verify_receipt
from mumei.terminal.trust import require_consent_to_development


@click.group()
def receipt() -> None:
    """Verify receipts: proof that a check was made, which names nobody."""


@receipt.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--parameters", required=True, type=click.Path(path_type=Path), help="The issuer's parameters.")
@click.option("--signed", type=click.Path(path_type=Path), metavar="FILE", help="The file said to be signed.")
@click.option(
    "--root", type=click.Path(path_type=Path), metavar="FILE", help="The root authority's certificate."
)
@click.option("--development", is_flag=True, help="Trust development parameters.")
@json_option
def verify(
    file: Path, parameters: Path, signed: Path | None, root: Path | None, development: bool, as_json: bool
) -> None:
    """Check the receipt FILE from its octets alone: proof, terminal, rights, date, signed file.

    The terminal must be certified under --root; terminals of development cards have no certificate.

    Exit code 0 is valid, 1 not valid, 5 another issuer's.

    \b
    Examples:
      mumei receipt verify visit.receipt --parameters gifu/parameters.cbor --root root/certificate.cvcert
      mumei receipt verify visit.receipt --parameters gifu/parameters.cbor --signed contract.pdf --development
    """
    found = PublicParameters.load(parameters)
    require_consent_to_development(found, allowed=development)
    transaction = transaction_hash(signed) if signed is not None else None
    trusted = read_certificate(root) if root is not None else None
    result = verify_receipt(Receipt.load(file), found, transaction=transaction, root=trusted)
    emit(result, as_json=as_json)
