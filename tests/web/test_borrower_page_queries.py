"""The borrower's start page asks the database the same few questions, however much there is."""

from tests import factories
from tests.signing_in import sign_in_borrower
from tests.web.test_staff_page_queries import MOST, asked


def asked_at_home(app, client, case):
    sign_in_borrower(client, case.borrower)
    return [each for each in asked(app, client, "/my") if "FROM borrower " not in each]


def test_home_asks_as_little_for_many_loans_as_for_one(app, client, session):
    lender = factories.lender(session)
    one = factories.late_borrower(session, lender)
    borrower = factories.borrower(session, lender)
    many = factories.case(session, *(factories.loan(session, borrower, late=2) for _ in range(4)))
    session.commit()

    few = asked_at_home(app, client, one)
    more = asked_at_home(app, client, many)

    assert len(few) == len(more) <= MOST, more
