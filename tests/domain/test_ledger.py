from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.ledger import LateFees, Opening, Receipt, Terms, standing
from portal.vocabulary import PaymentKind

ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
LOAN = Terms(penalty_ppm=146_000, basis=365, order=ORDER)
AS_OF = date(2026, 3, 1)
TODAY = date(2026, 3, 11)


def opening(
    number: int, due: date, principal: int = 100_000, interest: int = 1_000, paid: int = 0
) -> Opening:
    return Opening(number, due, DebtParts(principal=principal, interest=interest), DebtParts(principal=paid))


def paid(amount: int, on: date, number: str = "P1") -> Receipt:
    return Receipt(number, on, amount)


def taken_back(amount: int, on: date, reference: str = "") -> Receipt:
    return Receipt("R1", on, amount, PaymentKind.REVERSAL, reference)


def stand(openings, receipts=(), *, terms=LOAN, as_of=AS_OF, today=TODAY):
    return standing(openings, receipts, as_of=as_of, business_date=today, terms=terms)


def test_penalty_runs_from_the_day_after_the_due_date_and_is_rounded_once():
    found = stand([opening(1, date(2026, 3, 1))])

    assert (found.dpd, found.overdue_since) == (10, date(2026, 3, 1))
    # 1,000.00 × 14.6 % × 10 / 365 = 4.00
    assert found.lines[0].unpaid == DebtParts(principal=100_000, interest=1_000, penalty=400)
    assert (found.overdue_amount, found.debt.overdue.total) == (101_000, 101_400)


def test_nothing_is_overdue_on_the_due_date_itself():
    found = stand([opening(1, TODAY)])

    assert (found.dpd, found.overdue_amount, found.outstanding) == (0, 0, 101_000)
    assert found.debt.overdue.total == 0


def test_payments_in_the_opening_balance_are_not_allocated_twice():
    found = stand([opening(1, date(2026, 2, 1))], [paid(50_000, AS_OF)])

    assert found.overdue_amount == 101_000


def test_a_partial_payment_meets_penalty_and_interest_first_and_does_not_move_the_date():
    found = stand([opening(1, date(2026, 3, 1))], [paid(51_200, date(2026, 3, 6))])

    line = found.lines[0]
    # 5 days on 1,000.00 cost 2.00; then 10.00 interest; 500.00 principal; 5 more days on 500.00 cost 1.00.
    assert line.unpaid == DebtParts(principal=50_000, penalty=100)
    assert [(span.principal, span.days) for span in line.spans] == [(100_000, 5), (50_000, 5)]
    assert line.penalty_paid == 200
    assert found.overdue_since == date(2026, 3, 1)


def test_a_full_payment_of_the_oldest_moves_the_date_to_the_next_unpaid_one():
    openings = [opening(1, date(2026, 2, 1)), opening(2, date(2026, 3, 1))]
    owed = stand(openings, today=date(2026, 3, 2)).lines[0].unpaid.total
    found = stand(openings, [paid(owed, date(2026, 3, 2))])

    assert (found.dpd, found.overdue_since) == (10, date(2026, 3, 1))


def test_a_reversed_payment_counts_until_its_reversal_and_then_never_happened():
    receipts = [paid(101_400, date(2026, 3, 5)), taken_back(101_400, date(2026, 3, 9), "P1")]
    openings = [opening(1, date(2026, 3, 1))]

    assert stand(openings, receipts, today=date(2026, 3, 8)).overdue_amount == 0
    assert stand(openings, receipts) == stand(openings)


def test_a_reversal_of_an_old_payment_reopens_the_newest_instalment_of_the_opening_balance():
    openings = [opening(1, date(2026, 1, 1), paid=100_000), opening(2, date(2026, 2, 1), paid=100_000)]
    found = stand(openings, [taken_back(30_000, date(2026, 3, 5), "OLD")])

    assert [line.unpaid.principal for line in found.lines] == [0, 30_000]


def test_what_nothing_is_owed_for_stays_as_credit():
    found = stand([opening(1, date(2026, 4, 1))], [paid(150_000, date(2026, 3, 5))])

    assert (found.outstanding, found.credit) == (0, 49_000)


CARD = Terms(0, 365, ORDER, LateFees(fixed=(30_000, 40_000, 50_000)), principal_first_from=91)


def test_a_card_pays_fixed_late_fees_for_the_first_three_minimums_in_a_row_and_no_daily_penalty():
    openings = [opening(n, date(2026, n, 1), interest=0) for n in (1, 2, 3)]
    found = stand([opening(0, date(2025, 12, 1), interest=0), *openings], terms=CARD)

    assert [line.unpaid.penalty for line in found.lines] == [30_000, 40_000, 50_000, 0]
    assert all(not line.spans for line in found.lines)


def test_a_paid_minimum_starts_the_row_of_late_fees_again():
    openings = [opening(1, date(2026, 1, 1)), opening(2, date(2026, 2, 1), interest=0, paid=100_000)]
    found = stand([*openings, opening(3, date(2026, 3, 1))], terms=CARD)

    assert [line.late_fee for line in found.lines] == [30_000, 0, 30_000]


def test_a_late_fee_by_share_is_of_the_unpaid_minimum_and_not_charged_when_the_core_charged_it():
    terms = Terms(0, 365, ORDER, LateFees(share=Decimal("0.05")))
    charged = Opening(2, date(2026, 3, 1), DebtParts(principal=100_000, fees=5_000), DebtParts())
    found = stand([opening(1, date(2026, 2, 1), interest=0, paid=40_000), charged], terms=terms)

    assert [line.unpaid.penalty for line in found.lines] == [3_000, 0]


def test_a_card_more_than_ninety_days_overdue_pays_principal_first():
    openings = [opening(1, date(2025, 11, 1))]
    found = stand(openings, [paid(100_000, date(2026, 3, 5))], terms=CARD)

    assert found.lines[0].unpaid == DebtParts(interest=1_000, penalty=30_000)


DAYS = st.integers(-90, 40).map(lambda days: AS_OF + timedelta(days=days))


@given(
    dues=st.lists(DAYS, min_size=1, max_size=5),
    payments=st.lists(st.tuples(st.integers(1, 300_000), st.integers(1, 10)), max_size=5),
    card=st.booleans(),
)
def test_no_money_is_lost_or_made(dues, payments, card):
    openings = [opening(number, due) for number, due in enumerate(sorted(dues), 1)]
    receipts = [
        paid(amount, AS_OF + timedelta(days=day), f"P{place}") for place, (amount, day) in enumerate(payments)
    ]
    found = stand(openings, receipts, terms=CARD if card else LOAN)

    owed = sum(each.owed.total for each in openings)
    penalty_paid = sum(line.penalty_paid for line in found.lines)
    assert owed - found.outstanding + penalty_paid + found.credit == sum(each.amount for each in receipts)
    assert found.debt.total.total == sum(line.unpaid.total for line in found.lines)
    assert min(line.contract_unpaid for line in found.lines) >= 0
