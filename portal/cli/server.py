"""Gunicorn, started from Python: each web process builds the application for itself.

Nobody notices a restart. A process that is told to end (SIGTERM) takes in who knocked already, stops
listening at once so that a proxy turns to another, and finishes. Told to renew itself (SIGHUP, SIGUSR2), the
portal starts its new code on the same socket, and ends its old processes once the new ones answer."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from gunicorn import systemd
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

PREDECESSOR = "GUNICORN_PID"  # set by Gunicorn in the process that is to replace another


class Worker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types.
    """A threaded worker that leaves nobody at the door when it ends."""

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if self.alive or enabled:
            return
        # Gunicorn keeps the socket open until its last request is done: who connects meanwhile would wait in
        # the queue, only to be reset. Who is in the queue now is served; who comes later is refused, or taken
        # in by the processes that share the socket.
        for listener in self.sockets:
            self._take_all(listener)
            listener.close()

    def _take_all(self, listener: Any) -> None:
        listener.setblocking(False)
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.accept(listener)


class Master(Arbiter):  # type: ignore[misc]
    """Keeps the workers going, and hands over to the next master."""

    def __init__(self, application: BaseApplication) -> None:
        super().__init__(application)
        # What is started to replace this process: the same command, from the code as it is then.
        self.START_CTX["args"] = [sys.executable, "-m", "portal.cli", *sys.argv[1:]]

        self.renewal_asked = False

    def handle_hup(self) -> None:
        """New workers of this process would mix new code with what it has loaded: replace all of it."""
        self.renewal_asked = True
        self.maybe_promote_master()

    def maybe_promote_master(self) -> None:
        """Renew once nobody is being relieved: Gunicorn would forget a wish that comes too early."""
        super().maybe_promote_master()
        if self.renewal_asked and not self.master_pid and not self.reexec_pid:
            self.renewal_asked = False
            self.handle_usr2()

    def handle_term(self) -> None:
        """A wish that came while the successor was starting is the successor's."""
        if self.renewal_asked and self.reexec_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.reexec_pid, signal.SIGHUP)
        super().handle_term()


class Server(BaseApplication):  # type: ignore[misc]
    """Runs until it is told to stop; then ends the process."""

    def __init__(self, make_app: Callable[[], Flask], options: Mapping[str, Any]) -> None:
        self.make_app = make_app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)
        self.cfg.set("worker_class", Worker)
        self.cfg.set("when_ready", _introduce)
        self.cfg.set("post_worker_init", _relieve)

    def load(self) -> Flask:
        return self.make_app()

    def run(self) -> None:
        Master(self).run()


def _introduce(arbiter: Any) -> None:
    """Tell systemd that the service goes on in this process."""
    if PREDECESSOR in os.environ:
        systemd.sd_notify(f"MAINPID={os.getpid()}", arbiter.log)


def _relieve(worker: Any) -> None:
    """The last of the new processes, ready to answer, relieves the old ones. New code that cannot start never
    comes here, and the old ones go on."""
    if (predecessor := os.environ.get(PREDECESSOR)) and worker.age >= worker.cfg.workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(predecessor), signal.SIGTERM)
