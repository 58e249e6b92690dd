"""A PDF carries its fonts, gives its words back, and is the same bytes for the same facts."""

import io
import logging
import time

import pikepdf
import pypdfium2
import pytest

from portal.infra import pdf, texts
from portal.infra.pdf import PdfError, render
from portal.vocabulary import Locale

TERMS = "借款人同意自2026年12月1日起，每月償還 NT$ 6,100.00 元，共24期；若遲延，雙方先行聯繫，不另收違約金。"
TERMS_HANS = (
    "借款人同意自2026年12月1日起，每月偿还 ￥6,100.00 元，共24期；若迟延，双方先行联系，不另收违约金。"
)
TERMS_EN = (
    "I agree to pay NT$ 6,100.00 a month from 1 December 2026, in 24 instalments; if late, we talk first. "
)


def page(content, locale=Locale.ZH_HANT, title="還款協議書"):
    template = texts.environment(locale).from_string(
        '{% extends "pdf/_base.html" %}{% block title %}{{ title }}{% endblock %}'
        "{% block head %}善還{% endblock %}{% block content %}" + content + "{% endblock %}"
    )
    return template.render(title=title)


def made(content, locale=Locale.ZH_HANT, title="還款協議書"):
    return render(page(content, locale, title), locale=locale, title=title)


def lines(data):
    document = pypdfium2.PdfDocument(data)
    found = []
    for index in range(len(document)):
        sheet = document[index]
        words = sheet.get_textpage()
        found += words.get_text_range().splitlines()
        words.close()
        sheet.close()
    document.close()
    return [line.strip() for line in found]


def joined(data):
    return "".join(lines(data)).replace(" ", "")


def fonts(data):
    with pikepdf.open(io.BytesIO(data)) as document:
        return {
            str(font.BaseFont): "/FontFile2" in font.FontDescriptor and str(font.Subtype) == "/TrueType"
            for sheet in document.pages
            for font in sheet.resources.Font.values()
        }


@pytest.mark.parametrize(
    ("locale", "words"), [(Locale.ZH_HANT, TERMS), (Locale.ZH_HANS, TERMS_HANS), (Locale.EN, TERMS_EN)]
)
def test_the_words_come_back_exactly_as_written(locale, words):
    data = made(f"<h1>1</h1><p>{words * 8}</p>", locale)
    assert words.replace(" ", "") * 8 in joined(data)


def test_every_font_is_embedded_as_a_small_part_of_itself():
    data = made(
        f"<h1>{TERMS}</h1><p>{TERMS}<b>{TERMS_HANS}</b></p><ul><li>甲</li></ul><table><tr><td>1</td></tr></table>"
    )
    assert fonts(data)
    assert all(fonts(data).values())
    assert all(name.startswith("/AAAAAA+NotoSans") for name in fonts(data))
    assert len(data) < 200_000


def test_a_character_of_the_other_script_is_drawn_from_the_other_font():
    data = made("<p>借款人 张伟，与臺灣</p>", Locale.ZH_HANT)
    assert "张伟，与臺灣" in joined(data)
    assert "/AAAAAA+NotoSansSC-Regular" in fonts(data)


def test_the_same_facts_give_the_same_bytes_and_other_facts_do_not():
    first, again, other = made(f"<p>{TERMS}</p>"), made(f"<p>{TERMS}</p>"), made("<p>別的</p>")
    assert first == again
    assert first != other


def test_the_document_says_its_title_and_language_and_no_invented_date():
    data = made("<p>Terms</p>", Locale.ZH_HANS, title="还款协议书")
    with pikepdf.open(io.BytesIO(data)) as document:
        assert str(document.docinfo["/Title"]) == "还款协议书"
        assert str(document.Root.Lang) == "zh-Hans"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        assert "/CreationDate" not in document.docinfo


def test_pages_are_numbered_with_their_total():
    data = made(f"<p>{TERMS * 40}</p>")
    total = len(pypdfium2.PdfDocument(data))
    assert total > 1
    assert [line.replace(" ", "") for line in lines(data) if "/" in line] == [
        f"{number}/{total}" for number in range(1, total + 1)
    ]


def test_no_chinese_line_cuts_an_amount_or_begins_with_a_closing_mark():
    for lead in range(12):
        found = lines(made(f"<p>{'字' * lead}{TERMS * 4}</p>"))
        assert not [line for line in found if line[:1] in "，。；：、）"]
        assert "".join(found).count("6,100.00") == sum(line.count("6,100.00") for line in found) == 4


def test_chinese_stays_on_the_page_also_inside_bold_and_after_a_forced_break():
    data = made(f"<p><b>{TERMS * 3}</b>{TERMS * 3}<br><br>甲乙丙<br>{'A' * 300}</p>")
    assert (TERMS * 6).replace(" ", "") in joined(data)
    assert "甲乙丙" in lines(data)
    with pypdfium2.PdfDocument(data) as document:
        sheet = document[0]
        words = sheet.get_textpage()
        right = max(words.get_charbox(at)[2] for at in range(words.count_chars()))
        assert right <= sheet.get_width() - 2 * 28.35
        words.close()
        sheet.close()


def test_english_lines_break_between_words():
    found = lines(made(f"<p>{TERMS_EN * 6}</p>", Locale.EN))
    assert len(found) > 4
    assert {word for line in found for word in line.split() if "/" not in line} <= {*TERMS_EN.split(), "善還"}


def test_a_character_without_a_glyph_is_an_error_not_a_box():
    with pytest.raises(PdfError, match="U\\+1F642"):
        made("<p>好🙂</p>")


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/hostname",
        "../pyproject.toml",
        "http://127.0.0.1/x.png",
        "https://example.org/x.png",
        "no.png",
    ],
)
def test_a_picture_from_outside_static_is_refused(source):
    with pytest.raises(PdfError):
        made(f'<p>甲</p><img src="{source}">')


def test_an_unknown_font_is_an_error():
    with pytest.raises(PdfError):
        made('<p style="font-family: Comic">甲</p>')


def test_the_renderer_writes_no_personal_words_into_the_log(caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(PdfError):
        made("<p>林小姐🙂</p>")
    assert "林小姐" not in caplog.text


def test_a_document_of_several_pages_takes_less_than_a_second():
    made("<p>warm</p>")
    started = time.perf_counter()
    made(f"<p>{TERMS * 60}</p>")
    assert time.perf_counter() - started < 1


def test_the_static_folder_is_the_one_of_the_project():
    assert (pdf.FONTS / "NotoSansTC_400Regular.ttf").is_file()
