"""A debt being repaid, period by period: its rows so far and the instalment for the rest."""

from fractions import Fraction
from itertools import count
from operator import add

from portal.domain.bearing import Bearing
from portal.domain.contract import Contract, InstalmentBasis
from portal.domain.instalments import (
    DIVIDE,
    SINGLE_REPAYMENT,
    Rest,
    Row,
    ScheduleError,
    below_interest,
    make_row,
    regular_instalment,
    weighted_total,
)
from portal.domain.money import Rounding, round_exact
from portal.domain.periods import Periods
from portal.domain.schedule_facts import InterestWaiver
from portal.vocabulary import Method

FOUND_ANEW = frozenset({Method.EQUAL_INSTALMENT, Method.STEPPED})


class Repayment:
    """The rows of one contract as far as they are known; `finished` are those of plans before it."""

    def __init__(self, contract: Contract, finished: tuple[Row, ...] = ()) -> None:
        self.contract = contract
        self.periods = Periods(contract)
        self.bearing = Bearing(self.periods, contract.annual_rate)
        self.finished = finished
        self.rows: list[Row] = []
        self.weights = contract.shares
        self.balance = contract.principal
        self.deferred = [contract.carried_interest]  # before each row, and after the last
        self.waivers: dict[int, list[InterestWaiver]] = {}
        self.find_at: int | None = None  # the period for which the instalment will be found anew
        self.charges = self.bearing.charges(0)
        self._error = Fraction(0)
        self.instalment = contract.instalment_fixed or self.found()

    @property
    def is_repaid(self) -> bool:
        return self.balance == 0

    def finish(self) -> None:
        """Turn all that is left into rows."""
        self.advance(self.periods.count)

    def advance(self, stop: int) -> None:
        """Turn the periods before one into rows."""
        while len(self.rows) < stop and not self.is_repaid:
            self._find_when_asked()
            until = stop if self.find_at is None else min(stop, self.find_at)
            plain = self._plain_until(until)
            if plain > len(self.rows):
                self._add_plain_rows(plain)
            else:
                self._add_row(len(self.rows))
        self._find_when_asked()

    def _find_when_asked(self) -> None:
        if self.find_at == len(self.rows) and not self.is_repaid and self.find_at < self.periods.count:
            self.find_at, self.instalment = None, self.found()

    def number(self, place: int) -> int:
        return len(self.finished) + place + 1

    def found(self) -> int:
        """Find the instalment for all periods without a row."""
        index, contract = len(self.rows), self.contract
        grace = max(0, contract.principal_grace - index)
        nominal = None
        if contract.instalment_basis is InstalmentBasis.NOMINAL_RATE:
            charge = (Fraction(self.bearing.rate) * contract.nominal_share).as_integer_ratio()
            nominal = [charge] * (self.periods.count - index)
        first_weight = index + grace - contract.principal_grace
        rest = Rest(
            balance=self.balance,
            charges=self.charges[index:],
            weights=None if self.weights is None else self.weights[first_weight:],
            carried=self.deferred[index],
            principal_grace=grace,
            interest_grace=max(0, contract.interest_grace - index),
            number=self.number(index),
        )
        return regular_instalment(rest, contract.method, contract.roundings, nominal)

    def _plain_until(self, stop: int) -> int:
        """Return up to which period nothing but the rate decides the rows; the next one when it is not so."""
        index, contract = len(self.rows), self.contract
        graces = max(contract.principal_grace, contract.interest_grace, contract.interest_free)
        special = contract.carry_rounding or contract.round_each_year_part or contract.spread_interest
        if special or self.deferred[-1] or index < graces or self.weights is not None:
            return index
        if contract.method in SINGLE_REPAYMENT:
            return index
        stop = min(stop, self.periods.count - 1)
        for place in (*self.bearing.repaid, *self.waivers):
            if index <= place < stop:
                stop = place
        for pause in self.bearing.pauses:
            if pause.last_day > self.periods.begin(index):
                stop = min(stop, self.periods.index_of(pause.first_day))
        if any(owed.until > self.periods.begin(index) for owed in self.bearing.unpaid):
            return index
        return max(stop, index)

    def _add_plain_rows(self, stop: int) -> None:
        index, balance, instalment = len(self.rows), self.balance, self.instalment
        divide, equal_principal = DIVIDE[self.contract.rounding], self.contract.method not in FOUND_ANEW
        principals: list[int] = []
        interests: list[int] = []
        balances: list[int] = []
        for charge, year in self.charges[index:stop]:
            interest = divide(balance * charge, year)
            principal = instalment if equal_principal else instalment - interest
            if principal >= balance:
                principal = balance
            elif principal < 0:
                raise below_interest(self.number(index + len(balances)), instalment, interest)
            balance -= principal
            principals.append(principal)
            interests.append(interest)
            balances.append(balance)
            if not balance:
                break
        totals = map(add, principals, interests)
        numbers, dates = count(self.number(index)), self.periods.dates[index : index + len(balances)]
        columns = zip(numbers, dates, principals, interests, totals, balances, strict=False)
        self.rows.extend(map(make_row, columns))
        self.deferred += [0] * len(balances)
        self.balance = balance

    def _add_row(self, index: int) -> None:
        contract, last = self.contract, index == self.periods.count - 1
        interest = 0
        if index >= contract.interest_free:
            interest = self._interest(index)
        deferred = self.deferred[-1]
        if index < contract.interest_grace:
            interest, deferred = 0, deferred + interest
        else:
            interest, deferred = interest + deferred, 0
        interest += self._spread(last=last)
        early = sum(paid.amount for paid in self.bearing.repaid.get(index, ()))
        left = self.balance - early
        principal = left if last else min(left, self._asked_principal(index, interest))
        if principal < 0:
            raise below_interest(self.number(index), principal + interest, interest)
        interest -= self.waived(index, interest)
        principal += early
        self.balance -= principal
        self.rows.append(
            Row(
                self.number(index),
                self.periods.dates[index],
                principal,
                interest,
                principal + interest,
                self.balance,
            )
        )
        self.deferred.append(deferred)

    def asked_total(self, index: int) -> int:
        """Return what a row should cost: the instalment times the weight of its period."""
        place = index - self.contract.principal_grace
        return weighted_total(self.instalment, self.weights, place, self.contract.roundings.instalment)

    def _asked_principal(self, index: int, interest: int) -> int:
        method = self.contract.method
        if index < self.contract.principal_grace or method in SINGLE_REPAYMENT:
            return 0
        if method is Method.EQUAL_PRINCIPAL:
            return self.instalment
        return self.asked_total(index) - interest

    def rounded(self, parts: tuple[Fraction, ...]) -> int:
        return sum(round_exact(part, self.contract.rounding) for part in parts)

    def _interest(self, index: int) -> int:
        """Return a period's interest, rounded."""
        contract, kept = self.contract, self.bearing.kept(index)
        if kept is None or contract.round_each_year_part or contract.carry_rounding:
            return self._with_carried_error(self.bearing.exact(index, self.balance))
        (charge, year), (days, of_days) = self.charges[index], kept
        return DIVIDE[contract.rounding](self.balance * charge * days, year * of_days)

    def _with_carried_error(self, parts: tuple[Fraction, ...]) -> int:
        """Round a period's interest; with carried rounding, a whole cent of gathered error joins it."""
        interest = self.rounded(parts)
        if not self.contract.carry_rounding:
            return interest
        self._error += sum(parts) - interest
        cents = round_exact(self._error, Rounding.DOWN)
        self._error -= cents
        return interest + cents

    def _spread(self, *, last: bool) -> int:
        """Return the row's part of interest that is owed besides the rate."""
        owed, parts = self.contract.spread_interest, self.periods.count
        share = round_exact(Fraction(owed, parts), self.contract.rounding)
        if share * (parts - 1) > owed:
            share = owed // parts
        return owed - share * (parts - 1) if last else share

    def waived(self, index: int, interest: int) -> int:
        """Return how much of a row's interest is given up; raise ScheduleError for more than there is."""
        waived = 0
        for waiver in self.waivers.get(index, ()):
            share = waiver.share
            amount = waiver.amount if share is None else round_exact(interest * Fraction(share))
            waived += amount or 0
        if waived > interest:
            raise ScheduleError(
                "waiver_above_interest",
                f"A waiver of {waived} is more than the interest of {interest} it is given on.",
                waived=waived,
                interest=interest,
            )
        return waived
