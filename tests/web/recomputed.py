"""Computes the figures of a debt once more, from what a debt page shows, by other means than the portal."""

from datetime import date, timedelta
from fractions import Fraction

from tests.web.debt_page import PARTS, DebtPage, Instalment, day, minor, percent

CHARGES = ("Interest", "Fees", "Penalty")


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def check(page: DebtPage) -> None:
    """Follow every row to the figures at the top. Fails where one does not follow from the others."""
    for each in page.instalments:
        _penalty_follows(page, each)
        _payments_follow(page, each)
        for part in PARTS:
            assert each.unpaid[part] == each.asked[part] - each.before[part] - each.since[part] - (
                each.waived[part] + each.reduced[part]
            )
    _waivers_follow(page)
    _payments_are_shared_whole(page)
    _cap_follows(page)
    late = [each for each in page.instalments if each.due < page.today]
    later = [each for each in page.instalments if each.due >= page.today]
    for part in PARTS:
        shown = page.parts.get(part, ["", "", ""])
        assert minor(shown[0]) == sum(each.unpaid[part] for each in late)
        assert minor(shown[1]) == sum(each.unpaid[part] for each in later)
    total = page.parts["Total"]
    assert minor(total[0]) == sum(sum(each.unpaid.values()) for each in late)
    assert minor(total[1]) == sum(sum(each.unpaid.values()) for each in later)
    assert minor(total[2]) == minor(page.parts["Penalty"][2]) == _tomorrow(page)
    assert page.dpd == _days_late(page, late)


def _met(page: DebtPage, of: Instalment, part: str, before: date | None = None) -> int:
    return sum(
        amount
        for payment in page.payments
        if before is None or payment.on < before
        for number, met, amount in payment.met
        if (number, met) == (of.number, part)
    )


def _open(page: DebtPage, of: Instalment, part: str, before: date | None = None) -> int:
    """What was unpaid of a part before a day, without waivers."""
    return of.asked[part] - of.before[part] - _met(page, of, part, before)


def _penalty_follows(page: DebtPage, of: Instalment) -> None:
    charged = sum(Fraction(span.principal * span.days, span.basis) * span.rate for span in of.spans)
    fee = 0
    if of.share_fee:
        share, minimum, fee = of.share_fee
        parts = ("Principal", "Interest", "Fees")
        assert minimum == sum(_open(page, of, part, of.due + timedelta(days=1)) for part in parts)
        assert fee == half_up(share * minimum)
    elif of.fixed_fee:
        fee = of.fixed_fee[1]
    assert of.asked["Penalty"] == half_up(Fraction(charged)) + fee

    stopped = page.relief_days("No penalty interest from a day on")
    expected = of.due + timedelta(days=1)
    for span in of.spans:
        assert span.first == expected
        length = (span.last - span.first).days + 1
        inside = {span.first + timedelta(days=at) for at in range(length)}
        assert (span.not_charged, span.days) == (len(inside & stopped), length - len(inside & stopped))
        assert span.principal == _open(page, of, "Principal", span.first)
        assert span.rate == percent(page.facts["Penalty interest a year"])
        assert span.basis == int(page.facts["Days of a year"])
        expected = span.last + timedelta(days=1)
    card = "Penalty interest a year" not in page.facts
    if not card and of.unpaid["Principal"] and of.due < page.today:
        assert expected == page.today + timedelta(days=1)


def _payments_follow(page: DebtPage, of: Instalment) -> None:
    for part in PARTS:
        assert of.since[part] == _met(page, of, part)


def _payments_are_shared_whole(page: DebtPage) -> None:
    """What a payment met and its credit are all of it that was not taken back."""
    back = sum(-each.amount for each in page.payments if each.amount < 0 and each.on > page.as_of)
    came = sum(each.amount for each in page.payments if each.amount > 0 and not each.in_the_books)
    met = sum(amount for each in page.payments for _, _, amount in each.met)
    credit = sum(each.credit for each in page.payments)
    for each in page.payments:
        assert sum(amount for _, _, amount in each.met) + each.credit <= max(0, each.amount)
    left = met + credit - came
    assert -back <= left <= 0


def _waivers_follow(page: DebtPage) -> None:
    """One waiver of each kind at most: it takes a share or amount of what was owed that day, oldest first."""
    for kind, part in (("Penalty interest waived", "Penalty"), ("Overdue interest waived", "Interest")):
        given = [row for row in page.reliefs if row[0] == kind]
        if not given:
            assert not any(each.waived[part] for each in page.instalments)
            continue
        (row,) = given
        on = day(row[1])
        owed = []
        for each in page.instalments:
            if part == "Penalty":
                spans = [span for span in each.spans if span.last <= on]
                charged = sum(Fraction(span.principal * span.days, span.basis) * span.rate for span in spans)
                owed.append(half_up(Fraction(charged)) - _met(page, each, part, on))
            else:
                owed.append(_open(page, each, part, on) if each.due < on else 0)
        left = half_up(percent(row[3]) * sum(owed)) if row[3].endswith("%") else min(minor(row[3]), sum(owed))
        for each, open_ in zip(page.instalments, owed, strict=True):
            assert each.waived[part] == min(left, open_)
            left -= each.waived[part]


def _product(page: DebtPage) -> int:
    """Principal × days since it was paid out, from the instalments and payments alone."""
    start = day(page.facts["Since"])
    found = 0
    for each in page.instalments:
        before = each.before["Principal"]
        found += before * max(0, (min(each.due, page.as_of) - start).days)
        found += (each.asked["Principal"] - before) * (page.today - start).days
        for payment in page.payments:
            met = sum(
                sum_ for number, part, sum_ in payment.met if (number, part) == (each.number, "Principal")
            )
            found -= met * (page.today - payment.on).days
    return found


def _allowed(page: DebtPage, product: int) -> int:
    rate = percent(page.facts["All costs together, a year, at most"])
    return int(Fraction(product) * rate / 365)


def _charged(page: DebtPage) -> tuple[int, int]:
    """What was paid of interest, fees and penalty, and what is open of them before the cap."""
    paid = sum(each.before[part] + each.since[part] for each in page.instalments for part in CHARGES)
    due = [each for each in page.instalments if each.due <= page.today]
    return paid, sum(each.unpaid[part] + each.reduced[part] for each in due for part in CHARGES)


def _cap_follows(page: DebtPage) -> None:
    if "Reduced by the cap" not in page.facts:
        assert not any(sum(each.reduced.values()) for each in page.instalments)
        return
    product = _product(page)
    assert product == sum(row[4] for row in page.principal_days)
    for first, last, days, principal, shown in page.principal_days:
        assert ((last - first).days + 1, principal * days) == (days, shown)
    paid, open_ = _charged(page)
    allowed = _allowed(page, product)
    assert minor(page.facts["Interest, penalty and fees paid"]) == paid
    assert minor(page.facts["Interest, penalty and fees open"]) == open_
    assert minor(page.facts["Charged together"]) == paid + open_
    reduced = max(0, paid + open_ - allowed)
    assert minor(page.facts["Reduced by the cap"]) == reduced
    # The newest penalty gives way first, then the newest fees, then interest.
    for part in ("Penalty", "Fees", "Interest"):
        for each in reversed(page.instalments):
            room = each.unpaid[part] + each.reduced[part] if each.due <= page.today else 0
            assert each.reduced[part] == min(reduced, room)
            reduced -= each.reduced[part]


def _tomorrow(page: DebtPage) -> int:
    if "Penalty interest a year" not in page.facts:
        return 0
    if page.today + timedelta(days=1) in page.relief_days("No penalty interest from a day on"):
        return 0
    bearing = sum(each.unpaid["Principal"] for each in page.instalments if each.due <= page.today)
    rate, basis = percent(page.facts["Penalty interest a year"]), int(page.facts["Days of a year"])
    added = half_up(bearing * rate / basis)
    product = _product(page)
    charged = sum(_charged(page))
    tomorrow = product + sum(each.unpaid["Principal"] for each in page.instalments)
    return max(0, min(charged + added, _allowed(page, tomorrow)) - min(charged, _allowed(page, product)))


def _days_late(page: DebtPage, late: list[Instalment]) -> int:
    parts = ("Principal", "Interest", "Fees")
    unpaid = [each.due for each in late if any(each.unpaid[part] for part in parts)]
    if not unpaid:
        return 0
    since = min(unpaid)
    paused = page.relief_days("Days that do not count as late")
    days = {since + timedelta(days=at) for at in range(1, (page.today - since).days + 1)}
    return len(days - paused)
