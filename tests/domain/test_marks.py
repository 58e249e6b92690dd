import pytest

from portal.domain.marks import LONGEST_PATH, Mark, read_mark, strokes_of
from portal.domain.refusals import Refused
from portal.vocabulary import SignatureMethod

NAME = "Chen Wei-ling"
DRAWN = "M100 200L170 280"  # 70 across and 80 down: just long enough


def refusal(act, *args, **named):
    with pytest.raises(Refused) as refused:
        act(*args, **named)
    return refused.value.code, refused.value.facts


def test_what_was_drawn_is_kept_as_it_was_drawn():
    assert read_mark(path=DRAWN, typed="", name=NAME) == Mark(SignatureMethod.DRAWN, DRAWN)


def test_a_drawn_mark_goes_before_a_typed_name():
    assert read_mark(path=DRAWN, typed="Somebody Else", name=NAME).method is SignatureMethod.DRAWN


def test_a_drawing_nobody_can_read_is_not_replaced_by_the_typed_name():
    assert refusal(read_mark, path="M1,2", typed=NAME, name=NAME) == ("mark_unreadable", {})


@pytest.mark.parametrize("typed", ["", "  ", "\u3000\t"])
def test_neither_drawn_nor_typed_is_no_mark(typed):
    assert refusal(read_mark, path="", typed=typed, name=NAME) == ("mark_missing", {})


def test_a_typed_name_is_kept_as_typed_but_for_its_spaces():
    mark = read_mark(path="", typed="  CHEN \u3000 Wei-Ling ", name=NAME)
    assert mark == Mark(SignatureMethod.TYPED, "CHEN Wei-Ling")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("陳 小明", "陳小明"),
        ("陳小明", "陳\u3000小 明"),
        ("\uff23\uff48\uff45\uff4e Wei-ling", NAME),  # letters of full width
        ("chen wei-ling", "CHEN WEI-LING"),
        ("STRASSE", "Straße"),
    ],
)
def test_spaces_width_and_case_make_no_other_name(typed, name):
    assert read_mark(path="", typed=typed, name=name).method is SignatureMethod.TYPED


@pytest.mark.parametrize("typed", ["Chen Wei", "Chen Weiling", "Chen Wei-lin", "陳小明"])
def test_another_name_than_the_signers_is_refused_with_the_name_expected(typed):
    assert refusal(read_mark, path="", typed=typed, name=NAME) == ("mark_other_name", {"name": NAME})


def test_strokes_are_read_point_by_point():
    assert strokes_of("M100 200L170 280L9999 0M300 40M5 6L7 8") == (
        ((100, 200), (170, 280), (9999, 0)),
        ((300, 40),),
        ((5, 6), (7, 8)),
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "M",
        "L100 200L900 900",
        "M100 200L",
        "M100 200L900",
        "M100  200L900 900",
        "M100,200L900,900",
        "M-1 200L900 900",
        "M1.5 200L900 900",
        "m100 200l900 900",
        "M10000 200L900 900",
        "M100 200L900 90000",
        "M100 200L900 900Z",
        "M100 200L900 900\n",
        " M100 200L900 900",
        "MM100 200L900 900",
        "M\uff11\uff10\uff10 200L900 900",  # digits of full width
    ],
)
def test_only_what_the_pad_draws_can_be_read(path):
    assert refusal(strokes_of, path) == ("mark_unreadable", {})


@pytest.mark.parametrize(
    "path",
    [
        "M100 200L170 280",
        "M170 280L100 200",
        "M100 280L170 200",
        "M500 300L650 300",
        "M500 300L500 450",
        "M500 300L550 300L500 300L500 350",
        "M100 100L175 100M900 900L975 900",
    ],
)
def test_150_units_of_pen_are_a_mark_in_whatever_direction_it_went(path):
    assert strokes_of(path)


@pytest.mark.parametrize(
    "path",
    [
        "M500 500",
        "M100 200L170 279",
        "M170 280L101 200",
        "M500 300L649 300",
        "M500 300L550 300L500 300L500 349",
        "M100 100L175 100M900 900L974 900",  # between two strokes the pen is up
    ],
)
def test_less_than_150_units_are_a_slip_of_the_finger(path):
    assert refusal(strokes_of, path) == ("mark_missing", {})


def test_a_path_is_read_up_to_its_greatest_length_and_no_further():
    longest = "M0 0" + "L9 9" * 24_999
    assert len(longest) == LONGEST_PATH == 100_000
    assert refusal(strokes_of, longest) == ("mark_missing", {})  # read, but the pen hardly moved
    moved = "M0 0" + "L9 9L0 0" * 12_499 + "L9 9"
    assert len(moved) == LONGEST_PATH
    assert len(strokes_of(moved)[0]) == 25_000
    assert refusal(strokes_of, moved + "0") == ("mark_unreadable", {})
