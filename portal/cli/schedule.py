"""`portal schedule`: works out instalments, with what happens to them later."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from portal.cli import schedule_facts
from portal.cli.context import DayOption, InputError, json_option, show
from portal.vocabulary import DayCount, Frequency, Method

if TYPE_CHECKING:
    from portal.domain.contract import Contract
    from portal.domain.schedule import Schedule

METHODS = [method.value for method in Method if method is not Method.MINIMUM_PAYMENT]
COLUMNS = ("number", "due_date", "principal", "interest", "total", "balance")


@click.command(
    epilog="""\b
Example:  portal schedule --principal 18420.00 --rate 15.4 --periods 12 --start 2026-03-02
          portal schedule --principal 18420 --rate 15.4 --periods 12 --start 2026-03-02 \\
              --pause 2026-05-10:2026-06-09 --rate-change 2026-08-01:9 --json"""
)
@click.option("--principal", required=True, metavar="AMOUNT", help="The debt, such as 18420.00.")
@click.option("--rate", required=True, metavar="PERCENT", help="The yearly rate, such as 15.4; 0 is a rate.")
@click.option("--periods", required=True, type=int, help="How many instalments, 1 to 600.")
@click.option("--start", required=True, type=DayOption(), help="The day from which interest runs.")
@click.option("--currency", default="CNY", show_default=True)
@click.option(
    "--frequency", type=click.Choice([each.value for each in Frequency]), default="monthly", show_default=True
)
@click.option("--first-due", type=DayOption(), help="The first due date, if not one period after the start.")
@click.option("--anchor-day", type=int, help="The day of the month to keep, such as 31 after a 28 February.")
@click.option(
    "--due-date-rule",
    type=click.Choice(["clamp", "roll", "month_end"]),
    default="clamp",
    show_default=True,
    help="Where a due date goes in a month without its day.",
)
@click.option("--business-days", metavar="COUNTRY", help="Move due dates to business days of CN, TW, …")
@click.option("--method", type=click.Choice(METHODS), default="equal_instalment", show_default=True)
@click.option("--weights", metavar="W,W,…", help="The weight of each instalment of a stepped plan.")
@click.option(
    "--day-count", type=click.Choice([each.value for each in DayCount]), default="act/365", show_default=True
)
@click.option("--principal-grace", type=int, default=0, help="Periods that repay nothing but bear interest.")
@click.option("--interest-grace", type=int, default=0, help="Periods whose interest is collected later.")
@click.option("--interest-free", type=int, default=0, help="Periods whose interest is waived.")
@click.option("--instalment", metavar="AMOUNT", help="An instalment that somebody named.")
@click.option(
    "--rounding",
    type=click.Choice(["HALF_UP", "HALF_EVEN", "UP", "DOWN"]),
    default="HALF_UP",
    show_default=True,
    help="How interest and the instalment are rounded.",
)
@click.option("--multiple-of", metavar="AMOUNT", help="Round the instalment to multiples of this.")
@click.option(
    "--remainder",
    type=click.Choice(["last_instalment", "last_interest"]),
    default="last_instalment",
    show_default=True,
    help="What takes the cents that rounding leaves over.",
)
@schedule_facts.options
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV on stdout.")
@json_option
def schedule(*, as_csv: bool, as_json: bool, **given: Any) -> None:
    """Print the instalments of a debt, with totals and both yearly rates.

    Nothing is stored and no installation is needed. Concessions may be given as often as there are any; each
    counts from its day, whatever order they are given in.

    \b
    Exit codes:  0 done · 2 no schedule can be made of what was given
    """
    from portal.domain.money import CodedError
    from portal.domain.schedule import replay

    if as_csv and as_json:
        raise InputError("a result is printed as --json or as --csv, not as both")
    try:
        contract = _contract(given)
        found = replay(contract, schedule_facts.read(given))
        result = _result(contract, found, given["currency"])
    except CodedError as problem:
        raise InputError(str(problem)) from problem
    if as_csv:
        click.echo(_csv(result), nl=False)
    else:
        show(result, as_json=as_json, text=_text)


def _contract(given: dict[str, Any]) -> "Contract":
    from portal.domain.contract import Contract, Remainder
    from portal.domain.dates import DueDateRule
    from portal.domain.money import Rounding, parse_amount

    def amount(name: str) -> int | None:
        return None if given[name] is None else parse_amount(given[name], given["currency"])

    weights = given["weights"]
    return Contract(
        principal=parse_amount(given["principal"], given["currency"]),
        annual_rate=schedule_facts.percent(given["rate"]),
        periods=given["periods"],
        start=given["start"],
        first_due=given["first_due"],
        anchor_day=given["anchor_day"],
        due_date_rule=DueDateRule(given["due_date_rule"]),
        adjust=_business_days(given["business_days"]),
        frequency=Frequency(given["frequency"]),
        method=Method(given["method"]),
        weights=None if weights is None else [schedule_facts.number(each) for each in weights.split(",")],
        day_count=DayCount(given["day_count"]),
        principal_grace=given["principal_grace"],
        interest_grace=given["interest_grace"],
        interest_free=given["interest_free"],
        instalment_fixed=amount("instalment"),
        instalment_multiple_of=1 if given["multiple_of"] is None else amount("multiple_of") or 0,
        rounding=Rounding(given["rounding"]),
        remainder=Remainder(given["remainder"]),
    )


def _business_days(country: str | None) -> Callable[[date], date] | None:
    from holidays import list_supported_countries

    from portal.domain.calendar import BusinessCalendar

    if country is None:
        return None
    if country not in list_supported_countries():
        raise InputError(f"no calendar of public holidays is known for {country!r}; write CN, TW, HK, …")
    known = BusinessCalendar(country=country, makeup_workdays=frozenset(), known_until=date.max)
    return known.on_or_after


def _result(contract: "Contract", found: "Schedule", currency: str) -> dict[str, Any]:
    from portal.domain.apr import as_percent
    from portal.domain.money import amount_text
    from portal.domain.yearly_rates import yearly_rates

    def text(minor: int) -> str:
        return amount_text(minor, currency)

    rates = yearly_rates(found, contract.step)
    rows = [
        {
            "number": row.number,
            "due_date": row.due_date.isoformat(),
            **{name: text(getattr(row, name)) for name in COLUMNS[2:]},
        }
        for row in found.rows
    ]
    return {
        "currency": currency,
        "method": found.method.value,
        "start": contract.start.isoformat(),
        "rows": rows,
        "principal": text(found.principal),
        "interest": text(found.total_interest),
        "total": text(found.total),
        "instalment": text(found.instalment),
        "last_difference": text(found.difference),
        "nominal_apr_pct": f"{as_percent(rates.nominal, 4):f}",
        "effective_apr_pct": f"{as_percent(rates.effective, 4):f}",
    }


def _csv(result: dict[str, Any]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(result["rows"])
    return written.getvalue()


def _text(result: dict[str, Any]) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_footer=True)
    sums = {name: f"{Decimal(result[name]):,}" for name in ("principal", "interest", "total")}
    for name in COLUMNS:
        justify: Any = "left" if name == "due_date" else "right"
        label = {"number": "no.", "due_date": "due"}.get(name, name)
        table.add_column(label, sums.get(name, ""), justify=justify, no_wrap=True)
    for row in result["rows"]:
        amounts = [f"{Decimal(row[name]):,}" for name in COLUMNS[2:]]
        table.add_row(str(row["number"]), row["due_date"], *amounts)
    console = Console(width=100, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join([captured.get().rstrip(), "", *_summary(result)])


def _summary(result: dict[str, Any]) -> list[str]:
    difference = Decimal(result["last_difference"])
    instalment = f"{Decimal(result['instalment']):,}"
    regular = "instalment: all of the debt with the last one"
    if Decimal(result["instalment"]):
        what = "principal in each instalment" if result["method"] == Method.EQUAL_PRINCIPAL else "instalment"
        which = (
            "as large" if not difference else f"{abs(difference):,} {'more' if difference > 0 else 'less'}"
        )
        regular = f"{what}: {instalment} {result['currency']}, the last {which}"
    return [
        regular,
        f"yearly rate: nominal {_short(result['nominal_apr_pct'])} %, "
        f"effective {_short(result['effective_apr_pct'])} %",
    ]


def _short(percent: str) -> str:
    return str(Decimal(percent).quantize(Decimal("0.01")))


COMMANDS = (schedule,)
