"""Which language and theme a page is in. Chosen by a link, kept in a cookie, never in the database."""

from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import support
from flask import Flask, Response, g, request
from flask_babel import Babel, Domain
from flask_login import current_user

from portal.formats import BABEL_NAMES, HTML_NAMES
from portal.vocabulary import Locale

SHORT = {Locale.ZH_HANT: "繁", Locale.ZH_HANS: "简", Locale.EN: "EN"}
NATIVE = {Locale.ZH_HANT: "繁體中文", Locale.ZH_HANS: "简体中文", Locale.EN: "English"}
THEMES = ("light", "dark")
ONE_YEAR = 365 * 24 * 3600
CHOICES = {"lang": frozenset(Locale), "theme": frozenset((*THEMES, "auto"))}


def current_locale() -> Locale:
    """The link's choice, then the cookie's, then the person's own, then the browser's."""
    chosen: Locale | None = g.get("locale")
    if chosen is None:
        chosen = g.locale = _choose()
    return chosen


def _choose() -> Locale:
    if chosen := _chosen():
        return chosen
    return Locale(current_user.locale) if current_user.is_authenticated else _accepted()


def of_browser() -> Locale:
    """The language without asking who it is: the link's choice, the cookie's, the browser's."""
    return _chosen() or _accepted()


def _chosen() -> Locale | None:
    wanted = (request.args.get("lang"), request.cookies.get("lang"))
    return next((Locale(each) for each in wanted if each in CHOICES["lang"]), None)


def _accepted() -> Locale:
    best = request.accept_languages.best_match(["zh-Hant", "zh-TW", "zh-HK", "zh-Hans", "zh-CN", "zh", "en"])
    match best:
        case None | "zh-Hant" | "zh-TW" | "zh-HK":
            return Locale.ZH_HANT
        case "en":
            return Locale.EN
        case _:
            return Locale.ZH_HANS


def current_theme() -> str | None:
    wanted = request.args.get("theme") or request.cookies.get("theme")
    return wanted if wanted in THEMES else None


def current_zone() -> ZoneInfo:
    """The lender's zone once the lender is known."""
    return g.get("zone") or ZoneInfo("Asia/Taipei")


def url_with(**changes: str) -> str:
    """This page with a part of its query changed, so that a switch keeps the page.

    Without the path: the address of a personal link stands nowhere on its page."""
    query = request.args.to_dict(flat=False) | {name: [value] for name, value in changes.items()}
    return f"?{urlencode(query, doseq=True)}"


class Catalogue(Domain):
    """The sentences of the request's language, found once and not again for each of a page's hundred."""

    def get_translations(self) -> support.Translations:
        found: support.Translations | None = g.get("catalogue")
        if found is None:
            found = g.catalogue = super().get_translations()
        return found


def init_app(app: Flask) -> None:
    babel = Babel(
        app,
        locale_selector=lambda: BABEL_NAMES[current_locale()].rpartition("_")[0] or "en",
        default_translation_directories="translations",
    )
    catalogue = babel.domain_instance = Catalogue()
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda one: catalogue.get_translations().ugettext(one),
        ngettext=lambda one, many, count: catalogue.get_translations().ungettext(one, many, count),
        newstyle=True,
    )

    @app.after_request
    def keep_choice(response: Response) -> Response:
        for name, allowed in CHOICES.items():
            wanted = request.args.get(name)
            if wanted in allowed:
                response.set_cookie(
                    name, wanted, max_age=ONE_YEAR, samesite="Lax", secure=app.config["SESSION_COOKIE_SECURE"]
                )
        response.headers.setdefault("Content-Language", HTML_NAMES[current_locale()])
        return response
