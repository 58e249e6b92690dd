"""What is refused says why: a code and the facts for the page, one plain sentence for the log."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.domain.adjustment import AdjustmentError, compare
from portal.domain.allocation import DebtParts
from portal.domain.apr import AprError, effective_apr, nominal_apr
from portal.domain.budget import Budget, BudgetError, household_floor, way_of
from portal.domain.concessions import Concession, ConcessionRefused, tier_needed
from portal.domain.dates import DateError, add_days
from portal.domain.ledger_facts import LedgerError, Receipt
from portal.domain.money import LARGEST_AMOUNT, MoneyError, distribute, minor_digits, parse_amount
from portal.domain.plans import Basis, Terms, draft
from portal.domain.relief import Relief, ReliefError
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method, ReliefKind

START = date(2026, 1, 15)
BEFORE = START - timedelta(days=1)
LAST = date(2026, 7, 15)
PAUSE = Concession(ConcessionKind.PAUSE, months=1)
EXTENSION = Concession(ConcessionKind.EXTENSION, months=1)
WAIVER = Concession(ConcessionKind.PENALTY_WAIVER, share=Decimal(1))
NAN = Decimal("nan")


def refused(error_class, call, /, *args, **options):
    """The code and the facts of a refusal whose sentence is one: it begins like one and ends like one."""
    with pytest.raises(error_class) as error:
        call(*args, **options)
    sentence = str(error.value)
    assert sentence[0].isupper() or sentence[0] == "'"
    assert sentence.endswith(".")
    assert not sentence.isupper()
    return error.value.code, error.value.facts


def plan(parts=None, method=Method.EQUAL_PRINCIPAL, periods=6, **named):
    basis = Basis(
        parts=parts or DebtParts(principal=300_000),
        rate_ppm=120_000,
        rate_cap_ppm=None,
        day_count=DayCount.TWELFTHS,
        start=START,
        most_periods=36,
        min_instalment=1,
    )
    return draft(basis, Terms(method=method, periods=periods, **named))


def budget(**named):
    figures = {
        "income": 500_000,
        "essential_outgoings": 200_000,
        "other_debts": 0,
        "adults": 1,
        "children": 0,
    }
    return Budget(**{**figures, "living_cost_floor": 100_000, "buffer": Decimal("0.1"), **named})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NaN", "amount_not_finite"),
        ("ten", "amount_not_a_number"),
        ("-1.00", "amount_negative"),
        (str(LARGEST_AMOUNT + 1), "amount_too_large"),
        ("92233720368547758.08", "amount_too_large"),
        ("9" * 30, "amount_too_large"),
    ],
)
def test_an_amount_that_cannot_be_read_is_shown_as_it_was_typed(text, code):
    assert refused(MoneyError, parse_amount, text, "CNY") == (code, {"text": text})
    with pytest.raises(MoneyError, match=text):
        parse_amount(text, "CNY")


def test_too_many_decimals_name_the_currency_and_what_it_has():
    facts = {"text": "1.234", "currency": "CNY", "digits": 2}

    assert refused(MoneyError, parse_amount, "1.234", "CNY") == ("amount_too_many_decimals", facts)


def test_an_unknown_currency_is_named_beside_the_known_ones():
    assert refused(MoneyError, minor_digits, "XYZ") == ("unknown_currency", {"currency": "XYZ"})
    with pytest.raises(MoneyError, match="CNY, TWD, HKD"):
        minor_digits("XYZ")


def test_nothing_is_divided_into_no_parts():
    assert refused(MoneyError, distribute, 10, 0) == ("parts_below_one", {"parts": 0})


@pytest.mark.parametrize("flows", [[], [100], [100, 10], [-100, -10], [0, 0], [-100, 0], [100, 0]])
def test_money_that_goes_one_way_has_no_yearly_rate(flows):
    assert refused(AprError, nominal_apr, flows, 12) == ("no_sign_change", {})


def test_flows_that_no_rate_balances_have_no_yearly_rate():
    assert refused(AprError, nominal_apr, [100, -100, 100], 12) == ("no_rate", {})


def test_a_rate_beyond_all_telling_is_no_rate():
    flows = [(START, -100), (START + timedelta(days=1), 150)]

    assert refused(AprError, effective_apr, flows) == ("no_rate", {})


@pytest.mark.parametrize("buffer", [Decimal("-0.01"), Decimal("1.01"), Decimal("Infinity")])
def test_a_buffer_is_a_share(buffer):
    assert refused(BudgetError, budget, buffer=buffer) == ("buffer_out_of_range", {"buffer": buffer})


@pytest.mark.parametrize("drop", [Decimal("-0.01"), Decimal("1.01"), Decimal("Infinity")])
def test_a_fall_of_income_is_a_share(drop):
    assert refused(BudgetError, budget().stressed, drop) == ("drop_out_of_range", {"drop": drop})


def test_figures_no_household_has_are_refused_with_them():
    assert refused(BudgetError, budget, income=-1) == ("budget_amount_negative", {})
    assert refused(BudgetError, way_of, budget(), least_instalment=0) == ("instalment_not_positive", {})
    for adults, children in ((0, 2), (1, -1)):
        found = refused(BudgetError, household_floor, adult=1, child=1, adults=adults, children=children)
        assert found == ("household_out_of_range", {"adults": adults, "children": children})


@pytest.mark.parametrize("share", [Decimal(0), Decimal("1.01"), Decimal("Infinity")])
def test_a_share_given_up_is_above_zero_and_at_most_all(share):
    kind = ConcessionKind.PENALTY_WAIVER
    with pytest.raises(ConcessionRefused) as error:
        Concession(kind, share=share)
    assert (error.value.code, error.value.facts) == (
        "concession_share_invalid",
        {"kind": kind, "share": share},
    )

    found = refused(ReliefError, Relief, kind=ReliefKind.PENALTY_WAIVER, first_day=START, share=share)
    assert found == ("relief_share_out_of_range", {"share": share})


def test_a_concession_of_time_has_at_least_a_month():
    with pytest.raises(ConcessionRefused) as error:
        Concession(ConcessionKind.GRACE, months=0)
    assert error.value.code == "concession_months_invalid"
    assert error.value.facts == {"kind": ConcessionKind.GRACE, "months": 0}


def test_beyond_all_limits_is_told_with_the_sum_that_was_asked_for():
    with pytest.raises(ConcessionRefused) as error:
        tier_needed([PAUSE, Concession(ConcessionKind.PAUSE, months=2)], [])
    assert error.value.code == "concession_beyond_limits"
    assert error.value.facts == {"kind": ConcessionKind.PAUSE, "share": Decimal(0), "months": 3}


def test_relief_that_makes_no_sense_says_so():
    def relief(kind=ReliefKind.PENALTY_WAIVER, **named):
        return refused(ReliefError, Relief, kind=kind, first_day=START, **named)

    assert relief(amount=0) == ("relief_amount_not_positive", {"amount": 0})
    assert relief() == ("relief_amount_unclear", {})
    assert relief(amount=1, share=Decimal(1)) == ("relief_amount_unclear", {})
    assert relief(ReliefKind.PENALTY_STOP, amount=1) == ("relief_amount_unclear", {})
    assert relief(ReliefKind.PENALTY_STOP, last_day=BEFORE) == ("relief_days_out_of_order", {})


def test_a_day_no_calendar_has_is_refused():
    assert refused(DateError, add_days, date.max, 1) == ("date_out_of_range", {})


def test_a_receipt_is_never_below_zero():
    assert refused(LedgerError, Receipt, "P1", START, -1) == ("receipt_amount_negative", {"amount": -1})
    assert Receipt("P1", START, 0).amount == 0


def test_a_change_a_plan_has_no_room_for_says_why():
    def change(what=PAUSE, day=START, of=None):
        return refused(AdjustmentError, compare, of or plan(), what, day=day)

    assert change(day=BEFORE) == ("change_before_start", {"day": BEFORE})
    assert change(day=LAST) == ("change_after_end", {"day": LAST})
    assert change(WAIVER) == ("change_not_an_adjustment", {"kind": ConcessionKind.PENALTY_WAIVER})
    by_weeks = plan(frequency=Frequency.WEEKLY)
    assert change(EXTENSION, of=by_weeks) == ("change_in_months_only", {"kind": ConcessionKind.EXTENSION})
    assert change(of=plan(DebtParts(interest=1_000))) == ("plan_bears_no_interest", {})
    with pytest.raises(AdjustmentError, match="2026-07-15"):
        compare(plan(), PAUSE, day=LAST)


def test_what_the_schedule_refuses_is_passed_on_in_its_words():
    once = plan(method=Method.LUMP_SUM, periods=1)

    with pytest.raises(AdjustmentError) as error:
        compare(once, EXTENSION, day=START)
    cause = error.value.__cause__
    assert error.value.code == "lump_sum_is_one_payment"
    assert (str(error.value), error.value.facts) == (str(cause), cause.facts)
