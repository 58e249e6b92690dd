"""Budgets, plans, concessions and approvals. All money in minor units."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import EditedRow, Row, Sealed, belongs, keys, word
from portal.models.types import Day, Facts, Flag
from portal.vocabulary import ConcessionKind, DayCount, Frequency, Method, PlanState, Tier


class Budget(Row):
    """Income, essential outgoings, other debts, and the affordable amount that follows from them."""

    __tablename__ = "budget"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("visit_id", "visit"),
        CheckConstraint(
            "income >= 0 AND outgoings >= 0 AND other_debts >= 0 AND affordable >= 0", name="amounts"
        ),
        CheckConstraint("adults >= 1 AND children >= 0", name="household"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    visit_id: Mapped[int | None]
    currency: Mapped[str]
    adults: Mapped[int]
    children: Mapped[int]
    income: Mapped[int]
    outgoings: Mapped[int]
    other_debts: Mapped[int]
    living_cost_floor: Mapped[int]
    available: Mapped[int]
    affordable: Mapped[int]
    stressed: Mapped[int]
    lines: Mapped[dict[str, int]] = mapped_column(Facts)  # the lines as entered, name -> amount
    pack_version: Mapped[str]
    actor: Mapped[str]


class Plan(EditedRow):
    """A proposed new schedule with concessions."""

    __tablename__ = "plan"
    __table_args__ = keys(
        belongs("case_id", "case"),
        belongs("budget_id", "budget"),
        CheckConstraint("principal > 0 AND periods > 0 AND annual_rate_ppm >= 0", name="terms"),
        CheckConstraint("contract_rate_ppm >= annual_rate_ppm", name="rate"),
    )

    case_id: Mapped[int] = mapped_column(index=True)
    budget_id: Mapped[int]
    state: Mapped[PlanState] = word(PlanState)
    currency: Mapped[str]
    method: Mapped[Method] = word(Method)
    frequency: Mapped[Frequency] = word(Frequency)
    periods: Mapped[int]
    contract_rate_ppm: Mapped[int]  # of the loans, weighted by overdue principal; before concessions
    annual_rate_ppm: Mapped[int]
    day_count: Mapped[DayCount] = word(DayCount)
    start_on: Mapped[date] = mapped_column(Day)
    first_due_on: Mapped[date] = mapped_column(Day)
    principal: Mapped[int]  # what the plan repays, after waivers
    interest: Mapped[int]
    waived: Mapped[int]
    largest_month: Mapped[int]
    apr_nominal_ppm: Mapped[int | None]
    apr_effective_ppm: Mapped[int | None]
    parts: Mapped[dict[str, int]] = mapped_column(
        Facts
    )  # the debt it was built from: principal, interest, penalty, fees
    pack_version: Mapped[str]
    actor: Mapped[str]


class PlanLoan(Row):
    __tablename__ = "plan_loan"
    __table_args__ = keys(
        belongs("plan_id", "plan"), belongs("loan_id", "loan"), UniqueConstraint("plan_id", "loan_id")
    )

    plan_id: Mapped[int]
    loan_id: Mapped[int]


class PlanInstalment(Row):
    __tablename__ = "plan_instalment"
    __table_args__ = keys(
        belongs("plan_id", "plan"),
        UniqueConstraint("plan_id", "number"),
        CheckConstraint("principal >= 0 AND interest >= 0 AND principal + interest > 0", name="amounts"),
    )

    plan_id: Mapped[int]
    number: Mapped[int]
    due_on: Mapped[date] = mapped_column(Day)
    principal: Mapped[int]
    interest: Mapped[int]


class Concession(Row):
    """A reduction, waiver, grace or pause inside a plan, and who may give the final yes."""

    __tablename__ = "concession"
    __table_args__ = keys(belongs("plan_id", "plan"), UniqueConstraint("plan_id", "kind"))

    plan_id: Mapped[int]
    kind: Mapped[ConcessionKind] = word(ConcessionKind)
    share_ppm: Mapped[int | None]
    months: Mapped[int | None]
    amount: Mapped[int]
    tier: Mapped[Tier] = word(Tier)


class Approval(Row):
    """A request for a second person's yes. Who asks and who answers are never the same."""

    __tablename__ = "approval"
    __table_args__ = keys(
        belongs("plan_id", "plan"),
        belongs("requested_by", "staff"),
        belongs("decided_by", "staff"),
        UniqueConstraint("plan_id"),
        CheckConstraint("requested_by <> decided_by", name="two_people"),
        CheckConstraint("(decided_by IS NULL) = (approved IS NULL)", name="answer"),
    )

    plan_id: Mapped[int]
    tier: Mapped[Tier] = word(Tier)
    requested_by: Mapped[int]
    reason_sealed: Mapped[bytes]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None] = mapped_column(Flag)
    answer_sealed: Mapped[bytes | None]

    reason = Sealed("reason_sealed")
    answer = Sealed("answer_sealed")
