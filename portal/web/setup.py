"""Wires the shared web parts into the application."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from flask import Flask, g, request, url_for
from flask_babel import gettext
from flask_htmx import HTMX
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from whitenoise import WhiteNoise

from portal import formats
from portal.infra import readiness
from portal.infra.installation import Installation
from portal.services import policies
from portal.web import access, errors, headers, hosts, locale, navigation, transactions, unfit, words
from portal.web.sessions import DatabaseSessions

STATIC = Path(__file__).parent.parent.parent / "static"
LARGEST_UPLOAD = 24 * 1024 * 1024
LARGEST_FIELDS = 500_000


def init_app(app: Flask, installation: Installation) -> None:
    policies.load_all()
    settings = installation.settings
    app.extensions["installation"] = installation
    app.extensions["readiness"] = readiness.checks(installation)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SECURE=settings.production,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        MAX_CONTENT_LENGTH=LARGEST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=LARGEST_FIELDS,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="en",
    )
    app.session_interface = DatabaseSessions()
    transactions.init_app(app)
    access.init_app(app)
    CSRFProtect(app).exempt("portal.public.health.report_violation")  # a browser sends it by itself
    unfit.init_app(app)
    app.extensions["htmx"] = HTMX(app)
    locale.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    _templates(app)
    served = WhiteNoise(app.wsgi_app, root=str(STATIC), prefix="static/", max_age=31_536_000)
    app.wsgi_app = hosts.behind_proxies(  # type: ignore[assignment, method-assign]
        hosts.only_known(served, settings.trusted_hosts), settings.proxies
    )


def _templates(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(_filters())
    app.context_processor(_context)
    app.jinja_env.globals["asset"] = _assets(app)


def _assets(app: Flask) -> Callable[[str], str]:
    """Where each file of static/ is, with a version that changes as it does. A page names dozens of them."""
    paths = {str(path.relative_to(STATIC)): path for path in STATIC.rglob("*") if path.is_file()}
    places = {name: f"{app.static_url_path}/{quote(name)}?v={_version(path)}" for name, path in paths.items()}
    return lambda name: request.root_path + places[name]


def _version(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_mtime_ns // 1_000_000:x}{stat.st_size:x}"


def _filters() -> dict[str, object]:
    """Formats in the reader's language; times in the lender's zone."""
    return {
        "money": lambda minor, currency: formats.money(minor, currency, locale.current_locale()),
        "apr": lambda ppm: formats.apr(ppm, locale.current_locale()),
        "rate": lambda ppm: formats.rate(ppm, locale.current_locale()),
        "number": lambda value: formats.number(value, locale.current_locale()),
        "day": lambda value: formats.day(value, locale.current_locale()),
        "weekday": lambda value: formats.weekday(value, locale.current_locale()),
        "moment": lambda value: formats.moment(value, locale.current_locale(), locale.current_zone()),
        "clock": lambda value: formats.clock(value, locale.current_locale(), locale.current_zone()),
        "label": words.label,
        "said": lambda texts: texts[locale.current_locale().value],
    }


def _context() -> dict[str, object]:
    """What every template knows. A lender's words appear only once the lender is known."""
    current, lender = locale.current_locale(), g.get("lender")
    policy = g.get("policy")
    return {
        "html_lang": formats.HTML_NAMES[current],
        "theme": locale.current_theme(),
        "locales": [
            (
                formats.HTML_NAMES[each],
                locale.SHORT[each],
                locale.NATIVE[each],
                locale.url_with(lang=each.value),
            )
            for each in locale.SHORT
        ],
        "themes": [
            ("auto", gettext("As on this device"), locale.url_with(theme="auto")),
            ("light", gettext("Light"), locale.url_with(theme="light")),
            ("dark", gettext("Dark"), locale.url_with(theme="dark")),
        ],
        "lender_name": lender.names[current.value] if lender else None,
        "lender_code": lender.code if lender else None,
        "hotline": policy.contacts.hotline if policy else None,
        "regulator_hotline": policy.contacts.regulator_hotline if policy else None,
        "complaint_url": url_for("public.new_complaint"),
        "badge_url": None,
        "current_person": current_user if current_user.is_authenticated else None,
        "navigation": navigation.for_person(request.endpoint),
        "crisis_url": navigation.crisis_url(),
        "sign_out_url": url_for("public.sign_out") if current_user.is_authenticated else None,
        "development": not transactions.installation().settings.production,
    }
