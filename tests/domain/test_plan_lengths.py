"""How long the plans are that stand side by side."""

from datetime import date
from decimal import Decimal

import pytest

from portal.domain.allocation import DebtParts
from portal.domain.concessions import Concession
from portal.domain.plan_choices import choices
from portal.domain.plans import Basis, Terms
from portal.domain.refusals import Refused
from portal.vocabulary import ConcessionKind, DayCount, Method

WANTED = Terms(method=Method.EQUAL_INSTALMENT, periods=1)
ALL = Decimal(1)


def basis(principal, *, interest=0, penalty=0, most=36):
    return Basis(
        parts=DebtParts(principal=principal, interest=interest, penalty=penalty),
        rate_ppm=0,
        rate_cap_ppm=None,
        day_count=DayCount.TWELFTHS,
        start=date(2026, 3, 11),
        most_periods=most,
        min_instalment=100,
    )


def lengths(of, affordable, wanted=WANTED):
    return [each.draft.terms.periods for each in choices(of, wanted, affordable=affordable)]


@pytest.mark.parametrize(
    ("most", "principal", "longest"), [(36, 150, 1), (36, 200, 2), (36, 400, 4), (3, 250, 2), (3, 300, 3)]
)
def test_where_nothing_fits_the_longest_a_small_debt_can_have_is_shown(most, principal, longest):
    assert lengths(basis(principal, most=most), 0)[0] == longest


def test_a_debt_below_the_smallest_instalment_has_no_plan_at_all():
    with pytest.raises(Refused) as error:
        lengths(basis(99), 1_000_000)

    assert error.value.code == "plan_instalment_too_small"


def test_what_can_be_paid_at_once_is_one_instalment():
    assert lengths(basis(300_000), 300_000)[0] == 1
    assert lengths(basis(300_000), 299_999)[0] == 2


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"interest": 300_000}, ConcessionKind.INTEREST_WAIVER),
        ({"penalty": 300_000}, ConcessionKind.PENALTY_WAIVER),
    ],
)
def test_what_is_waived_makes_no_plan_longer(parts, kind):
    waived = Terms(method=Method.EQUAL_INSTALMENT, periods=1, concessions=(Concession(kind, share=ALL),))

    assert lengths(basis(300_000, **parts), 60_000, waived)[0] == 5


@pytest.mark.parametrize(
    ("shortest", "gentler"), [(1, 4), (2, 5), (6, 9), (7, 11), (9, 14), (10, 15), (30, 36)]
)
def test_a_gentler_plan_is_half_as_long_again_and_three_instalments_at_least(shortest, gentler):
    found = lengths(basis(2_520_000), -(-2_520_000 // shortest))

    assert found[:2] == [shortest, gentler]


def test_the_longest_plan_has_no_gentler_one_beside_it():
    assert lengths(basis(3_600_000), 100_000) == [36, 36]
