"""What confirms a case, figure by figure; and that the contact gate asks for the same."""

from datetime import date

import pytest
from sqlalchemy import event

from portal.models import BookImport, Party, Payment
from portal.services import confirmations, gate, policies
from portal.vocabulary import Action, ActionClass, IdType, Initiator, PartyRole, Role
from tests import factories
from tests.factories import NOW, TODAY, actor_of


@pytest.fixture
def lender(session):
    return factories.lender(session)


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


def confirmed(session, lender, case):
    policy = policies.of(lender, NOW)
    return confirmations.of_case(session, case=case, lender=lender, policy=policy, today=TODAY)


def paid(session, loan, on, number):
    row = {"amount": 100, "currency": loan.currency, "kind": "payment", "reference": number}
    session.add(
        Payment(
            lender_id=loan.lender_id, created_at=NOW, loan_id=loan.id, payment_no=number, paid_on=on, **row
        )
    )
    session.flush()


def test_instalments_are_counted_as_met_late_and_ahead(session, lender, case):
    (part,) = confirmed(session, lender, case).loans

    assert (part.met, part.late, part.ahead) == (2, 2, 8)
    assert (part.dpd, part.overdue, part.overdue_since) == (35, 202_000, date(2026, 1, 26))


def test_an_instalment_due_on_the_day_of_the_check_is_not_late_yet(session, lender, case):
    (loan,) = [part.loan for part in confirmed(session, lender, case).loans]
    lender.aged_on = date(2026, 2, 25)  # the newest instalment falls due on it
    session.flush()
    assert confirmed(session, lender, case).loans[0].late == 1

    lender.aged_on = date(2026, 2, 26)
    assert confirmed(session, lender, case).loans[0].late == 2
    assert loan.dpd == 35


def test_the_history_of_payments_has_its_newest(session, lender, case):
    assert confirmed(session, lender, case).loans[0].newest_payment is None
    loan = confirmed(session, lender, case).loans[0].loan
    for on, number in ((date(2026, 1, 5), "P1"), (date(2026, 2, 5), "P2"), (date(2025, 12, 5), "P0")):
        paid(session, loan, on, number)

    part = confirmed(session, lender, case).loans[0]
    assert len(part.payments) == 3
    assert part.newest_payment.number == "P2"


def test_each_figure_names_where_it_comes_from(session, lender, case):
    found = confirmed(session, lender, case)
    assert (found.loans[0].book, found.checked_on, found.business_date) == (None, None, TODAY)

    book = BookImport(
        lender_id=lender.id, created_at=NOW, digest="ab" * 32, as_of=TODAY, state="done", counts={}
    )
    session.add(book)
    session.flush()
    found.loans[0].loan.import_id = book.id
    lender.aged_on = date(2026, 3, 1)
    session.flush()
    found = confirmed(session, lender, case)
    assert found.loans[0].book == book
    assert (found.checked_on, found.business_date) == (date(2026, 3, 1), date(2026, 3, 1))


def test_others_in_the_contract_are_named_masked(session, lender, case):
    loan = confirmed(session, lender, case).loans[0].loan
    session.add(
        Party(
            lender_id=lender.id,
            created_at=NOW,
            loan_id=loan.id,
            party_no="1",
            role=PartyRole.GUARANTOR,
            name="Gerda Example",
            id_type=IdType.NONE,
            scope="principal",
            consent=False,
            signs=True,
        )
    )
    session.flush()

    (party,) = confirmed(session, lender, case).loans[0].parties
    assert (party.name, party.role, party.consent, party.signs) == (
        "Gerda **",
        PartyRole.GUARANTOR,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("dpd", "closed", "expected"), [(1, False, True), (0, False, False), (9, True, False)]
)
def test_the_contact_gate_asks_for_the_same(session, lender, case, dpd, closed, expected):
    confirmed(session, lender, case).loans[0].loan.dpd = dpd
    case.closed_at = NOW if closed else None
    session.flush()
    judged = gate.judge(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor_of(factories.staff(session, lender, Role.CALLER)),
        now=NOW,
    )
    rule = next(each for each in judged.rules if each.id == "overdue_confirmed")

    assert confirmed(session, lender, case).confirmed is rule.passed is expected


def test_more_loans_ask_the_database_no_more_often(session, lender):
    def queries(of):
        count = []
        listener = lambda *_: count.append(1)  # noqa: E731
        session.expire_all()
        of.ref, of.currency, lender.id  # noqa: B018
        event.listen(session.get_bind(), "before_cursor_execute", listener)
        found = confirmed(session, lender, of)
        event.remove(session.get_bind(), "before_cursor_execute", listener)
        return len(found.loans), len(count)

    borrower = factories.borrower(session, lender)
    one = factories.case(session, factories.loan(session, borrower))
    other = factories.borrower(session, lender)
    many = factories.case(session, *(factories.loan(session, other) for _ in range(6)))

    (few_loans, few), (many_loans, more) = queries(one), queries(many)
    assert (few_loans, many_loans) == (1, 6)
    assert few == more <= 8
