import copy
from decimal import Decimal

import pytest

from portal.domain import policy
from portal.domain.policy import KEYS, PolicyError, SourceStatus
from portal.infra import policy_files
from portal.vocabulary import Channel, ConcessionKind, Initiator, Locale, Product, ProofKind, Tier

PRESETS = ["hk", "pingan-bank", "pingan-puhui", "spdb-puhui", "tw", "uk-conc", "us-regf"]
ALWAYS = ("complaint", "dispute", "hardship", "crisis", "public_holiday")  # nothing goes on in these times
ALWAYS_BUT_ONE = [[each for each in ALWAYS if each != left_out] for left_out in ALWAYS]
WHY = {"status": "house", "en": "Test", "zh_Hans": "测试", "zh_Hant": "測試"}


def house():
    return policy.build(policy_files.read("default"))


def preset(code):
    return policy.build(policy_files.read(code))


def changed(**sections):
    """The house policy under a lender's pack that gives these keys, each with a why."""
    pack = {"code": "test", "version": "1", "effective_from": house().effective_from}
    data = {"pack": pack, "sources": {"test": WHY}}
    for section, keys in sections.items():
        data[section] = {name: {"value": value, "why": "test"} for name, value in keys.items()}
    return [*policy_files.read("default"), ("test.toml", data)]


def differences(code):
    """The keys in which a preset differs from the house policy."""
    own, base = preset(code), house()
    return {
        key
        for key in KEYS
        if getattr(getattr(own, key.split(".")[0]), key.split(".")[1])
        != getattr(getattr(base, key.split(".")[0]), key.split(".")[1])
    }


def test_the_house_policy_has_the_published_figures():
    p = house()
    assert (p.contact.window.opens.hour, p.contact.window.closes.hour) == (8, 22)
    assert (p.contact.phone_attempts_per_day, p.contact.phone_attempts_per_week) == (2, 6)
    assert (p.contact.phone_conversations_per_day, p.contact.per_week, p.contact.per_month) == (1, 3, 10)
    assert p.contact.cooldown_after_conversation_hours == 24
    assert (p.contact.first_after_dpd, p.contact.card_first_after_dpd, p.contact.ignored_shortfall) == (
        1,
        4,
        1000,
    )
    assert p.contact.first_channels == ((Channel.PHONE, Channel.SMS),)
    assert (p.visit.window.opens.hour, p.visit.window.closes.hour) == (9, 20)
    assert (p.visit.min_lead_days, p.visit.min_gap_days, p.visit.change_notice_days) == (3, 3, 1)
    assert (p.visit.initiated_by, p.visit.lender_min_dpd) == ((Initiator.BORROWER,), 60)
    assert (p.visit.crew_min, p.visit.per_month, p.visit.training_valid_days) == (2, 2, 365)
    assert p.documents.required == (ProofKind.IDENTITY, ProofKind.RESIDENCE, ProofKind.INCOME)
    assert (p.documents.income_max_age_days, p.documents.residence_max_age_days) == (90, 180)
    assert (p.interest.day_basis, p.interest.penalty_multiplier) == (360, 1)
    assert (p.interest.annual_cap, p.interest.card_late_fee_share) == (Decimal("0.24"), Decimal("0.05"))
    assert p.allocation.order == ("costs", "fees", "penalty", "interest", "principal")
    assert (p.budget.buffer, p.budget.stress_income_drop) == (Decimal("0.1"), Decimal("0.2"))
    assert (p.plan.card_max_instalments, p.plan.loan_max_instalments, p.plan.min_instalment) == (60, 36, 100)
    assert p.plan.quote_valid_days == 7
    assert (p.plan.break_missed_in_a_row, p.plan.break_days_late, p.plan.cooling_off_days_at_home) == (
        2,
        30,
        3,
    )
    assert (p.followup.first_within_months, p.followup.every_months) == (1, 3)
    assert (p.promise.max_days, p.promise.min_amount, p.promise.max_active) == (31, 0, 1)
    assert (p.complaint.decide_simple_days, p.complaint.decide_complex_days) == (15, 30)
    assert (p.complaint.extension_days, p.complaint.acknowledge_business_days) == (30, 1)
    assert (p.retention.contact_years, p.retention.complaint_years, p.retention.case_years) == (5, 3, 10)
    assert (p.link.life_hours, p.link.max_tries) == (72, 5)
    assert (p.session.idle_minutes, p.session.life_hours) == (30, 24)
    assert (p.contacts.regulator_hotline, p.contacts.crisis_line) == ("12378", "12356")
    assert (p.contact.unanswered_per_number_per_day, p.contact.cycle_gap_days) == (6, 7)
    assert (p.contact.on_public_holidays, p.contact.breathing_space_days, p.contact.referees) == (
        True,
        0,
        False,
    )
    assert {"exam", "crisis", "breathing_space", "public_holiday"} <= set(p.contact.blocked_during)
    assert [(each.bucket, each.every_days) for each in p.strategy.cadence] == [
        *(("M1", 3), ("M2", 3), ("M3", 4), ("M3+", 7))
    ]
    assert (p.case.cured_closes_after_days, p.dispute.answer_business_days) == (30, 5)
    assert (p.visit.cash, p.visit.location_kept_days) == ("forbidden", 90)
    assert (p.plan.early_settlement_reward, p.complaint.summary_business_days) == ("penalty_waived", 0)


def test_each_preset_changes_only_what_its_process_changes():
    assert differences("pingan-bank") == {"visit.requires_documents", "contacts.hotline"}
    assert differences("pingan-puhui") == {"visit.initiated_by", "visit.lender_min_dpd", "contacts.hotline"}
    assert differences("spdb-puhui") == {
        "contact.first_channels",
        "visit.initiated_by",
        "visit.lender_min_dpd",
        "contacts.hotline",
    }
    assert preset("spdb-puhui").contact.first_channels == ((Channel.PHONE,), (Channel.SMS,))
    assert preset("pingan-puhui").visit.lender_min_dpd == preset("spdb-puhui").visit.lender_min_dpd == 61
    assert preset("pingan-bank").visit.requires_documents


def test_taiwan_has_its_own_money_hours_and_card_rules():
    tw = preset("tw")
    assert (tw.business.currency, tw.business.timezone, tw.business.calendar) == ("TWD", "Asia/Taipei", "TW")
    assert (tw.contact.window.opens.hour, tw.contact.window.closes.hour) == (7, 22)
    assert tw.interest.card_rate_cap == Decimal("0.15")
    assert tw.interest.card_late_fees == (30000, 40000, 50000)
    assert tw.interest.card_late_fee_share == 0


def test_the_united_states_count_seven_calls_and_rest_a_week_after_a_conversation():
    p = preset("us-regf")
    assert (p.business.currency, p.business.calendar) == ("USD", "US")
    assert (p.contact.phone_attempts_per_week, p.contact.cooldown_after_conversation_hours) == (7, 168)
    assert (p.contact.window.opens.hour, p.contact.window.closes.hour) == (8, 21)


def test_the_united_kingdom_has_a_breathing_space_and_eight_weeks_for_a_complaint():
    p = preset("uk-conc")
    assert (p.business.currency, p.business.calendar) == ("GBP", "GB")
    assert (p.contact.window.opens.hour, p.contact.window.closes.hour) == (8, 21)
    assert p.contact.breathing_space_days == 60
    assert (p.complaint.decide_simple_days, p.complaint.decide_complex_days) == (56, 56)
    assert (p.complaint.extension_days, p.complaint.summary_business_days) == (0, 3)


def test_hong_kong_asks_for_a_notice_before_an_agency_and_leaves_referees_alone():
    p = preset("hk")
    assert (p.business.currency, p.business.calendar) == ("HKD", "HK")
    assert p.contact.outside_agency_notice
    assert not p.contact.third_party
    assert not p.contact.referees


@pytest.mark.parametrize("code", ["default", "hk", "tw", "uk-conc", "us-regf"])
def test_a_helpline_in_a_crisis_is_named_and_to_be_verified(code):
    p = preset(code)
    assert p.contacts.crisis_line
    assert p.why("contacts.crisis_line").status is SourceStatus.TO_VERIFY


@pytest.mark.parametrize("locale", list(Locale))
def test_every_red_line_has_phrases_in_every_language(locale):
    forbidden = house().message.forbidden
    assert tuple(forbidden) == policy.RED_LINES
    for phrases in forbidden.values():
        assert len(phrases[locale]) >= 7
        for phrase in phrases[locale]:
            assert house().message.crossed_by(f"… {phrase.upper()} …"), phrase


@pytest.mark.parametrize(
    ("text", "red_lines"),
    [
        ("Pay today OR   ELSE", ["threats"]),
        ("The branch is here or elsewhere in town", []),
        ("for else", []),
        ("ｏｒ ｅｌｓｅ", ["threats"]),
        ("请 加我 微信", ["private_phones"]),
        ("我們會貼在社區，後果自負", ["threats", "public_posting"]),
        ("Your loan is 12 days late. Please call us on 95511, or pay through the link.", []),
        ("您的貸款已逾期12天，請來電或登入查看。逾期可能記入信用紀錄。", []),
    ],
)
def test_a_forbidden_phrase_is_found_whatever_its_case_width_and_spacing(text, red_lines):
    assert [each.red_line for each in house().message.crossed_by(text)] == red_lines


@pytest.mark.parametrize("code", ["default", *PRESETS])
def test_every_key_of_every_pack_names_its_source_in_three_languages(code):
    p = preset(code)
    assert p.sources.keys() == KEYS.keys()
    for key in KEYS:
        assert all(p.why(key).text(locale) for locale in Locale)
    assert p.code == code


def test_a_changed_key_carries_the_changed_source():
    assert preset("tw").why("contact.window").status is SourceStatus.TO_VERIFY
    assert house().why("contact.window").status is SourceStatus.SECOND_HAND
    assert house().why("contact.window").text(Locale.EN).startswith("China Banking Association")


def test_the_version_names_code_declared_version_and_content():
    p = preset("tw")
    assert p.version_id.split()[:2] == ["tw", "2026.1"]
    assert len(p.version_id.split()[2]) == 12
    assert p.version_id == preset("tw").version_id
    assert len({preset(code).version_id for code in PRESETS}) == len(PRESETS)


def test_the_version_changes_with_a_value_and_not_with_the_order_of_keys():
    files = policy_files.read("tw")
    turned = [(name, dict(reversed(list(data.items())))) for name, data in files]
    assert policy.build(turned).version_id == policy.build(files).version_id
    edited = copy.deepcopy(files)
    edited[1][1]["interest"]["card_rate_cap"]["value"] = Decimal("0.14")
    assert policy.build(edited).version_id != policy.build(files).version_id


def test_nothing_of_a_policy_can_be_changed():
    p = house()
    with pytest.raises(AttributeError):
        p.visit.crew_min = 1
    with pytest.raises(TypeError):
        p.sources["visit.crew_min"] = None


@pytest.mark.parametrize(
    ("sections", "key", "allowed"),
    [
        ({"visit": {"crew_min": 1}}, "visit.crew_min", "a whole number from 2 to 4"),
        ({"visit": {"crew_min": "2"}}, "visit.crew_min", "a whole number from 2 to 4"),
        ({"visit": {"crew_min": True}}, "visit.crew_min", "a whole number from 2 to 4"),
        ({"visit": {"requires_documents": 1}}, "visit.requires_documents", "true or false"),
        ({"visit": {"window": ["20:00", "09:00"]}}, "visit.window", "the earlier first"),
        ({"visit": {"window": ["9 am", "20:00"]}}, "visit.window", "the earlier first"),
        ({"visit": {"min_lead_days": 0}}, "visit.min_lead_days", "from 1 to 60"),
        ({"contact": {"phone_attempts_per_day": 7}}, "contact.phone_attempts_per_day", "from 1 to 6"),
        ({"contact": {"first_channels": [["phone"], ["pigeon"]]}}, "contact.first_channels", "one of phone"),
        ({"contact": {"first_channels": []}}, "contact.first_channels", "a list of 1 to 4"),
        ({"contact": {"ignored_shortfall": Decimal("1.005")}}, "contact.ignored_shortfall", "two decimals"),
        (
            {"interest": {"penalty_multiplier": Decimal("1.6")}},
            "interest.penalty_multiplier",
            "from 1 to 1.5",
        ),
        ({"interest": {"annual_cap": "24 %"}}, "interest.annual_cap", "a decimal from 0 to 0.36"),
        ({"interest": {"day_basis": 364}}, "interest.day_basis", "one of 360, 365"),
        ({"allocation": {"order": ["fees", "costs"]}}, "allocation.order", "a list of 5 to 5"),
        ({"allocation": {"order": ["fees"] * 5}}, "allocation.order", "one of costs, fees"),
        ({"business": {"timezone": "Asia/Nowhere"}}, "business.timezone", "a time zone name"),
        ({"business": {"timezone": "../etc"}}, "business.timezone", "a time zone name"),
        ({"business": {"calendar_known_until": "2026-12-31"}}, "business.calendar_known_until", "a date"),
        ({"business": {"currency": "EUR"}}, "business.currency", "one of CNY, TWD, HKD, USD, GBP"),
        (
            {"plan": {"concession_tiers": [{"tier": "agent", "cash": 1}]}},
            "plan.concession_tiers",
            "a table of tier",
        ),
        ({"plan": {"concession_tiers": [{"grace_months": 1}]}}, "plan.concession_tiers", "a table of tier"),
        (
            {"strategy": {"cadence": [{"bucket": "M1", "every_days": 0, "channels": []}]}},
            "strategy.cadence",
            "1 to 60",
        ),
        (
            {"strategy": {"cadence": [{"bucket": "M1", "every_days": 3, "channels": ["visit"]}]}},
            *("strategy.cadence", "one of phone, sms, email, letter"),
        ),
        (
            {"message": {"forbidden": {"threats": {"en": ["or else"]}}}},
            "message.forbidden",
            "a table of impersonation",
        ),
        ({"message": {"consequences": ["prison"]}}, "message.consequences", "interest_continues"),
        ({"visit": {"cash": "yes"}}, "visit.cash", "one of forbidden, double_signature"),
        ({"visit": {"location_kept_days": 0}}, "visit.location_kept_days", "from 1 to 365"),
        (
            {"contact": {"unanswered_per_number_per_day": 7}},
            "contact.unanswered_per_number_per_day",
            "from 1 to 6",
        ),
        ({"book": {"strict_ids": "no"}}, "book.strict_ids", "true or false"),
        ({"contacts": {"hotline": "1" * 61}}, "contacts.hotline", "at most 60 characters"),
    ],
)
def test_a_value_out_of_type_or_range_names_file_key_and_what_is_allowed(sections, key, allowed):
    with pytest.raises(PolicyError) as refusal:
        policy.build(changed(**sections))
    assert (refusal.value.file, refusal.value.key) == ("test.toml", key)
    assert allowed in refusal.value.allowed
    assert str(refusal.value).startswith(f"test.toml: {key}: ")


@pytest.mark.parametrize(
    ("sections", "key"),
    [
        ({"visit": {"window": ["07:00", "20:00"]}}, "visit.window"),
        ({"visit": {"blocked_if": ["complaint"]}}, "visit.blocked_if"),
        ({"visit": {"lender_min_dpd": 1}}, "visit.lender_min_dpd"),
        ({"visit": {"requires_documents": True}, "documents": {"required": []}}, "visit.requires_documents"),
        ({"contact": {"per_month": 2}}, "contact.per_month"),
        ({"contact": {"phone_attempts_per_week": 1}}, "contact.phone_attempts_per_week"),
        ({"contact": {"blocked_during": ["hospital"]}}, "contact.blocked_during"),
        *(
            ({"contact": {"blocked_during": left_out}}, "contact.blocked_during")
            for left_out in ALWAYS_BUT_ONE
        ),
        (
            {"contact": {"blocked_during": [*ALWAYS], "breathing_space_days": 1}},
            "contact.breathing_space_days",
        ),
        ({"contact": {"referees": True}}, "contact.referees"),
        (
            {"strategy": {"cadence": [{"bucket": "M1", "every_days": 3, "channels": ["phone"]}]}},
            "strategy.cadence",
        ),
        (
            {"complaint": {"summary_business_days": 2, "decide_simple_days": 1}},
            "complaint.summary_business_days",
        ),
        ({"visit": {"change_notice_days": 4, "min_lead_days": 3}}, "visit.change_notice_days"),
        ({"interest": {"card_late_fees": [Decimal("300.00")]}}, "interest.card_late_fees"),
        ({"interest": {"card_rate_cap": Decimal("0.30")}}, "interest.card_rate_cap"),
        ({"ageing": {"buckets": [{"name": "M2", "first_dpd": 31}]}}, "ageing.buckets"),
        ({"complaint": {"decide_complex_days": 10}}, "complaint.decide_complex_days"),
        ({"complaint": {"recusal": ["manager"]}}, "complaint.recusal"),
        ({"plan": {"concession_tiers": [{"tier": "lead"}, {"tier": "agent"}]}}, "plan.concession_tiers"),
        ({"session": {"idle_minutes": 120, "life_hours": 1}}, "session.idle_minutes"),
        (
            {"budget": {"living_standards": [{"cities": ["台北"], "adult": 1, "child": 1}]}},
            "budget.living_standards",
        ),
    ],
)
def test_keys_that_contradict_each_other_are_refused(sections, key):
    with pytest.raises(PolicyError) as refusal:
        policy.build(changed(**sections))
    assert refusal.value.key == key
    assert refusal.value.reason == "contradicts another key"
    assert refusal.value.allowed


def test_a_contradiction_with_the_house_policy_names_the_file_that_wrote_the_key():
    with pytest.raises(PolicyError, match=r"^default.toml: visit.window: contradicts"):
        policy.build(changed(contact={"window": ["10:00", "22:00"]}))


def test_unknown_sections_and_keys_are_refused_with_those_that_exist():
    with pytest.raises(PolicyError, match=r"^test.toml: vist: is not a known section; allowed: .*visit"):
        policy.build(changed(vist={"crew_min": 2}))
    with pytest.raises(PolicyError, match=r"^test.toml: visit.crew: is not a known key; allowed: .*crew_min"):
        policy.build(changed(visit={"crew": 2}))


@pytest.mark.parametrize(
    "entry", [2, {"value": 2}, {"value": 2, "why": "test", "note": "x"}, {"why": "test"}]
)
def test_every_key_needs_a_value_and_a_why(entry):
    files = changed()
    files[1][1]["visit"] = {"crew_min": entry}
    with pytest.raises(PolicyError, match=r"test.toml: visit.crew_min: has no value or no why"):
        policy.build(files)


def test_a_why_names_a_source_of_the_pack_or_of_the_house():
    files = changed()
    files[1][1]["visit"] = {"crew_min": {"value": 3, "why": "cba-2026"}}
    assert policy.build(files).why("visit.crew_min").id == "cba-2026"
    files[1][1]["visit"] = {"crew_min": {"value": 3, "why": "hearsay"}}
    with pytest.raises(PolicyError, match="names the source 'hearsay'"):
        policy.build(files)


def test_a_pack_cannot_give_a_source_of_the_house_another_meaning():
    files = changed()
    files[1][1]["sources"] = {"cba-2026": {"status": "house", "en": "x", "zh-Hans": "x", "zh-Hant": "x"}}
    with pytest.raises(PolicyError, match=r"^test.toml: sources.cba-2026: is a source of the house"):
        policy.build(files)


def test_a_source_is_complete_in_every_language():
    files = changed()
    files[1][1]["sources"] = {"half": {"status": "house", "en": "Half"}}
    with pytest.raises(PolicyError, match=r"test.toml: sources.half: is not complete"):
        policy.build(files)


def test_a_pack_without_a_head_or_a_missing_house_key_is_refused():
    files = changed()
    del files[1][1]["pack"]["effective_from"]
    with pytest.raises(PolicyError, match=r"test.toml: pack.effective_from: is missing; allowed: a date"):
        policy.build(files)
    files = changed()
    del files[0][1]["visit"]["crew_min"]
    with pytest.raises(PolicyError, match=r"default.toml: visit.crew_min: is missing"):
        policy.build(files)


@pytest.mark.parametrize(
    ("dpd", "name"),
    [(0, None), (1, "M1"), (30, "M1"), (31, "M2"), (60, "M2"), (61, "M3"), (90, "M3"), (91, "M3+")],
)
def test_a_bucket_ends_where_the_next_begins(dpd, name):
    bucket = house().ageing.bucket(dpd)
    assert (bucket.name if bucket else None) == name


@pytest.mark.parametrize(
    ("kind", "share", "months", "tier"),
    [
        (ConcessionKind.PENALTY_WAIVER, "0.10", 0, Tier.AGENT),
        (ConcessionKind.PENALTY_WAIVER, "0.11", 0, Tier.LEAD),
        (ConcessionKind.PENALTY_WAIVER, "1", 0, Tier.LEAD),
        (ConcessionKind.GRACE, "0", 1, Tier.LEAD),
        (ConcessionKind.GRACE, "0", 2, Tier.MANAGER),
        (ConcessionKind.GRACE, "0", 6, Tier.MANAGER),
        (ConcessionKind.GRACE, "0", 7, None),
        (ConcessionKind.PAUSE, "0", 1, Tier.MANAGER),
        (ConcessionKind.INTEREST_WAIVER, "0.01", 0, Tier.MANAGER),
        (ConcessionKind.INTEREST_REDUCTION, "1", 0, Tier.MANAGER),
        (ConcessionKind.EARLY_SETTLEMENT_REWARD, "0", 0, None),
    ],
)
def test_the_lowest_tier_whose_yes_is_final(kind, share, months, tier):
    assert house().plan.tier_for(kind, share=Decimal(share), months=months) is tier


def test_instalment_limits_go_by_product():
    assert house().plan.max_instalments(Product.CARD) == 60
    assert house().plan.max_instalments(Product.CONSUMER_LOAN) == 36


@pytest.mark.parametrize(
    ("city", "adult"),
    [
        ("台北市", 2040000),
        ("臺北", 2040000),
        ("Taipei City", 2040000),
        ("New Taipei City", 1690000),
        ("新北市", 1690000),
        ("花蓮縣", 1550000),
        ("", 1550000),
    ],
)
def test_the_living_standard_of_a_city_in_any_spelling(city, adult):
    assert preset("tw").budget.living_standard(city).adult == adult


def test_the_person_complained_about_and_their_manager_are_recused():
    complaint = house().complaint
    assert complaint.recuses(is_person=True, manages_person=False)
    assert complaint.recuses(is_person=False, manages_person=True)
    assert not complaint.recuses(is_person=False, manages_person=False)
