"""The packs of an installation: in force now, kept whole, and tried out on old decisions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal.domain.policy import KEYS, PolicyError
from portal.infra import policy_files
from portal.infra.policy_files import UnreadablePackError
from portal.models import Decision, Lender, PolicyVersion
from portal.services import gate, policies, policy_simulation, policy_versions
from portal.services.policy_versions import Standing
from portal.vocabulary import Action, ActionClass, Initiator, Role
from tests import factories
from tests.conftest import NOW
from tests.packs import pack_file

JUNE = datetime(2026, 5, 31, 16, 0, tzinfo=UTC)  # midnight of the first of June in Taipei


@pytest.fixture
def folder(settings):
    """The packs of the installation: write, then `policy_files.use`."""
    settings.policies.mkdir(parents=True, exist_ok=True)
    yield settings.policies
    policy_files.use(settings.policies / "nowhere")


@pytest.fixture
def lender(session) -> Lender:
    return factories.lender(session, preset="tw")


def later(folder, **contact):
    pack_file(folder, "tw@2027.1.toml", begins="2026-06-01", **contact)
    policy_files.use(folder)


def test_a_lender_works_under_the_version_of_the_moment(folder, session, lender):
    later(folder, phone_attempts_per_day=1)
    assert policies.of(lender, JUNE - timedelta(seconds=1)).version == "2026.1"
    assert policies.of(lender, JUNE).version == "2027.1"
    assert policies.of(lender, JUNE).contact.phone_attempts_per_day == 1
    assert policies.in_force("tw", date(2026, 5, 31)).version == "2026.1"
    assert policies.in_force("tw", date(2026, 6, 1)).version == "2027.1"


def test_a_pack_of_the_installation_is_a_preset_like_the_shipped_ones(folder, session):
    pack_file(folder, "mine.toml", begins="2026-01-01", per_week=2)
    policy_files.use(folder)
    made = factories.lender(session, "mine")
    assert "mine" in policies.codes()
    assert policies.of(made, NOW).contact.per_week == 2


def test_a_broken_version_among_the_packs_stops_the_start(folder):
    later(folder, phone_attempts_per_day=9)
    with pytest.raises(
        PolicyError, match=r"^tw@2027.1.toml: contact.phone_attempts_per_day: .* allowed: .*1 to 6"
    ):
        policies.load_all()


def test_a_file_is_tried_among_the_packs_it_would_stand_beside(folder, tmp_path):
    later(folder)
    good = pack_file(tmp_path, "tw@2027.2.toml", begins="2026-07-01")
    assert policies.of_file(good).version == "2027.2"
    with pytest.raises(PolicyError, match="another version begins on that day"):
        policies.of_file(pack_file(tmp_path, "tw@2027.3.toml", begins="2026-06-01"))


def test_a_new_house_policy_is_tried_under_every_other_pack(folder, tmp_path):
    text = (policy_files.FOLDER / "default.toml").read_text()
    text = text.replace('version = "2026.1"', 'version = "2"').replace("2026-01-01\n", "2026-09-01\n", 1)
    path = tmp_path / "default@2.toml"
    path.write_text(
        text.replace('["08:00", "22:00"]', '["10:00", "22:00"]').replace(
            '["09:00", "20:00"]', '["10:00", "20:00"]'
        )
    )
    assert policies.of_file(path).effective_from == date(2026, 9, 1)
    pack_file(folder, "early.toml", begins="2026-01-01", visit={"window": ["09:00", "19:00"]})
    policy_files.use(folder)
    with pytest.raises(PolicyError, match=r"early.toml: visit.window: contradicts"):
        policies.of_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadablePackError, match=r"^nobody.toml"):
        policies.of_file(tmp_path / "nobody.toml")


def kept(session, lender):
    return session.scalars(select(PolicyVersion).where(PolicyVersion.lender_id == lender.id)).all()


def test_a_pack_is_kept_whole_once_for_each_lender_and_content(session, lender):
    policy = policies.of(lender, NOW)
    for _ in range(2):
        policy_versions.keep(session, lender=lender, policy=policy, now=NOW)
    [row] = kept(session, lender)
    assert (row.code, row.version, row.digest, row.effective_from) == (
        *("tw", "2026.1", policy.digest),
        date(2026, 1, 1),
    )
    assert row.content["values"].keys() == KEYS.keys()
    other = factories.lender(session, "tw")
    with factories.of_lender(session, other.id):
        policy_versions.keep(session, lender=other, policy=policy, now=NOW)
        assert len(kept(session, other)) == 1


def call(session, case, actor, *, now=NOW):
    return gate.ask(
        session,
        case=case,
        action=Action.CALL,
        action_class=ActionClass.COLLECTION,
        initiator=Initiator.LENDER,
        actor=actor,
        now=now,
    )


@pytest.fixture
def case(session, lender):
    return factories.late_borrower(session, lender)


@pytest.fixture
def caller(session, lender):
    return factories.actor_of(factories.staff(session, lender, Role.CALLER))


def test_a_decision_keeps_the_rules_it_was_made_under(folder, session, lender, case, caller):
    later(folder, phone_attempts_per_day=1)
    before = call(session, case, caller)
    call(session, case, caller, now=NOW + timedelta(minutes=1))
    after = call(session, case, caller, now=JUNE + timedelta(hours=9))
    assert [row.version for row in kept(session, lender)] == ["2026.1", "2027.1"]
    digests = {row.digest for row in kept(session, lender)}
    assert {each.pack_version.split()[2] for each in (before, after)} == digests


def test_versions_are_past_in_force_and_coming_and_outlive_their_files(folder, session, lender, monkeypatch):
    policy_versions.keep(session, lender=lender, policy=policies.of(lender, NOW), now=NOW)
    later(folder)
    listed = policy_versions.of_lender(session, lender=lender, now=NOW)
    assert [(each.version, each.standing, each.kept) for each in listed] == [
        ("2027.1", Standing.COMING, False),
        ("2026.1", Standing.IN_FORCE, True),
    ]
    after = policy_versions.of_lender(session, lender=lender, now=JUNE)
    assert [each.standing for each in after] == [Standing.IN_FORCE, Standing.PAST]
    session.add(
        PolicyVersion(
            lender_id=lender.id,
            created_at=NOW,
            code="tw",
            version="2025.1",
            digest="0" * 12,
            effective_from=date(2025, 1, 1),
            content={"values": {}, "sources": {}},
        )
    )
    session.flush()
    oldest = policy_versions.of_lender(session, lender=lender, now=NOW)[-1]
    assert (oldest.version, oldest.standing, oldest.on_disk) == ("2025.1", Standing.PAST, False)


def replayed(session, lender, path, *, weeks=8, now=NOW + timedelta(days=1)):
    tally = policy_simulation.Tally()
    changes = policy_simulation.replay(
        session, lender=lender, policy=policies.of_file(path), weeks=weeks, now=now, tally=tally
    )
    return list(changes), tally


def test_a_stricter_pack_would_have_refused_and_says_why(folder, session, lender, case, caller):
    call(session, case, caller)  # at ten in the morning
    stricter = pack_file(
        folder, "stricter.toml", contact={"window": ["11:00", "21:00"]}, visit={"window": ["11:00", "20:00"]}
    )
    [change], tally = replayed(session, lender, stricter)
    assert (change.at, change.case, change.action, change.allowed_then) == (NOW, case.ref, Action.CALL, True)
    [line] = change.rules
    assert (line.id, line.source_id) == ("hours", "house")
    assert (tally.read, tally.refused, tally.allowed, tally.same, tally.by_rule) == (1, 1, 0, 0, {"hours": 1})


def test_a_wider_pack_would_have_allowed_what_was_refused(folder, session, lender, case, caller):
    late = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # 22:30 in Taipei
    call(session, case, caller, now=late)
    wider = pack_file(folder, "wider.toml", contact={"window": ["07:00", "23:00"]})
    [change], tally = replayed(session, lender, wider)
    assert not change.allowed_then
    assert [line.id for line in change.rules] == ["hours"]
    assert (tally.allowed, tally.refused, tally.by_rule) == (1, 0, {})


def test_the_same_pack_changes_nothing_and_nothing_is_written(folder, session, lender, case, caller):
    call(session, case, caller)
    call(session, case, caller, now=datetime(2026, 3, 2, 14, 30, tzinfo=UTC))
    before = session.scalar(select(func.count()).select_from(Decision))
    changes, tally = replayed(session, lender, policy_files.FOLDER / "tw.toml")
    assert changes == []
    assert (tally.read, tally.same) == (2, 2)
    assert session.scalar(select(func.count()).select_from(Decision)) == before


def test_only_the_weeks_asked_for_are_read(folder, session, lender, case, caller):
    for weeks in (1, 3):
        call(session, case, caller, now=NOW - timedelta(weeks=weeks))
    same = policy_files.FOLDER / "tw.toml"
    assert replayed(session, lender, same, weeks=2, now=NOW)[1].read == 1
    assert replayed(session, lender, same, weeks=3, now=NOW)[1].read == 2
    assert replayed(session, lender, same, weeks=9, now=NOW - timedelta(weeks=2))[1].read == 1


@pytest.mark.parametrize("facts", [None, {"never_heard_of": True}, {"borrower_zone": 5, "dpd": []}])
def test_a_decision_whose_facts_cannot_be_judged_again_is_counted(
    folder, session, lender, case, caller, facts
):
    decision = call(session, case, caller)
    decision.facts = facts
    session.flush()
    changes, tally = replayed(session, lender, policy_files.FOLDER / "tw.toml")
    assert changes == []
    assert (tally.read, tally.not_replayable) == (1, 1)


def test_the_way_is_told(folder, session, lender, case, caller):
    call(session, case, caller)
    told = []
    list(
        policy_simulation.replay(
            session,
            lender=lender,
            policy=policies.of(lender, NOW),
            weeks=1,
            now=NOW,
            tally=policy_simulation.Tally(),
            progress=lambda done, total: told.append((done, total)),
        )
    )
    assert told == [(1, 1)]
