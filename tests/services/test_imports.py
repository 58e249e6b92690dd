from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.domain.actor import system
from portal.infra import crypto
from portal.infra.book_files import BookError, open_set, write_problems
from portal.infra.book_mapping import MappingError, read_mapping
from portal.models import BookImport, Borrower, ContactPoint, Instalment, Lender, Loan, Payment
from portal.services import audit, imports, policies
from portal.services.imports import Check, Outcome
from portal.vocabulary import ContactKind, DayCount, IdType, Locale, Method, Product
from tests import factories
from tests.conftest import NOW
from tests.services import books


@pytest.fixture
def lender(session) -> Lender:
    return factories.lender(session, "taiwan", preset="tw")


def check(session, lender: Lender, place: Path, *, mapping: Path | None = None, as_of=None) -> Check:
    mappings = read_mapping(mapping, known=imports.COLUMNS) if mapping else None
    book = open_set(place, kinds=imports.KINDS, mappings=mappings, as_of=as_of)
    return imports.check(session, lender=lender, book=book)


def take_in(session, lender: Lender, place: Path, **options) -> Outcome:
    checked = check(session, lender, place, **options)
    assert checked.problems == []
    return imports.write(session, lender=lender, check=checked, actor=system(lender.id, "import"), now=NOW)


def only_problem(session, lender: Lender, place: Path) -> tuple[str, int, str, str, str]:
    problems = check(session, lender, place).problems
    assert len(problems) == 1, problems
    found = problems[0]
    return found.file, found.line, found.column, found.value, found.reason


def count(session, model) -> int:
    return session.scalar(select(func.count()).select_from(model))


def test_a_book_is_taken_in_with_its_amounts_in_minor_units(session, lender, tmp_path):
    outcome = take_in(session, lender, books.write(tmp_path / "book"))

    assert outcome == Outcome(False, {"borrowers": 2, "loans": 2, "instalments": 5, "payments": 1})
    loan = session.scalar(select(Loan).where(Loan.contract_no == "L1"))
    assert (loan.principal, loan.annual_rate_ppm, loan.currency) == (300_000, 146_000, "TWD")
    assert (loan.product, loan.method, loan.day_count) == (
        Product.CONSUMER_LOAN,
        Method.EQUAL_PRINCIPAL,
        DayCount.ACT_365,
    )
    assert loan.as_of == date(2026, 3, 1)
    rows = session.scalars(
        select(Instalment).where(Instalment.loan_id == loan.id).order_by(Instalment.number)
    )
    assert [(row.due_date, row.interest, row.interest_paid) for row in rows] == [
        (date(2026, 2, 1), 3650, 3650),
        (date(2026, 3, 1), 2433, 0),
        (date(2026, 4, 1), 1217, 0),
    ]
    assert session.scalar(select(Payment.amount)) == 103_650


def test_personal_values_are_sealed_for_their_own_row_and_found_by_blind_index(session, lender, tmp_path):
    take_in(session, lender, books.write(tmp_path / "book"))

    borrower = session.scalar(select(Borrower).where(Borrower.borrower_no == "B1"))
    assert (borrower.name, borrower.id_no, borrower.id_type) == ("林示範", "A123456789", IdType.TW_ID)
    assert borrower.locale is Locale.ZH_HANT
    assert "林示範".encode() not in borrower.name_sealed
    keyring = crypto.keyring()
    assert borrower.id_no_index == keyring.index(lender.id, "borrower.id_no", "A123456789")
    points = {
        point.kind: point
        for point in session.scalars(select(ContactPoint).where(ContactPoint.borrower_id == borrower.id))
    }
    assert points[ContactKind.PHONE].value == "+886912345678"
    assert points[ContactKind.PHONE].value_index == keyring.index(lender.id, "contact.phone", "+886912345678")
    assert points[ContactKind.EMAIL].value == "one@example.test"
    address = points[ContactKind.ADDRESS]
    assert (address.value, address.area, address.position) == ("示範路1號", "臺北市 中正區", "25.03,121.51")
    two = session.scalar(select(Borrower).where(Borrower.borrower_no == "B2"))
    assert (two.id_no_sealed, two.id_no_index) == (None, None)


def test_the_import_is_on_the_audit_chain(session, lender, tmp_path):
    before, _ = audit.head_of(session, lender_id=lender.id)
    take_in(session, lender, books.write(tmp_path / "book"))

    assert audit.head_of(session, lender_id=lender.id)[0] == before + 1
    assert audit.verify(session, lender_id=lender.id).intact


@pytest.mark.parametrize(
    "wrong",
    [
        ("loans", "3000.00", "3000.001", 2, "principal", "3000.001", "decimals"),
        ("loans", "3000.00", "about 3000", 2, "principal", "about 3000", "is not a decimal number"),
        ("loans", "2026-01-01,3", "01/01/2026,3", 2, "start_date", "01/01/2026", "is not a date"),
        (
            "loans",
            "2026-01-01,3",
            "2026-02-30,3",
            2,
            "start_date",
            "2026-02-30",
            "is not a day of the calendar",
        ),
        ("loans", "L2,B2,card,TWD", "L2,B2,card,ZZZ", 3, "currency", "ZZZ", "is not a known currency"),
        ("loans", "0.146", "14.6", 2, "annual_rate", "14.6", "write 14.6 % as 0.146"),
        ("loans", "L2,B2", "L2,B9", 3, "borrower_no", "B9", "is no borrower"),
        ("loans", "L2,B2", "L1,B2", 3, "contract_no", "L1", "stands twice"),
        ("loans", "L1,B1,consumer_loan", "L1,B1,mortgage", 2, "product", "mortgage", "is not one of"),
        ("instalments", "L2,2,", "L2,1,", 6, "number", "1", "stands twice"),
        (
            "instalments",
            "24.33,0,0,0,0",
            "24.33,0,0,24.34,0",
            3,
            "interest_paid",
            "24.34",
            "is more than interest",
        ),
        ("instalments", "L1,3,2026-04-01,1000.00", "L1,3,2026-04-01,-1", 4, "principal", "-1", "is negative"),
        ("payments", "P1,L1", "P1,L7", 2, "contract_no", "L7", "is no loan"),
        ("payments", "1036.50,TWD", "1036.50,CNY", 2, "currency", "CNY", "is not the loan's currency"),
        ("payments", "1036.50", "0", 2, "amount", "0", "is zero"),
        ("borrowers", "0912345678", "ring twice", 2, "phone", "ring twice", "is not a telephone number"),
        ("borrowers", "25.03,121.51", "25.03,", 2, "lon", "", "is blank although"),
        ("borrowers", "B2,Test Two", "B2,", 3, "name", "", "is blank"),
        ("borrowers", "B2,Test Two,,,,,en", "B2,Test Two,,,,,fr", 3, "language", "fr", "is not one of"),
    ],
)
def test_a_wrong_cell_is_told_with_file_line_column_value_and_reason(session, lender, tmp_path, wrong):
    file, old, new, line, column, value, reason = wrong
    text = books.FILES[f"{file}.csv"]
    assert old in text
    place = books.write(tmp_path / "book", **{file: text.replace(old, new, 1)})

    found = check(session, lender, place).problems
    assert [(each.file, each.line, each.column, each.value) for each in found[:1]] == [
        (f"{file}.csv", line, column, value)
    ]
    assert reason in found[0].reason


def test_a_principal_too_large_for_ten_years_of_accrual_is_refused(session, lender, tmp_path):
    place = books.write(tmp_path / "book", loans=books.LOANS.replace("3000.00", "9000000000000.00"))

    _, line, column, _, reason = only_problem(session, lender, place)
    assert (line, column) == (2, "principal")
    assert "64 bits" in reason


def test_lines_are_counted_over_quoted_line_breaks(session, lender, tmp_path):
    broken = books.BORROWERS.replace("示範路1號", '"示範路\n1號"').replace(
        "B2,Test Two,,,,,en", "B2,Two,,,,,xx"
    )
    file, line, column, *_ = only_problem(session, lender, books.write(tmp_path / "book", borrowers=broken))

    assert (file, line, column) == ("borrowers.csv", 4, "language")


def test_a_file_in_another_encoding_is_told_by_line_and_column(session, lender, tmp_path):
    place = books.write(tmp_path / "book")
    (place / "borrowers.csv").write_bytes(books.BORROWERS.encode("big5"))

    first = check(session, lender, place).problems[0]
    assert (first.line, first.column, first.reason) == (2, "name", "is not UTF-8")


def test_a_row_with_too_few_cells_and_a_header_with_a_wrong_name_are_told(session, lender, tmp_path):
    short = books.write(tmp_path / "short", payments=books.PAYMENTS + "P2,L1\n")
    assert only_problem(session, lender, short)[1:] == (3, "", "P2,L1", "has 2 cells; the header has 7")
    wrong = books.write(tmp_path / "wrong", payments=books.PAYMENTS.replace("paid_on", "date"))
    problems = check(session, lender, wrong).problems
    assert [(each.line, each.column) for each in problems] == [(1, "date"), (1, "paid_on")]


def test_no_more_than_a_thousand_problems_are_collected_and_written_next_to_the_set(
    session, lender, tmp_path
):
    rows = "".join(f"P{number},L1,soon,1,TWD,payment,\n" for number in range(2, 1500))
    place = books.write(tmp_path / "book", payments=books.PAYMENTS + rows)

    checked = check(session, lender, place)
    assert checked.too_many
    assert len(checked.problems) == 1000
    written = write_problems(place, checked.problems)
    assert written == tmp_path / "book.errors.csv"
    lines = written.read_text("utf-8").splitlines()
    assert lines[:2] == [
        "file,line,column,value,reason",
        "payments.csv,3,paid_on,soon,is not a date such as 2026-03-01",
    ]
    assert len(lines) == 1001


def test_a_wrong_check_digit_is_a_warning_and_no_problem(session, lender, tmp_path):
    place = books.write(tmp_path / "book", borrowers=books.BORROWERS.replace("A123456789", "A123456788"))

    checked = check(session, lender, place)
    assert (checked.problems, checked.id_warnings, checked.first_warning.line) == ([], 1, 2)


def test_a_wrong_check_digit_is_a_problem_where_the_rules_are_strict(session, lender, tmp_path):
    place = books.write(tmp_path / "book", borrowers=books.BORROWERS.replace("A123456789", "A123456788"))
    book = open_set(place, kinds=imports.KINDS)

    checked = imports.check(session, lender=lender, book=book, strict_ids=True)
    assert (len(checked.problems), checked.id_warnings) == (1, 0)
    found = checked.problems[0]
    assert (found.file, found.line, found.column, found.value) == ("borrowers.csv", 2, "id_no", "A123456788")
    assert found.reason == "the check digit does not fit"
    assert imports.check(session, lender=lender, book=book, strict_ids=False).problems == []


def test_whether_check_digits_are_strict_is_in_the_lenders_rules(session, lender, tmp_path, monkeypatch):
    place = books.write(tmp_path / "book", borrowers=books.BORROWERS.replace("A123456789", "A123456788"))
    rules = policies.in_force(lender.preset, date(2026, 3, 1))
    strict = replace(rules, book=replace(rules.book, strict_ids=True))
    monkeypatch.setattr(policies, "in_force", lambda _code, _day: strict)

    assert only_problem(session, lender, place)[2] == "id_no"


def test_problems_stand_in_the_order_of_the_lines_over_many_rows(session, lender, tmp_path):
    rows = [f"P{number},L1,2026-02-02,1,TWD,payment," for number in range(2, 3000)]
    rows[1500], rows[1501], rows[1502] = rows[1500] + ",more", rows[0], rows[1502].replace("TWD", "CNY")
    place = books.write(tmp_path / "book", payments=books.PAYMENTS + "\n".join(rows) + "\n")

    found = check(session, lender, place).problems
    assert [(each.line, each.column) for each in found] == [
        (1503, ""),
        (1504, "payment_id"),
        (1505, "currency"),
    ]


def test_a_loan_that_cannot_be_read_is_told_once_and_not_for_its_instalments(session, lender, tmp_path):
    place = books.write(tmp_path / "book", loans=books.LOANS.replace("0.146", "much"))

    assert only_problem(session, lender, place)[:3] == ("loans.csv", 2, "annual_rate")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"set": None}, "not named"),
        ({"set": "as_of = 'soon'\n"}, "exactly one entry"),
        (dict.fromkeys(("borrowers", "loans", "instalments", "payments")), "no file of a loan book"),
    ],
)
def test_a_set_that_cannot_be_opened_says_why(tmp_path, changed, message):
    with pytest.raises(BookError, match=message):
        open_set(books.write(tmp_path / "book", **changed), kinds=imports.KINDS)


def test_a_file_that_is_no_part_of_a_loan_book_is_not_passed_over_silently(tmp_path):
    place = books.write(tmp_path / "book")
    (place / "people.csv").write_text("a,b\n", "utf-8")

    with pytest.raises(BookError, match=r"people\.csv is no file of a loan book"):
        open_set(place, kinds=imports.KINDS)


MAPPING = """
[borrowers]
file = "clients.csv"
borrower_no = "C{ID}"
name = "Client {ID}"
language = "en"

[loans]
borrower_no = "C{ID}"
contract_no = "{CONTRACT}"
product = { from = "{TYPE}", values = { CC = "card", PL = "consumer_loan" } }
currency = "TWD"
start_date = { from = "{OPENED}", date = "%d/%m/%Y" }
method = "equal_principal"
day_count = "act/365"
"""
CLIENTS = "ID,SEX\n7,2\n"
THEIR_LOANS = "ID,CONTRACT,TYPE,OPENED,principal,annual_rate,periods\n7,X1,PL,31/01/2026,500,0.1,2\n"


def test_a_mapping_renames_columns_makes_templates_and_constants_and_reads_dates_and_values(
    session, lender, tmp_path
):
    place = tmp_path / "theirs"
    place.mkdir()
    (place / "clients.csv").write_text(CLIENTS, "utf-8")
    (place / "loans.csv").write_text(THEIR_LOANS, "utf-8")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING, "utf-8")
    take_in(session, lender, place, mapping=mapping, as_of=date(2026, 2, 1))

    assert session.scalar(select(Borrower)).name == "Client 7"
    loan = session.scalar(select(Loan))
    assert (loan.contract_no, loan.product, loan.start_date) == (
        "X1",
        Product.CONSUMER_LOAN,
        date(2026, 1, 31),
    )

    (place / "loans.csv").write_text(THEIR_LOANS.replace("PL", "CAR").replace("X1", "X2"), "utf-8")
    problem = check(session, lender, place, mapping=mapping, as_of=date(2026, 2, 1)).problems[0]
    assert (problem.line, problem.column, problem.value) == (2, "product", "CAR")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[people]\nname = '{ID}'", "people"),
        ("[loans]\nrate = '{R}'", r"loans\.rate"),
        ("[borrowers]\nname = '{ID.__class__!r}'", "only column names"),
        ("[borrowers]\nname = 7", "must be a text"),
        ("[borrowers]\nfile = 7", r"borrowers\.file: 7 is not the name"),
        ("[borrowers]\nfile = '../clients.csv'", r"borrowers\.file: '../clients\.csv' is not the name"),
        ("[borrowers]\nfile = 'a.csv'\n[loans]\nfile = 'a.csv'", r"loans\.file: a\.csv is the file of borr"),
        ("[borrowers]\nfile = 'loans.csv'", r"borrowers\.file: loans\.csv is the file of loans"),
        ("[loans]\nproduct = {from = 7}", r"loans\.product: from: 7 is no text"),
        ("[loans]\nproduct = {from = '{T}', values = 'card'}", r"loans\.product: values: must be a table"),
        ("[loans]\nproduct = {from = '{T}', values = {A = ['card']}}", r"loans\.product: values: must be"),
        ("[loans]\nstart_date = {from = '{T}', date = 7}", r"loans\.start_date: date: 7 is no form"),
        ("[loans]\nstart_date = {from = '{T}', date = '%Q'}", r"loans\.start_date: date: '%Q' is no form"),
        ("[loans]\nstart_date = {from = '{T}', date = '%m/%Y'}", r"loans\.start_date: date: '%m/%Y' is no"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_its_key(tmp_path, text, message):
    path = tmp_path / "mapping.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(MappingError, match=message):
        read_mapping(path, known=imports.COLUMNS)


def test_another_lender_may_have_the_same_contract_numbers(session, lender, tmp_path):
    other = factories.lender(session, "other", preset="tw")
    place = books.write(tmp_path / "book")
    take_in(session, lender, place)
    with factories.of_lender(session, other.id):
        take_in(session, other, place)

    for owner in (lender, other):
        with factories.of_lender(session, owner.id):
            assert session.scalars(select(Loan.lender_id).where(Loan.contract_no == "L1")).all() == [owner.id]
    assert session.scalar(select(func.max(BookImport.as_of))) + timedelta(0) == date(2026, 3, 1)
