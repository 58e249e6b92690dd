"""What is wrong with a loan book, said in the reader's language.

The list of problems is a file for machines and people alike and stays as it was written; a page finds the
sentence again by its form. What has none here is shown as it is."""

import re
from functools import cache

from flask_babel import get_locale, gettext


def _l(sentence: str) -> str:
    """Mark a sentence to be translated when it is said."""
    return sentence


GAP = re.compile(r"%\((\w+)\)s")
SENTENCES = (
    _l("is blank"),
    _l("is blank although its partner is not"),
    _l("is missing from the header"),
    _l("is named by the mapping and missing from the header"),
    _l("is neither in the header nor in the mapping"),
    _l("stands twice in the header"),
    _l("is no column of %(kind)s: %(known)s"),
    _l("holds a zero byte"),
    _l("is not UTF-8"),
    _l("cannot be read as CSV: %(problem)s"),
    _l("is damaged from here on: %(problem)s"),
    _l("has %(cells)s cells; the header has %(columns)s"),
    _l("is more than %(part)s"),
    _l("is more than the loan's principal"),
    _l("stands twice in the set"),
    _l("stands twice in the set for this loan"),
    _l("is zero; a reversal is a positive row of its own kind"),
    _l("is after the day of the set"),
    _l("is no borrower of this set or of the book"),
    _l("is no loan of this set or of the book"),
    _l("is not the loan's currency, %(currency)s"),
    _l("was %(currency)s before"),
    _l("is zero"),
    _l("is too large at this rate: ten years do not fit 64 bits"),
    _l("is larger than any amount of a loan book"),
    _l("is neither yes nor no"),
    _l("is not a date such as 2026-03-01"),
    _l("is not a day of the calendar"),
    _l("is not a decimal number"),
    _l("is not a telephone number that can exist"),
    _l("is not a telephone number"),
    _l("is not a time of the calendar"),
    _l("is not a time such as 2026-03-01T09:30 or 2026-03-01T09:30+08:00"),
    _l("is not a time zone such as Asia/Taipei"),
    _l("is not an e-mail address"),
    _l("is not between the years 1900 and 2200"),
    _l("is longer than %(most)s characters"),
    _l("is not a whole number from %(least)s to %(most)s"),
    _l("is not between %(least)s and %(most)s"),
    _l("is not one of %(known)s"),
    _l("%(problem)s; write 14.6 %% as 0.146"),
    _l("is not in the mapping's values: %(known)s"),
    _l("is not a date of the form %(form)s"),
    _l("the check digit does not fit"),
    _l("cell %(cell)s is a formula: put its value in its place"),
    _l("cell %(cell)s holds an error of the spreadsheet"),
    _l(
        "cell %(cell)s is a number of more than %(digits)s digits, which a spreadsheet cuts: write it as text"
    ),
    _l("%(set)s: its day is not named: give --as-of, or write as_of = 2026-03-01 to %(file)s"),
    _l("the sheet %(sheet)s: %(problem)s"),
    _l("the sheet %(sheet)s names a row beyond %(most)s"),
    _l("the sheet %(sheet)s: as_of is expected in A1, and its day, such as 2026-03-01, beside it"),
    _l("%(set)s: the sheet %(sheet)s is none of a loan book; known are %(known)s; remove it"),
    _l("%(set)s cannot be read as %(kind)s: %(problem)s"),
    _l("%(set)s holds too many texts for a workbook; hand in CSV files in a zip"),
    _l("%(set)s is damaged: %(problem)s"),
    _l("%(set)s holds files in several folders; put them side by side"),
    _l("%(set)s holds no file of a loan book; known are %(known)s"),
    _l("%(set)s holds %(file)s: hand that in by itself"),
    _l("%(set)s holds %(count)s files; %(most)s are allowed"),
    _l("%(set)s holds %(file)s twice"),
    _l("%(set)s is encrypted: hand it in without a password"),
    _l("%(set)s is no file of a loan book; known are %(known)s"),
    _l("%(set)s names a file outside of it: %(file)s"),
    _l("%(set)s would be more than %(times)s times as large unpacked"),
    _l("%(set)s would be %(size)s bytes unpacked; %(most)s are allowed"),
    _l("%(set)s: %(file)s is packed in an unusual way; pack it again as a plain zip"),
    _l("%(set)s: %(file)s is no file of a loan book; known are %(known)s; move it away"),
    _l("%(set)s: exactly one entry is expected, such as as_of = 2026-03-01"),
)
# The same without what a library said of it, which only stands in English.
DETAIL = ": %(problem)s"
WITHOUT_DETAIL = (
    _l("cannot be read as CSV"),
    _l("is damaged from here on"),
    _l("%(set)s cannot be read as %(kind)s"),
    _l("%(set)s is damaged"),
)


def said(reason: str) -> str:
    """Return a reason in the reader's language."""
    for form, sentence in _forms():
        if match := form.fullmatch(reason):
            facts = {name: said(part) for name, part in match.groupdict().items()}
            bare = sentence.removesuffix(DETAIL)
            in_short = bare in WITHOUT_DETAIL and get_locale().language != "en"
            return str(gettext(bare if in_short else sentence, **facts))
    return reason


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """Each sentence with the pattern of its English form, those with the most words of their own first."""
    by_length = sorted(SENTENCES, key=lambda each: len(GAP.sub("", each)), reverse=True)
    return [(_pattern(each), each) for each in by_length]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = GAP.split(sentence.replace("%%", "%"))
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)),
        re.DOTALL,
    )
