"""One answer for both ways of asking: the whole page, or its fragment."""

from flask import Response, current_app, make_response, redirect, render_template, request


def wants_fragment() -> bool:
    """Htmx asks for a fragment, except when it restores a page from history."""
    htmx = current_app.extensions["htmx"]
    return bool(htmx) and not htmx.history_restore_request


def page(template: str, fragment: str | None = None, *, status: int = 200, **context: object) -> Response:
    """Render the page, or the fragment beside it when htmx asked for one."""
    if fragment and wants_fragment():
        template = f"{template.rpartition('/')[0]}/{fragment}"
    response = make_response(render_template(template, **context), status)
    response.vary.add("HX-Request")
    return response


def go_to(url: str) -> Response:
    """Send the browser elsewhere, whichever way it asked."""
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": url})
    response = redirect(url, code=303)
    assert isinstance(response, Response)
    return response


def redirect_in_place(url: str) -> Response:
    """Send the browser to a page; htmx goes there by itself and puts the page's fragment in place."""
    response = redirect(url, code=303)
    assert isinstance(response, Response)
    return response


def download(data: bytes, *, media_type: str, name: str) -> Response:
    """Send a file as an attachment that no browser will run."""
    response = Response(data, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def picture(data: bytes, *, media_type: str) -> Response:
    """Send a picture made by us, to be shown inside a page."""
    response = Response(data, mimetype=media_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
