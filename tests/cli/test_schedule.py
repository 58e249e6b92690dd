"""`portal schedule`: the instalments of a debt, for people, spreadsheets and machines."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from portal.cli import portal

DEBT = ["--principal", "1000.00", "--rate", "12", "--periods", "4", "--start", "2026-01-31"]


def run(*options, debt=DEBT):
    return CliRunner().invoke(portal, ["schedule", *debt, *options])


def figures(*options, debt=DEBT):
    result = run(*options, "--json", debt=debt)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*options, debt=DEBT):
    result = run(*options, debt=debt)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.strip().splitlines()[-1]


def test_json_tells_every_row_and_both_yearly_rates():
    assert figures("--day-count", "1/12") == {
        "currency": "CNY",
        "method": "equal_instalment",
        "start": "2026-01-31",
        "rows": [
            row("1", "2026-02-28", "246.28", "10.00", "753.72"),
            row("2", "2026-03-31", "248.74", "7.54", "504.98"),
            row("3", "2026-04-30", "251.23", "5.05", "253.75"),
            row("4", "2026-05-31", "253.75", "2.54", "0.00", "256.29"),
        ],
        "principal": "1000.00",
        "interest": "25.13",
        "total": "1025.13",
        "instalment": "256.28",
        "last_difference": "0.01",
        "nominal_apr_pct": "12.0026",
        "effective_apr_pct": "13.0597",
    }


def row(number, due_date, principal, interest, balance, total="256.28"):
    return {
        "number": int(number),
        "due_date": due_date,
        "principal": principal,
        "interest": interest,
        "total": total,
        "balance": balance,
    }


def test_the_table_is_for_people():
    lines = run("--day-count", "1/12").stdout.splitlines()
    assert lines[0].split() == ["no.", "due", "principal", "interest", "total", "balance"]
    assert lines[1].split() == ["1", "2026-02-28", "246.28", "10.00", "256.28", "753.72"]
    assert lines[5].split() == ["1,000.00", "25.13", "1,025.13"]
    assert lines[7:] == [
        "instalment: 256.28 CNY, the last 0.01 more",
        "yearly rate: nominal 12.00 %, effective 13.06 %",
    ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--method", "equal_principal"], "principal in each instalment: 250.00 CNY, the last as large"),
        (["--method", "interest_first"], "instalment: all of the debt with the last one"),
        (["--instalment", "300"], "instalment: 300.00 CNY, the last 177.52 less"),
    ],
)
def test_the_difference_of_the_last_instalment_is_told_in_words(options, line):
    assert line in run("--day-count", "1/12", *options).stdout.splitlines()


def test_csv_holds_the_rows():
    rows = list(csv.DictReader(io.StringIO(run("--day-count", "1/12", "--csv").stdout)))
    assert len(rows) == 4
    assert rows[3] == {
        "number": "4",
        "due_date": "2026-05-31",
        "principal": "253.75",
        "interest": "2.54",
        "total": "256.29",
        "balance": "0.00",
    }


@pytest.mark.parametrize(
    ("options", "dates"),
    [
        (["--frequency", "weekly"], ["2026-02-07", "2026-02-14", "2026-02-21", "2026-02-28"]),
        (["--frequency", "fortnightly"], ["2026-02-14", "2026-02-28", "2026-03-14", "2026-03-28"]),
        (["--first-due", "2026-02-15"], ["2026-02-15", "2026-03-15", "2026-04-15", "2026-05-15"]),
        (["--due-date-rule", "roll"], ["2026-03-01", "2026-03-31", "2026-05-01", "2026-05-31"]),
        (
            ["--first-due", "2026-02-28", "--anchor-day", "30"],
            ["2026-02-28", "2026-03-30", "2026-04-30", "2026-05-30"],
        ),
        # 28 February and 31 May are a Saturday and a Sunday.
        (["--business-days", "TW"], ["2026-03-02", "2026-03-31", "2026-04-30", "2026-06-01"]),
        (["--holiday", "2026-03-01:2"], ["2026-02-28", "2026-05-31", "2026-06-30", "2026-07-31"]),
        (["--due-date", "2026-03-01:2026-04-10"], ["2026-02-28", "2026-04-10", "2026-05-10", "2026-06-10"]),
        (
            ["--extend", "2026-05-01:1"],
            [*["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"], "2026-06-30"],
        ),
    ],
)
def test_options_move_the_due_dates(options, dates):
    assert [row["due_date"] for row in figures(*options)["rows"]] == dates


@pytest.mark.parametrize(
    ("options", "interest"),
    [
        ([], "24.45"),
        (["--day-count", "act/360"], "24.78"),
        (["--day-count", "30/360"], "25.13"),
        (["--principal-grace", "1"], "29.44"),
        (["--interest-free", "1"], "14.96"),
        (["--interest-grace", "2"], "24.18"),
        (["--pause", "2026-02-01:2026-02-28"], "14.96"),
        (["--rate-change", "2026-02-01:0"], "0.00"),
        (["--waive", "2026-02-01:50%"], "19.84"),
        (["--waive", "2026-02-01:9.21"], "15.24"),
        (["--repay", "2026-02-28:500"], "11.79"),
        (["--repay-lower", "2026-02-28:500"], "14.33"),
        (["--rounding", "UP"], "24.46"),
        (["--multiple-of", "50"], "24.82"),
        (["--method", "stepped", "--weights", "1,1,2,2"], "27.87"),
    ],
)
def test_options_change_the_interest(options, interest):
    assert figures(*options)["interest"] == interest


def test_the_last_interest_may_take_the_remainder():
    found = figures("--day-count", "1/12", "--remainder", "last_interest")
    assert (found["rows"][3]["interest"], found["rows"][3]["total"]) == ("2.53", "256.28")
    assert found["last_difference"] == "0.00"


def test_amounts_have_the_digits_of_their_currency():
    found = figures("--currency", "JPY", debt=["--principal", "1000", *DEBT[2:]])
    assert (found["principal"], found["rows"][0]["interest"]) == ("1000", "9")


def test_facts_count_from_their_day_in_whatever_order_they_are_given():
    facts = [
        ["--rate-change", "2026-03-05:6"],
        ["--pause", "2026-02-10:2026-02-20"],
        ["--waive", "2026-03-01:1"],
    ]
    forward, backward = (sum(order, []) for order in (facts, facts[::-1]))
    assert figures(*forward) == figures(*backward)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--principal", "0"], "The debt is above zero."),
        (["--principal", "-5"], "'-5' is negative; an amount here is not."),
        (["--principal", "1.005"], "'1.005' has 3 decimals; CNY has 2."),
        (["--currency", "ABC"], "'ABC' is not a known currency (CNY, TWD, HKD, USD, GBP, EUR, JPY)."),
        (["--rate", "-1"], "The yearly rate is a number not below zero."),
        (["--rate", "much"], "'much' is not a number such as 15.4"),
        (["--periods", "0"], "A plan has 1 to 600 instalments."),
        (["--periods", "601"], "A plan has 1 to 600 instalments."),
        (["--start", "soon"], "Invalid value for '--start': 'soon' is not a date such as 2026-03-02"),
        (["--start", "9999-11-30"], "A date lies outside the years 1 to 9999."),
        (
            ["--first-due", "2026-01-31"],
            "The first due date 2026-01-31 is not after the start 2026-01-31.",
        ),
        (["--instalment", "5"], "Instalment 1 of 500 does not cover its interest of 921."),
        (
            ["--business-days", "Atlantis"],
            "no calendar of public holidays is known for 'Atlantis'; write CN, TW, HK, …",
        ),
        (["--pause", "2026-02-10"], "--pause is written FIRST:LAST, not '2026-02-10'"),
        (["--pause", "2026-02-10:then"], "'then' is not a date such as 2026-03-02"),
        (["--pause", "2026-06-01:2026-06-02"], "2026-06-01 is after the loan has ended."),
        (["--rate-change", "2026-01-30:5"], "2026-01-30 is before the loan begins on 2026-01-31."),
        (["--extend", "2026-02-10:two"], "'two' is not a number of periods"),
        (["--holiday", "2026-02-10:5"], "A holiday of 5 periods is longer than the 4 that are left."),
        (
            ["--waive", "2026-02-10:10"],
            "A waiver of 1000 is more than the interest of 921 it is given on.",
        ),
        (["--csv", "--json"], "a result is printed as --json or as --csv, not as both"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(options, sentence):
    assert refused(*options) == f"Error: {sentence}"
