"""Is this process alive, and may it be sent visitors?"""

from flask import Response, current_app

from portal.public import blueprint
from portal.web import headers


@blueprint.get("/healthz")
def alive() -> Response:
    """Alive: this process answers, whatever is behind it."""
    return _plain("ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """Ready: the database answers within two seconds and is as it should be, and files are in reach."""
    problems = [found for check in current_app.extensions["readiness"] if (found := check.problem())]
    return _plain(problems[0], 503) if problems else _plain("ok")


@blueprint.post("/csp-reports")
def report_violation() -> tuple[str, int]:
    return headers.report_violation()


def _plain(text: str, status: int = 200) -> Response:
    answer = Response(f"{text}\n", status, mimetype="text/plain")
    answer.cache_control.no_store = True
    return answer
