"""Passwords: long enough, not easily guessed, kept so that nobody reads them."""

import pytest
from argon2 import PasswordHasher

from portal.domain.refusals import Refused
from portal.services import passwords

ABOUT = ("Lin Example", "lin.example@north-bank.example", "north-bank", "North Bank")


def refusal(password, about=ABOUT):
    with pytest.raises(Refused) as caught:
        passwords.check(password, about=about)
    return caught.value.code


@pytest.mark.parametrize(
    "password", ["four words that rhyme", "vX3-quarz-lampe", "石頭 河流 星期三 雨傘 香蕉"]
)
def test_a_password_that_nobody_guesses_is_taken(password):
    passwords.check(password, about=ABOUT)


def test_a_password_has_at_least_12_characters():
    assert refusal("vX3-quarz-l") == "password_too_short"


def test_a_password_has_at_most_256_characters():
    passwords.check("vX3-quarz-lampe " * 16)
    assert refusal("vX3-quarz-lampe " * 16 + "!") == "password_too_long"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaaaaa",
        "iloveyou2026!",
        "密碼密碼密碼密碼密碼密碼",
    ],
)
def test_a_common_password_is_refused_however_long(password):
    assert refusal(password) == "password_too_easy"


@pytest.mark.parametrize(
    "password", ["lin.example@north-bank.example", "Lin Example 1", "north-bank2026", "North Bank 123"]
)
def test_a_password_made_of_ones_own_name_address_or_lender_is_refused(password):
    assert refusal(password) == "password_too_easy"


def test_only_the_password_itself_fits():
    stored = passwords.hashed("four words that rhyme")

    assert stored.startswith("$argon2id$")
    assert passwords.fits(stored, "four words that rhyme")
    assert not passwords.fits(stored, "four words that rhym")
    assert not passwords.fits(stored, "")


@pytest.mark.parametrize("typed", ["ｆｏｕｒ ｗｏｒｄｓ ｔｈａｔ ｒｈｙｍｅ", "four words that rhyme"])
def test_a_password_is_the_same_however_the_keyboard_composes_it(typed):
    assert passwords.fits(passwords.hashed("four words that rhyme"), typed)


@pytest.mark.parametrize("typed", ["密碼", "pässwörd", "\udc80 half a character", "\x00", "😀" * 500])
def test_any_text_may_be_tried_and_does_not_fit(typed):
    assert not passwords.fits(passwords.hashed("four words that rhyme"), typed)
    assert not passwords.fits(None, typed)


def test_without_a_stored_password_the_same_work_is_done_and_nothing_fits(monkeypatch):
    asked = []
    hasher = passwords._hasher

    class Watched:
        def verify(self, stored, password):
            asked.append(stored)
            return hasher.verify(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Watched())

    assert not passwords.fits(None, "there is no such account")
    assert asked == [passwords._DUMMY_HASH]


def test_a_hash_of_other_parameters_is_outdated():
    assert passwords.is_outdated(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.is_outdated(passwords.hashed("four words that rhyme"))


def test_a_broken_hash_fits_nothing():
    assert not passwords.fits("not a hash", "four words that rhyme")
