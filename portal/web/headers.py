"""Headers of every answer: what a browser may do with our pages."""

import re

from flask import Flask, Response, request
from flask_login import current_user
from structlog import get_logger

log = get_logger()

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "img-src 'self' data: blob:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "report-uri /csp-reports",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
LARGEST_REPORT = 8_000
LINK = re.compile(r"/(l|invitations)/[^\s\"?#]+")


def init_app(app: Flask) -> None:
    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if app.config["SESSION_COOKIE_SECURE"]:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if current_user.is_authenticated and not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response


def report_violation() -> tuple[str, int]:
    """Log what a browser refused to run. Nothing of it is stored or shown, no token either."""
    report = request.get_data(cache=False, as_text=True)[:LARGEST_REPORT]
    log.warning("csp_violation", report=LINK.sub(r"/\1/…", report))
    return "", 204
