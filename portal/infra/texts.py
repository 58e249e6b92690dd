"""Text made below the web layer (messages, PDFs): templates and translations by locale, no request needed."""

from functools import cache
from typing import Any

import jinja2
from babel.support import NullTranslations, Translations

from portal.config import ROOT
from portal.formats import FILTERS
from portal.vocabulary import Locale

PACKAGE = ROOT / "portal"
TEMPLATES = PACKAGE / "templates"
TRANSLATIONS = PACKAGE / "translations"


def language_tag(locale: Locale) -> str:
    """The tag of `<html lang>` and of a PDF: zh-Hant, zh-Hans, en."""
    return locale.value.replace("_", "-")


def translations(locale: Locale) -> NullTranslations:
    """The compiled sentences of one language; the English source where there are none."""
    return Translations.load(TRANSLATIONS, [locale.value])


@cache
def environment(locale: Locale) -> jinja2.Environment:
    """Templates of one language: `_()` translates, HTML is escaped, a missing fact is an error."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(
            disabled_extensions=("txt",), default=True, default_for_string=True
        ),
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(FILTERS)
    env.globals.update(locale=locale, lang=language_tag(locale))
    return env


def render(template: str, *, locale: Locale, **facts: Any) -> str:
    """The text of `templates/<template>` in one language; only `.txt` is not escaped."""
    return environment(locale).get_template(template).render(**facts)
