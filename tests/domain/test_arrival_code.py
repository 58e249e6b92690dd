from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import arrival_code

SEED = bytes(range(32))
MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "46119246"),
        (1111111109, "68084774"),
        (1111111111, "67062674"),
        (1234567890, "91819424"),
        (2000000000, "90698825"),
        (20000000000, "77737706"),
    ],
)
def test_the_codes_are_those_of_rfc_6238(seconds, code):
    seed = b"12345678901234567890123456789012"
    moment = datetime.fromtimestamp(seconds, UTC)
    assert arrival_code.code_at(seed, moment, step=timedelta(seconds=30), digits=8) == code


def test_tablet_and_phone_in_different_zones_compute_the_same_code():
    taipei = MOMENT.astimezone(ZoneInfo("Asia/Taipei"))
    assert arrival_code.code_at(SEED, taipei) == arrival_code.code_at(SEED, MOMENT)


def test_the_code_changes_every_five_minutes_and_with_the_visit():
    first = arrival_code.code_at(SEED, MOMENT)
    assert arrival_code.code_at(SEED, MOMENT + timedelta(minutes=4, seconds=59)) == first
    assert arrival_code.code_at(SEED, MOMENT + timedelta(minutes=5)) != first
    assert arrival_code.code_at(bytes(32), MOMENT) != first


@given(moments)
def test_a_code_lasts_until_the_moment_it_says(moment):
    end = arrival_code.valid_until(moment)
    assert moment < end <= moment + arrival_code.STEP
    code = arrival_code.code_at(SEED, moment)
    assert arrival_code.code_at(SEED, end - timedelta(milliseconds=1)) == code
    assert arrival_code.matches(SEED, code, end, tolerance=1)


@given(moments)
def test_clocks_one_step_apart_still_agree_and_two_do_not(moment):
    code = arrival_code.code_at(SEED, moment)
    assert arrival_code.matches(SEED, code, moment + arrival_code.STEP)
    assert arrival_code.matches(SEED, code, moment - arrival_code.STEP)
    far = moment + 3 * arrival_code.STEP
    near = {arrival_code.code_at(SEED, far + step * arrival_code.STEP) for step in (-1, 0, 1)}
    assert arrival_code.matches(SEED, code, far) == (code in near)


@pytest.mark.parametrize("spell", [lambda c: f" {c[:3]} {c[3:]} ", lambda c: f"{c[:3]}-{c[3:]}", lambda c: c])
def test_a_code_is_read_with_spaces_or_a_dash(spell):
    assert arrival_code.matches(SEED, spell(arrival_code.code_at(SEED, MOMENT)), MOMENT)


def test_a_code_typed_in_full_width_digits_is_read():
    wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in arrival_code.code_at(SEED, MOMENT))
    assert arrival_code.matches(SEED, wide, MOMENT)


@pytest.mark.parametrize("typed", ["", "abcdef", "12345", "é" * 6, "1" * 500])
def test_anything_else_is_no_code(typed):
    assert not arrival_code.matches(SEED, typed, MOMENT)


def test_the_code_of_the_day_has_four_digits_and_holds_for_that_day_only():
    day = date(2026, 3, 2)
    code = arrival_code.code_of_day(SEED, day)
    assert len(code) == 4
    assert code.isdigit()
    assert arrival_code.matches_day(SEED, code, day)
    codes = {arrival_code.code_of_day(SEED, day + timedelta(days=step)) for step in range(30)}
    assert len(codes) > 25
    assert not arrival_code.matches_day(bytes(32), code, day)


def test_a_moment_without_a_zone_and_a_short_seed_are_errors():
    with pytest.raises(ValueError, match="aware"):
        arrival_code.code_at(SEED, datetime(2026, 3, 2))
    with pytest.raises(ValueError, match="32 bytes"):
        arrival_code.code_at(b"short", MOMENT)
