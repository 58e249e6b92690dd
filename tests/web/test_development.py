"""The page that shows messages while there is nobody to send them to."""

import base64
import secrets

import pytest

from portal import create_app
from portal.config import Settings
from portal.infra.delivery import OutboxFolder
from portal.jobs import outbox
from portal.services import notifications
from portal.vocabulary import Channel, Locale
from tests import factories
from tests.conftest import KEYS, NOW


@pytest.fixture
def borrower(session):
    return factories.borrower(session, factories.lender(session))


def send(session, installation, borrower, *, channel=Channel.SMS):
    url = "http://127.0.0.1:8000/l/a-token"
    notifications.notify(
        session, borrower=borrower, template="personal_link", channel=channel, now=NOW, url=url, hours=72
    )
    session.commit()
    outbox.run(installation, carrier=OutboxFolder(installation.settings.outbox), now=NOW)


def test_before_anything_was_sent_the_page_says_so(client):
    assert "No messages yet" in client.get("/development/messages?lang=en").text


def test_messages_are_shown_with_links_to_follow(client, session, installation, borrower):
    send(session, installation, borrower)
    send(session, installation, borrower, channel=Channel.EMAIL)

    text = client.get("/development/messages?lang=en").text

    assert '<a href="http://127.0.0.1:8000/l/a-token"' in text
    assert "pingan-bank en" in text
    assert text.index("@example.test") < text.index("+8869000")


def test_an_address_is_a_link_in_chinese_too_where_no_space_stands_before_it(
    client, session, installation, borrower
):
    borrower.locale = Locale.ZH_HANT
    send(session, installation, borrower)

    assert '：<a href="http://127.0.0.1:8000/l/a-token">' in client.get("/development/messages").text


def test_the_messages_of_one_recipient_can_be_picked_out(client, session, installation, borrower):
    send(session, installation, borrower)

    assert "No messages yet" in client.get("/development/messages?lang=en&to=somebody@else").text
    assert "+8869000" in client.get("/development/messages?lang=en&to=8869000").text


def test_in_production_there_is_no_such_page(tmp_path, database_url):
    environ = {
        "PORTAL_INSTANCE_PATH": str(tmp_path / "instance"),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_ENVIRONMENT": "production",
        "PORTAL_TRUSTED_HOSTS": "localhost",
        "PORTAL_BASE_URL": "https://localhost",
        **{name: base64.b64encode(secrets.token_bytes(32)).decode() for name in KEYS},
    }
    app = create_app(Settings.load(environ))
    app.testing = True

    for name in ("messages", "codes"):
        assert app.test_client().get(f"/development/{name}").status_code == 404
    app.extensions["installation"].engine.dispose()
