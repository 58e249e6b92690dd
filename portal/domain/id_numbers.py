"""Check digits of identity numbers. A number that fails is worth a question, never a refusal by itself."""

import string

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from portal.vocabulary import IdType

# The two digits that stand for the letter of a Taiwanese number, in the order of the alphabet.
_TAIWAN_LETTERS = dict(
    zip(
        string.ascii_uppercase,
        (
            10,
            11,
            12,
            13,
            14,
            15,
            16,
            17,
            34,
            18,
            19,
            20,
            21,
            22,
            35,
            23,
            24,
            25,
            26,
            27,
            28,
            29,
            32,
            30,
            31,
            33,
        ),
        strict=True,
    )
)
_TAIWAN_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def check_digit_fits(id_type: IdType, number: str) -> bool | None:
    """Say whether the number's check digit fits; None for kinds of number that have none."""
    number = number.strip().upper()
    match id_type:
        case IdType.CN_ID:
            fits = _mainland
        case IdType.TW_ID:
            fits = _taiwan
        case IdType.HK_ID:
            fits = _hong_kong
        case _:
            return None
    return number.isascii() and fits(number)


def _mainland(number: str) -> bool:
    try:
        ric.validate(number)
    except ValidationError:
        return False
    return True


def _taiwan(number: str) -> bool:
    if len(number) != 10 or number[0] not in _TAIWAN_LETTERS or not number[1:].isdecimal():
        return False
    digits = f"{_TAIWAN_LETTERS[number[0]]}{number[1:]}"
    weighted = zip(digits, _TAIWAN_WEIGHTS, strict=True)
    return sum(int(digit) * weight for digit, weight in weighted) % 10 == 0


def _hong_kong(number: str) -> bool:
    plain = number.replace("(", "").replace(")", "").rjust(9)
    if len(plain) != 9 or not plain[2:8].isdecimal() or plain[8] not in "0123456789A":
        return False
    if not plain[1].isalpha() or not (plain[0] == " " or plain[0].isalpha()):
        return False
    values = [36 if letter == " " else int(letter, 36) for letter in plain[:8]]
    check = 10 if plain[8] == "A" else int(plain[8])
    return (sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) + check) % 11 == 0
