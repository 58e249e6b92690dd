"""`portal serve`: the web processes."""

import os
from typing import Any

import click

from portal.cli.context import note, open_portal

THREADS = 4
GRACE_SECONDS = 30  # longer than any request takes
KEEP_ALIVE_SECONDS = 75  # longer than a proxy keeps its connections, so that it is the proxy that closes them


@click.command(
    epilog="""\b
Example:  portal serve --workers 2 --port 8000
          Several may run at once, each on a port of its own, behind one proxy.

\b
Signals:  SIGTERM  finish what is under way, then end
          SIGHUP   go on with the code as it is now, without a moment's pause"""
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Web processes.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def serve(workers: int, port: int, host: str) -> None:
    """Serve the portal. Refuses to start on a stale schema."""
    # The pages are imported before the processes fork: once, and in memory that these share.
    from portal import agent, borrower, create_app, public  # noqa: F401
    from portal.cli.server import Server

    installation = open_portal()
    installation.engine.dispose()  # no connection may cross a fork
    note(f"Serving http://{host}:{port} with {workers} process{'' if workers == 1 else 'es'}")
    options: dict[str, Any] = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": GRACE_SECONDS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "forwarded_allow_ips": "",  # whose word is taken for who is asking, is said by PORTAL_PROXIES alone
        "accesslog": None,  # a personal link's token must not stand in any log
        "loglevel": "warning",
        "control_socket_disable": True,
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108  (heartbeats)
    }
    Server(lambda: create_app(installation.settings), options).run()


COMMANDS = (serve,)
