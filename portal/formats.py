"""Numbers, money and dates as people write them, in each language."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale as BabelLocale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent, get_currency_precision

from portal.vocabulary import Locale

BABEL_NAMES = {Locale.ZH_HANT: "zh_Hant_TW", Locale.ZH_HANS: "zh_Hans_CN", Locale.EN: "en_GB"}
HTML_NAMES = {Locale.ZH_HANT: "zh-Hant", Locale.ZH_HANS: "zh-Hans", Locale.EN: "en"}
# Amounts name their currency so that it cannot be mistaken, whoever reads it: NT$ and not $.
SYMBOLS = {"TWD": "NT$", "CNY": "¥", "HKD": "HK$", "USD": "US$", "GBP": "£", "EUR": "€", "JPY": "JP¥"}
DATES = {Locale.ZH_HANT: "y年M月d日", Locale.ZH_HANS: "y年M月d日", Locale.EN: "d MMM y"}
WEEKDAYS = {Locale.ZH_HANT: "M月d日 EEE", Locale.ZH_HANS: "M月d日 EEE", Locale.EN: "EEE d MMM"}

REMEMBERED = 4096  # what was written lately: Babel reads its pattern anew for every number


@cache
def babel_locale(locale: Locale) -> BabelLocale:
    return BabelLocale.parse(BABEL_NAMES[locale])


@lru_cache(REMEMBERED)
def money(minor: int, currency: str, locale: Locale) -> str:
    """Write an amount given in minor units, with its currency: `NT$ 18,420.00`."""
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    digits = "0" * minor_digits(currency)
    pattern = f"#,##0.{digits}" if digits else "#,##0"
    written = format_decimal(abs(amount), format=pattern, locale=babel_locale(locale))
    sign = "−" if minor < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency)}\u00a0{written}"


def minor_digits(currency: str) -> int:
    """How many decimals a currency is kept with. New Taiwan dollars are billed whole, and kept with two."""
    return 2 if currency == "TWD" else get_currency_precision(currency)


@lru_cache(REMEMBERED)
def rate(ppm: int, locale: Locale) -> str:
    """Write a rate given in parts per million as percent, exactly: `14.6%`, `18.2501%`."""
    return format_percent(Decimal(ppm).scaleb(-6), format="#,##0.####%", locale=babel_locale(locale))


def apr(ppm: int, locale: Locale) -> str:
    """Write a yearly cost given in parts per million as percent of two digits: `7.44%`."""
    return format_percent(Decimal(ppm).scaleb(-6), format="#,##0.##%", locale=babel_locale(locale))


@lru_cache(REMEMBERED)
def number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=babel_locale(locale))


@lru_cache(REMEMBERED)
def day(value: date, locale: Locale) -> str:
    """Write a date that cannot be misread: `3 Dec 2026`, `2026年12月3日`."""
    return format_date(value, DATES[locale], locale=babel_locale(locale))


def sentences(each: Iterable[str], locale: Locale) -> str:
    """Write sentences one after the other: a space stands between them in English, none in Chinese."""
    return (" " if locale is Locale.EN else "").join(each)


def weekday(value: date, locale: Locale) -> str:
    """Write a near date with its weekday and without the year: `Thu 3 Dec`."""
    return format_date(value, WEEKDAYS[locale], locale=babel_locale(locale))


def moment(value: datetime, locale: Locale, zone: ZoneInfo) -> str:
    """Write a time stamp in a zone: `3 Dec 2026, 10:12`."""
    local = value.astimezone(zone)
    return f"{day(local.date(), locale)} {clock(value, locale, zone)}"


def clock(value: datetime, locale: Locale, zone: ZoneInfo) -> str:
    return f"{value.astimezone(zone):%H:%M}"


def month(value: date, locale: Locale) -> str:
    return format_datetime(datetime.combine(value, datetime.min.time()), "y MMM", locale=babel_locale(locale))


FILTERS: Mapping[str, Callable[..., str]] = {
    "money": money,
    "apr": apr,
    "rate": rate,
    "number": number,
    "day": day,
    "weekday": weekday,
    "moment": moment,
    "clock": clock,
}


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def spreadsheet_text(cell: object) -> str:
    """Return a cell that a spreadsheet shows as text, whatever it begins with, and never runs."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
