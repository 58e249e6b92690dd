"""What an agreement says in figures, and the document that says it: made once, when the plan is offered."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import deadlines
from portal.domain.policy import Policy
from portal.infra import pdf, texts
from portal.models import Borrower, Budget, Lender, Loan, Plan, PlanInstalment, PlanLoan, Visit
from portal.services import lenders
from portal.vocabulary import Frequency, Locale, PlaceKind

# The text of a version is never edited: a change is a new version.
TEMPLATE_VERSION = "repayment-agreement-2026-1"
ID_DIGITS_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One row of the schedule, in minor units."""

    number: int
    due_on: date
    interest: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The figures of a plan, in minor units of one currency. Rates are parts per million."""

    currency: str
    frequency: Frequency
    annual_rate_ppm: int
    apr_nominal_ppm: int | None
    apr_effective_ppm: int | None
    parts: Mapping[str, int]
    waived: int
    principal: int
    interest: int
    contracts: tuple[str, ...]
    payments: tuple[Payment, ...]
    cooling_off_days: int

    @property
    def total(self) -> int:
        return sum(payment.total for payment in self.payments)

    @property
    def first(self) -> Payment:
        return self.payments[0]

    @property
    def last(self) -> Payment:
        return self.payments[-1]

    @property
    def level(self) -> bool:
        """Whether every payment but the last is the same."""
        return all(payment.total == self.first.total for payment in self.payments[:-1])


@dataclass(frozen=True, kw_only=True)
class Document:
    """The agreement as it is read before signing: on paper, and the same text for a screen."""

    pdf: bytes
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


def terms_of(session: Session, *, plan: Plan, place: PlaceKind, policy: Policy) -> Terms:
    """Read the figures of a plan."""
    rows = session.scalars(
        select(PlanInstalment)
        .where(PlanInstalment.lender_id == plan.lender_id, PlanInstalment.plan_id == plan.id)
        .order_by(PlanInstalment.number)
    )
    contracts = session.scalars(
        select(Loan.contract_no)
        .join(PlanLoan, PlanLoan.loan_id == Loan.id)
        .where(PlanLoan.lender_id == plan.lender_id, PlanLoan.plan_id == plan.id)
        .order_by(Loan.contract_no)
    )
    payments = tuple(
        Payment(
            number=row.number, due_on=row.due_on, interest=row.interest, total=row.principal + row.interest
        )
        for row in rows
    )
    return Terms(
        currency=plan.currency,
        frequency=plan.frequency,
        annual_rate_ppm=plan.annual_rate_ppm,
        apr_nominal_ppm=plan.apr_nominal_ppm,
        apr_effective_ppm=plan.apr_effective_ppm,
        parts=plan.parts,
        waived=plan.waived,
        principal=plan.principal,
        interest=plan.interest,
        contracts=tuple(contracts),
        payments=payments,
        cooling_off_days=_cooling_off_days(plan.start_on, place, policy),
    )


def visit_of(session: Session, *, plan: Plan) -> Visit | None:
    """Return the visit at which the budget of a plan was made; None: it was made without one."""
    query = (
        select(Visit)
        .join(Budget, Budget.visit_id == Visit.id)
        .where(Budget.lender_id == plan.lender_id, Budget.id == plan.budget_id)
    )
    return session.scalar(query)


def write(
    session: Session,
    *,
    number: str,
    terms: Terms,
    lender: Lender,
    borrower: Borrower,
    policy: Policy,
    today: date,
) -> Document:
    """Write the agreement in the borrower's language. Raises PdfError when it cannot be printed exactly."""
    locale = borrower.locale
    account = lenders.payment_account(session, lender_id=lender.id, currency=terms.currency, locale=locale)
    facts = {
        "number": number,
        "version": TEMPLATE_VERSION,
        "lender_name": lender.names[locale.value],
        "borrower_name": borrower.name,
        "id_ending": borrower.id_no[-ID_DIGITS_SHOWN:],
        "account": account,
        "terms": terms,
        "breach": policy.plan,
        "followup": policy.followup,
        "contacts": policy.contacts,
        "made_on": today,
    }
    text = texts.render("pdf/_agreement_text.html", locale=locale, **facts)
    page = texts.render(
        "pdf/agreement.html",
        locale=locale,
        text=Markup(text),  # noqa: S704  (rendered, and escaped, one line above)
        **facts,
    )
    return Document(pdf=pdf.render(page, locale=locale, title=title_of(number, locale)), text=text)


def title_of(number: str, locale: Locale) -> str:
    """What the document is called in a list of files, such as `Repayment agreement A-7K3M-9QXD`."""
    name = texts.translations(locale).gettext("Repayment agreement")
    return f"{name} {number}"


def _cooling_off_days(signed_on: date, place: PlaceKind, policy: Policy) -> int:
    return (deadlines.cooling_off_end(signed_on, place, policy.plan) - signed_on).days
