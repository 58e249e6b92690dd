"""The page of the rules a lender works under."""

from datetime import UTC, datetime
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
    assert "Hours of contact, in the borrower&#39;s time" in text or "Hours of contact" in text
    assert "07:00–22:00" in text
    assert text.count("<dt>") == len(KEYS)
    assert "NT$" in text
    assert policies.at("tw", NOW).digest in text
