"""The borrower's start page asks the database the same few questions, however much there is."""

from portal.services import debts
from tests import factories
from tests.signing_in import sign_in_borrower
from tests.web.test_staff_page_queries import MOST, asked


def home_of(app, client, session):
    case = factories.late_borrower(session, factories.lender(session))
    session.commit()
    sign_in_borrower(client, case.borrower)
    return case, [each for each in asked(app, client, "/my") if "FROM borrower " not in each]


def test_home_asks_little(app, client, session):
    case, seen = home_of(app, client, session)

    assert len(seen) <= MOST, seen
    assert debts.loans_of(session, case)[0]
