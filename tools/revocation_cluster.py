"""``python -m tools.revocation_cluster``: an example cluster for list generation, on this machine's loopback.

On several machines, each with ``pip install 'mumei[cluster]'`` and a certificate of the cluster's own CA:

    dask scheduler --protocol tls --port 8786 --tls-ca-file ca.pem --tls-cert head.pem --tls-key head-key.pem
    dask worker tls://head:8786 --nthreads 1 --nworkers -1 \\
        --tls-ca-file ca.pem --tls-cert worker.pem --tls-key worker-key.pem
    mumei trustee evaluate FOLDER --out evaluations --cluster tls://head:8786 \\
        --tls-ca ca.pem --tls-cert trustee.pem --tls-key trustee-key.pem

One thread a worker: blocks are pure computation. Workers hold the shares of the blocks they compute, so they are
the trustee's own machines.
"""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from mumei.trustee.engine import available_cores


def main(arguments: list[str] | None = None, *, stop: Event | None = None) -> int:
    """Start it, say how it is used, and end it with the program."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.revocation_cluster",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--workers", type=int, default=available_cores(), help="processes; default: the cores"
    )
    options = parser.parse_args(arguments)
    from distributed import LocalCluster

    ended = stop or Event()
    if stop is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=options.workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        print(f"{options.workers} workers, scheduler at {cluster.scheduler_address}; for example:")
        print(f"  mumei trustee evaluate FOLDER --out evaluations --cluster {cluster.scheduler_address}")
        print("Ctrl-C ends it.", flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
