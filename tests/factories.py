"""Plain functions that make what a test needs: a lender, staff, a borrower who is late, a case."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from portal.domain.actor import Actor, system
from portal.infra import crypto
from portal.models import (
    Borrower,
    Case,
    CaseLoan,
    ContactPoint,
    Instalment,
    Lender,
    Loan,
    Staff,
)
from portal.services import accounts, lenders
from portal.vocabulary import (
    CaseState,
    ContactKind,
    DayCount,
    IdType,
    Locale,
    Method,
    Product,
    Role,
)
from tests.conftest import NOW

PASSWORD = "correct horse battery"
TODAY = date(2026, 3, 2)


def lender(
    session: Session, code: str = "pingan-bank", *, preset: str | None = None, now: datetime = NOW
) -> Lender:
    names = {locale: f"{code} {locale.value}" for locale in Locale}
    made = lenders.add(session, code=code, preset=preset or code, names=names, hand_in_place=names, now=now)
    for currency in ("CNY", "TWD"):
        lenders.add_account(
            session, lender=made, currency=currency, number="000-111-222", bank=names, holder=names, now=now
        )
    return made


def staff(
    session: Session,
    of: Lender,
    *roles: Role,
    name: str = "Test Staff",
    number: str | None = None,
    trained: bool = True,
    manager: Staff | None = None,
) -> Staff:
    count = session.query(Staff).count() + 1
    made = accounts.add_staff(
        session,
        lender=of,
        number=number or f"S{count:04}",
        name=name,
        email=f"staff{count}@{of.code}.example",
        password=PASSWORD,
        roles=set(roles or (Role.AGENT,)),
        locale=Locale.EN,
        manager=manager,
        now=NOW,
    )
    if trained:
        for module in ("psychological_support", "communication", "compliance"):
            accounts.add_training(
                session, staff=made, module=module, passed_on=TODAY - timedelta(days=30), now=NOW
            )
    session.refresh(made)
    return made


def borrower(
    session: Session, of: Lender, *, name: str = "Test Borrower", number: str | None = None
) -> Borrower:
    """A borrower with a telephone, an e-mail address and a home. The ID number ends in 1234."""
    count = session.query(Borrower).count() + 1
    made = Borrower(
        lender_id=of.id,
        created_at=NOW,
        borrower_no=number or f"B{count:04}",
        name=name,
        id_type=IdType.NONE,
        id_no="A900001234",
        locale=Locale.EN,
    )
    session.add(made)
    session.flush()
    phone, email = f"+8869000{count:05}", f"borrower{count}@example.test"
    for kind, value in (
        (ContactKind.PHONE, phone),
        (ContactKind.EMAIL, email),
        (ContactKind.ADDRESS, "1 Test Road"),
    ):
        point = ContactPoint(
            lender_id=of.id,
            created_at=NOW,
            borrower_id=made.id,
            kind=kind,
            main=True,
            value=value,
            value_index=crypto.keyring().index(of.id, f"contact.{kind}", value),
        )
        session.add(point)
    session.flush()
    return made


def loan(
    session: Session,
    of: Borrower,
    *,
    late: int = 2,
    currency: str = "CNY",
    instalment: int = 100_000,
    interest: int = 1_000,
    product: Product = Product.CONSUMER_LOAN,
    today: date = TODAY,
) -> Loan:
    """A loan of 12 monthly instalments of which `late` are past due, the newest for 5 days."""
    count = session.query(Loan).count() + 1
    made = Loan(
        lender_id=of.lender_id,
        created_at=NOW,
        borrower_id=of.id,
        contract_no=f"L{count:05}",
        product=product,
        currency=currency,
        principal=12 * instalment,
        annual_rate_ppm=146_000,
        start_date=today - timedelta(days=200),
        periods=12,
        method=Method.EQUAL_PRINCIPAL,
        day_count=DayCount.ACT_365,
        as_of=today,
        dpd=0,
        overdue_amount=0,
        outstanding=0,
    )
    session.add(made)
    session.flush()
    for number in range(1, 13):
        due = today - timedelta(days=5) + timedelta(days=30 * (number - 4))
        paid = number <= 4 - late
        session.add(
            Instalment(
                lender_id=of.lender_id,
                created_at=NOW,
                loan_id=made.id,
                number=number,
                due_date=due,
                principal=instalment,
                interest=interest,
                fees=0,
                principal_paid=instalment if paid else 0,
                interest_paid=interest if paid else 0,
                fees_paid=0,
            )
        )
    session.flush()
    made.aged_on = today
    made.dpd = 5 + 30 * (late - 1) if late else 0
    made.overdue_since = today - timedelta(days=made.dpd) if late else None
    made.overdue_amount = late * (instalment + interest)
    made.outstanding = (8 + late) * (instalment + interest)
    made.bucket = "M1" if 0 < made.dpd <= 30 else "M2" if made.dpd else None
    session.flush()
    return made


def case(
    session: Session, *loans: Loan, state: CaseState = CaseState.CONFIRMED, owner: Staff | None = None
) -> Case:
    """The open case of these loans, which belong to one borrower."""
    first = loans[0]
    made = Case(
        lender_id=first.lender_id,
        created_at=NOW,
        borrower_id=first.borrower_id,
        currency=first.currency,
        state=state,
        owner_id=owner.id if owner else None,
        confirmed_on=TODAY,
    )
    session.add(made)
    session.flush()
    for each in loans:
        session.add(CaseLoan(lender_id=made.lender_id, created_at=NOW, case_id=made.id, loan_id=each.id))
    session.flush()
    return made


def late_borrower(session: Session, of: Lender, *, late: int = 2, currency: str = "CNY") -> Case:
    """A borrower with one overdue loan, as a case."""
    return case(session, loan(session, borrower(session, of), late=late, currency=currency))


def actor_of(person: Staff | Borrower) -> Actor:
    return accounts.staff_actor(person) if isinstance(person, Staff) else accounts.borrower_actor(person)


def nightly(of: Lender) -> Actor:
    return system(of.id, "nightly")
