"""Where gateways report what became of messages. A machine asks: answers are JSON, in English."""

from flask import Response, jsonify, request
from flask.blueprints import BlueprintSetupState

from portal.domain import delivery_reports as reports
from portal.domain.refusals import Refused
from portal.infra import clock
from portal.public import blueprint
from portal.services import delivery_reports
from portal.web import access
from portal.web.transactions import commits, session


@blueprint.post("/delivery-reports/<code>")
@commits
def note_deliveries(code: str) -> tuple[Response, int]:
    """Take the report of a lender's gateway. Whatever is wrong with who asks is answered alike."""
    if request.mimetype != "application/json":
        return _wrong(415, "a report is sent as application/json")
    large = (request.content_length or 0) > reports.LARGEST  # and is not read then
    body, now = b"" if large else request.get_data(cache=False), clock.now()
    if large or len(body) > reports.LARGEST:
        return _wrong(413, f"a report has at most {reports.LARGEST} bytes")
    try:
        lender = delivery_reports.sender(
            session,
            code=code,
            host=access.lender_of_host(),
            timestamp=request.headers.get("Good-Terms-Timestamp", ""),
            signature=request.headers.get("Good-Terms-Signature", ""),
            body=body,
            address=access.address(),
            now=now,
        )
        if lender is None:
            return _wrong(401, "no lender takes reports here that are signed like this")
        noted = delivery_reports.note(session, lender=lender, entries=reports.read(body), now=now)
    except reports.BadReport as bad:
        return _wrong(422, str(bad))
    except Refused:
        return _wrong(429, "too many wrong signatures; try again in a quarter of an hour")
    return jsonify(noted=noted.noted, known=noted.known, unknown=noted.unknown), 200


def _wrong(status: int, problem: str) -> tuple[Response, int]:
    return jsonify(error=problem), status


@blueprint.record_once
def _without_form(state: BlueprintSetupState) -> None:
    """Its signature stands for the token that a form of ours would bring."""
    state.app.extensions["csrf"].exempt(f"{note_deliveries.__module__}.{note_deliveries.__name__}")
