"""The commands that set up, check and look after an installation."""

import json
import re

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from portal.cli import portal
from portal.config import NAMES, ROOT
from portal.models import Message, PersonalLink, Staff
from portal.models.audit_entry import AuditEntry
from portal.services import accounts, carriers, lender_secrets, lenders
from portal.vocabulary import Channel, Locale, Role
from tests import authenticator, factories
from tests.conftest import KEYS, NOW


@pytest.fixture
def run(settings, monkeypatch):
    """Run `portal …` on the test's installation; returns its result."""
    environ = {
        "PORTAL_INSTANCE_PATH": str(settings.instance),
        "PORTAL_DATABASE_URL": settings.database_url,
        **KEYS,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments, **options: CliRunner().invoke(portal, arguments, **options)


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        yield (*path, name)


@pytest.mark.parametrize("path", list(commands(portal)), ids=" ".join)
def test_every_command_explains_itself_with_an_example(path):
    result = CliRunner().invoke(portal, [*path, "--help"])

    assert result.exit_code == 0
    assert "Example:  portal " in result.output


def test_a_lender_and_its_staff_are_added_without_the_demo(run, session):
    added = run(
        "lender", "add", "north-bank", "--preset", "tw", "--name", "North Bank", "--name", "zh_Hant=北方銀行"
    )
    staff = run("staff", "add", "lin@north.example", "--lender", "north-bank", "--role", "lead", "--json")

    assert (added.exit_code, staff.exit_code) == (0, 0), (added.output, staff.output)
    assert lenders.find(session, "north-bank").names == {
        "en": "North Bank",
        "zh_Hans": "North Bank",
        "zh_Hant": "北方銀行",
    }
    password = json.loads(staff.stdout)["password"]
    person = accounts.check_password(
        session, email="lin@north.example", password=password, address="here", now=NOW
    )
    assert accounts.staff_actor(person).has(Role.LEAD)


def test_who_is_invited_chooses_the_password(run, session):
    factories.lender(session)
    session.commit()

    added = run("staff", "add", "a@b.example", "--lender", "pingan-bank", "--role", "admin", "--invite")
    both = run(
        "staff", "add", "c@d.example", "--lender", "pingan-bank", "--role", "lead", "--invite", "--generate"
    )

    assert (added.exit_code, both.exit_code) == (0, 2), added.output
    assert "The invitation leaves" in added.stdout
    assert session.query(Staff).one().password_hash is None
    assert session.query(Message).one().recipient == "a@b.example"


def test_a_weak_password_of_the_environment_is_refused(run, session, monkeypatch):
    factories.lender(session)
    session.commit()
    monkeypatch.setenv("PORTAL_STAFF_PASSWORD", "password1234")

    result = run("staff", "add", "a@b.example", "--lender", "pingan-bank", "--role", "lead")

    assert result.exit_code == 1
    assert "common or easy to guess" in result.stderr


def test_who_lost_the_authenticator_gets_another_by_command(run, session):
    person = authenticator.give(session, factories.staff(session, factories.lender(session)))
    session.commit()

    done = run("staff", "reset-authenticator", person.email.upper(), "--json")
    unknown = run("staff", "reset-authenticator", "nobody@b.example")

    assert (done.exit_code, json.loads(done.stdout)["number"]) == (0, person.number)
    assert unknown.exit_code == 2
    session.expire_all()
    assert session.get_one(Staff, person.id).authenticator_since is None


def test_the_password_of_the_environment_is_used_and_not_printed(run, session, monkeypatch):
    factories.lender(session)
    session.commit()
    monkeypatch.setenv("PORTAL_STAFF_PASSWORD", "a long enough one")

    result = run(
        "staff", "add", "a@b.example", "--lender", "pingan-bank", "--role", "agent", "--role", "caller"
    )

    assert (result.exit_code, "a long enough one" in result.output) == (0, False)
    person = session.query(Staff).one()
    assert ({role.role for role in person.roles}, person.locale) == (
        {Role.AGENT, Role.CALLER},
        Locale.ZH_HANT,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("lender", "add", "x", "--preset", "moon"), 2, "there is no policy pack 'moon'; known: default"),
        (("lender", "add", "pingan-bank", "--preset", "default"), 1, "There is a lender with the code"),
        (("staff", "add", "a@b", "--lender", "moon", "--role", "lead"), 2, "known: pingan-bank"),
        (("staff", "add", "nobody", "--lender", "pingan-bank", "--role", "lead"), 2, "not an e-mail"),
        (("staff", "add", "a@b", "--lender", "pingan-bank", "--role", "king"), 2, "'king' is not one of"),
        (("link", "B9999", "--lender", "pingan-bank"), 2, "there is no borrower 'B9999'"),
        (("link", "B9999"), 2, "needs --lender"),
        (("audit", "verify", "--lender", "moon"), 2, "there is no lender 'moon'"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(run, session, arguments, code, said):
    factories.lender(session)
    session.commit()

    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_a_stale_schema_is_found(run, owner):
    with owner.begin() as connection:
        head = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert run("db", "check").exit_code == 1
    assert json.loads(run("db", "check", "--json").stdout) == {"current": False}
    assert run("audit", "verify").exit_code == 3

    with owner.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head})
    assert run("db", "check").exit_code == 0


def test_an_empty_database_is_brought_up_to_date(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert run("db", "check").exit_code == 1

    assert run("db", "upgrade").exit_code == 0

    assert run("db", "check").exit_code == 0


def test_a_database_that_does_not_answer_is_unavailable(run, monkeypatch):
    monkeypatch.setenv("PORTAL_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")

    result = run("db", "check")

    assert (result.exit_code, "the database does not answer" in result.stderr) == (3, True)


def test_a_link_is_printed_for_a_borrower_by_number_or_reference(run, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()

    by_number = run("link", borrower.borrower_no, "--lender", "pingan-bank")
    by_reference = run("link", borrower.ref, "--json")

    assert by_number.stdout.startswith("http://127.0.0.1:8000/l/")
    assert json.loads(by_reference.stdout)["borrower"] == borrower.ref
    assert sorted(link.revoked_at is None for link in session.query(PersonalLink)) == [False, True]


def test_a_link_is_sent_by_the_outbox(run, session):
    borrower = factories.borrower(session, factories.lender(session))
    session.commit()

    result = run("link", borrower.ref, "--send", "--channel", "email", "--json")

    assert json.loads(result.stdout)["sent_by"] == "email"
    message = session.query(Message).one()
    assert (message.channel, "http://127.0.0.1:8000/l/" in message.body) == (Channel.EMAIL, True)


TAMPERING = {
    "an edited actor": (
        ["UPDATE audit_entry SET actor = 'staff:nobody' WHERE sequence = 3"],
        "entry 3 was changed",
    ),
    "an edited time": (
        ["UPDATE audit_entry SET at = '2026-03-01T00:00:00.000000Z' WHERE sequence = 4"],
        "entry 4 was changed",
    ),
    "edited facts": (
        ["UPDATE audit_entry SET facts = '{\"roles\": 9}' WHERE sequence = 4"],
        "entry 4 was changed",
    ),
    "a deleted entry": (["DELETE FROM audit_entry WHERE sequence = 2"], "entry 2 is missing"),
    "the first entry deleted": (["DELETE FROM audit_entry WHERE sequence = 1"], "entry 1 is missing"),
    "two entries swapped": (
        [
            "UPDATE audit_entry SET sequence = -1 WHERE sequence = 2",
            "UPDATE audit_entry SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit_entry SET sequence = 3 WHERE sequence = -1",
        ],
        "entry 2 is out of place: it now stands as number 3",
    ),
    "a cut tail": (["DELETE FROM audit_entry WHERE sequence > 4"], "the chain ends at entry 4"),
    "everything deleted": (["DELETE FROM audit_entry"], "the chain ends at entry 0"),
}


@pytest.fixture
def chained(session):
    """A lender with some entries, and another one whose chain nobody touches."""
    other = factories.lender(session, "spdb-puhui")
    lender = factories.lender(session)
    for _ in range(2):
        factories.staff(session, lender)
    session.commit()
    return lender, other


def test_a_whole_chain_is_said_to_be_whole(run, chained):
    result = run("audit", "verify", "--json")

    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["intact"]
    assert [each["lender"] for each in report["chains"]] == ["pingan-bank", "spdb-puhui", "installation"]
    assert report["chains"][0]["entries"] > 5


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_with_the_audit_log_is_found_and_named(run, owner, chained, tampering):
    statements, said = TAMPERING[tampering]
    with owner.begin() as connection:
        for statement in statements:
            where = " AND " if "WHERE" in statement else " WHERE "
            connection.execute(text(f"{statement}{where}lender_id = {chained[0].id}"))

    result = run("audit", "verify")

    assert result.exit_code == 1
    assert f"pingan-bank: {said}" in result.stdout
    assert "spdb-puhui: whole" in result.stdout
    assert run("audit", "verify", "--lender", "spdb-puhui").exit_code == 0


def test_every_setting_has_an_example():
    example = (ROOT / ".env.example").read_text("utf-8")
    settings = {f"PORTAL_{name.upper()}" for name in NAMES} | {"PORTAL_INSTANCE_PATH"}

    assert set(re.findall(r"^#(PORTAL_\w+)=", example, re.MULTILINE)) == settings | {
        "PORTAL_STAFF_PASSWORD",
        "PORTAL_NEW_MASTER_KEY",
    }


def test_a_lender_gets_gateways_of_its_own_and_goes_back_and_no_address_is_shown(run, session):
    lender = factories.lender(session)
    session.commit()
    address = "jsons://user:secret@gateway.example/send?:to={to}"

    set_ = run("lender", "carrier", lender.code, "--sms", address, "--json")
    assert (set_.exit_code, json.loads(set_.stdout)) == (0, {"code": lender.code, "own": ["sms"]})
    session.rollback()
    session.expire_all()
    assert carriers.of(lender) == {Channel.SMS: address}
    assert b"secret" not in lender.sms_url_sealed

    back = run("lender", "carrier", lender.code, "--sms", "")
    assert (back.exit_code, back.stdout.strip()) == (0, f"{lender.code}: own gateways for nothing.")
    session.rollback()
    session.expire_all()
    assert carriers.of(lender) == {}
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "carrier_set")).all()
    assert [(each.facts["channel"], each.facts["own"]) for each in entries] == [("sms", True), ("sms", False)]
    assert "secret" not in set_.output + back.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --sms, --mail or both"),
        (("--sms", "jsons://user:secret@gateway.example"), "has no {to}"),
        (("--mail", "nothing://secret@mail.example/{to}"), "is no address that Apprise knows"),
    ],
)
def test_a_gateway_that_could_not_carry_is_refused_and_not_kept(run, session, options, said):
    lender = factories.lender(session)
    session.commit()
    result = run("lender", "carrier", lender.code, *options)
    assert result.exit_code == 2
    assert said in result.output
    assert "secret" not in result.output
    session.rollback()
    session.expire_all()
    assert carriers.of(lender) == {}


def test_the_secret_for_delivery_reports_is_printed_once_kept_sealed_and_taken_away(run, session):
    lender = factories.lender(session)
    session.commit()

    given = json.loads(run("lender", "reports", lender.code, "--json").stdout)
    assert given["path"] == f"/delivery-reports/{lender.code}"
    session.rollback()
    session.expire_all()
    assert lender_secrets.read(lender, "report_secret_sealed") == given["secret"].encode()
    assert given["secret"] not in run("lender", "reports", lender.code).stdout

    off = run("lender", "reports", lender.code, "--off")
    assert (off.exit_code, off.stdout.strip()) == (0, f"{lender.code} takes no delivery reports any more.")
    session.rollback()
    session.expire_all()
    assert lender.report_secret_sealed is None
