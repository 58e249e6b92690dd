"""A forged host name gets no page of ours, and nobody chooses the address they are counted under."""

from dataclasses import replace

import pytest
from flask import request

from portal import create_app
from portal.config import Settings, SettingsError
from tests.conftest import KEYS

PATHS = (
    *("/", "/agent", "/agent/sign-in", "/my", "/l/some-token", "/complaints/new", "/no-such-page"),
    *("/static/css/base.css", "/static/no-such-file", "/healthz", "/readyz"),
)


@pytest.fixture
def proxied(settings):
    """The application behind some number of proxies; it tells the address, host and scheme it sees."""
    made = []

    def build(proxies):
        app = create_app(replace(settings, proxies=proxies))
        app.testing = True
        app.add_url_rule("/seen", view_func=lambda: f"{request.remote_addr} {request.host} {request.scheme}")
        made.append(app)
        return app.test_client()

    yield build
    for app in made:
        app.extensions["installation"].engine.dispose()


HOSTS = ("evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "", "bö.example")


@pytest.mark.parametrize("host", HOSTS)
def test_a_forged_host_is_refused_on_every_kind_of_address(client, host):
    for path in PATHS:
        answer = client.http.get(path, environ_overrides={"HTTP_HOST": host.encode().decode("latin-1")})

        assert (path, answer.status_code, answer.data) == (path, 400, b"Unknown host\n")
        assert "Set-Cookie" not in answer.headers


def test_a_known_host_is_answered_whatever_its_port(client):
    for path in PATHS:
        answer = client.http.get(path, headers={"Host": "localhost:8123"}, buffered=True)

        assert answer.status_code != 400, path
        answer.close()


def test_a_post_under_a_forged_host_is_refused(client):
    answer = client.http.post("/agent/sign-in", data={"email": "x"}, headers={"Host": "evil.example"})

    assert (answer.status_code, answer.data) == (400, b"Unknown host\n")


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
}


def test_without_a_proxy_nobody_is_believed(proxied):
    assert proxied(0).get("/seen", headers=FORWARDED).text == "127.0.0.1 localhost http"


def test_behind_one_proxy_its_word_counts_and_the_visitors_own_does_not(proxied):
    seen = proxied(1).get("/seen", headers=FORWARDED | {"X-Forwarded-Host": "127.0.0.1"}).text

    assert seen == "198.51.100.7 127.0.0.1 https"


def test_behind_a_proxy_a_forged_host_is_refused_too(proxied):
    assert proxied(1).get("/seen", headers=FORWARDED).status_code == 400


def test_behind_two_proxies_the_address_before_them_counts(proxied):
    headers = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9, 198.51.100.7"}

    assert proxied(2).get("/seen", headers=headers).text.startswith("203.0.113.9 ")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORTAL_PROXIES", "-1", "PORTAL_PROXIES is '-1': give the number of proxies in front, 0 to 9"),
        ("PORTAL_PROXIES", "one", "PORTAL_PROXIES is 'one'"),
        ("PORTAL_FILES_URL", "ftp://files", "give a whole path such as /srv/files, or s3://bucket/prefix"),
        ("PORTAL_FILES_URL", "s3://", "give a whole path"),
        ("PORTAL_REDIS_URL", "http://127.0.0.1", "PORTAL_REDIS_URL is no address of Redis"),
    ],
)
def test_a_setting_that_cannot_be_meant_stops_the_start_in_one_line(tmp_path, name, value, said):
    with pytest.raises(SettingsError) as stopped:
        Settings.load({"PORTAL_INSTANCE_PATH": str(tmp_path), name: value} | KEYS)

    assert said in str(stopped.value)
    assert "\n" not in str(stopped.value)
