"""The sequences. Before each act the judge says all that is wrong with it; the gate has to say the same.

A service message may wait for the morning, and is never refused for anything else."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from portal.domain import policy
from portal.domain.contact_decision import RuleId
from portal.infra import policy_files
from portal.vocabulary import HoldReason
from tests.contact_machine import judge
from tests.contact_machine.judge import Act, Happened, Life
from tests.contact_machine.names import RULE_OF

PACKS = ("default", "spdb-puhui", "us-regf")
ZONES = ("Asia/Shanghai", "America/New_York")
LAST = datetime(2026, 12, 20, tzinfo=UTC)
STARTS = [  # before days off, and before clocks go forward and back in New York
    datetime(2026, 2, 11, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 6, 14, 0, tzinfo=UTC),
    datetime(2026, 4, 28, 14, 0, tzinfo=UTC),
    datetime(2026, 10, 30, 13, 0, tzinfo=UTC),
]
HOLDS = [each.value for each in HoldReason if each.value not in ("complaint", "dispute")]
SELDOM = st.sampled_from([False, False, False, True])
AS_SHIPPED = st.none()
REACHES = st.sampled_from(
    ["reached", "no_answer", "no_answer", "busy", "wrong_number", "wrong_person", "stop"]
)
KINDS = ["call", "sms", "email", "letter", "other person", "visit"]
MOVES = [timedelta(minutes=each) for each in (1, 20, 90, 240, 720, 1439, 1440, 1441, 4320, 10080, 43200)]


@dataclass(frozen=True)
class Excused:
    """What a second person excused, for one act of a kind, until a moment."""

    kind: str
    names: frozenset[str]
    until: datetime


def pack_of(code, changes):
    """A shipped pack, with what a lender may change in it, so that every rule comes into play."""
    built = policy.build(policy_files.read(code))
    return replace(built, contact=replace(built.contact, **changes))


class Contacts(RuleBasedStateMachine):
    """One borrower, one lender. `world` is where the gate is asked: bound by the subclass. `tally` counts the
    answers, and how often each wrong came up."""

    tally: ClassVar[Counter[str]] = Counter()
    code = "default"
    zone = "Asia/Shanghai"

    @staticmethod
    def make_world(pack, life, now):
        raise AssertionError("a subclass says where the gate is asked")

    @initialize(
        start=st.sampled_from(STARTS),
        third_party=st.booleans(),
        referees=st.booleans(),
        on_public_holidays=st.booleans(),
        breathing_space_days=st.sampled_from([0, 3, 60]),
        unanswered_per_number_per_day=AS_SHIPPED | st.just(1),
        phone_attempts_per_week=AS_SHIPPED | st.sampled_from([1, 2]),
        per_month=AS_SHIPPED | st.just(1),
    )
    def begin(self, start, **changes):
        self.now, self.excused = start, []
        self.tally["sequences"] += 1
        self.life = Life(zone=self.zone)
        self.pack = pack_of(self.code, {name: each for name, each in changes.items() if each is not None})
        self.world = self.make_world(self.pack, self.life, start)

    def teardown(self):
        if hasattr(self, "world"):
            self.world.close()

    # The clock

    @rule(by=st.sampled_from(MOVES))
    def time_passes(self, by):
        self.now = min(self.now + by, LAST)

    @rule(
        days=st.integers(0, 2),
        at=st.sampled_from([time(7, 59), time(8), time(12), time(20, 59), time(21), time(21, 59), time(22)]),
    )
    def a_time_of_day_comes(self, days, at):
        there = self.now.astimezone(ZoneInfo(self.zone))
        then = datetime.combine(there.date() + timedelta(days=days), at, there.tzinfo).astimezone(UTC)
        self.now = min(max(self.now, then), LAST)

    # Contacts

    @rule(
        calls=st.lists(
            st.tuples(st.sampled_from([1, 1, 2, 4, 7]), REACHES, st.sampled_from([1, 1, 2])),
            min_size=2,
            max_size=6,
        )
    )
    def days_of_calls_begin(self, calls):
        """As an office works when nothing stands in its way: a call, some days later another."""
        self.the_borrower_has_no_wishes_any_more()
        self.the_debt_ages_or_is_paid(75)
        self.an_agreement_is_kept_or_broken(False)
        for days, outcome, number in calls:
            self.a_time_of_day_comes(days, time(12))
            self.somebody_calls(outcome, number)

    @rule(outcome=REACHES, number=st.sampled_from([1, 1, 2]))
    def somebody_calls(self, outcome, number):
        self.act(Act(kind="call", number=number), outcome)

    @rule(names_debt=st.booleans(), reminder=st.booleans(), kind=st.sampled_from(["sms", "email", "letter"]))
    def somebody_writes(self, names_debt, reminder, kind):
        self.act(Act(kind=kind, names_debt=names_debt, reminder=reminder), "sent")

    @rule(
        names_debt=st.sampled_from([False, False, True]),
        in_contract=st.booleans(),
        outcome=st.sampled_from(["third_party", "stop"]),
    )
    def somebody_asks_another_person(self, names_debt, in_contract, outcome):
        self.act(Act(kind="other person", names_debt=names_debt, in_contract=in_contract), outcome)

    @rule(
        by_borrower=st.booleans(),
        place=st.sampled_from(["home", "branch"]),
        crew=st.sampled_from([1, 2, 2]),
        short=st.sampled_from([0, 0, 1]),
    )
    def a_crew_sets_out(self, by_borrower, place, crew, short):
        asked = Act(kind="visit", by_borrower=by_borrower, place=place, crew=crew, trained=crew - short)
        self.act(asked, "done")

    @rule()
    def the_borrower_calls_in(self):
        self.happened(
            Happened(at=self.now, kind="call", case=self.life.case, outcome="reached", inbound=True)
        )

    def act(self, asked, outcome):
        """Somebody is about to do something: the gate is asked, and the judge."""
        found = judge.wrongs(self.life, asked, self.pack, self.now)
        excuse = self._excuse(asked.kind)
        left = found - (excuse.names - judge.NEVER_EXCUSED if excuse and found else frozenset())
        allowed, refusing = self.world.asks(asked, self.now)
        said = (asked, self.now.isoformat(), sorted(found), sorted(refusing))
        assert {RULE_OF[each] for each in found} == refusing, said
        assert allowed == (not left), said
        self.tally.update(["allowed" if allowed else "refused", *found])
        if not allowed:
            return
        if found:
            self.excused.remove(excuse)
        number = asked.number if asked.kind == "call" else None
        self.happened(
            Happened(at=self.now, kind=asked.kind, case=self.life.case, outcome=outcome, number=number)
        )

    def _excuse(self, kind):
        alive = [each for each in self.excused if each.kind == kind and self.now < each.until]
        return alive[0] if alive else None

    def happened(self, contact):
        self.life.past.append(contact)
        self.world.happened(contact)

    @rule(kind=st.sampled_from(["sms", "email"]), just_asked=st.booleans())
    def a_service_message_is_due(self, kind, just_asked):
        held = self.world.holds_back_service(kind, just_asked, self.now)
        self.tally["service"] += 1
        there = self.now.astimezone(ZoneInfo(self.zone)).time()
        window = self.pack.contact.window
        night = not just_asked and not window.opens <= there < window.closes
        assert held == ({RuleId.HOURS} if night else set()), held

    # What stands in the way, and what no longer does

    @rule(names=st.frozensets(st.sampled_from(sorted(RULE_OF)), min_size=1, max_size=3))
    @precondition(lambda self: self._nothing_is_excused())
    def a_second_person_excuses_the_next(self, names):
        self.excuse("call", names)

    @rule(names=st.frozensets(st.sampled_from(sorted(RULE_OF)), min_size=4), kind=st.sampled_from(KINDS[:5]))
    @precondition(lambda self: self._nothing_is_excused())
    def a_second_person_excuses_much(self, names, kind):
        self.excuse(kind, names)

    def excuse(self, kind, names):
        granted = self.world.excuses(kind, names, self.now)
        if granted is not None:
            self.excused = [Excused(kind, *granted)]

    def _nothing_is_excused(self):
        return all(each.until <= self.now for each in self.excused)

    @rule(what=st.sampled_from(["complaint", "dispute"]), is_open=SELDOM)
    def a_complaint_or_dispute(self, what, is_open):
        setattr(self.life, what, is_open)
        self.changed()

    @rule(hold=st.sampled_from(HOLDS), others_end=st.booleans())
    def a_hold_begins(self, hold, others_end):
        if others_end:
            self.life.holds.clear()
        if hold == "breathing_space" and hold not in self.life.holds:
            self.life.breathing_since = self.now
        self.life.holds.add(hold)
        self.changed()

    @rule()
    @precondition(lambda self: self.life.holds)
    def holds_end(self):
        self.life.holds.clear()
        self.changed()

    @rule(consent=st.sampled_from(["none", "given", "given", "taken back"]))
    def consent_changes(self, consent):
        self.life.consent = consent
        self.changed()

    @rule(
        closed=st.sampled_from([(), (), (), ("call",), ("sms",), ("email", "letter")]),
        hours=st.sampled_from([None, None, (set(range(5)), time(9), time(12)), ({5, 6}, time(18), time(23))]),
        nobody_knows=SELDOM,
        adviser=SELDOM,
        exam_in=st.sampled_from([None, 0, 1]),
    )
    def the_borrower_says_how(self, closed, hours, nobody_knows, adviser, exam_in):
        today = self.now.astimezone(ZoneInfo(self.zone)).date()
        self.life.closed, self.life.hours = set(closed), hours
        self.life.nobody_knows, self.life.adviser = nobody_knows, adviser
        self.life.exam = None if exam_in is None else today + timedelta(days=exam_in)
        self.changed()

    @rule()
    def the_borrower_has_no_wishes_any_more(self):
        self.life.closed, self.life.hours, self.life.exam = set(), None, None
        self.life.nobody_knows = self.life.adviser = False
        self.life.holds.clear()
        self.life.complaint = self.life.dispute = False
        self.changed()

    @rule(kept=SELDOM)
    def an_agreement_is_kept_or_broken(self, kept):
        self.life.agreement_kept = kept
        self.changed()

    @rule(dpd=st.sampled_from([0, 1, 59, 60, 61, 61, 75, 90]))
    def the_debt_ages_or_is_paid(self, dpd):
        self.life.dpd, self.life.overdue = dpd, dpd > 0
        self.changed()

    @rule(said=st.booleans())
    def a_lead_looks_at_a_visit(self, said):
        self.life.lead_said_yes = said
        self.changed()

    @rule()
    def the_case_ends_and_a_new_one_begins(self):
        self.life.case += 1
        self.excused.clear()
        self.changed()
        self.world.new_case(self.now)

    def changed(self):
        self.world.changed(self.now)
