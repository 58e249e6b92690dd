"""The demo: every state of the journey, genuine evidence, nobody real, the same people for the same seed."""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session
from stdnum.cn import ric

from portal import demo, models
from portal.cli import portal
from portal.config import Settings
from portal.demo import cast, houses, people
from portal.infra import crypto
from portal.infra.delivery import OutboxFolder
from portal.infra.files import FileStore
from portal.infra.installation import Installation, open_installation
from portal.models import (
    Agreement,
    Borrower,
    Case,
    Complaint,
    ContactPoint,
    Decision,
    FollowUp,
    Hold,
    Instalment,
    Loan,
    Message,
    PaymentAccount,
    Plan,
    Proof,
    Staff,
    Visit,
)
from portal.models.audit_entry import AuditEntry
from portal.models.base import Sealed
from portal.services import accounts, agreements, audit, authenticators, lenders, links, routes, scope, seals
from portal.vocabulary import (
    AgreementState,
    CaseState,
    ComplaintState,
    ContactKind,
    FollowUpState,
    Locale,
    MessageState,
    PlanState,
    Product,
    ProofState,
    Role,
    Signer,
    VisitState,
)
from tests import factories
from tests.conftest import KEYS, NOW

ZONE = ZoneInfo("Asia/Shanghai")


pytestmark = pytest.mark.xdist_group("demo")
BORROWERS = len(cast.CAST) + len(cast.CROWD)


def opened(environ) -> Installation:
    """An installation as every start leaves it: the root key is made while no transaction is under way."""
    installation = open_installation(Settings.load(environ))
    crypto.keyring().root()
    return installation


ONCE = [
    pytest.param(name, marks=pytest.mark.xdist_group(f"demo-{name}")) for name in ("sqlite", "postgresql")
]


@pytest.fixture(scope="module", params=ONCE)
def loaded(request, tmp_path_factory) -> Iterator[tuple[Settings, demo.DemoReport]]:
    """One demo on each database for all tests here; those that write leave what the others look at."""
    folder = tmp_path_factory.mktemp("demo")
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "portal.sqlite")
            url = f"sqlite:///{folder / 'portal.sqlite'}"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").fresh_database())
        environ = {"PORTAL_INSTANCE_PATH": str(folder), "PORTAL_DATABASE_URL": url}
        installation = opened(environ | KEYS)
        report = demo.load(installation, borrowers=BORROWERS, now=NOW)
        installation.engine.dispose()
        yield installation.settings, report


@pytest.fixture
def settings(loaded) -> Settings:
    return loaded[0]


@pytest.fixture
def report(loaded) -> demo.DemoReport:
    return loaded[1]


def all_of(session: Session, model):
    """The rows of all lenders, each read as its own lender's."""
    found = []
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            found += session.scalars(select(model).order_by(model.id)).all()
    return found


def heads(session: Session):
    found = []
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            found.append(audit.head_of(session, lender_id=lender.id))
    return found


def states(session: Session, model):
    return {row.state for row in all_of(session, model)}


def a_new_installation(sqlite_template, folder):
    folder.mkdir()
    (folder / "portal.sqlite").write_bytes(sqlite_template.read_bytes())
    return opened(KEYS | {"PORTAL_INSTANCE_PATH": str(folder)})


def test_every_step_of_the_journey_is_there_with_genuine_evidence(installation, session, report):
    assert report.borrowers == len(all_of(session, Borrower)) == BORROWERS
    assert report.loans == len(all_of(session, Loan))
    assert sum(report.cases.values()) == len(all_of(session, Case)) == BORROWERS
    assert states(session, Case) >= {
        CaseState.CONFIRMED,
        CaseState.REGISTERED,
        CaseState.DOCUMENTS,
        CaseState.BOOKED,
        CaseState.PLANNING,
        CaseState.IN_REPAYMENT,
        CaseState.CURED,
    }
    assert states(session, Proof) == {ProofState.RECEIVED, ProofState.ACCEPTED, ProofState.REJECTED}
    assert states(session, Visit) == {VisitState.ASSIGNED, VisitState.VERIFIED, VisitState.DONE}
    assert states(session, Plan) == {PlanState.WAITING_APPROVAL, PlanState.APPROVED, PlanState.AGREED}
    assert states(session, Agreement) == {AgreementState.OFFERED, AgreementState.SEALED}
    assert states(session, FollowUp) == {FollowUpState.DONE, FollowUpState.SCHEDULED}
    assert states(session, Complaint) >= {ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED}
    assert states(session, Complaint) >= {ComplaintState.INVESTIGATING, ComplaintState.DECIDED}
    assert {loan.product for loan in all_of(session, Loan)} == set(Product)
    assert {borrower.locale for borrower in all_of(session, Borrower)} == set(Locale)
    _check_evidence(installation, session)
    _check_chains_hold_nothing_personal(session)
    _check_time(session)


def _check_chains_hold_nothing_personal(session):
    """No value that is sealed somewhere stands in an entry: names, numbers, addresses, people's words."""
    entries = all_of(session, AuditEntry)
    told = "\n".join(f"{each.actor} {each.subject} {each.case_ref} {each.facts}" for each in entries)
    looked_for = 0
    for model in [value for value in vars(models).values() if isinstance(value, type)]:
        attributes = [name for name, value in vars(model).items() if isinstance(value, Sealed)]
        values = {getattr(row, name) for name in attributes for row in all_of(session, model)}
        values = {value for value in values if len(value) > 4 or (len(value) > 1 and not value.isascii())}
        assert not {value for value in values if value in told}, model
        looked_for += len(values)
    assert looked_for > 200


def _check_evidence(installation, session):
    """Chains are whole, visits decided upon, contact held by complaints, originals sealed, letters gone."""
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            report = audit.verify(session, lender_id=lender.id)
        assert report.intact, report.problem
        assert report.entries > 100
    allowed = {decision.id for decision in all_of(session, Decision) if decision.allowed}
    assert {visit.decision_id for visit in all_of(session, Visit)} <= allowed
    holds = {hold.subject: hold.ended_at for hold in all_of(session, Hold)}
    for complaint in all_of(session, Complaint):
        assert (holds[complaint.ref] is None) is (complaint.state is not ComplaintState.DECIDED)
    folder = FileStore(installation.settings.files)
    for agreement in all_of(session, Agreement):
        if agreement.state is AgreementState.SEALED:
            for party in Signer:
                with factories.of_lender(session, agreement.lender_id):
                    data = agreements.original(session, agreement=agreement, party=party, folder=folder)
                assert data is not None
                assert seals.verify(session, data).intact
    messages = all_of(session, Message)
    assert {message.state for message in messages} == {MessageState.SENT}
    letters = OutboxFolder(installation.settings.outbox).letters(limit=1000)
    assert {letter.ref for letter in letters} == {message.ref for message in messages}


def _check_time(session):
    """Nothing happened after now, and each lender's chain runs forward in time."""
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            entries = [entry.at for entry in audit._entries(session, lender.id)]
        assert entries == sorted(entries)
        assert entries[-1] <= NOW
    today = NOW.astimezone(ZONE).date()
    assert {lender.aged_on for lender in lenders.all_lenders(session)} == {today}
    open_ones = [each for each in all_of(session, Complaint) if each.state is not ComplaintState.DECIDED]
    assert min(each.decide_by for each in open_ones) < today
    assert any(today <= each.decide_by <= today + timedelta(days=5) for each in open_ones)
    due = [each.due_on for each in all_of(session, FollowUp) if each.state is FollowUpState.SCHEDULED]
    assert min(due) <= today


def test_nobody_in_it_is_real_and_no_two_lenders_share_anything(session):
    for borrower in all_of(session, Borrower):
        assert people.MARKS[borrower.locale] in borrower.name
        assert len(borrower.id_no) == 18
        assert ric.calc_check_digit(borrower.id_no[:-1]) != borrower.id_no[-1]
    for point in all_of(session, ContactPoint):
        if point.kind is ContactKind.PHONE:
            assert not phonenumbers.is_valid_number(phonenumbers.parse(point.value))
        if point.kind is ContactKind.EMAIL:
            assert point.value.endswith(".example")
    assert all(people.MARKS[person.locale] in person.name for person in all_of(session, Staff))
    shared = (
        (Borrower, "name"),
        (Borrower, "id_no"),
        (Borrower, "borrower_no"),
        (ContactPoint, "value_index"),
        (Loan, "contract_no"),
        (Staff, "name"),
        (Staff, "number"),
        (Staff, "email"),
        (PaymentAccount, "number"),
    )
    for model, name in shared:
        owners = [(getattr(row, name), row.lender_id) for row in all_of(session, model)]
        assert len({value for value, _ in owners}) == len(set(owners)), name
    names = [person.name for person in [*all_of(session, Borrower), *all_of(session, Staff)]]
    assert len(set(names)) == len(names)


def signed_in(session, email):
    """Take both steps with what the demo tells everybody."""
    person = accounts.check_password(session, email=email, password=houses.PASSWORD, address="here", now=NOW)
    shown = authenticators.codes_for_trying_out(session, lender_id=person.lender_id, now=NOW)
    code = next(each.code for each in shown if each.email == email)
    authenticators.use(session, staff=person, code=code, address="here", now=NOW)
    return accounts.staff_actor(person)


def test_everybody_has_an_authenticator_whose_secret_comes_from_the_seed(session):
    for person in all_of(session, Staff):
        assert person.authenticator == houses.authenticator_of(1, person.email)
        assert person.authenticator_since


def test_each_lender_has_everybody_and_one_agent_whose_training_has_lapsed(session):
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            staff = session.scalars(select(Staff)).all()
            assert {role.role for person in staff for role in person.roles} == set(Role)
            lapsed = next(person for person in staff if person.email.startswith("agent4@"))
            crews = [visit.crew for visit in session.scalars(select(Visit))]
            assert all(len(crew) == 2 for crew in crews)
            assert lapsed.id not in {member.staff_id for crew in crews for member in crew}
    assert signed_in(session, "lead@pingan-bank.example").has(Role.LEAD)


def test_the_agent_who_is_named_has_stops_today(installation, session):
    entries = demo.entry_points(installation, now=NOW)
    today = NOW.astimezone(ZONE).date()
    walking = [entry for entry in entries.staff if entry.role is Role.AGENT and "route" in entry.shows]
    assert [entry.lender for entry in walking] == ["Ping An Bank", "Ping An Puhui", "SPDB Puhui"]
    for entry in walking:
        with installation.writing() as own:
            actor = signed_in(own, entry.email)
            assert len(routes.to_go(own, actor=actor, day=today, zone=ZONE, now=NOW)) >= 2
        assert entry.shows.endswith("today")
    table = next(entry for entry in entries.staff if "/agent/visits/" in entry.shows)
    actor = signed_in(session, table.email)
    ref = table.shows.rpartition("/")[2]
    assert session.scalar(scope.visits(actor, now=NOW).where(Visit.ref == ref)).state is VisitState.VERIFIED
    session.rollback()


def test_links_open_for_the_borrower_they_name_and_live_on_at_a_second_start(installation, session):
    first = demo.entry_points(installation, now=NOW)
    assert len(first.borrowers) == len(cast.SHOWN)
    assert {entry.lender for entry in first.borrowers} == {"Ping An Bank", "Ping An Puhui", "SPDB Puhui"}
    for entry in first.borrowers:
        with installation.reading() as own:
            link = links.find(own, token=entry.url.rpartition("/")[2])
            assert links.is_open(own, link=link, now=NOW)
            borrower = own.get_one(Borrower, link.borrower_id)
            assert (borrower.name, borrower.id_no[-4:]) == (entry.name, entry.last_four)

    later = demo.entry_points(installation, now=NOW + timedelta(hours=20))
    assert [entry.url for entry in later.borrowers] == [entry.url for entry in first.borrowers]

    days_later = demo.entry_points(installation, now=NOW + timedelta(days=3))
    assert not {entry.url for entry in days_later.borrowers} & {entry.url for entry in first.borrowers}


def test_a_second_load_changes_nothing_and_says_so(installation, session):
    before = heads(session)
    session.rollback()
    with pytest.raises(demo.AlreadyLoaded):
        demo.load(installation, now=NOW)
    assert heads(session) == before


def test_the_command_leaves_a_loaded_demo_as_it_is(settings, session, monkeypatch):
    environ = {"PORTAL_INSTANCE_PATH": str(settings.instance), "PORTAL_DATABASE_URL": settings.database_url}
    for name, value in (environ | KEYS).items():
        monkeypatch.setenv(name, value)

    again = CliRunner().invoke(portal, ["demo", "--json"])
    too_few = CliRunner().invoke(portal, ["demo", "--borrowers", "2"])

    assert (again.exit_code, json.loads(again.stdout)) == (0, {"loaded": False})
    assert "loaded already; nothing was changed" in again.stderr
    assert (too_few.exit_code, too_few.stderr) == (2, "Error: --borrowers is a number from 3 to 5,000\n")
    assert len(all_of(session, Borrower)) == BORROWERS


def crews_of(session):
    found = []
    for lender in lenders.all_lenders(session):
        with factories.of_lender(session, lender.id):
            visits = session.scalars(select(Visit).order_by(Visit.id))
            found += [(each.window_start, [one.staff.name for one in each.crew]) for each in visits]
    return found


def everything_made_up(installation):
    with installation.reading() as session:
        return (
            [(each.name, each.id_no) for each in all_of(session, Borrower)],
            [(each.name, each.number, each.email, each.authenticator) for each in all_of(session, Staff)],
            [(each.contract_no, each.principal, each.annual_rate_ppm) for each in all_of(session, Loan)],
            [(each.number, each.principal, each.interest) for each in all_of(session, Instalment)],
            [(each.state, each.periods, each.principal, each.interest) for each in all_of(session, Plan)],
            crews_of(session),
        )


def test_the_same_seed_makes_the_same_people_and_another_seed_makes_others(sqlite_template, tmp_path):
    made = []
    for number, seed in enumerate((7, 7, 8)):
        installation = a_new_installation(sqlite_template, tmp_path / str(number))
        demo.load(installation, seed=seed, borrowers=5, now=NOW)
        made.append(everything_made_up(installation))
        installation.engine.dispose()
    assert made[0] == made[1]
    assert made[0][0] != made[2][0]
    assert made[0][2] != made[2][2]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 31, 15, 50, tzinfo=UTC),  # an hour before midnight, at the end of a month
        datetime(2026, 10, 3, 4, 0, tzinfo=UTC),  # noon in the middle of a week of public holidays
        datetime(2026, 3, 1, 17, 30, tzinfo=UTC),  # half past one at night
        datetime(2027, 1, 1, 0, 40, tzinfo=UTC),  # New Year, early
    ],
)
def test_it_loads_at_any_hour_of_any_day(sqlite_template, tmp_path, moment):
    installation = a_new_installation(sqlite_template, tmp_path / "instance")
    demo.load(installation, borrowers=6, now=moment)

    entries = demo.entry_points(installation, now=moment)

    with installation.reading() as session:
        [under_way] = [visit for visit in all_of(session, Visit) if visit.state is VisitState.VERIFIED]
        ahead = [visit for visit in all_of(session, Visit) if visit.state is VisitState.ASSIGNED]
        assert under_way.window_start < moment
        first = min(visit.window_start.astimezone(ZONE).date() for visit in ahead)
        assert first >= moment.astimezone(ZONE).date()
    assert entries.notes
    installation.engine.dispose()


def test_more_borrowers_than_the_cast_are_spread_over_the_lenders():
    parts = cast.parts(200)

    assert parts[:30] == list(cast.CAST)
    assert len(parts) == 200
    assert min(Counter(part.house for part in parts).values()) >= 60
    assert {part.story for part in parts[30:]} == set(cast.CROWD)
    assert cast.parts(7) == list(cast.CAST[:7])
