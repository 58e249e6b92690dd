"""A contract played forward: its instalments become rows, and the facts change what follows their day."""

from dataclasses import replace
from datetime import date

from portal.domain.bearing import Repaid, Unpaid
from portal.domain.contract import Contract
from portal.domain.instalments import Row, ScheduleError
from portal.domain.repayment import FOUND_ANEW, Repayment
from portal.domain.schedule_facts import (
    DueDateChange,
    EarlyEffect,
    EarlyRepayment,
    Fact,
    InterestPause,
    InterestWaiver,
    OwedInterest,
    PaymentHoliday,
    RateChange,
    Replan,
    TermExtension,
    UnpaidInstalment,
)
from portal.vocabulary import Method


class Timeline(Repayment):
    """The rows so far, and the plan for the rest. Facts are applied in the order of their days.

    `early` are the repayments besides the instalments: row number, day, amount. `changed` tells whether
    anything is not as the contract alone would have it."""

    def __init__(
        self, contract: Contract, finished: tuple[Row, ...] = (), origin: Contract | None = None
    ) -> None:
        super().__init__(contract, finished)
        self.origin = origin or contract
        self.early: list[tuple[int, date, int]] = []
        self.changed = origin is not None

    def apply(self, fact: Fact) -> "Timeline":
        """Return the timeline with one more fact, whose day is not before those applied so far.

        Raises ScheduleError for a fact before the start, after the end, or that the plan has no room for."""
        if isinstance(fact, Replan):
            return self._replanned(fact)
        index = self._period_of(fact.day)
        self.advance(index)
        if self.is_repaid:
            raise _after_end(fact.day)
        self.changed = True
        self._take(index, fact)
        return self

    def _take(self, index: int, fact: Fact) -> None:
        match fact:
            case InterestPause():
                self.bearing.pauses.append(fact.span)
            case RateChange():
                self._change_rate(index, fact)
            case PaymentHoliday():
                self.periods.postpone(index, fact.periods)
                self._charge_from(index)
            case DueDateChange():
                self._move(index, fact)
            case TermExtension():
                self._extend(index, fact.periods)
            case EarlyRepayment():
                self._repay(index, fact)
            case InterestWaiver():
                self.waivers.setdefault(index, []).append(fact)
            case UnpaidInstalment():
                self._leave_unpaid(index, fact)

    def _period_of(self, day: date) -> int:
        if day < self.contract.start:
            raise ScheduleError(
                "fact_before_start",
                f"{day} is before the loan begins on {self.contract.start}.",
                day=day,
                start=self.contract.start,
            )
        index = self.periods.index_of(day)
        if index == self.periods.count:
            raise _after_end(day)
        return index

    def _charge_from(self, index: int) -> None:
        self.charges[index:] = self.bearing.charges(index)

    def _find_anew(self) -> None:
        if self.contract.instalment_fixed is None:
            self.instalment = self.found()

    def _change_rate(self, index: int, fact: RateChange) -> None:
        self.bearing.set_rate(fact.day, fact.annual_rate)
        self._charge_from(index)
        if self.contract.method in FOUND_ANEW:
            self._find_anew()

    def _move(self, index: int, fact: DueDateChange) -> None:
        if fact.due_date < fact.day:
            raise ScheduleError(
                "due_date_out_of_order",
                f"A due date is not moved to {fact.due_date}, before the day {fact.day} it is moved on.",
                due_date=fact.due_date,
            )
        self.periods.move(index, fact.due_date)
        self._charge_from(index)

    def _extend(self, index: int, periods: int) -> None:
        if self.contract.method is Method.LUMP_SUM:
            raise ScheduleError("lump_sum_is_one_payment", "A lump sum is one payment.", periods=periods)
        if self.weights is not None:
            self.weights = (*self.weights, *[self.weights[-1]] * periods)
        self.periods.extend(periods)
        self._charge_from(index)
        self._find_anew()

    def _repay(self, index: int, fact: EarlyRepayment) -> None:
        repaid = self.bearing.repaid.setdefault(index, [])
        left = self.balance - sum(paid.amount for paid in repaid)
        if fact.amount > left:
            raise ScheduleError(
                "repayment_above_balance",
                f"An early repayment of {fact.amount} is more than the {left} that are left.",
                amount=fact.amount,
                left=left,
            )
        repaid.append(Repaid(fact.day, fact.amount))
        self.early.append((self.number(index), fact.day, fact.amount))
        if fact.effect is EarlyEffect.LOWER_INSTALMENT:
            self.find_at = index + 1

    def _leave_unpaid(self, index: int, fact: UnpaidInstalment) -> None:
        self._check_is_due_date(index, fact.day)
        self.advance(index + 1)
        principal = self.rows[index].principal - sum(
            paid.amount for paid in self.bearing.repaid.get(index, ())
        )
        self.bearing.unpaid.append(Unpaid(fact.day, fact.until, principal))

    def _check_is_due_date(self, index: int, day: date) -> None:
        if index == self.periods.count or self.periods.dates[index] != day:
            raise ScheduleError("no_such_due_date", f"No instalment is due on {day}.", day=day)

    def _replanned(self, fact: Replan) -> "Timeline":
        index = self._period_of(fact.oldest_unpaid or fact.day)
        if fact.oldest_unpaid is not None:
            self._check_is_due_date(index, fact.oldest_unpaid)
        self.advance(min(self.periods.index_of(fact.day), self.periods.count))
        self.advance(index)
        if len(self.rows) < index:
            raise _after_end(fact.day)
        kept = self.rows[:index]
        balance = kept[-1].balance if kept else self.contract.principal
        if balance == 0:
            raise _after_end(fact.day)
        interest = self.deferred[index]
        for period in range(index, self.periods.count):
            if self.periods.begin(period) >= fact.day:
                break
            interest += self._accrued(period, balance, fact.day)
            for paid in self.bearing.repaid.get(period, ()):
                balance -= paid.amount
                kept.append(Row(self.number(len(kept)), paid.day, paid.amount, 0, paid.amount, balance))
        if balance == 0:
            raise _after_end(fact.day)
        contract = self._new_contract(fact, balance, interest)
        following = Timeline(contract, (*self.finished, *kept), self.origin)
        following.early = [each for each in self.early if each[0] < self.number(index)]
        following.bearing.pauses = [pause for pause in self.bearing.pauses if pause.last_day > fact.day]
        return following

    def _accrued(self, index: int, balance: int, until: date) -> int:
        """Return a period's interest up to a day without what was waived of it."""
        if index < self.contract.interest_free:
            return 0
        interest = self.rounded(self.bearing.exact(index, balance, until=until))
        return interest - self.waived(index, interest)

    def _new_contract(self, fact: Replan, balance: int, interest: int) -> Contract:
        spread = fact.interest is OwedInterest.SPREAD
        method = fact.method or self.contract.method
        if fact.method is None and method not in (Method.EQUAL_PRINCIPAL, Method.INTEREST_FIRST):
            method = Method.EQUAL_INSTALMENT
        rate = self.bearing.rate if fact.annual_rate is None else fact.annual_rate
        return replace(
            self.contract,
            principal=balance,
            annual_rate=rate * 0 if spread else rate,
            periods=fact.periods,
            start=fact.day,
            first_due=fact.first_due,
            anchor_day=None,
            due_dates=None,
            method=Method.EQUAL_PRINCIPAL if spread else method,
            weights=None,
            instalment_fixed=None,
            principal_grace=0,
            interest_grace=0,
            interest_free=0,
            carried_interest=interest if fact.interest is OwedInterest.KEEP else 0,
            spread_interest=interest if spread else 0,
        )


def _after_end(day: date) -> ScheduleError:
    return ScheduleError("fact_after_end", f"{day} is after the loan has ended.", day=day)
