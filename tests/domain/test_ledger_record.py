"""What the ledger keeps of how it came to its figures."""

from datetime import date
from decimal import Decimal

from portal.domain.allocation import Component, DebtParts, Item, Order
from portal.domain.cap import Cap
from portal.domain.ledger import LateFees, Met, Opening, PrincipalDays, Receipt, Replay, Terms, standing
from portal.vocabulary import PaymentKind

ORDER = Order((Component.COSTS, Component.FEES, Component.PENALTY, Component.INTEREST, Component.PRINCIPAL))
LOAN = Terms(penalty_ppm=146_000, basis=365, order=ORDER, cap=Cap(240_000, date(2026, 1, 1)))
AS_OF = date(2026, 3, 1)
TODAY = date(2026, 3, 11)


def opening(number, due, paid=0):
    return Opening(number, due, DebtParts(principal=100_000, interest=1_000), DebtParts(principal=paid))


def stand(openings, *receipts, terms=LOAN):
    return standing(openings, receipts, as_of=AS_OF, business_date=TODAY, terms=terms)


def test_a_payment_says_what_it_met_and_what_was_owed_after_it():
    found = stand([opening(1, AS_OF), opening(2, TODAY)], Receipt("P1", date(2026, 3, 6), 51_200))
    due = date(2026, 3, 1)

    assert found.met == (
        Met(
            "P1",
            date(2026, 3, 6),
            51_200,
            (
                Item(1, Component.PENALTY, due, 200),
                Item(1, Component.INTEREST, due, 1_000),
                Item(1, Component.PRINCIPAL, due, 50_000),
            ),
            0,
            50_000,
            151_000,
        ),
    )
    assert found.met[0].part(Component.PRINCIPAL) == 50_000
    assert found.met[0].part(Component.FEES) == 0


def test_what_falls_due_on_the_day_of_a_payment_is_not_overdue_after_it():
    found = stand([opening(1, TODAY)], Receipt("P1", TODAY, 1_000))

    assert (found.met[0].overdue, found.met[0].left) == (0, 100_000)


def test_more_than_is_owed_is_the_credit_of_the_payment():
    found = stand([opening(1, TODAY)], Receipt("P1", TODAY, 101_001))

    assert (found.met[0].credit, found.met[0].left) == (1, 0)


def test_principal_counts_for_the_cap_on_each_day_that_it_was_open():
    found = stand(
        [opening(1, date(2026, 2, 1), paid=100_000), opening(2, date(2026, 4, 1), paid=30_000)],
        Receipt("P1", date(2026, 3, 6), 1_000 + 1_000 + 20_000),
    )

    # The books' paid figures count until their due date, or until the books' day when that comes first.
    assert found.principal_days == (
        PrincipalDays(100_000, date(2026, 1, 1), 31),
        PrincipalDays(30_000, date(2026, 1, 1), 59),
        PrincipalDays(70_000, date(2026, 1, 1), 64),
        PrincipalDays(50_000, date(2026, 3, 6), 5),
    )
    assert found.principal_days[0].last_day == date(2026, 1, 31)
    assert found.principal_days[3].product == 250_000
    assert found.cap.allowance == (3_100_000 + 1_770_000 + 4_480_000 + 250_000) * 24 // 36_500


def test_what_a_reversal_takes_back_of_the_books_is_named():
    back = Receipt("R1", date(2026, 3, 5), 40_000, PaymentKind.REVERSAL)
    paid = [opening(1, date(2026, 2, 1), paid=30_000), opening(2, date(2026, 4, 1), paid=15_000)]

    assert stand(paid, back).reopened == (
        Item(2, Component.PRINCIPAL, date(2026, 4, 1), 15_000),
        Item(1, Component.PRINCIPAL, date(2026, 2, 1), 25_000),
    )
    assert stand(paid).reopened == ()


def test_a_late_fee_says_for_which_minimum_and_its_place_in_the_row():
    card = Terms(0, 365, ORDER, LateFees(share=Decimal("0.05")))
    lines = stand(
        [opening(1, date(2026, 3, 2)), opening(2, date(2026, 3, 3)), opening(3, TODAY)], terms=card
    ).lines

    assert [(line.late_fee, line.late_fee_on, line.late_fee_place) for line in lines] == [
        (5_050, 101_000, 1),
        (5_050, 101_000, 2),
        (0, 0, 0),
    ]


def test_a_play_goes_on_from_day_to_day_as_if_all_had_been_known_before():
    openings = [opening(1, AS_OF), opening(2, date(2026, 3, 4))]
    known, later = Receipt("P1", date(2026, 3, 6), 30_000), Receipt("P2", date(2026, 3, 9), 40_000)
    replay = Replay(openings, [known], as_of=AS_OF, known_until=date(2026, 3, 6), terms=LOAN)
    before = replay.standing(date(2026, 3, 5))

    assert before.met == ()
    assert replay.pay(later) == stand(openings, known, later).met[1]
    assert replay.standing(TODAY).debt == stand(openings, known, later).debt


def test_a_receipt_of_a_day_not_known_yet_is_left_out():
    tomorrow = Receipt("P1", date(2026, 3, 12), 30_000)

    assert stand([opening(1, AS_OF)], tomorrow).met == ()
