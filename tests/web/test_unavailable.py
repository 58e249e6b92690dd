"""While the database does not answer, a page says so in words and asks it nothing."""

import pytest
from sqlalchemy import event

from tests import factories
from tests.client import check_page
from tests.signing_in import sign_in_borrower


@pytest.fixture
def silent(app):
    """Let no connection come about any more."""
    engine = app.extensions["installation"].engine

    def refuse(*_args):
        raise engine.dialect.loaded_dbapi.OperationalError("connection refused: secret-host")

    def silence():
        app.config["PROPAGATE_EXCEPTIONS"] = False  # as where nobody debugs
        engine.dispose()
        event.listen(engine, "do_connect", refuse)

    return silence


@pytest.mark.parametrize("lang", ["en", "zh_Hant", "zh_Hans"])
def test_a_page_says_to_try_again_in_the_readers_language(client, session, silent, lang):
    sign_in_borrower(client, factories.late_borrower(session, factories.lender(session)).borrower)
    session.commit()
    said = {"en": "Please try again in a few minutes", "zh_Hant": "請過幾分鐘", "zh_Hans": "请过几分钟"}
    silent()

    response = client.http.get(f"/my?lang={lang}")

    assert response.status_code == 503
    assert said[lang] in response.text
    assert response.headers["Retry-After"] == "30"
    assert "Content-Security-Policy" in response.headers
    assert "secret-host" not in response.text
    check_page(response.text)


def test_somebody_new_is_told_the_same(client, silent):
    silent()

    assert client.http.get("/agent/sign-in").status_code == 503
    assert client.http.post("/agent/sign-in", data={"email": "a@b.example"}).status_code in {400, 503}
