"""Plain functions that make what a test needs: a lender, staff, a borrower who is late, a case."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.actor import Actor, system
from portal.domain.actor import visitor as visitor_of
from portal.domain.schedule import build_schedule
from portal.infra import crypto, tenancy
from portal.models import (
    Borrower,
    Budget,
    Case,
    CaseLoan,
    Consent,
    ContactPoint,
    Decision,
    Instalment,
    Lender,
    Loan,
    Plan,
    PlanInstalment,
    PlanLoan,
    Proof,
    Staff,
    Visit,
    VisitCrew,
)
from portal.services import accounts, lenders
from portal.vocabulary import (
    Action,
    ActionClass,
    CaseState,
    Channel,
    ConsentPurpose,
    ContactKind,
    DayCount,
    Frequency,
    IdType,
    Initiator,
    Locale,
    Method,
    PlaceKind,
    PlanState,
    Product,
    ProofKind,
    ProofState,
    Role,
    VisitPurpose,
    VisitState,
)
from tests.conftest import NOW

PASSWORD = "correct horse battery"
TODAY = date(2026, 3, 2)


P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def of_lender(session: Session, lender_id: int) -> Iterator[None]:
    """Lend the test's session to a lender for a while, whatever it holds: the portal itself never may."""
    before = tenancy.lender_of(session)
    session.flush()
    _turn(session, lender_id)
    try:
        yield
        session.flush()
    finally:
        _turn(session, before)


def _turn(session: Session, lender_id: int | None) -> None:
    session.info[tenancy.KEY] = lender_id
    if session.in_transaction() and session.is_active and lender_id is not None:
        tenancy.tell(session.connection(), lender_id)


def made_at_its_lender(make: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Let a factory work for the lender of its first argument, and hand the session back."""

    @wraps(make)
    def wrapper(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        first = args[0]
        with of_lender(session, first.id if isinstance(first, Lender) else first.lender_id):  # type: ignore[attr-defined]
            return make(session, *args, **kwargs)

    return wrapper


def lender(
    session: Session, code: str = "pingan-bank", *, preset: str | None = None, now: datetime = NOW
) -> Lender:
    """Make a lender with accounts. The session is the first lender's from then on, and stays it."""
    names = {locale: f"{code} {locale.value}" for locale in Locale}
    before = tenancy.lender_of(session)
    session.flush()
    session.info[tenancy.KEY] = None
    made = lenders.add(session, code=code, preset=preset or code, names=names, hand_in_place=names, now=now)
    for currency in ("CNY", "TWD"):
        lenders.add_account(
            session, lender=made, currency=currency, number="000-111-222", bank=names, holder=names, now=now
        )
    session.flush()
    if before is not None:
        _turn(session, before)
    return made


@made_at_its_lender
def staff(
    session: Session,
    of: Lender,
    *roles: Role,
    name: str = "Test Staff",
    number: str | None = None,
    trained: bool = True,
    manager: Staff | None = None,
) -> Staff:
    count = _next(session, Staff)
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


@made_at_its_lender
def borrower(
    session: Session, of: Lender, *, name: str = "Test Borrower", number: str | None = None
) -> Borrower:
    """A borrower with a telephone, an e-mail address and a home. The ID number ends in 1234."""
    count = _next(session, Borrower)
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


@made_at_its_lender
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
    count = _next(session, Loan)
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
    made.dpd = 5 + 30 * (late - 1) if late else 0
    made.overdue_since = today - timedelta(days=made.dpd) if late else None
    made.overdue_principal, made.overdue_interest = late * instalment, late * interest
    made.overdue_amount = late * (instalment + interest)
    made.outstanding = (8 + late) * (instalment + interest)
    made.bucket = "M1" if 0 < made.dpd <= 30 else "M2" if made.dpd else None
    session.flush()
    return made


@made_at_its_lender
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


@made_at_its_lender
def late_borrower(session: Session, of: Lender, *, late: int = 2, currency: str = "CNY") -> Case:
    """A borrower with one overdue loan, as a case."""
    return case(session, loan(session, borrower(session, of), late=late, currency=currency))


@made_at_its_lender
def budget(session: Session, of: Case, *, visit: Visit | None = None) -> Budget:
    """A household that can pay 1,100.00 a month."""
    made = Budget(
        lender_id=of.lender_id,
        created_at=NOW,
        case_id=of.id,
        visit_id=visit.id if visit else None,
        currency=of.currency,
        adults=1,
        children=0,
        income=600_000,
        outgoings=400_000,
        other_debts=78_000,
        living_cost_floor=200_000,
        available=122_000,
        affordable=110_000,
        stressed=50_000,
        lines={},
        pack_version="test 1",
        actor="system:test",
    )
    session.add(made)
    session.flush()
    return made


@made_at_its_lender
def approved_plan(
    session: Session,
    of: Case,
    *,
    periods: int = 6,
    state: PlanState = PlanState.APPROVED,
    method: Method = Method.EQUAL_INSTALMENT,
    visit: Visit | None = None,
    start: date = TODAY,
) -> Plan:
    """A plan for the case's loans: 4,000.00 in monthly instalments, 120.00 waived."""
    schedule = build_schedule(
        principal=400_000,
        annual_rate=Decimal("0.072"),
        periods=periods,
        start=start,
        method=method,
        day_count=DayCount.TWELFTHS,
    )
    made = Plan(
        lender_id=of.lender_id,
        created_at=NOW,
        case_id=of.id,
        budget_id=budget(session, of, visit=visit).id,
        state=state,
        currency=of.currency,
        method=method,
        frequency=Frequency.MONTHLY,
        periods=periods,
        contract_rate_ppm=146_000,
        annual_rate_ppm=72_000,
        day_count=DayCount.TWELFTHS,
        start_on=start,
        first_due_on=schedule.rows[0].due_date,
        principal=400_000,
        interest=schedule.total_interest,
        waived=12_000,
        largest_month=max(row.total for row in schedule.rows),
        apr_nominal_ppm=72_000,
        apr_effective_ppm=74_420,
        parts={"principal": 400_000, "interest": 8_000, "penalty": 4_000, "fees": 0},
        pack_version="test 1",
        actor="system:test",
    )
    session.add(made)
    session.flush()
    for joined in session.query(CaseLoan).filter_by(case_id=of.id):
        session.add(PlanLoan(lender_id=of.lender_id, created_at=NOW, plan_id=made.id, loan_id=joined.loan_id))
    session.add_all(
        PlanInstalment(
            lender_id=of.lender_id,
            created_at=NOW,
            plan_id=made.id,
            number=row.number,
            due_on=row.due_date,
            principal=row.principal,
            interest=row.interest,
        )
        for row in schedule.rows
    )
    session.flush()
    return made


@made_at_its_lender
def ready_for_a_visit(session: Session, of: Case) -> None:
    """Consent to the visit service, and every document that is asked for before a visit."""
    common = {"lender_id": of.lender_id, "created_at": NOW, "case_id": of.id, "actor": "borrower:test"}
    session.add(
        Consent(
            **common,
            purpose=ConsentPurpose.VISIT_SERVICE,
            text_version="1",
            locale=Locale.EN,
            channel=Channel.PORTAL,
        )
    )
    session.add_all(
        Proof(
            **common,
            kind=kind,
            state=ProofState.ACCEPTED,
            channel=Channel.PORTAL,
            received_on=TODAY,
            statement="stands in",
        )
        for kind in (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)
    )
    session.flush()


@made_at_its_lender
def visit(
    session: Session,
    of: Case,
    *,
    crew: Sequence[Staff],
    starts: datetime = NOW,
    state: VisitState = VisitState.ASSIGNED,
    purpose: VisitPurpose = VisitPurpose.PLAN,
    discreet: bool = False,
) -> Visit:
    """A visit of two hours at the borrower's home, which the borrower asked for."""
    common = {"lender_id": of.lender_id, "created_at": NOW}
    decision = Decision(
        **common,
        case_id=of.id,
        action=Action.VISIT_CONFIRMATION,
        action_class=ActionClass.SERVICE,
        allowed=True,
        rules={"asked": []},
        pack_version="test 1",
        actor="borrower:test",
    )
    session.add(decision)
    session.flush()
    made = Visit(
        **common,
        case_id=of.id,
        decision_id=decision.id,
        state=state,
        initiator=Initiator.BORROWER,
        purpose=purpose,
        place_kind=PlaceKind.HOME,
        window_start=starts,
        window_end=starts + timedelta(hours=2),
        discreet=discreet,
        seed="5e" * 32,
    )
    session.add(made)
    session.flush()
    session.add_all(
        VisitCrew(**common, visit_id=made.id, staff_id=person.id, position=position)
        for position, person in enumerate(crew, 1)
    )
    session.flush()
    session.refresh(made)
    return made


def actor_of(person: Staff | Borrower) -> Actor:
    return accounts.staff_actor(person) if isinstance(person, Staff) else accounts.borrower_actor(person)


def _next(session: Session, model: type) -> int:
    """A number that no row of the lender has."""
    return (session.scalar(select(func.count(model.id))) or 0) + 1


def nightly(of: Lender) -> Actor:
    return system(of.id, "nightly")


def visitor(of: Lender) -> Actor:
    return visitor_of(of.id)
