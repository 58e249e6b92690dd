"""What a night finds with SQL is what the ledger says of each loan, on books that nobody thought of."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from portal.models import Instalment, Loan, Payment, Relief
from portal.services import ageing, debts, policies
from portal.services import book_terms as terms
from portal.vocabulary import DayCount, Method, PaymentKind, Product, ReliefKind
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY

FIGURES = (
    "dpd",
    "bucket",
    "overdue_since",
    "overdue_amount",
    "overdue_principal",
    "overdue_interest",
    "overdue_fees",
    "penalty",
    "reduced_by_cap",
    "outstanding",
    "credit",
)


class Book:
    """A lender's book made by chance. The same seed makes the same book."""

    def __init__(self, session, seed, lender):
        self.session, self.chance, self.lender = session, random.Random(seed), lender
        self.borrower = factories.borrower(session, lender)
        self.count = 0

    def fill(self, loans):
        for number in range(loans):
            self._loan(number)
        self.session.flush()

    def row(self, model, **values):
        row = model(lender_id=self.lender.id, created_at=NOW, **values)
        self.session.add(row)
        return row

    def _loan(self, number):
        chance, product = self.chance, self.chance.choice(list(Product))
        start = TODAY - timedelta(days=chance.randint(30, 900))
        loan = self.row(
            Loan,
            borrower_id=self.borrower.id,
            contract_no=f"R{number:05}",
            product=product,
            currency="CNY",
            principal=chance.randint(1, 10 ** chance.randint(2, 9)),
            annual_rate_ppm=chance.choice((0, 1, 43_500, 182_500, 239_999, 360_000)),
            penalty_multiplier_ppm=chance.choice((None, 1_000_000, 1_300_000, 1_500_000, 1_333_333)),
            start_date=start,
            periods=6,
            method=Method.MINIMUM_PAYMENT if product is Product.CARD else Method.EQUAL_INSTALMENT,
            day_count=chance.choice(list(DayCount)),
            as_of=TODAY - timedelta(days=chance.randint(-5, 60)),
        )
        self.session.flush()
        numbers = list(range(1, chance.randint(1, 6)))
        if chance.random() < 0.2:
            chance.shuffle(numbers)  # a core system may number as it likes
        for place, number_of_row in enumerate(numbers, 1):
            due = start + timedelta(days=chance.randint(20, 40) * place)
            self._instalment(loan, number_of_row, chance.choice((due, due, due, TODAY)))
        for _ in range(chance.choice((0, 0, 0, 1, 2, 5))):
            self._payment(loan)
        if chance.random() < 0.2:
            self._relief(loan)

    def _instalment(self, loan, number, due):
        chance, principal = self.chance, self.chance.randint(0, loan.principal)
        principal = chance.choice(
            (principal, principal // 1_000 * 1_000)
        )  # whose penalty ends on half a unit
        interest, fees = chance.randint(0, 3_000), chance.choice((0, 0, 0, 700, 20_000))
        paid = chance.choice((0, 0, 0.3, 1))
        self.row(
            Instalment,
            loan_id=loan.id,
            number=number,
            due_date=due,
            principal=principal,
            interest=interest,
            fees=fees,
            principal_paid=int(principal * paid),
            interest_paid=int(interest * paid),
            fees_paid=int(fees * paid),
        )

    def _payment(self, loan):
        chance, self.count = self.chance, self.count + 1
        payment = self.row(
            Payment,
            loan_id=loan.id,
            payment_no=f"{chance.choice('aAzZ~-')}{self.count}",
            paid_on=chance.choice((TODAY, loan.as_of + timedelta(days=chance.randint(-3, 40)))),
            amount=chance.randint(1, 2 * loan.principal),
            currency="CNY",
            kind=PaymentKind.PAYMENT,
            reference="",
        )
        if chance.random() < 0.15:
            self.row(
                Payment,
                loan_id=loan.id,
                payment_no=f"R{self.count}",
                paid_on=payment.paid_on + timedelta(days=chance.randint(0, 9)),
                amount=chance.randint(1, payment.amount),
                currency="CNY",
                kind=PaymentKind.REVERSAL,
                reference=chance.choice((payment.payment_no, "")),
            )

    def _relief(self, loan):
        chance, kind = self.chance, self.chance.choice(list(ReliefKind))
        withdrawn = {"withdrawn_at": NOW, "withdrawn_by": "staff:1:test"} if chance.random() < 0.3 else {}
        waiver = kind in (ReliefKind.PENALTY_WAIVER, ReliefKind.INTEREST_WAIVER)
        self.row(
            Relief,
            loan_id=loan.id,
            kind=kind,
            first_day=TODAY + timedelta(days=chance.randint(-60, 20)),
            share_ppm=chance.choice((100_000, 1_000_000)) if waiver else None,
            actor=f"system:{self.lender.id}:test",
            **withdrawn,
        )
        self.session.flush()


def by_rules(session, loan, policy, day):
    """What the ledger says of a loan, under the names of the loan's columns."""
    openings = terms.openings_of(session, [loan])[loan.id]
    receipts = terms.receipts_of(session, [loan])[loan.id]
    reliefs = terms.reliefs_of(session, [loan])[loan.id]
    debt = debts.loan_debt(loan, policy, day, openings=openings, receipts=receipts, reliefs=reliefs)
    bucket = policy.ageing.bucket(debt.dpd)
    unpaid = [line.unpaid for line in debt.lines]
    return {
        "dpd": debt.dpd,
        "bucket": bucket.name if bucket else None,
        "overdue_since": debt.overdue_since,
        "overdue_amount": debt.overdue.total - debt.overdue.penalty,
        "overdue_principal": debt.overdue.principal,
        "overdue_interest": debt.overdue.interest,
        "overdue_fees": debt.overdue.fees,
        "penalty": debt.total.penalty,
        "reduced_by_cap": sum(line.reduced.total for line in debt.lines),
        "outstanding": sum(each.principal + each.interest + each.fees for each in unpaid),
        "credit": debt.credit,
    }


def with_late_fees(policy, kind):
    """The pack's fees of a card: a share, as in the house policy, or fixed ones as in Taiwan."""
    if kind == "share":
        return policy
    interest = replace(
        policy.interest, card_late_fees=(30_000, 40_000, 50_000), card_late_fee_share=Decimal(0)
    )
    return replace(policy, interest=interest)


def age(session, lender, policy, day):
    ageing.age_loans(session, lender=lender, policy=policy, business_date=day)
    return list(session.scalars(select(Loan).order_by(Loan.id)))


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.mark.parametrize(("seed", "fees"), [(1, "share"), (2, "fixed"), (3, "share")])
def test_ageing_by_sql_equals_the_ledger_on_random_books(session, lender, monkeypatch, seed, fees):
    monkeypatch.setattr(ageing, "RANGE", 37)
    monkeypatch.setattr(ageing, "CHUNK", 11)
    policy = with_late_fees(policies.of(lender, NOW), fees)
    Book(session, seed, lender).fill(120)
    seen = dict.fromkeys(FIGURES, 0)

    for later in (-20, 0, 1, 35, 400):
        day = TODAY + timedelta(days=later)
        for loan in age(session, lender, policy, day):
            expected = by_rules(session, loan, policy, day)
            assert {name: getattr(loan, name) for name in FIGURES} == expected, (loan.contract_no, day)
            for name in FIGURES:
                seen[name] += bool(expected[name])

    assert all(seen.values()), seen  # no figure that is zero everywhere was compared


def test_a_second_night_on_the_same_day_and_a_night_back_in_time_find_the_same(session, lender):
    policy = policies.of(lender, NOW)
    Book(session, 4, lender).fill(40)

    def figures(day):
        return [tuple(getattr(loan, name) for name in FIGURES) for loan in age(session, lender, policy, day)]

    first = figures(TODAY)
    assert figures(TODAY) == first
    assert figures(TODAY + timedelta(days=9)) != first
    assert figures(TODAY) == first
    assert lender.aged_on == TODAY


@pytest.mark.parametrize("day", [date(2030, 2, 28), date(9999, 12, 31)])
def test_the_longest_delay_of_the_largest_loan_stays_exact(session, lender, day):
    policy = policies.of(lender, NOW)
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    loan.annual_rate_ppm, loan.penalty_multiplier_ppm = 239_999, 1_000_000
    (row,) = session.scalars(select(Instalment).where(Instalment.loan_id == loan.id, Instalment.number == 1))
    row.principal = 2**63 // (239_999 * 3650) - 1
    session.flush()
    (aged,) = age(session, lender, policy, day)

    assert aged.penalty == by_rules(session, aged, policy, day)["penalty"] > 10**9


def test_a_back_dated_payment_is_counted_from_its_own_day(session, lender):
    policy = policies.of(lender, NOW)
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    loan.as_of = TODAY - timedelta(days=5)
    later = TODAY + timedelta(days=20)
    (before,) = [each.penalty for each in age(session, lender, policy, later)]
    Book(session, 0, lender).row(
        Payment,
        loan_id=loan.id,
        payment_no="LATE-NEWS",
        paid_on=TODAY,
        amount=60_000,
        currency="CNY",
        kind=PaymentKind.PAYMENT,
        reference="",
    )
    (after,) = age(session, lender, policy, later)

    assert 0 < after.penalty < before
    assert (after.penalty, after.overdue_amount) == tuple(
        by_rules(session, after, policy, later)[name] for name in ("penalty", "overdue_amount")
    )


def test_withdrawn_relief_is_as_if_it_had_never_been_given(session, lender):
    policy, later = policies.of(lender, NOW), TODAY + timedelta(days=20)
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    (full,) = [each.penalty for each in age(session, lender, policy, later)]
    given = Book(session, 0, lender).row(
        Relief, loan_id=loan.id, kind=ReliefKind.PENALTY_STOP, first_day=TODAY, actor="system:1:test"
    )
    (stopped,) = [each.penalty for each in age(session, lender, policy, later)]
    given.withdrawn_at, given.withdrawn_by = NOW, "staff:1:x"
    session.flush()

    assert 0 < stopped < full
    assert [each.penalty for each in age(session, lender, policy, later)] == [full]


def test_ageing_takes_the_same_few_statements_for_many_loans(session, lender, installation):
    policy, book = policies.of(lender, NOW), Book(session, 5, lender)
    statements: list[str] = []
    event.listen(installation.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = []
    for more in (1, 1, 20):
        for _ in range(more):
            factories.loan(session, book.borrower, late=1)
        session.refresh(lender)
        statements.clear()
        age(session, lender, policy, TODAY)
        counts.append(len(statements))

    assert counts[1] == counts[2]  # the first night also notes its date


def test_progress_is_told_range_by_range(session, lender, monkeypatch):
    monkeypatch.setattr(ageing, "RANGE", 2)
    borrower, told = factories.borrower(session, lender), []
    for _ in range(5):
        factories.loan(session, borrower, late=1)
    ageing.age_loans(
        session,
        lender=lender,
        policy=policies.of(lender, NOW),
        business_date=TODAY,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(2, 5), (4, 5), (5, 5)]
