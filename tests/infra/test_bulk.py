"""Many rows at once: added, changed where they differ, of one lender only; references made in bulk."""

import re

import pytest
from sqlalchemy import func, select

from portal.infra import ids
from portal.infra.bulk import Bulk
from portal.infra.tenancy import LenderUnknown, WrongLender
from portal.models import Payment
from tests import factories

PAYMENTS = Bulk(
    Payment.__table__,
    ("ref", "created_at", "loan_id", "payment_no", "paid_on", "amount", "currency", "kind", "reference"),
    ("lender_id", "payment_no"),
    carried=("amount", "reference"),
)
AT = "2026-03-02T02:00:00.000000Z"
AWKWARD = "tab\t, line\nbreak, \\N, quote\" and ' and 善"


@pytest.fixture
def loan(session):
    return factories.loan(session, factories.borrower(session, factories.lender(session)))


def row(loan, number, *, amount=100, reference="", ref=None):
    values = (loan.id, number, "2026-03-01", amount, "CNY", "payment", reference)
    return (ref or ids.new_ref(), AT, *values)


def payments(session):
    found = session.scalars(select(Payment).order_by(Payment.payment_no))
    return [(each.payment_no, each.amount, each.reference) for each in found]


def test_new_rows_are_added_with_every_character_they_have(session, loan):
    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", reference=AWKWARD), row(loan, "2")])

    assert payments(session) == [("1", 100, AWKWARD), ("2", 100, "")]
    first = session.scalars(select(Payment).order_by(Payment.payment_no)).first()
    assert (first.lender_id, first.created_at.isoformat()) == (loan.lender_id, "2026-03-02T02:00:00+00:00")


def test_a_known_row_takes_over_what_is_carried_and_keeps_the_rest(session, loan):
    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", ref="R1"), row(loan, "2", ref="R2")])
    session.expire_all()
    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", amount=7, ref="R3"), row(loan, "3", ref="R4")])

    assert payments(session) == [("1", 7, ""), ("2", 100, ""), ("3", 100, "")]
    assert session.scalars(select(Payment.ref).order_by(Payment.payment_no)).all() == ["R1", "R2", "R4"]


def test_a_row_that_says_nothing_new_is_not_touched(session, loan):
    def written():
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        question = "SELECT total_changes()" if on_sqlite else "SELECT max(ctid::text) FROM payment"
        return session.connection().exec_driver_sql(question).scalar()

    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", reference="r")])
    before = written()
    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", reference="r")])
    assert written() == before
    PAYMENTS.write(session, loan.lender_id, [row(loan, "1", reference="s")])
    assert written() != before


def test_nothing_at_all_may_be_written(session, loan):
    PAYMENTS.write(session, loan.lender_id, [])

    assert payments(session) == []


def test_rows_of_another_lender_are_refused_before_anything_is_written(session, loan):
    other = factories.lender(session, "other", preset="tw")

    with pytest.raises(WrongLender):
        PAYMENTS.write(session, other.id, [row(loan, "1")])
    assert session.scalar(select(func.count(Payment.id))) == 0


def test_a_session_of_no_lender_writes_nothing(installation):
    with installation.writing() as session, pytest.raises(LenderUnknown):
        PAYMENTS.write(session, 1, [])


def test_references_made_at_once_are_references_rising_and_all_different():
    refs = ids.new_refs(5000)

    assert refs == sorted(set(refs))
    assert all(re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", ref) for ref in refs)
    assert {letter for ref in refs for letter in ref[10:]} == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert refs[0][:6] == ids.new_ref()[:6]
    assert ids.new_refs(0) == []
