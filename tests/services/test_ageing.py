from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.models import Case, CaseLoan, CaseMove, Instalment, Loan, Payment
from portal.services import ageing, audit, book_cases, cases, policies
from portal.vocabulary import CaseState, PaymentKind
from tests import factories
from tests.conftest import NOW
from tests.factories import TODAY


def age(session, lender, day: date = TODAY) -> None:
    ageing.age_loans(session, lender=lender, policy=policies.of(lender, NOW), business_date=day)


def follow(session, lender, day: date = TODAY) -> book_cases.Changes:
    return book_cases.follow_ageing(
        session,
        lender=lender,
        policy=policies.of(lender, NOW),
        business_date=day,
        actor=factories.nightly(lender),
        now=NOW,
    )


def night(session, lender, day: date = TODAY) -> book_cases.Changes:
    age(session, lender, day)
    return follow(session, lender, day)


def pay(
    session, loan: Loan, amount: int, on: date, *, kind=PaymentKind.PAYMENT, reference: str = ""
) -> Payment:
    count = session.query(Payment).count() + 1
    payment = Payment(
        lender_id=loan.lender_id,
        created_at=NOW,
        loan_id=loan.id,
        payment_no=f"P{count}",
        paid_on=on,
        amount=amount,
        currency=loan.currency,
        kind=kind,
        reference=reference,
    )
    session.add(payment)
    session.flush()
    return payment


def only_case(session) -> Case:
    session.expire_all()
    return session.scalars(select(Case)).one()


@pytest.fixture
def lender(session):
    return factories.lender(session)


def test_ageing_finds_days_bucket_and_amounts(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=2)
    age(session, lender)

    assert (loan.dpd, loan.overdue_since, loan.bucket) == (35, TODAY - timedelta(days=35), "M2")
    assert (loan.overdue_amount, loan.outstanding, lender.aged_on) == (202_000, 1_010_000, TODAY)
    assert (loan.overdue_principal, loan.overdue_interest, loan.overdue_fees) == (200_000, 2_000, 0)


def test_a_loan_is_not_overdue_on_its_due_date_and_is_the_day_after(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    due = TODAY - timedelta(days=5)

    age(session, lender, due)
    assert (loan.dpd, loan.overdue_since, loan.bucket, loan.overdue_amount) == (0, None, None, 0)
    age(session, lender, due + timedelta(days=1))
    assert (loan.dpd, loan.overdue_since, loan.bucket, loan.overdue_amount) == (1, due, "M1", 101_000)


def test_a_loan_without_anything_unpaid_or_without_rows_is_at_rest(session, lender):
    borrower = factories.borrower(session, lender)
    paid = factories.loan(session, borrower, late=1)
    for row in session.scalars(select(Instalment).where(Instalment.loan_id == paid.id)):
        row.principal_paid, row.interest_paid = row.principal, row.interest
    empty = factories.loan(session, borrower, late=1)
    session.execute(Instalment.__table__.delete().where(Instalment.loan_id == empty.id))
    age(session, lender)

    for loan in (paid, empty):
        assert (loan.dpd, loan.overdue_since, loan.bucket) == (0, None, None)
        assert (loan.overdue_amount, loan.outstanding) == (0, 0)


def test_the_loans_of_another_lender_are_left_alone(session, lender):
    other = factories.lender(session, "spdb-puhui")
    loan = factories.loan(session, factories.borrower(session, other), late=1)
    with factories.of_lender(session, other.id):
        loan.dpd = 99
    age(session, lender)

    with factories.of_lender(session, other.id):
        session.refresh(loan)
    assert loan.dpd == 99


def test_only_borrowers_with_something_overdue_become_cases(session, lender):
    late, on_time = factories.borrower(session, lender), factories.borrower(session, lender)
    loan = factories.loan(session, late, late=2)
    factories.loan(session, on_time, late=0)
    changes = night(session, lender)

    assert changes == book_cases.Changes(opened=1, joined=0, reopened=0, cured=0)
    case = only_case(session)
    assert (case.borrower_id, case.state, case.confirmed_on) == (late.id, CaseState.CONFIRMED, TODAY)
    assert [each.id for each in cases.loans_of(session, case)] == [loan.id]
    assert [each.action for each in audit.timeline(session, case=case)] == ["case_opened"]
    assert audit.verify(session, lender_id=lender.id).intact


def test_several_overdue_loans_are_one_case_and_each_currency_has_its_own(session, lender):
    borrower = factories.borrower(session, lender)
    for currency in ("CNY", "CNY", "TWD"):
        factories.loan(session, borrower, late=1, currency=currency)
    changes = night(session, lender)

    assert changes.opened == 2
    found = {case.currency: len(cases.loans_of(session, case)) for case in session.scalars(select(Case))}
    assert found == {"CNY": 2, "TWD": 1}


def test_a_second_night_for_the_same_date_changes_nothing(session, lender):
    factories.loan(session, factories.borrower(session, lender), late=2)
    night(session, lender)
    entries, _ = audit.head_of(session, lender_id=lender.id)

    assert night(session, lender) == book_cases.Changes(opened=0, joined=0, reopened=0, cured=0)
    assert audit.head_of(session, lender_id=lender.id)[0] == entries
    assert session.query(CaseLoan).count() == 1


def test_a_loan_newly_overdue_joins_the_open_case(session, lender):
    borrower = factories.borrower(session, lender)
    factories.loan(session, borrower, late=2)
    second = factories.loan(session, borrower, late=0)
    night(session, lender)
    later = TODAY + timedelta(days=26)  # the second loan's next instalment fell due the day before
    changes = night(session, lender, later)

    assert (changes.opened, changes.joined) == (0, 1)
    case = only_case(session)
    assert second.id in [loan.id for loan in cases.loans_of(session, case)]
    assert audit.timeline(session, case=case)[0].action == "loan_joined_case"


def test_a_case_is_cured_when_nothing_is_overdue_and_starts_again_when_something_is(session, lender):
    loan = factories.loan(session, factories.borrower(session, lender), late=1)
    night(session, lender)
    version = only_case(session).version
    pay(session, loan, 110_000, TODAY + timedelta(days=1))

    assert night(session, lender, TODAY + timedelta(days=1)).cured == 1
    case = only_case(session)
    assert (case.state, case.closed_at, case.version) == (CaseState.CURED, None, version + 1)
    move = session.scalars(select(CaseMove)).one()
    assert (move.from_state, move.to_state) == (CaseState.CONFIRMED, CaseState.CURED)
    assert night(session, lender, TODAY + timedelta(days=60)).reopened == 1
    assert only_case(session).state is CaseState.CONFIRMED
    assert audit.verify(session, lender_id=lender.id).intact


def test_a_new_case_remembers_the_one_before(session, lender):
    case = factories.late_borrower(session, lender)
    case.state, case.closed_at = CaseState.ARCHIVED, NOW
    session.flush()
    assert night(session, lender).opened == 1

    newest = session.scalars(select(Case).order_by(Case.id.desc())).first()
    assert newest.previous_id == case.id


def test_more_borrowers_than_a_chunk_all_become_cases_on_one_whole_chain(session, lender, monkeypatch):
    monkeypatch.setattr(book_cases, "CHUNK", 3)
    for _ in range(8):
        factories.loan(session, factories.borrower(session, lender), late=1)

    assert night(session, lender).opened == 8
    assert session.query(CaseLoan).count() == 8
    assert audit.verify(session, lender_id=lender.id).intact


def test_the_summary_counts_by_days_and_bucket(session, lender):
    for late in (0, 1, 1, 2, 4):
        factories.loan(session, factories.borrower(session, lender), late=late)
    age(session, lender)
    found = ageing.summary(session, lender=lender, policy=policies.of(lender, NOW))

    assert (found.loans, found.overdue, found.borrowers_overdue) == (5, 4, 4)
    assert found.by_dpd == {5: 2, 35: 1, 95: 1}
    assert found.by_bucket == {"M1": 2, "M2": 1, "M3": 0, "M3+": 1}
    assert found.overdue_amount == {"CNY": 8 * 101_000}
