"""What a message may say, and what it must."""

import pytest

from portal.domain import message_rules
from portal.domain.message_rules import TEXTS, Phrase, Problem, Text, check, fill, segments, words_crossing
from portal.vocabulary import Channel

GOOD = "Bank: call {hotline}.\n{amount}, {days} days. {account} {reference} {consequence}"
THREAT = Phrase(heading="threats", words="sue you")
POLICE = Phrase(heading="impersonation", words="公安局")


def problems(name, body, *, subject=None, channel=Channel.SMS, forbidden=()):
    found = check(name, channel, Text(subject=subject, body=body), forbidden)
    return [(each.problem, each.what) for each in found]


def test_a_text_with_everything_in_it_is_fine():
    assert problems("overdue_reminder", GOOD, forbidden=(THREAT, POLICE)) == []


@pytest.mark.parametrize("gap", sorted(TEXTS["overdue_reminder"].required))
def test_each_thing_the_borrower_must_be_told_is_asked_for(gap):
    assert (Problem.MISSING_GAP, f"{{{gap}}}") in problems("overdue_reminder", GOOD.replace(f"{{{gap}}}", ""))


def test_what_stands_in_the_subject_alone_is_still_missing_in_the_text():
    body = GOOD.replace("{hotline}", "us")
    found = problems("overdue_reminder", body, subject="{hotline}", channel=Channel.EMAIL)
    assert found == [(Problem.MISSING_GAP, "{hotline}")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (f"{GOOD} {{name}}", (Problem.UNKNOWN_GAP, "{name}")),
        (f"{GOOD} {{amount.__class__}}", (Problem.UNKNOWN_GAP, "{amount.__class__}")),
        (f"{GOOD} {{", (Problem.BRACE, "")),
        (f"{GOOD} }}", (Problem.BRACE, "")),
        ("  ", (Problem.EMPTY, "")),
    ],
)
def test_a_text_whose_gaps_are_wrong_is_told_what_is_wrong(body, problem):
    assert problem in problems("overdue_reminder", body)


@pytest.mark.parametrize(
    "said", ["we SUE  YOU", "we ｓｕｅ you", "we s.u.e y-o-u", "we su\u200be you", "we sue\nyou now"]
)
def test_forbidden_words_are_found_in_any_case_width_and_spacing(said):
    assert (Problem.FORBIDDEN, "sue you") in problems("proof_complete", said, forbidden=[THREAT])


@pytest.mark.parametrize("said", ["an issue you have", "we pursue you", "sue young people"])
def test_words_that_only_hold_the_letters_are_not_forbidden(said):
    assert problems("proof_complete", said, forbidden=[THREAT]) == []


def test_chinese_words_are_found_inside_a_sentence_and_pulled_apart():
    assert (
        words_crossing(Text(subject="這裡是公 安．局的人", body=""), [POLICE])[0].heading == "impersonation"
    )
    assert not words_crossing(Text(subject=None, body="公安"), [POLICE])


@pytest.mark.parametrize("gap", ["amount", "days", "account", "reference", "consequence"])
def test_a_locked_screen_shows_no_debt(gap):
    assert (Problem.PREVIEW_TELLS, f"{{{gap}}}") in problems("overdue_reminder", f"{{{gap}}} {GOOD}")
    found = problems("overdue_reminder", GOOD, subject=f"x {{{gap}}}", channel=Channel.EMAIL)
    assert found == [(Problem.PREVIEW_TELLS, f"{{{gap}}}")]


def test_words_of_debt_show_on_a_locked_screen_too():
    assert problems("overdue_reminder", f"Your OVER-DUE loan. {GOOD}") == [(Problem.PREVIEW_TELLS, "overdue")]
    assert problems("overdue_reminder", f"您的欠款。{GOOD}") == [(Problem.PREVIEW_TELLS, "欠")]


def test_a_neutral_text_tells_of_no_debt_in_any_line():
    assert problems("neutral_reminder", "Please call {hotline}.") == []
    assert problems("neutral_reminder", "Call {hotline}.\nAbout your debt.") == [
        (Problem.NOT_NEUTRAL, "debt")
    ]
    assert (Problem.NOT_NEUTRAL, "{amount}") in problems("neutral_reminder", "{hotline}\n{amount}")


def test_an_email_needs_a_subject_and_an_sms_none():
    assert problems("proof_complete", "Done", subject=" ", channel=Channel.EMAIL) == [(Problem.EMPTY, "")]
    assert problems("proof_complete", "Done") == []


def test_facts_fill_gaps_once_and_are_never_read_as_gaps():
    text = Text(subject="{number}", body="{lender}: {number}")
    filled = fill(text, {"lender": "{number}", "number": "a\nb"})
    assert filled == Text(subject="a b", body="{number}: a\nb")
    with pytest.raises(KeyError, match="number"):
        fill(text, {"lender": "x"})


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_an_sms_travels_in_parts(body, parts):
    assert segments(body) == parts


def test_an_sms_has_at_most_eight_parts():
    longest = "字" * (67 * message_rules.MOST_SEGMENTS)
    assert problems("proof_complete", longest) == []
    assert problems("proof_complete", longest + "字") == [(Problem.TOO_LONG, "")]
    assert problems("proof_complete", longest + "字", subject="x", channel=Channel.EMAIL) == []


def test_collection_holds_what_the_process_asks_for_and_has_a_neutral_text_beside_it():
    assert TEXTS["overdue_reminder"].required == {
        "amount",
        "days",
        "account",
        "reference",
        "consequence",
        "hotline",
    }
    telling = [name for name, rule in TEXTS.items() if rule.telling]
    assert sorted(telling) == ["overdue_reminder", "promise_broken", "promise_reminder"]
    assert {TEXTS[name].instead for name in telling} == {"neutral_reminder"}
