"""Whether a promise to pay was kept, from the money that came in for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.vocabulary import PaymentKind, PromiseState

# The book of a day arrives during the next: until then nobody can know what came in on that day.
KNOWN_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment or a reversal, minor units. `reference`: of a reversal, the number of what it takes back."""

    number: str
    kind: PaymentKind
    on: date
    known_at: datetime
    amount: int
    reference: str


def paid_for(moves: Sequence[Paid], *, made_at: datetime, made_on: date, due_on: date) -> int:
    """Return what came in for a promise, less what was taken back of it, whenever that was; never below zero.

    What was paid on the day the promise was made counts when it was not known yet. A reversal that names no
    payment counts when its own day does."""

    def counts(move: Paid) -> bool:
        return made_on <= move.on <= due_on and (move.on > made_on or move.known_at > made_at)

    payments = [each for each in moves if each.kind is PaymentKind.PAYMENT]
    counted = {each.number: each.amount for each in payments if counts(each)}
    known = {each.number for each in payments}
    back = sum(
        each.amount
        for each in moves
        if each.kind is PaymentKind.REVERSAL
        and (each.reference in counted if each.reference in known else not each.reference and counts(each))
    )
    return max(0, sum(counted.values()) - back)


def outcome(
    state: PromiseState, *, paid: int, amount: int, due_on: date, book_of: date | None, business_date: date
) -> PromiseState:
    """Return what a promise is on a business date. `book_of`: the last day of which payments are known.

    One that was called broken becomes kept when the money turns out to have come in time."""
    if paid >= amount:
        return PromiseState.KEPT
    if business_date <= due_on or state is PromiseState.BROKEN:
        return state
    unknown = book_of is None or book_of < due_on
    if unknown and business_date < due_on + KNOWN_AFTER:
        return PromiseState.VERIFYING
    return PromiseState.BROKEN
