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


@pytest.mark.parametrize(
    "number",
    ["I123456781", "O123456782", "W123456789", "X123456787", "Y123456788", "Z123456780", " A123456789 "],
)
def test_letters_of_taiwan_stand_for_two_digits_not_all_in_the_order_of_the_alphabet(number):
    assert check_digit_fits(IdType.TW_ID, number) is True


@pytest.mark.parametrize("number", ["1123456789", "A12345678B", "AB23456789", "A12345678", "A1234567890", ""])
def test_a_taiwanese_number_is_a_letter_and_nine_digits(number):
    assert check_digit_fits(IdType.TW_ID, number) is False


@pytest.mark.parametrize("number", ["AB123456(9)", "ab1234569", "A123458(A)", "a123458a", "A123466(0)"])
def test_a_number_of_hong_kong_has_one_or_two_letters_and_may_end_in_a(number):
    assert check_digit_fits(IdType.HK_ID, number) is True


@pytest.mark.parametrize(
    "number",
    [
        "A12345B4",  # these have the check digit that their characters would have
        "AB23456A",
        "1A123456A",
        "A11234561",
        "12345674",
        "AB123456(9)9",
        "A123458(0)",
        "A123458(1)",
        "A123456(X)",
        "A123456()",
        "",
    ],
)
def test_a_number_of_hong_kong_is_letters_then_six_digits_then_its_check_digit(number):
    assert check_digit_fits(IdType.HK_ID, number) is False


@pytest.mark.parametrize("id_type", [IdType.CN_ID, IdType.TW_ID, IdType.HK_ID])
@pytest.mark.parametrize(
    "number",
    [
        "\u4e2d1234563",
        "\xe91234563",
        "\uff21123456789",
        "A12345678\u0669",
        "\uff1317063158002091335",
        "\uff11\uff110105194912310021",
    ],
)
def test_other_letters_and_digits_than_plain_ones_fit_nothing_and_stop_nothing(id_type, number):
    assert check_digit_fits(id_type, number) is False
