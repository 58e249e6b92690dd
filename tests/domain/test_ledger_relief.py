"""Relief on a contract and the all-in cap, as the ledger applies them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.allocation import Component, DebtParts, Order
from portal.domain.cap import Cap
from portal.domain.ledger import LateFees, Opening, Receipt, Terms, standing
from portal.domain.relief import Relief, ReliefError
from portal.vocabulary import ReliefKind

ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
LOAN = Terms(penalty_ppm=146_000, basis=365, order=ORDER)  # 1,000.00 cost 0.40 a day
CARD = Terms(0, 365, ORDER, LateFees(fixed=(30_000, 40_000)))
DUE = date(2026, 3, 1)
AS_OF = date(2026, 3, 1)
TODAY = date(2026, 3, 11)


def opening(number=1, due=DUE, principal=100_000, interest=1_000, fees=0, paid=0):
    return Opening(
        number, due, DebtParts(principal=principal, interest=interest, fees=fees), DebtParts(principal=paid)
    )


def relief(kind, first_day, last_day=None, **how_much):
    return Relief(kind=kind, first_day=first_day, last_day=last_day, **how_much)


def stand(*reliefs, openings=None, receipts=(), terms=LOAN, as_of=AS_OF, today=TODAY):
    openings = [opening()] if openings is None else openings
    return standing(openings, receipts, reliefs=reliefs, as_of=as_of, business_date=today, terms=terms)


def penalty(*reliefs, **world):
    return [line.unpaid.penalty for line in stand(*reliefs, **world).lines]


@pytest.mark.parametrize(
    ("first", "last", "charged"),
    [
        (date(2026, 3, 2), date(2026, 3, 11), 0),
        (date(2026, 3, 3), date(2026, 3, 11), 40),
        (date(2026, 3, 2), date(2026, 3, 10), 40),
        (date(2026, 3, 5), date(2026, 3, 5), 360),
        (date(2026, 3, 1), date(2026, 3, 1), 400),
        (date(2026, 3, 12), None, 400),
        (date(2026, 3, 11), None, 360),
        (date(2026, 1, 1), None, 0),
    ],
)
def test_a_stop_takes_away_its_first_and_its_last_day_and_no_other(first, last, charged):
    assert penalty(relief(ReliefKind.PENALTY_STOP, first, last)) == [charged]


def test_stopped_days_stand_beside_the_days_charged():
    found = stand(relief(ReliefKind.PENALTY_STOP, date(2026, 3, 4), date(2026, 3, 6)))

    assert [(span.days, span.paused) for span in found.lines[0].spans] == [(7, 3)]


def test_two_stops_over_the_same_days_count_once():
    stops = [
        relief(ReliefKind.PENALTY_STOP, date(2026, 3, 2), date(2026, 3, 6)),
        relief(ReliefKind.PENALTY_STOP, date(2026, 3, 4), date(2026, 3, 8)),
    ]

    assert penalty(*stops) == [120]


def test_a_penalty_waiver_takes_its_share_of_the_day_it_is_given_and_nothing_of_later_days():
    half = relief(ReliefKind.PENALTY_WAIVER, date(2026, 3, 6), share=Decimal("0.5"))
    found = stand(half)

    # 5 days cost 2.00, of which 1.00 is waived; 5 more days cost 2.00.
    assert (found.lines[0].unpaid.penalty, found.lines[0].waived) == (300, DebtParts(penalty=100))


def test_a_waiver_of_an_amount_takes_the_oldest_instalment_first_and_no_more_than_there_is():
    openings = [opening(1, date(2026, 2, 1)), opening(2)]
    waived = stand(relief(ReliefKind.PENALTY_WAIVER, TODAY, amount=1_600), openings=openings)
    all_of_it = stand(relief(ReliefKind.PENALTY_WAIVER, TODAY, amount=9_999), openings=openings)

    # 38 days cost 15.20 and 10 days 4.00.
    assert [line.waived.penalty for line in waived.lines] == [1_520, 80]
    assert [line.unpaid.penalty for line in waived.lines] == [0, 320]
    assert [line.unpaid.penalty for line in all_of_it.lines] == [0, 0]


def test_a_waiver_covers_late_fees_of_a_card():
    found = stand(relief(ReliefKind.PENALTY_WAIVER, TODAY, share=Decimal(1)), terms=CARD)

    assert (found.lines[0].late_fee, found.lines[0].unpaid.penalty) == (30_000, 0)


def test_waived_interest_is_that_of_instalments_already_due():
    openings = [opening(1), opening(2, TODAY), opening(3, TODAY + timedelta(days=1))]
    found = stand(relief(ReliefKind.INTEREST_WAIVER, TODAY, share=Decimal(1)), openings=openings)

    assert [line.unpaid.interest for line in found.lines] == [0, 1_000, 1_000]
    assert [line.waived.interest for line in found.lines] == [1_000, 0, 0]
    assert found.overdue_amount == 100_000


def test_interest_waived_before_the_opening_day_is_already_missing_from_the_opening_balance():
    before = stand(
        relief(ReliefKind.INTEREST_WAIVER, AS_OF - timedelta(days=1), share=Decimal(1)),
        openings=[opening(due=date(2026, 2, 1))],
    )
    after = stand(
        relief(ReliefKind.INTEREST_WAIVER, AS_OF, share=Decimal(1)),
        openings=[opening(due=date(2026, 2, 1))],
    )

    assert [each.lines[0].unpaid.interest for each in (before, after)] == [1_000, 0]


def test_penalty_waived_before_the_opening_day_stays_waived():
    given = relief(ReliefKind.PENALTY_WAIVER, date(2026, 2, 11), share=Decimal(1))

    # 38 days, of which 10 are waived.
    assert penalty(given, openings=[opening(due=date(2026, 2, 1))]) == [1_120]


def test_on_one_day_relief_comes_before_a_payment():
    given = relief(ReliefKind.PENALTY_WAIVER, date(2026, 3, 6), share=Decimal(1))
    found = stand(given, receipts=[Receipt("P1", date(2026, 3, 6), 1_000)])

    assert (found.lines[0].penalty_paid, found.lines[0].unpaid.interest) == (0, 0)


def test_relief_of_a_later_day_has_not_happened_yet():
    given = relief(ReliefKind.PENALTY_WAIVER, TODAY + timedelta(days=1), share=Decimal(1))

    assert stand(given) == stand()


@pytest.mark.parametrize(
    ("first", "last", "dpd"),
    [
        (date(2026, 3, 2), date(2026, 3, 11), 0),
        (date(2026, 3, 3), date(2026, 3, 11), 1),
        (date(2026, 3, 11), None, 9),
        (date(2026, 3, 12), None, 10),
        (date(2026, 2, 1), date(2026, 3, 1), 10),
    ],
)
def test_a_pause_of_delinquency_takes_its_days_from_the_days_past_due_and_leaves_the_penalty(
    first, last, dpd
):
    found = stand(relief(ReliefKind.DELINQUENCY_PAUSE, first, last))

    assert (found.dpd, found.overdue_since, found.lines[0].unpaid.penalty) == (dpd, DUE, 400)


@pytest.mark.parametrize(
    ("kind", "how", "code"),
    [
        (ReliefKind.PENALTY_WAIVER, {}, "relief_amount_unclear"),
        (ReliefKind.PENALTY_WAIVER, {"share": Decimal("0.1"), "amount": 1}, "relief_amount_unclear"),
        (ReliefKind.PENALTY_STOP, {"amount": 1}, "relief_amount_unclear"),
        (ReliefKind.PENALTY_WAIVER, {"share": Decimal(0)}, "relief_share_out_of_range"),
        (ReliefKind.PENALTY_WAIVER, {"share": Decimal("1.01")}, "relief_share_out_of_range"),
        (ReliefKind.INTEREST_WAIVER, {"amount": 0}, "relief_amount_not_positive"),
        (ReliefKind.PENALTY_STOP, {"last_day": TODAY - timedelta(days=1)}, "relief_days_out_of_order"),
    ],
)
def test_relief_that_makes_no_sense_is_refused_with_a_sentence(kind, how, code):
    with pytest.raises(ReliefError) as refused:
        Relief(kind=kind, first_day=TODAY, **how)

    assert refused.value.code == code
    assert str(refused.value).endswith(".")


CAPPED = replace(LOAN, cap=Cap(rate_ppm=240_000, disbursed_on=date(2026, 2, 1)))


def test_charges_beyond_the_cap_are_taken_off_the_penalty_first():
    # 1,000.00 for 38 days at 24 % allow 24.98; 20.00 of interest and 7.60 of penalty were charged.
    terms = replace(CAPPED, penalty_ppm=277_400)
    found = stand(openings=[opening(interest=2_000)], terms=terms)

    assert found.cap is not None
    assert (found.cap.allowance, found.cap.charged, found.cap.reduced) == (2_498, 2_760, 262)
    assert found.lines[0].unpaid == DebtParts(principal=100_000, interest=2_000, penalty=498)
    assert found.lines[0].reduced == DebtParts(penalty=262)


def test_beyond_the_cap_the_newest_penalty_gives_way_then_fees_and_interest():
    openings = [opening(1, date(2026, 2, 10), interest=1_500, fees=900), opening(2, interest=2_700, fees=50)]
    found = stand(openings=openings, terms=CAPPED)

    # 2,000.00 for 38 days at 24 % allow 49.97: the interest of 42.00 and 7.97 of the older fee.
    assert [line.unpaid.interest for line in found.lines] == [1_500, 2_700]
    assert [line.unpaid.fees for line in found.lines] == [797, 0]
    assert [line.unpaid.penalty for line in found.lines] == [0, 0]
    assert found.overdue_amount == 200_000 + 4_200 + 797


def test_what_was_paid_counts_towards_the_cap_and_is_not_given_back():
    terms = replace(CAPPED, penalty_ppm=277_400)
    receipts = [Receipt("P1", date(2026, 3, 6), 2_300)]
    found = stand(openings=[opening(interest=2_000)], receipts=receipts, terms=terms)

    # Until 6 March 33 days allow 21.69: of 3.80 of penalty 1.69 may be asked for.
    line = found.lines[0]
    assert (line.penalty_paid, line.unpaid.interest, line.unpaid.principal) == (169, 0, 99_869)


def test_what_is_not_due_yet_is_no_charge_yet():
    openings = [opening(1), opening(2, TODAY + timedelta(days=1), interest=50_000)]

    assert stand(openings=openings, terms=CAPPED).lines[1].unpaid.interest == 50_000


def test_an_instalment_of_the_opening_balance_counts_as_paid_when_it_was_due():
    paid = [opening(1, date(2026, 2, 11), interest=0, paid=100_000), opening(2)]
    found = stand(openings=paid, terms=CAPPED)

    # 1,000.00 for 10 days and 1,000.00 for 38 days at 24 %.
    assert found.cap is not None
    assert found.cap.allowance == 3_156


DAYS = st.integers(-60, 30).map(lambda days: TODAY + timedelta(days=days))
RELIEFS = st.one_of(
    st.builds(
        relief,
        st.sampled_from([ReliefKind.PENALTY_WAIVER, ReliefKind.INTEREST_WAIVER]),
        DAYS,
        amount=st.integers(1, 3_000),
    ),
    st.builds(relief, st.sampled_from([ReliefKind.PENALTY_STOP, ReliefKind.DELINQUENCY_PAUSE]), DAYS),
)


@given(
    given=st.lists(RELIEFS, max_size=4),
    payments=st.lists(st.tuples(st.integers(1, 60_000), st.integers(1, 9)), max_size=4),
    capped=st.booleans(),
)
def test_with_relief_and_cap_the_rows_add_up_and_nothing_falls_below_zero(given, payments, capped):
    openings = [opening(1, date(2026, 1, 15)), opening(2, date(2026, 2, 15), fees=300), opening(3)]
    receipts = [
        Receipt(f"P{place}", AS_OF + timedelta(days=day), amount)
        for place, (amount, day) in enumerate(payments)
    ]
    terms = CAPPED if capped else LOAN
    found = stand(*given, openings=openings, receipts=receipts, terms=terms)

    paid = sum(each.amount for each in receipts) - found.credit
    for line, before in zip(found.lines, openings, strict=True):
        assert min(line.unpaid.principal, line.unpaid.interest, line.unpaid.fees, line.unpaid.penalty) >= 0
        assert line.unpaid.principal <= before.owed.principal
    owed = sum(each.owed.total for each in openings) - sum(
        line.waived.interest + line.reduced.interest + line.reduced.fees for line in found.lines
    )
    assert owed - found.outstanding + sum(line.penalty_paid for line in found.lines) == paid


@given(reliefs=st.permutations([
    relief(ReliefKind.PENALTY_WAIVER, date(2026, 3, 4), share=Decimal("0.3")),
    relief(ReliefKind.PENALTY_WAIVER, date(2026, 3, 9), amount=50),
    relief(ReliefKind.PENALTY_STOP, date(2026, 3, 6), date(2026, 3, 7)),
    relief(ReliefKind.INTEREST_WAIVER, date(2026, 3, 5), share=Decimal("0.5")),
]))  # fmt: skip
def test_relief_is_applied_by_its_day_whenever_it_was_given(reliefs):
    # 3 days 1.20, of which 0.36 waived; 3 more days of 5 charged, 0.50 waived; 2 more days.
    assert penalty(*reliefs) == [234]


def test_withdrawn_relief_leaves_no_trace():
    kept = relief(ReliefKind.PENALTY_STOP, date(2026, 3, 6), date(2026, 3, 7))
    withdrawn = relief(ReliefKind.PENALTY_WAIVER, date(2026, 3, 4), share=Decimal("0.3"))

    assert stand(kept) != stand(kept, withdrawn)
    assert stand(kept) == standing(
        [opening()], [], reliefs=[kept], as_of=AS_OF, business_date=TODAY, terms=LOAN
    )


@pytest.mark.parametrize(
    ("reliefs", "terms", "added"),
    [
        ((), LOAN, 40),
        ((relief(ReliefKind.PENALTY_STOP, TODAY + timedelta(days=1)),), LOAN, 0),
        ((relief(ReliefKind.PENALTY_STOP, AS_OF, TODAY),), LOAN, 40),
        ((), CARD, 0),
        ((), replace(CAPPED, penalty_ppm=10_000_000), 66),  # 39 days allow 25.64, 38 days 24.98
    ],
)
def test_the_next_day_adds_what_it_may(reliefs, terms, added):
    assert stand(*reliefs, terms=terms).next_accrual(terms) == added


def test_what_falls_due_today_costs_from_tomorrow():
    openings = [opening(due=TODAY), opening(2, TODAY + timedelta(days=1))]

    assert stand(openings=openings).next_accrual(LOAN) == 40
