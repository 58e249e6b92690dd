"""The files of a loan book about people: further contact points, parties of a contract, and history."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from portal.infra import crypto
from portal.infra.book_files import open_set
from portal.models import (
    BookImport,
    Borrower,
    Case,
    CaseLoan,
    Contact,
    ContactPoint,
    Decision,
    Lender,
    Loan,
    Party,
)
from portal.services import audit, imports
from portal.vocabulary import Action, ActionClass, Channel, ContactKind, PartyRole
from tests import factories
from tests.services import books, books_of_people
from tests.services.test_imports import check, count, only_problem, take_in


@pytest.fixture
def lender(session) -> Lender:
    return factories.lender(session, "taiwan", preset="tw")


def points_of(session, number: str) -> dict[str, tuple[ContactKind, bool]]:
    points = session.scalars(
        select(ContactPoint)
        .join(Borrower, ContactPoint.borrower_id == Borrower.id)
        .where(Borrower.borrower_no == number)
    )
    return {point.value: (point.kind, point.main) for point in points}


def open_case(session, contract_no: str) -> Case:
    return factories.case(session, session.scalar(select(Loan).where(Loan.contract_no == contract_no)))


def test_further_contact_points_stand_beside_the_main_one_and_the_first_of_a_kind_becomes_it(
    session, lender, tmp_path
):
    place = books.write(tmp_path / "book", contact_points=books_of_people.CONTACT_POINTS)
    outcome = take_in(session, lender, place)

    assert outcome.counts["contact_points"] == 3
    assert points_of(session, "B1") == {
        "+886912345678": (ContactKind.PHONE, True),
        "+886922333444": (ContactKind.PHONE, False),
        "one@example.test": (ContactKind.EMAIL, True),
        "示範路1號": (ContactKind.ADDRESS, True),
    }
    assert points_of(session, "B2") == {
        "+886933444555": (ContactKind.PHONE, True),
        "2 Sample Street": (ContactKind.ADDRESS, True),
    }
    places = select(ContactPoint).where(ContactPoint.kind == ContactKind.ADDRESS)
    address = session.scalars(places.order_by(ContactPoint.id)).all()[-1]
    assert (address.area, address.position) == ("Taipei", "25.05,121.55")
    assert address.value_index == crypto.keyring().index(lender.id, "contact.address", "2 Sample Street")
    assert b"Sample" not in address.value_sealed


def test_contact_points_that_are_sent_again_are_not_doubled_and_leave_the_main_one(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "one", contact_points=books_of_people.CONTACT_POINTS))
    before = points_of(session, "B1"), points_of(session, "B2")
    again = books_of_people.CONTACT_POINTS + "B1,phone,0912345678,,,,\n"
    place = books.write(tmp_path / "two", contact_points=again, set="as_of = 2026-03-02\n")
    take_in(session, lender, place)

    assert (points_of(session, "B1"), points_of(session, "B2")) == before


def test_parties_are_sealed_and_known_by_contract_and_number(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "one", parties=books_of_people.PARTIES))
    changed = books_of_people.PARTIES.replace("yes,no", "no,no").replace(
        "Second Borrower", "Renamed Borrower"
    )
    take_in(session, lender, books.write(tmp_path / "two", parties=changed, set="as_of = 2026-03-02\n"))

    one, two = session.scalars(select(Party).order_by(Party.party_no))
    assert (one.role, one.name, one.id_no, one.phone) == (
        PartyRole.GUARANTOR,
        "Guarantor One",
        "A123456789",
        "+886944555666",
    )
    assert (one.scope, one.consent, one.signs) == ("the whole debt", False, False)
    assert (two.role, two.name, two.consent, two.signs) == (
        PartyRole.CO_BORROWER,
        "Renamed Borrower",
        False,
        True,
    )
    assert (two.id_no_sealed, two.id_no_index, two.phone_sealed, two.scope) == (None, None, None, "")
    assert one.id_no_index == crypto.keyring().index(lender.id, "party.id_no", "A123456789")
    assert b"Guarantor" not in one.name_sealed
    assert one.loan_id == session.scalar(select(Loan.id).where(Loan.contract_no == "L1"))


def test_history_hangs_on_the_open_case_with_a_decision_that_says_nothing_was_asked(
    session, lender, tmp_path
):
    take_in(session, lender, books.write(tmp_path / "book"))
    first, second = open_case(session, "L1"), open_case(session, "L2")
    history = tmp_path / "contacts.csv"
    history.write_text(books_of_people.CONTACTS, "utf-8")
    outcome = take_in(session, lender, history, as_of=date(2026, 3, 2))

    assert (outcome.waiting, outcome.counts) == (0, {"contacts": 3})
    call, sms, inbound = session.scalars(select(Contact).order_by(Contact.at))
    assert (call.case_id, call.at, call.channel, call.inbound, call.outcome, call.feedback) == (
        first.id,
        datetime(2026, 2, 20, 2, 30, tzinfo=UTC),
        Channel.PHONE,
        False,
        "reached",
        "will pay after the holiday",
    )
    assert b"holiday" not in call.feedback_sealed
    assert (sms.at, sms.channel, sms.feedback_sealed) == (
        datetime(2026, 2, 21, 1, 0, tzinfo=UTC),
        Channel.SMS,
        None,
    )
    assert (inbound.case_id, inbound.inbound) == (second.id, True)
    decisions = {each.id: each for each in session.scalars(select(Decision))}
    assert len(decisions) == 3
    for contact, action in ((call, Action.CALL), (sms, Action.SMS), (inbound, Action.CALL)):
        decision = decisions[contact.decision_id]
        assert (decision.case_id, decision.action, decision.action_class) == (
            contact.case_id,
            action,
            ActionClass.COLLECTION,
        )
        assert (decision.allowed, decision.rules) == (True, {"asked": [], "imported": True})
        assert (decision.pack_version, decision.actor) == ("imported", "system:import")


def test_history_without_a_case_waits_and_the_same_set_may_be_sent_again_once_there_is_one(
    session, lender, tmp_path
):
    place = books.write(tmp_path / "book", contacts=books_of_people.CONTACTS)
    first = take_in(session, lender, place)
    assert (first.unchanged, first.waiting, count(session, Contact)) == (False, 3, 0)
    book = open_set(place, kinds=imports.KINDS)
    assert imports.find(session, lender=lender, book=book) is None
    head = audit.head_of(session, lender_id=lender.id)[0]
    loan = session.scalar(select(Loan).where(Loan.contract_no == "L1"))
    loan.from_opening = True

    still = take_in(session, lender, place)
    assert (still.unchanged, still.waiting) == (True, 3)
    assert audit.head_of(session, lender_id=lender.id)[0] == head
    session.refresh(loan)
    assert loan.from_opening

    open_case(session, "L1")
    second = take_in(session, lender, place)
    assert (second.unchanged, second.waiting, count(session, Contact)) == (False, 1, 2)
    session.refresh(loan)
    assert loan.from_opening

    open_case(session, "L2")
    third = take_in(session, lender, place)
    assert (third.unchanged, third.waiting, count(session, Contact)) == (False, 0, 3)
    assert take_in(session, lender, place).unchanged
    assert imports.find(session, lender=lender, book=book) == third.taken
    assert (count(session, Contact), count(session, Decision), count(session, BookImport)) == (3, 3, 1)


def test_history_that_is_sent_with_a_newer_set_is_not_doubled(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "book"))
    open_case(session, "L1")
    open_case(session, "L2")
    for day in (2, 3):
        again = books_of_people.CONTACTS + f"L1,,2026-03-0{day - 1}T10:30,phone,no,no_answer,\n"
        place = books.write(tmp_path / f"{day}", contacts=again, set=f"as_of = 2026-03-0{day}\n")
        take_in(session, lender, place)

    assert (count(session, Contact), count(session, Decision)) == (5, 5)


def test_history_of_a_closed_case_and_of_a_loan_that_left_waits(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "book"))
    closed = open_case(session, "L1")
    closed.closed_at = factories.NOW
    left = session.scalar(select(CaseLoan).where(CaseLoan.case_id == open_case(session, "L2").id))
    left.left_at = factories.NOW
    session.flush()
    history = tmp_path / "contacts.csv"
    history.write_text(books_of_people.CONTACTS, "utf-8")

    assert take_in(session, lender, history, as_of=date(2026, 3, 2)).waiting == 2
    assert session.scalar(select(Contact.case_id)) == left.case_id
    history.write_text(books_of_people.CONTACTS.replace("L1", "L2"), "utf-8")
    assert take_in(session, lender, history, as_of=date(2026, 3, 3)).waiting == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "value", "reason"),
    [
        ("contact_points", "B1,phone", "B9,phone", 2, "borrower_no", "B9", "is no borrower"),
        ("contact_points", "B1,phone", "B1,fax", 2, "kind", "fax", "is not one of"),
        ("contact_points", "0922 333 444", "ring", 2, "value", "ring", "is not a telephone number"),
        ("contact_points", "phone,0922 333 444", "email,nobody", 2, "value", "nobody", "is not an e-mail"),
        ("contact_points", "25.05,121.55", ",121.55", 4, "lat", "", "is blank although"),
        (
            "contact_points",
            "B2,phone,0933 444 555",
            "B1,phone,+886922333444",
            3,
            "value",
            "+886922333444",
            "stands twice",
        ),
        ("parties", "L1,1,", "L9,1,", 2, "contract_no", "L9", "is no loan"),
        ("parties", "L1,2,", "L1,1,", 3, "party_no", "1", "stands twice"),
        ("parties", "guarantor", "uncle", 2, "role", "uncle", "is not one of"),
        ("parties", "yes,no", "perhaps,no", 2, "consent", "perhaps", "is neither yes nor no"),
        ("parties", "0944555666", "x", 2, "phone", "x", "is not a telephone number"),
        ("parties", "Guarantor One", "", 2, "name", "", "is blank"),
        ("contacts", "L1,,2026-02-20", "L9,,2026-02-20", 2, "contract_no", "L9", "is no loan"),
        ("contacts", "L1,,2026-02-20", ",,2026-02-20", 2, "contract_no", "", "whose contact it was"),
        ("contacts", "L1,,2026-02-20", "L1,B1,2026-02-20", 2, "contract_no", "L1", "whose contact it was"),
        ("contacts", ",B2,", ",B9,", 4, "borrower_no", "B9", "is no borrower"),
        ("contacts", "2026-02-20T10:30", "20/02/2026", 2, "at", "20/02/2026", "is not a time such as"),
        ("contacts", "2026-02-20T10:30", "2026-02-30T10:30", 2, "at", "2026-02-30T10:30", "of the calendar"),
        (
            "contacts",
            "2026-02-20T10:30",
            "0001-01-01T00:00",
            2,
            "at",
            "0001-01-01T00:00",
            "between the years",
        ),
        ("contacts", "2026-02-20T10:30", "2026-03-02T00:00", 2, "at", "2026-03-02T00:00", "after the day"),
        ("contacts", "02-21T01:00Z,sms", "02-20T02:30Z,phone", 3, "at", "2026-02-20T02:30Z", "stands twice"),
        ("contacts", "sms", "portal", 3, "channel", "portal", "is not one of"),
        ("contacts", "sent", "happy", 3, "outcome", "happy", "is not one of"),
    ],
)
def test_a_wrong_cell_about_people_is_told(
    session, lender, tmp_path, file, old, new, line, column, value, reason
):
    text = books_of_people.FILES[file]
    assert old in text
    place = books.write(tmp_path / "book", **{file: text.replace(old, new, 1)})

    found = only_problem(session, lender, place)
    assert found[:4] == (f"{file}.csv", line, column, value)
    assert reason in found[4]


def test_the_last_minute_of_the_day_of_the_set_is_on_the_lenders_clocks(session, lender, tmp_path):
    late = books_of_people.CONTACTS.replace("2026-02-20T10:30", "2026-03-01T23:59")
    assert check(session, lender, books.write(tmp_path / "book", contacts=late)).problems == []
    after = books_of_people.CONTACTS.replace("2026-02-20T10:30", "2026-03-01T16:00Z")
    assert only_problem(session, lender, books.write(tmp_path / "after", contacts=after))[2] == "at"


def test_a_wrong_check_digit_of_a_party_is_a_warning(session, lender, tmp_path):
    place = books.write(
        tmp_path / "book", parties=books_of_people.PARTIES.replace("A123456789", "A123456788")
    )

    checked = check(session, lender, place)
    assert (checked.problems, checked.id_warnings) == ([], 1)
    assert (checked.first_warning.file, checked.first_warning.column) == ("parties.csv", "id_no")


def test_people_of_another_lender_stay_out_of_reach(session, lender, tmp_path):
    other = factories.lender(session, "other", preset="tw")
    take_in(session, lender, books.write(tmp_path / "book"))
    open_case(session, "L1")
    place = tmp_path / "contacts.csv"
    place.write_text(books_of_people.CONTACTS, "utf-8")
    with factories.of_lender(session, other.id):
        found = check(session, other, place, as_of=date(2026, 3, 2)).problems

    assert [each.reason for each in found] == [
        "is no loan of this set or of the book",
        "is no loan of this set or of the book",
        "is no borrower of this set or of the book",
    ]
    assert session.scalar(select(func.count(Contact.id))) == 0
