"""What if: a payment today, or one every month, played on the ledger as if it had come in. Nothing is changed
by it, and no figure is computed here that the ledger does not compute for real payments."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.domain.allocation import Component, DebtParts
from portal.domain.dates import add_months
from portal.domain.ledger import Met, Opening, Receipt, Replay, Standing, Terms
from portal.domain.money import CodedError
from portal.domain.relief import Relief

LONGEST_WAIT_MONTHS = 120  # how far ahead the first payment may lie
FEWEST_MONTHS = 120  # how long payments are followed at least before they count as never-ending
WHOLE_UNIT = 100  # the smallest sufficient amount is given in whole units of money
# A search plays the loan a dozen times; beyond this many instalments × months it would keep a reader waiting.
SEARCHED_UP_TO = 20_000
WHAT_IF = "what if"


class SimulationError(CodedError):
    """A payment that cannot be tried out: no amount, more than is owed, a day out of range, no such loan."""


@dataclass(frozen=True, slots=True)
class Account:
    """All that the ledger needs to know of a loan; `key` is what the payer chooses it by."""

    key: str
    openings: tuple[Opening, ...]
    receipts: tuple[Receipt, ...]
    reliefs: tuple[Relief, ...]
    as_of: date
    terms: Terms

    def replay(self, business_date: date) -> Replay:
        return Replay(
            self.openings,
            self.receipts,
            reliefs=self.reliefs,
            as_of=self.as_of,
            known_until=business_date,
            terms=self.terms,
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a payment does to one loan; `met` is None where nothing of it arrives."""

    account: Account
    met: Met | None
    before: Standing
    after: Standing

    @property
    def daily_before(self) -> int:
        return self.before.next_accrual(self.account.terms)

    @property
    def daily_after(self) -> int:
        return self.after.next_accrual(self.account.terms)


@dataclass(frozen=True, slots=True)
class Once:
    """A payment on the business date, loan by loan in the order in which it reaches them."""

    amount: int
    loans: tuple[Effect, ...]

    @property
    def before(self) -> DebtParts:
        return _sum(each.before.debt.total for each in self.loans)

    @property
    def left(self) -> DebtParts:
        return _sum(each.after.debt.total for each in self.loans)

    @property
    def overdue_before(self) -> int:
        return sum(each.before.debt.overdue.total for each in self.loans)

    @property
    def overdue_left(self) -> int:
        return sum(each.after.debt.overdue.total for each in self.loans)

    @property
    def dpd_before(self) -> int:
        return max(each.before.dpd for each in self.loans)

    @property
    def dpd_after(self) -> int:
        return max(each.after.dpd for each in self.loans)

    @property
    def daily_before(self) -> int:
        return sum(each.daily_before for each in self.loans)

    @property
    def daily_after(self) -> int:
        return sum(each.daily_after for each in self.loans)


@dataclass(frozen=True, slots=True)
class Month:
    """One monthly payment: what it met, and what is owed after it, overdue and in all."""

    on: date
    parts: DebtParts
    overdue: int
    left: int


@dataclass(frozen=True, slots=True)
class Monthly:
    """Payments month by month, the last one no larger than needed.

    `without` is what would be owed on the day of the last one if nothing had been paid. `enough` is the
    amount with which the payments end, where the tried one does not."""

    amount: int
    months: tuple[Month, ...]
    without: DebtParts
    enough: int | None

    @property
    def ends(self) -> bool:
        return self.months[-1].left == 0

    @property
    def last_day(self) -> date:
        return self.months[-1].on

    @property
    def paid(self) -> DebtParts:
        return _sum(each.parts for each in self.months)

    @property
    def current_from(self) -> date | None:
        """The first payment after which, and after all later ones, nothing is overdue."""
        found = None
        for month in reversed(self.months):
            if month.overdue:
                break
            found = month.on
        return found


def pay_once(
    accounts: Sequence[Account], amount: int, *, business_date: date, chosen: str | None = None
) -> Once:
    """Return what a payment (minor units) on the business date meets and leaves.

    It goes to the chosen loan, else to the longest overdue one first. Raises SimulationError."""
    replays = [(account, account.replay(business_date)) for account in accounts]
    before = {account.key: replay.standing(business_date) for account, replay in replays}
    payable = _payable(before, chosen)
    _check_amount(amount, sum(standing.debt.total.total for standing in payable.values()))
    shares = share(amount, payable)
    effects = []
    for account, replay in replays:
        part = shares.get(account.key, 0)
        met = replay.pay(Receipt(WHAT_IF, business_date, part)) if part else None
        effects.append(Effect(account, met, before[account.key], replay.standing(business_date)))
    return Once(amount, tuple(sorted(effects, key=lambda each: _turn(each.before))))


def pay_monthly(
    accounts: Sequence[Account], amount: int, *, business_date: date, first: date, chosen: str | None = None
) -> Monthly:
    """Return how payments of an amount (minor units) go on, every month on the day of the first one.

    Raises SimulationError."""
    if first < business_date:
        raise SimulationError("simulation_day_past", f"{first} is past.", today=business_date)
    if first > (latest := add_months(business_date, LONGEST_WAIT_MONTHS)):
        raise SimulationError("simulation_day_too_far", f"{first} is after {latest}.", latest=latest)
    at_first = {each.key: each.replay(business_date).standing(first) for each in accounts}
    payable = _payable(at_first, chosen)
    _check_amount(amount, sum(standing.debt.total.total for standing in payable.values()))
    among = [each for each in accounts if each.key in payable]
    most = _most_months(among, first)

    def months_of(amount: int) -> tuple[Month, ...]:
        return _months(among, amount, business_date=business_date, first=first, most=most)

    months = months_of(amount)
    enough = None
    if months[-1].left:
        narrow = most * sum(len(each.openings) for each in among) <= SEARCHED_UP_TO
        enough = _enough(months_of, amount, months[-1].left, most, narrow=narrow)
    standings = (each.replay(business_date).standing(months[-1].on) for each in among)
    return Monthly(amount, months, _sum(each.debt.total for each in standings), enough)


def share(amount: int, standings: dict[str, Standing]) -> dict[str, int]:
    """Divide a payment among loans: what is due of the longest overdue one first, then of the next; what
    remains meets instalments to come, in the same order. Minor units."""
    order = sorted(standings, key=lambda key: _turn(standings[key]))
    shares, left = dict.fromkeys(order, 0), amount
    for limit in (_due, _owed):
        for key in order:
            part = min(left, limit(standings[key]) - shares[key])
            shares[key] += part
            left -= part
    return shares


def _months(
    accounts: Sequence[Account], amount: int, *, business_date: date, first: date, most: int
) -> tuple[Month, ...]:
    """Play the payments until all is paid, or for as many months as there are at most."""
    replays = {each.key: each.replay(business_date) for each in accounts}
    months: list[Month] = []
    while len(months) < most and (not months or months[-1].left):
        day = add_months(first, len(months))
        standings = {key: replay.standing(day) for key, replay in replays.items()}
        parts, overdue, left = DebtParts(), 0, 0
        for key, part in share(amount, standings).items():  # a loan without a part is looked at as well
            met = replays[key].pay(Receipt(f"{WHAT_IF} {len(months)}", day, part))
            parts += DebtParts(**{each.value: met.part(each) for each in Component})
            overdue += met.overdue
            left += met.left
        months.append(Month(day, parts, overdue, left))
    return tuple(months)


def _enough(
    months_of: Callable[[int], tuple[Month, ...]], tried: int, left: int, most: int, *, narrow: bool
) -> int:
    """Return the smallest whole amount with which the payments end, or, without `narrow`, one that does.

    What is left in the end falls at least as fast as the payments rise: that gives an upper limit at once."""
    short = tried // WHOLE_UNIT
    enough, over = short, left
    while over > 0:
        short, missing = enough, over
        enough = short - (-missing // (most * WHOLE_UNIT))
        over = _short_of(months_of(enough * WHOLE_UNIT), enough * WHOLE_UNIT, most)
    halve = False
    while narrow and enough - short > 1:
        # Straight between the two, and in the middle every other time, for the curve is not straight.
        middle = (enough - short) // 2 if halve else (enough - short) * missing // (missing - over)
        guess = short + min(max(1, middle), enough - short - 1)
        found = _short_of(months_of(guess * WHOLE_UNIT), guess * WHOLE_UNIT, most)
        if found > 0:
            short, missing = guess, found
        else:
            enough, over = guess, found
        halve = not halve
    return enough * WHOLE_UNIT


def _short_of(months: Sequence[Month], amount: int, most: int) -> int:
    """What is left in the end; below zero or zero: what was not needed of the payments."""
    unused = amount * most - sum(month.parts.total for month in months)
    return months[-1].left or -unused


def _most_months(accounts: Sequence[Account], first: date) -> int:
    """How many payments are followed: at least until the last instalment was due."""
    last = max((opening.due for each in accounts for opening in each.openings), default=first)
    return max(FEWEST_MONTHS, (last.year - first.year) * 12 + last.month - first.month + 2)


def _payable(standings: dict[str, Standing], chosen: str | None) -> dict[str, Standing]:
    if chosen is not None and chosen not in standings:
        raise SimulationError("simulation_loan_unknown", f"There is no loan {chosen}.")
    return {key: standing for key, standing in standings.items() if chosen in (None, key)}


def _check_amount(amount: int, owed: int) -> None:
    if amount <= 0:
        raise SimulationError("simulation_amount_not_positive", "A payment is above zero.")
    if not owed:
        raise SimulationError("simulation_nothing_owed", "Nothing is owed.")
    if amount > owed:
        raise SimulationError(
            "simulation_amount_above_debt", f"{amount} is more than the {owed} owed.", owed=owed
        )


def _turn(standing: Standing) -> date:
    return standing.overdue_since or date.max


def _due(standing: Standing) -> int:
    return sum(line.unpaid.total for line in standing.lines if line.due <= standing.business_date)


def _owed(standing: Standing) -> int:
    return standing.debt.total.total


def _sum(parts: Iterable[DebtParts]) -> DebtParts:
    return sum(parts, DebtParts())
