"""Which host names the portal answers to, and whose word it takes for who is asking."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug import Response
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def only_known(application: "WSGIApplication", trusted: Sequence[str]) -> "WSGIApplication":
    """Refuse every request under another host name, before anything is looked up: files and checks included.

    The answer is no page of ours, which would name the host in its links."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            get_host(environ, trusted)
        except SecurityError:
            unknown = Response("Unknown host\n", 400, mimetype="text/plain")
            return unknown(environ, start_response)
        return application(environ, start_response)

    return answer


def behind_proxies(application: "WSGIApplication", proxies: int) -> "WSGIApplication":
    """Take the visitor's address, host and scheme from what so many proxies of our own added to the request.

    With none, nobody is believed: a visitor who sends such headers would choose an address for every try."""
    if not proxies:
        return application
    return ProxyFix(application, x_for=proxies, x_proto=proxies, x_host=proxies)
