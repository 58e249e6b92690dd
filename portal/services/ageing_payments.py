"""The loans to which something happened since their opening balance, while a night ages them.

Payments are played for all loans at once, one round for each payment of the loan that has the most. Relief
and reversals are rare: the loans that have some are left to the ledger itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Subquery, Table, and_, case, false, func, insert, select
from sqlalchemy.orm import Session

from portal.models import Instalment, Lender, Loan, Payment, Relief
from portal.models.functions import by_code_point, days_from
from portal.services.ageing_figures import (
    Line,
    TermsOfLoans,
    above_zero,
    day,
    earlier,
    figures,
    whole,
)
from portal.services.ageing_rounds import (
    EVENTS,
    LINES,
    LOANS,
    LOOK,
    METADATA,
    PaymentRound,
    Round,
    penalty_owed,
)
from portal.vocabulary import PaymentKind


@contextmanager
def touched(session: Session, *, lender: Lender, terms: TermsOfLoans) -> Iterator["Touched"]:
    """Find the loans to which something happened, and forget them at the end."""
    connection = session.connection()
    METADATA.create_all(connection, checkfirst=False)
    found = Touched(session, lender, terms)
    found.collect()
    yield found
    METADATA.drop_all(connection, checkfirst=False)  # a night that fails rolls them back


@dataclass(frozen=True)
class Touched:
    """The loans of a lender that were paid, taken back from or relieved after their opening balance."""

    session: Session
    lender: Lender
    terms: TermsOfLoans

    @property
    def untouched(self) -> ColumnElement[bool]:
        return self._not_touched(Loan.id)

    @staticmethod
    def _not_touched(loan_id: Any) -> ColumnElement[bool]:
        return cast(ColumnElement[bool], loan_id.not_in(select(LOANS.c.loan_id)))

    @property
    def is_left_to_rules(self) -> ColumnElement[bool]:
        return Loan.id.in_(select(LOANS.c.loan_id).where(LOANS.c.left_to_rules == 1))

    def collect(self) -> None:
        """Note the loans, and of those that were only paid everything their play needs."""
        self.leave_to_rules(self._paid_since(PaymentKind.REVERSAL))
        relieved = (
            select(Loan.id).join(Relief, Relief.loan_id == Loan.id).where(Relief.withdrawn_at.is_(None))
        )
        self.leave_to_rules(relieved.distinct())
        self._note(self._paid_since(PaymentKind.PAYMENT), left_to_rules=0)
        self._copy_lines()
        self._copy_payments()

    def leave_to_rules(self, loans: Select[Any]) -> None:
        """Let the ledger decide these loans, too."""
        self._note(loans, left_to_rules=1)

    def play(self) -> None:
        """Play the payments of all loans, the first of each, then the second and so on; then until today."""
        connection = self.session.connection()
        for turn in range(1, (connection.scalar(select(func.max(EVENTS.c.turn))) or 0) + 1):
            columns = EVENTS.c.loan_id, EVENTS.c.paid_on.label("day"), EVENTS.c.amount
            PaymentRound(
                connection, self.terms, select(*columns).where(EVENTS.c.turn == turn).subquery()
            ).play()
        today = day(self.terms.business_date).label("day")
        played = select(LOANS.c.loan_id, today).where(LOANS.c.left_to_rules == 0).subquery()
        Round(connection, self.terms, played).charge()

    def found(self) -> Subquery:
        """What each loan comes to on the day, after its payments."""
        line = Line(LINES.c.due, LINES.c.principal, LINES.c.interest, LINES.c.fees, penalty_owed())
        beside = (func.max(LOANS.c.credit).label("credit"), whole(0).label("beyond_cap"))
        return (
            select(LOANS.c.loan_id, *figures(line, self.terms.business_date), *beside)
            .outerjoin(LINES, LINES.c.loan_id == LOANS.c.loan_id)
            .where(LOANS.c.left_to_rules == 0)
            .group_by(LOANS.c.loan_id)
            .subquery()
        )

    def look_at(self, *, at_all: bool) -> int:
        """Note the loans that nothing happened to and that the day may find otherwise; return how many.

        What is unpaid and due, what was never aged from its opening balance as it stands, or all of them."""
        row, of_lender = Instalment, Instalment.lender_id == self.lender.id
        owed = row.principal + row.interest + row.fees
        unpaid = owed > row.principal_paid + row.interest_paid + row.fees_paid
        due = select(row.loan_id).where(of_lender, row.due_date <= day(self.terms.business_date), unpaid)
        if not at_all:
            self._copy(LOOK, LOOK.c.keys(), due.where(self._not_touched(row.loan_id)).distinct())
        rest = select(Loan.id).where(
            Loan.lender_id == self.lender.id, self.untouched, Loan.id.not_in(select(LOOK.c.loan_id))
        )
        rest = rest if at_all else rest.where(Loan.from_opening == false())
        self._copy(LOOK, LOOK.c.keys(), rest)
        return self.session.connection().scalar(select(func.count()).select_from(LOOK)) or 0

    def _paid_since(self, kind: PaymentKind) -> Select[Any]:
        return (
            select(Loan.id)
            .join(Payment, Payment.loan_id == Loan.id)
            .where(self._since(), Payment.kind == kind)
            .distinct()
        )

    def _since(self) -> ColumnElement[bool]:
        return and_(
            Payment.lender_id == self.lender.id,
            Payment.paid_on > Loan.as_of,
            Payment.paid_on <= day(self.terms.business_date),
        )

    def _note(self, loans: Select[Any], *, left_to_rules: int) -> None:
        terms = self.terms
        rows = select(
            Loan.id,
            whole(left_to_rules),
            case((terms.is_card, 1), else_=0),
            terms.penalty_ppm,
            terms.denominator,
            Loan.start_date,
            whole(0),
        ).where(Loan.lender_id == self.lender.id, Loan.id.in_(loans), self.untouched)
        self._copy(LOANS, LOANS.c.keys(), rows)

    def _copy_lines(self) -> None:
        row = Instalment
        until_paid = above_zero(days_from(Loan.start_date, earlier(row.due_date, Loan.as_of)))
        columns: dict[str, Any] = {
            "loan_id": row.loan_id,
            "number": row.number,
            "due": row.due_date,
            "principal": row.principal - row.principal_paid,
            "interest": row.interest - row.interest_paid,
            "fees": row.fees - row.fees_paid,
            "charges": row.interest + row.fees,
            "own_fee": row.fees,
            "counted_to": row.due_date,
            "units": whole(0),
            "rest": whole(0),
            "penalty_paid": whole(0),
            "principal_days": row.principal_paid * until_paid,
        }
        rows: Select[Any] = (
            select(*columns.values()).join(Loan, row.loan_id == Loan.id).where(*self._to_play())
        )
        self._copy(LINES, list(columns), rows)

    def _copy_payments(self) -> None:
        turn = func.row_number().over(
            partition_by=Payment.loan_id, order_by=(Payment.paid_on, by_code_point(Payment.payment_no))
        )
        rows = (
            select(Payment.loan_id, turn, Payment.paid_on, Payment.amount)
            .join(Loan, Payment.loan_id == Loan.id)
            .where(self._since(), *self._to_play())
        )
        self._copy(EVENTS, EVENTS.c.keys(), rows)

    def _to_play(self) -> tuple[ColumnElement[bool], ...]:
        played = select(LOANS.c.loan_id).where(LOANS.c.left_to_rules == 0)
        return Loan.lender_id == self.lender.id, Loan.id.in_(played)

    def _copy(self, table: Table, columns: Sequence[str], rows: Select[Any]) -> None:
        """Copy rows of the lender, and of no other: every query here says so."""
        self.session.connection().execute(insert(table).from_select(list(columns), rows))
