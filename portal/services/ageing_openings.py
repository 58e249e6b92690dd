"""What the opening balance of a loan comes to on a day, for many loans at once: the ledger in closed form.

Each date is looked at once, as days since the disbursement; the rest is whole numbers. The layers are kept
apart (`MATERIALIZED`), or a database would work out the terms of a loan anew for every figure."""

from typing import Any

from sqlalchemy import Select, Subquery, case, func, select

from portal.models import Instalment, Loan
from portal.models.functions import days_from
from portal.services.ageing_figures import (
    Line,
    TermsOfLoans,
    above_zero,
    allowance,
    day,
    earlier,
    figures,
    half_up,
    total,
    whole,
)


def loans(terms: TermsOfLoans) -> Select[Any]:
    """The loans to look at, still to be chosen, with how their delay is charged."""
    return select(
        Loan.id.label("loan_id"),
        terms.penalty_ppm.label("ppm"),
        terms.denominator.label("denominator"),
        case((terms.is_card, 1), else_=0).label("card"),
        Loan.start_date.label("start"),
        days_from(Loan.start_date, Loan.as_of).label("opened"),
        days_from(Loan.start_date, day(terms.business_date)).label("today"),
    )


def found(chosen: Select[Any], terms: TermsOfLoans) -> Subquery:
    """The figures of the chosen loans, those without instalments too."""
    loan = chosen.cte("chosen").prefix_with("MATERIALIZED")
    row = Instalment
    columns = {
        "due_on": row.due_date,
        "due": days_from(loan.c.start, row.due_date),
        "principal": row.principal - row.principal_paid,
        "interest": row.interest - row.interest_paid,
        "fees": row.fees - row.fees_paid,
        "principal_paid": row.principal_paid,
        "charges": row.interest + row.fees,
    }
    # By the loan alone: its instalments have its lender, and that index is the narrow one.
    named: list[Any] = [value.label(name) for name, value in columns.items()]
    joined = select(loan, *named).outerjoin_from(loan, row, row.loan_id == loan.c.loan_id)
    line = joined.cte("line").prefix_with("MATERIALIZED").c
    daily = line.principal * line.ppm
    days = line.today - line.due
    rest = half_up((daily % line.denominator) * days, line.denominator)
    penalty = (daily // line.denominator) * days + rest
    owed = Line(line.due_on, line.principal, line.interest, line.fees, penalty)
    charged = case((line.due <= line.today, line.charges), else_=line.charges - line.interest - line.fees)
    paid_days = line.principal_paid * above_zero(earlier(line.due, line.opened))
    summed = (
        select(
            line.loan_id,
            *figures(owed, terms.business_date),
            total(charged).label("charged"),
            total(paid_days + line.principal * above_zero(line.today)).label("principal_days"),
            func.max(line.card).label("card"),
        )
        .group_by(line.loan_id)
        .subquery()
        .c
    )
    # That the cap reduces something is found here; what exactly, is left to the ledger.
    beyond = summed.charged + summed.penalty - allowance(summed.principal_days, terms.cap_ppm)
    return select(
        *summed,
        whole(0).label("credit"),
        case((summed.card == 1, whole(0)), else_=above_zero(beyond)).label("beyond_cap"),
    ).subquery()
