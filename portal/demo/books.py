"""What the lender's core system sends: loan books of overdue loans, and the payments that came in."""

import csv
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, takewhile
from pathlib import Path

from portal.demo.people import Person
from portal.demo.stage import Stage
from portal.domain.actor import system
from portal.domain.dates import add_months
from portal.domain.money import amount_text
from portal.domain.schedule import build_schedule
from portal.infra import book_files
from portal.services import imports
from portal.services import night as night_work
from portal.vocabulary import DayCount, Method, Product

CURRENCY = "CNY"
CARD_RATE = Decimal("0.1825")
LOAN_RATES = (Decimal("0.0980"), Decimal("0.1152"), Decimal("0.1296"), Decimal("0.1460"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One instalment of a contract, in minor units."""

    number: int
    due: date
    principal: int
    interest: int
    paid: bool


@dataclass(frozen=True, kw_only=True)
class Contract:
    contract_no: str
    product: Product
    principal: int
    rate: Decimal
    start: date
    method: Method
    day_count: DayCount
    limit: int | None
    rows: tuple[Row, ...]


def contract(
    rng: random.Random, *, number: str, product: Product, unpaid_since: date, as_of: date
) -> Contract:
    """Make a contract whose instalments are paid up to a day and unpaid from that day on."""
    if product is Product.CARD:
        return _card(rng, number, unpaid_since, as_of)
    return _consumer_loan(rng, number, unpaid_since)


def _consumer_loan(rng: random.Random, number: str, unpaid_since: date) -> Contract:
    principal, periods = rng.randrange(24, 61) * 100_000, rng.choice((18, 24))
    paid, rate = rng.randrange(4, 9), rng.choice(LOAN_RATES)
    start = add_months(unpaid_since, -(paid + 1))
    schedule = build_schedule(
        principal=principal,
        annual_rate=rate,
        periods=periods,
        start=start,
        first_due=add_months(unpaid_since, -paid),
        anchor_day=unpaid_since.day,
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.TWELFTHS,
    )
    rows = [
        Row(
            number=row.number,
            due=row.due_date,
            principal=row.principal,
            interest=row.interest,
            paid=row.due_date < unpaid_since,
        )
        for row in schedule.rows
    ]
    return Contract(
        contract_no=number,
        product=Product.CONSUMER_LOAN,
        principal=principal,
        rate=rate,
        start=start,
        method=Method.EQUAL_INSTALMENT,
        day_count=DayCount.TWELFTHS,
        limit=None,
        rows=tuple(rows),
    )


def _card(rng: random.Random, number: str, unpaid_since: date, as_of: date) -> Contract:
    """A card as its minimum payments, up to the newest statement: some months paid, then none."""
    paid = rng.randrange(3, 6)
    start = add_months(unpaid_since, -(paid + 1))
    dues = (add_months(unpaid_since, month - paid) for month in count())
    rows = [
        Row(
            number=month,
            due=due,
            principal=rng.randrange(60, 160) * 1000,
            interest=rng.randrange(20, 60) * 1000,
            paid=due < unpaid_since,
        )
        for month, due in enumerate(takewhile(lambda due: due <= as_of, dues), start=1)
    ]
    return Contract(
        contract_no=number,
        product=Product.CARD,
        principal=sum(row.principal for row in rows),
        rate=CARD_RATE,
        start=start,
        method=Method.MINIMUM_PAYMENT,
        day_count=DayCount.ACT_365,
        limit=rng.randrange(2, 6) * 1_000_000,
        rows=tuple(rows),
    )


def take_in(stage: Stage, clients: Sequence[tuple[Person, Sequence[Contract]]]) -> None:
    """Import the borrowers with their contracts as of today's business date, and do the work of the night."""
    people = [person for person, _ in clients]
    owned = [(person, each) for person, contracts in clients for each in contracts]
    rows = [(each, row) for _, each in owned for row in each.rows]
    _import(
        stage,
        {
            "borrowers": [_borrower(person) for person in people],
            "loans": [_loan(person, each) for person, each in owned],
            "instalments": [_instalment(each, row) for each, row in rows],
        },
    )


def pay(stage: Stage, *, contract_no: str, amount: int) -> None:
    """Import one payment (minor units) of today's business date."""
    payment = {
        "payment_id": f"P-{contract_no}-{stage.day:%Y%m%d}",
        "contract_no": contract_no,
        "paid_on": stage.day.isoformat(),
        "amount": amount_text(amount, CURRENCY),
        "currency": CURRENCY,
        "reference": contract_no,
    }
    _import(stage, {"payments": [payment]})


def night(stage: Stage) -> None:
    """Do the work of the night for today's business date."""
    night_work.run(stage.session, lender=stage.lender, business_date=stage.day, now=stage.clock)


def _import(stage: Stage, files: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
    """Write the files as the core system would, and take them in as `portal import` does."""
    with tempfile.TemporaryDirectory(prefix="demo-book-") as name:
        folder = Path(name)
        for kind, rows in files.items():
            with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as text:
                writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        book = book_files.open_set(folder, kinds=imports.KINDS, as_of=stage.day)
        check = imports.check(stage.session, lender=stage.lender, book=book)
        assert not check.problems, check.problems[0]
        actor = system(stage.lender.id, "import")
        imports.write(stage.session, lender=stage.lender, check=check, actor=actor, now=stage.clock)
    night(stage)


def _borrower(person: Person) -> dict[str, object]:
    cells = asdict(person)
    cells["language"] = cells.pop("locale")
    return cells


def _loan(person: Person, each: Contract) -> dict[str, object]:
    return {
        "contract_no": each.contract_no,
        "borrower_no": person.borrower_no,
        "product": each.product.value,
        "currency": CURRENCY,
        "principal": amount_text(each.principal, CURRENCY),
        "annual_rate": each.rate,
        "start_date": each.start.isoformat(),
        "periods": len(each.rows),
        "method": each.method.value,
        "day_count": each.day_count.value,
        "credit_limit": "" if each.limit is None else amount_text(each.limit, CURRENCY),
    }


def _instalment(each: Contract, row: Row) -> dict[str, object]:
    principal, interest = amount_text(row.principal, CURRENCY), amount_text(row.interest, CURRENCY)
    return {
        "contract_no": each.contract_no,
        "number": row.number,
        "due_date": row.due.isoformat(),
        "principal": principal,
        "interest": interest,
        "fees": "0",
        "principal_paid": principal if row.paid else "0",
        "interest_paid": interest if row.paid else "0",
        "fees_paid": "0",
    }


def oldest_unpaid(today: date, dpd: int) -> date:
    """The due date of a loan that is at least so many days past due; no month is too short for it."""
    due = today - timedelta(days=dpd)
    return due.replace(day=min(due.day, 28))
