"""Requests that no browser sends of itself and a database would choke on: a 400 before anything is done."""

from flask import Flask, abort, request

NOTHING = "\x00"  # PostgreSQL keeps no text with this character in it
LONGEST_KEY = 100  # an index takes no entry of any length


def init_app(app: Flask) -> None:
    app.before_request(_refuse_unfit)


def _refuse_unfit() -> None:
    said = [request.path, *(value for _, value in request.args.items(multi=True))]
    if request.form:
        said += [value for _, value in request.form.items(multi=True)]
    if any(NOTHING in value for value in said):
        abort(400)
    if len(request.form.get("idempotency_key", "")) > LONGEST_KEY:
        abort(400)
