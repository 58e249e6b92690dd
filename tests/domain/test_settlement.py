"""Early settlement (specification 03, plan.early_settlement_reward)."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.dates import Pause
from portal.domain.instalments import Row
from portal.domain.ledger_facts import Receipt
from portal.domain.settlement import (
    Charges,
    Grace,
    QuotePart,
    QuoteRow,
    SettlementError,
    settlement_quote,
)
from portal.vocabulary import PaymentKind

PROPERTY = settings(max_examples=60, deadline=None)
START = date(2027, 3, 1)


def after(days):
    return START + timedelta(days=days)


ROWS = [
    Row(1, after(30), 30_000, 3_000, 33_000, 60_000),
    Row(2, after(60), 30_000, 2_000, 32_000, 30_000),
    Row(3, after(90), 30_000, 1_001, 31_001, 0),
]


def paid(days, amount):
    return Receipt(f"P{days}", after(days), amount)


def quote(days, *receipts, rows=ROWS, start=START, quoted=None, valid_days=14, **named):
    return settlement_quote(
        rows,
        receipts,
        start=start,
        settlement_day=after(days),
        quoted_on=after(days if quoted is None else quoted),
        valid_days=valid_days,
        **named,
    )


def told(found):
    return {row.part.value: row.amount for row in found.rows}


def test_a_settlement_on_the_day_the_plan_begins_costs_no_interest():
    found = quote(0)
    assert told(found) == {"principal": 90_000}
    assert (found.total, found.interest_saved) == (90_000, 6_001)


def test_interest_ends_on_the_settlement_day():
    found = quote(45, paid(30, 33_000))
    assert found.rows == (
        QuoteRow(QuotePart.PRINCIPAL, 90_000),
        QuoteRow(QuotePart.INTEREST_DUE, 3_000),
        QuoteRow(QuotePart.INTEREST_RUNNING, 1_000, 15, 30),
        QuoteRow(QuotePart.PAID, -33_000),
    )
    assert (found.total, found.interest_saved) == (61_000, 6_001 - 4_000)


@pytest.mark.parametrize(
    ("days", "interest"),
    [(1, 100), (29, 2_900), (30, 3_000), (31, 3_067), (59, 4_933), (60, 5_000), (90, 6_001)],
)
def test_running_interest_is_counted_by_days_and_rounded_once(days, interest):
    found = quote(days)
    assert found.total - found.part(QuotePart.PRINCIPAL) == interest
    assert found.interest_saved == 6_001 - interest


def test_half_a_cent_is_rounded_up():
    assert quote(75).part(QuotePart.INTEREST_RUNNING) == 501


def test_paused_days_bear_no_interest():
    pauses = [Pause(after(41), after(50))]
    assert quote(45, interest_pauses=pauses).part(QuotePart.INTEREST_RUNNING) == 1_000
    found = quote(55, interest_pauses=pauses)
    assert found.rows[2] == QuoteRow(QuotePart.INTEREST_RUNNING, 1_500, 15, 20)


def test_a_period_that_is_paused_from_end_to_end_bears_none():
    found = quote(45, interest_pauses=[Pause(after(31), after(60))])
    assert QuotePart.INTEREST_RUNNING.value not in told(found)


def test_whoever_paid_every_instalment_on_time_is_spared_the_penalty():
    found = quote(45, paid(30, 33_000), charges=Charges(penalty=700))
    assert (told(found)["penalty"], told(found)["penalty_waived"], found.total) == (700, -700, 61_000)


@pytest.mark.parametrize(
    "receipts", [[], [paid(31, 33_000)], [paid(30, 32_999)], [paid(30, 32_999), paid(31, 1)]]
)
def test_one_late_instalment_and_the_penalty_is_owed(receipts):
    found = quote(45, *receipts, charges=Charges(penalty=700))
    assert found.part(QuotePart.PENALTY_WAIVED) == 0
    assert found.total == 90_000 + 4_000 + 700 - sum(each.amount for each in receipts)


def test_an_instalment_due_on_the_settlement_day_is_not_late():
    assert quote(30, charges=Charges(penalty=700)).part(QuotePart.PENALTY_WAIVED) == -700
    assert quote(31, charges=Charges(penalty=700)).part(QuotePart.PENALTY_WAIVED) == 0


def test_the_waiver_can_be_switched_off():
    found = quote(10, charges=Charges(penalty=700), waive_penalty_if_on_time=False)
    assert (found.part(QuotePart.PENALTY_WAIVED), found.total) == (0, 91_700)


def test_fees_are_owed_and_never_waived():
    assert told(quote(0, charges=Charges(fees=250))) == {"principal": 90_000, "fees": 250}


def test_all_money_since_the_start_counts_and_none_after_the_day():
    assert quote(10, paid(0, 1_000), paid(10, 500), paid(11, 7)).total == 90_000 + 1_000 - 1_500


def test_a_reversed_payment_lowers_nothing():
    receipts = [paid(5, 1_000), Receipt("R1", after(8), 1_000, PaymentKind.REVERSAL, "P5")]
    assert quote(10, *receipts).total == 91_000


def test_what_was_paid_too_much_is_credit_and_the_quote_is_nothing():
    found = quote(0, paid(0, 95_000))
    assert (found.total, found.credit) == (0, 5_000)
    assert told(found) == {"principal": 90_000, "paid": -95_000, "credit": 5_000}
    assert quote(0, paid(0, 90_000)).credit == 0
    # More than all instalments together ask for.
    assert told(quote(0, paid(0, 100_000))) == {"principal": 90_000, "paid": -100_000, "credit": 10_000}


def test_the_day_an_instalment_falls_due_its_interest_is_due_and_none_is_running():
    assert told(quote(30)) == {"principal": 90_000, "interest_due": 3_000}
    assert told(quote(90)) == {"principal": 90_000, "interest_due": 6_001}


def test_an_instalment_may_be_all_interest_or_all_of_it_grace():
    rows = [Row(1, after(30), 0, 300, 300, 90_000), Row(2, after(60), 90_000, 301, 90_301, 0)]
    grace = Grace(ends=after(10), interest=601)
    assert told(quote(60, rows=rows, grace=grace)) == {"principal": 90_000, "interest_of_grace": 601}


def test_interest_of_grace_runs_from_the_start_and_is_no_part_of_the_instalments_interest():
    grace = Grace(ends=after(10), interest=901)
    early = quote(5, grace=grace)
    assert told(early) == {"principal": 90_000, "interest_of_grace": 451}
    assert early.rows[1] == QuoteRow(QuotePart.INTEREST_OF_GRACE, 451, 5, 10)
    assert told(quote(10, grace=grace)) == {"principal": 90_000, "interest_of_grace": 901}
    # Instalment 1 bears 3,000 − 300 over the 20 days after grace; the last one bears 1,001 − 301.
    assert told(quote(20, grace=grace)) == {
        "principal": 90_000,
        "interest_running": 1_350,
        "interest_of_grace": 901,
    }
    assert quote(90, grace=grace).total == 96_001
    assert quote(30, grace=grace).part(QuotePart.INTEREST_DUE) == 2_700
    assert quote(75, grace=grace).part(QuotePart.INTEREST_RUNNING) == 350


def test_a_quote_stands_from_its_day_until_its_last_one():
    found = quote(14, quoted=10, valid_days=7)
    assert found.valid_until == after(17)
    assert [found.stands_on(after(days)) for days in (9, 10, 17, 18)] == [False, True, True, False]


@pytest.mark.parametrize(("days", "quoted"), [(10, 10), (17, 10)])
def test_a_settlement_day_may_be_any_day_of_the_quote(days, quoted):
    assert quote(days, quoted=quoted, valid_days=7).settlement_day == after(days)


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"days": -1}, "settlement_before_start"),
        ({"days": 91}, "settlement_after_end"),
        ({"days": 9, "quoted": 10}, "settlement_outside_quote"),
        ({"days": 18, "quoted": 10, "valid_days": 7}, "settlement_outside_quote"),
        ({"days": 5, "rows": []}, "plan_without_instalments"),
        ({"days": 5, "rows": [ROWS[1], ROWS[0]]}, "dates_out_of_order"),
        ({"days": 5, "rows": [ROWS[0], ROWS[0]]}, "dates_out_of_order"),
        ({"days": 31, "start": after(30)}, "dates_out_of_order"),
        ({"days": 5, "rows": [Row(1, after(30), -1, 0, 0, 0)]}, "amount_negative"),
        ({"days": 5, "rows": [Row(1, after(30), 1, -1, 0, 0)]}, "amount_negative"),
        ({"days": 5, "charges": Charges(fees=-1)}, "amount_negative"),
        ({"days": 5, "charges": Charges(penalty=-1)}, "amount_negative"),
        ({"days": 5, "grace": Grace(ends=after(1), interest=-1)}, "amount_negative"),
        ({"days": 5, "grace": Grace(ends=after(1), interest=3_004)}, "amount_negative"),
        ({"days": 5, "grace": Grace(ends=START, interest=3)}, "dates_out_of_order"),
        ({"days": 5, "grace": Grace(ends=after(30), interest=3)}, "dates_out_of_order"),
    ],
)
def test_settlements_that_cannot_be_are_refused(named, code):
    with pytest.raises(SettlementError) as refused:
        quote(**named)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("receipt", "code"), [(paid(-1, 5), "payment_before_start"), (paid(1, 0), "payment_not_positive")]
)
def test_payments_that_cannot_be_are_refused(receipt, code):
    with pytest.raises(SettlementError) as refused:
        quote(5, receipt)
    assert refused.value.code == code


@PROPERTY
@given(
    st.integers(0, 90),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40_000)), max_size=4),
    st.integers(0, 5_000),
)
def test_the_rows_add_up_to_the_quote_and_a_day_more_never_costs_less(days, payments, penalty):
    receipts = [
        Receipt(f"P{n}", after(day), amount) for n, (day, amount) in enumerate(payments) if day <= days
    ]
    found = quote(days, *receipts, charges=Charges(penalty=penalty))
    received = sum(each.amount for each in receipts)
    charged = sum(row.interest for row in ROWS) - found.interest_saved
    waived = -found.part(QuotePart.PENALTY_WAIVED)
    assert 0 <= charged <= 6_001
    assert waived in (0, penalty)
    assert found.total - found.credit == 90_000 + charged + penalty - waived - received
    assert found.total == 0 or found.credit == 0
    if days < 90:
        assert quote(days + 1, *receipts, charges=Charges(penalty=penalty)).total >= found.total
