"""Messages and documents are written in the reader's language without a request."""

import subprocess
import sys

import jinja2
import pytest

from portal import formats
from portal.infra import texts
from portal.infra.texts import environment, language_tag, render
from portal.vocabulary import Locale

CATALOGUE = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "Your visit is on %(day)s"
msgstr "您的訪談日是 %(day)s"

msgid "%(num)s day"
msgid_plural "%(num)s days"
msgstr[0] "%(num)s 天"
"""


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """A translated message and a template, in folders of the test."""
    messages = tmp_path / "zh_Hant" / "LC_MESSAGES" / "messages.po"
    messages.parent.mkdir(parents=True)
    messages.write_text(CATALOGUE, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "compile", "-d", str(tmp_path)], check=True
    )
    (tmp_path / "note.txt").write_text("{{ _('Your visit is on %(day)s', day=day) }}", encoding="utf-8")
    (tmp_path / "note.html").write_text(
        "<p>{{ _('Your visit is on %(day)s', day=day) }}</p>", encoding="utf-8"
    )
    monkeypatch.setattr(texts, "TEMPLATES", tmp_path)
    monkeypatch.setattr(texts, "TRANSLATIONS", tmp_path)
    environment.cache_clear()
    yield
    environment.cache_clear()


def test_a_message_is_in_the_readers_language(catalogue):
    assert render("note.txt", locale=Locale.ZH_HANT, day="12月1日") == "您的訪談日是 12月1日"


def test_without_a_catalogue_the_source_is_used(catalogue):
    assert render("note.txt", locale=Locale.ZH_HANS, day="1") == "Your visit is on 1"
    assert render("note.txt", locale=Locale.EN, day="1") == "Your visit is on 1"


def test_plurals_follow_the_language(catalogue):
    source = "{% trans num=days %}{{ num }} day{% pluralize %}{{ num }} days{% endtrans %}"
    assert environment(Locale.EN).from_string(source).render(days=2) == "2 days"
    assert environment(Locale.ZH_HANT).from_string(source).render(days=2) == "2 天"


def test_html_is_escaped_and_plain_text_is_not(catalogue):
    assert render("note.html", locale=Locale.EN, day="<b>") == "<p>Your visit is on &lt;b&gt;</p>"
    assert render("note.txt", locale=Locale.EN, day="<b>") == "Your visit is on <b>"


def test_a_missing_fact_is_an_error(catalogue):
    with pytest.raises(jinja2.UndefinedError):
        render("note.txt", locale=Locale.EN)


def test_templates_know_their_locale_and_language_tag():
    template = environment(Locale.ZH_HANS).from_string("{{ locale }} {{ lang }}")
    assert template.render() == "zh_Hans zh-Hans"
    assert [language_tag(locale) for locale in Locale] == ["zh-Hant", "zh-Hans", "en"]


def test_the_filters_of_the_project_are_there():
    from portal.formats import FILTERS

    assert FILTERS.keys() <= environment(Locale.EN).filters.keys()


@pytest.mark.parametrize(
    ("language", "joined"),
    [(Locale.EN, "One. Two."), (Locale.ZH_HANT, "One.Two."), (Locale.ZH_HANS, "One.Two.")],
)
def test_sentences_stand_apart_in_english_alone(language, joined):
    assert formats.sentences(["One.", "Two."], language) == joined
