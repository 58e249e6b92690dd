"""The page of the rules a lender works under."""

from pathlib import Path

import pytest

from portal.domain.policy import KEYS
from portal.infra import policy_files
from portal.services import policies, policy_versions
from portal.vocabulary import Locale, Role
from tests import factories
from tests.conftest import NOW
from tests.signing_in import sign_in_staff

PAGE = "/agent/policies"
NEXT = """
[pack]
code = "tw"
version = "2027.1"
effective_from = 2026-06-01
[business]
timezone = { value = "Asia/Taipei", why = "house" }
currency = { value = "TWD", why = "house" }
calendar = { value = "TW", why = "cn-state-council" }
calendar_known_until = { value = 2026-12-31, why = "cn-state-council" }
[contact]
window = { value = ["09:00", "21:00"], why = "house" }
"""


@pytest.fixture
def later(settings) -> str:
    """A coming version of the pack `tw`; returns its digest."""
    settings.policies.mkdir(parents=True, exist_ok=True)
    (settings.policies / "tw@2027.1.toml").write_text(NEXT)
    policy_files.use(settings.policies)
    yield policies.versions("tw")[-1].digest
    policy_files.use(Path("nowhere"))


@pytest.fixture
def lender(session):
    return factories.lender(session, preset="tw")


def opened(client, session, lender, role=Role.MANAGER):
    made = factories.staff(session, lender, role)
    session.commit()
    sign_in_staff(client, made)
    return client


def test_every_key_of_the_pack_is_shown_with_its_source(client, session, lender):
    found = opened(client, session, lender).get(PAGE)
    text = found.text
    assert "07:00–22:00" in text
    assert text.count("<dt>") == len(KEYS)
    assert "NT$" in text
    assert policies.at("tw", NOW).digest in text


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_answer_for_the_rules_may_read_them(client, session, lender, role):
    allowed = role in (Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR)
    assert opened(client, session, lender, role).get(PAGE).status_code == (200 if allowed else 403)


def test_versions_stand_with_day_standing_and_fingerprint(client, session, lender, later):
    text = opened(client, session, lender).get(PAGE).text
    for said in ("tw 2027.1", "1 Jun 2026", "Coming", later, "tw 2026.1", "1 Jan 2026", "In force"):
        assert said in text


def test_another_version_is_looked_at(client, session, lender, later):
    found = opened(client, session, lender).get(f"{PAGE}?version={later}")
    assert "Rules of version 2027.1" in found.text
    assert "09:00–21:00" in found.text
    assert "07:00–22:00" not in found.text


def test_two_versions_are_compared_key_by_key(client, session, lender, later):
    now = policies.at("tw", NOW).digest
    text = opened(client, session, lender).get(f"{PAGE}?from={now}&to={later}").text
    part = text.split("What is different")[1].split("Rules of version")[0]
    assert "Hours of contact" in part
    assert part.index("07:00–22:00") < part.index("09:00–21:00")
    assert "Currency" not in part
    same = client.get(f"{PAGE}?from={now}&to={now}").text
    assert "These two versions say the same." in same


def test_a_version_nobody_knows_is_answered_in_words(client, session, lender, later):
    text = opened(client, session, lender).get(f"{PAGE}?from=none&to={later}").text
    assert "This version is not known" in text


def test_a_kept_version_without_a_file_is_shown_and_compared(client, session, lender, settings, later):
    policy_files.use(settings.policies)
    coming = policies.versions("tw")[-1]
    policy_versions.keep(session, lender=lender, policy=coming, now=NOW)
    session.commit()
    policy_files.use(Path("nowhere"))
    now = policies.at("tw", NOW).digest
    text = opened(client, session, lender).get(f"{PAGE}?from={later}&to={now}").text
    assert "Its file is there no more" in text
    assert "09:00–21:00" in text.split("What is different")[1]


@pytest.mark.parametrize(("lang", "said"), [("zh_Hant", "規則"), ("zh_Hans", "规则"), ("en", "Policy")])
def test_the_page_speaks_three_languages(client, session, lender, lang, said):
    source = policies.at("tw", NOW).why("contact.window").text(Locale(lang))
    text = opened(client, session, lender).get(f"{PAGE}?lang={lang}").text
    assert said in text
    assert source in text


@pytest.mark.parametrize("code", ["default", "hk", "uk-conc", "us-regf", "spdb-puhui"])
def test_every_pack_has_words_for_every_value(client, session, code):
    lender = factories.lender(session, "other-bank", preset=code)
    found = opened(client, session, lender).get(PAGE)
    assert found.status_code == 200
    assert found.text.count("<dt>") == len(KEYS)
