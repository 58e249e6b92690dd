"""Is this process alive, and may it be sent visitors?"""

from flask import Response

from portal.infra import schema
from portal.public import blueprint
from portal.web import headers
from portal.web.transactions import installation


@blueprint.get("/healthz")
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> Response:
    """Ready when the database answers and has the newest schema."""
    current = schema.is_current(installation().engine)
    return Response(
        "ok\n" if current else "schema is not current\n",
        status=200 if current else 503,
        mimetype="text/plain",
    )


@blueprint.post("/csp-reports")
def report_violation() -> tuple[str, int]:
    return headers.report_violation()
