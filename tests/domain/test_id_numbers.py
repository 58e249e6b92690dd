import pytest

from portal.domain.id_numbers import check_digit_fits
from portal.vocabulary import IdType


@pytest.mark.parametrize(
    ("id_type", "number", "fits"),
    [
        (IdType.TW_ID, "A123456789", True),
        (IdType.TW_ID, "a123456789", True),
        (IdType.TW_ID, "A123456788", False),
        (IdType.TW_ID, "123456789", False),
        (IdType.HK_ID, "A123456(3)", True),
        (IdType.HK_ID, "A1234563", True),
        (IdType.HK_ID, "A123456(4)", False),
        (IdType.HK_ID, "(3)", False),
        (IdType.CN_ID, "11010519491231002X", True),
        (IdType.CN_ID, "110105194912310021", False),
        (IdType.CN_ID, "", False),
        (IdType.PASSPORT, "X1234567", None),
        (IdType.NONE, "", None),
    ],
)
def test_check_digits_of_identity_numbers(id_type, number, fits):
    assert check_digit_fits(id_type, number) is fits
