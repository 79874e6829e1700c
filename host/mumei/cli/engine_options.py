"""Options of commands that compute for long: how many processes, or which cluster."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mumei.cli.output import progress
from mumei.trustee.cluster import ClusterEngine
from mumei.trustee.engine import Engine, LocalEngine
from mumei_core.errors import UsageError

Command = Callable[..., Any]
_PATH = click.Path(path_type=Path)


def engine_options(function: Command) -> Command:
    """Add --processes and --cluster with its TLS files; all come as one ``engine: Engine``."""

    @functools.wraps(function)
    def wrapper(
        *args: Any,
        processes: int | None,
        cluster: str | None,
        tls_ca: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
        **kwargs: Any,
    ) -> Any:
        engine: Engine
        if cluster is None:
            if tls_ca or tls_cert or tls_key:
                raise UsageError(
                    "--tls-ca, --tls-cert and --tls-key are of a cluster", hint="Name it: --cluster ADDRESS."
                )
            engine = LocalEngine(processes)
        elif processes is not None:
            raise UsageError("--processes is for this machine, --cluster for others", hint="Give one.")
        else:
            engine = ClusterEngine(cluster, ca=tls_ca, certificate=tls_cert, key=tls_key)
        return function(*args, engine=engine, **kwargs)

    for option in (
        click.option("--tls-key", type=_PATH, help="The cluster's TLS: our private key, PEM."),
        click.option("--tls-cert", type=_PATH, help="The cluster's TLS: our certificate, PEM."),
        click.option("--tls-ca", type=_PATH, help="The cluster's TLS: its CA, PEM."),
        click.option("--cluster", metavar="ADDRESS", help="A Dask scheduler to compute at: tls://head:8786."),
        click.option(
            "--processes", type=click.IntRange(min=1), help="How many here. [default: one for each core]"
        ),
    ):
        wrapper = option(wrapper)
    return wrapper


class PaceLine:
    """Says how far the work is on standard error, at most so often: ``what``, how much, rate, time left."""

    def __init__(self, what: str, *, every: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._every, self._clock = what, every, clock
        self._begun = self._said = clock()

    def __call__(self, done: int, total: int) -> None:
        now = self._clock()
        if now - self._said < self._every and done < total:
            return
        self._said = now
        rate = done / (now - self._begun) if now > self._begun else 0.0
        left = f", {_duration((total - done) / rate)} left" if rate and done < total else ""
        progress(f"{self._what}: {done:,} of {total:,}, {rate:,.0f} a second{left}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
