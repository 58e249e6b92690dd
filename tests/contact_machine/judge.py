"""What a pack forbids, told from the words of the policy and of the specification, on plain lists.

It shares nothing with the gate but the values of the pack: no count, no window, no calendar. Each wrong has a
name of its own; `NEVER_EXCUSED` are those that no second person can excuse."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.contact_machine.days_off import DAYS_OFF

NEVER_EXCUSED = frozenset(
    {
        "out of hours",
        "stranger's number",
        "channel closed",
        "nobody at home knows",
        "nothing overdue",
        "crisis",
        "breathing space",
        "adviser",
        "third party forbidden",
        "third party said stop",
        "third party hears of the debt",
        "not in the contract",
        "visiting hours",
        "consent taken back",
        "too few come",
    }
)


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody is about to do: call, sms, email, letter, other person, visit."""

    kind: str
    by_borrower: bool = False
    reminder: bool = False
    names_debt: bool = False
    number: int = 1
    in_contract: bool = True
    place: str = "home"
    crew: int = 2
    trained: int = 2


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A contact that took place."""

    at: datetime
    kind: str
    case: int
    outcome: str = "sent"
    inbound: bool = False
    number: int | None = None

    @property
    def talked(self) -> bool:
        return self.kind == "call" and self.outcome == "reached"


@dataclass
class Life:
    """How things stand with a borrower."""

    zone: str
    case: int = 1
    past: list[Happened] = field(default_factory=list)
    dpd: int = 70
    overdue: bool = True
    complaint: bool = False
    dispute: bool = False
    holds: set[str] = field(default_factory=set)
    breathing_since: datetime | None = None
    exam: date | None = None
    adviser: bool = False
    closed: set[str] = field(default_factory=set)
    hours: tuple[set[int], time, time] | None = None
    nobody_knows: bool = False
    agreement_kept: bool = False
    consent: str = "given"  # none, given, taken back
    lead_said_yes: bool = False


def wrongs(life, act, pack, now):
    """Return the names of everything that is wrong with an act at a moment."""
    there = now.astimezone(ZoneInfo(life.zone))
    if act.kind == "visit":
        return _visit(life, act, pack, there) | _shared(life, act, pack, there)
    if act.by_borrower:
        return set() if _open(pack.contact.window, there) else {"out of hours"}
    found = _shared(life, act, pack, there)
    if not _open(pack.contact.window, there):
        found.add("out of hours")
    if not pack.contact.on_public_holidays and there.date() in DAYS_OFF[pack.business.calendar]:
        found.add("holiday")
    found |= _cycle(life, pack, there)
    if act.kind in ("call", "other person"):
        found |= _tries(life, pack, there)
    if act.kind in ("call", "sms", "email"):
        found |= _talks(life, pack, now, there) | _order(life, act, pack, there)
    if act.kind == "call":
        found |= _telephone(life, act, pack, there)
    if act.kind == "other person":
        found |= _other_person(life, act, pack)
    return found


def _shared(life, act, pack, there):  # noqa: C901, PLR0912 (one line a rule)
    """What stops collection of any kind; a visit the borrower chose only by what stops every visit."""
    found = set()
    if not life.overdue:
        found.add("nothing overdue")
    if life.complaint:
        found.add("complaint")
    if life.dispute:
        found.add("dispute")
    if life.nobody_knows and (
        act.kind == "letter"
        or (act.kind == "visit" and act.place == "home")
        or (act.kind == "sms" and act.names_debt and not act.by_borrower)
    ):
        found.add("nobody at home knows")
    if act.by_borrower:
        return found
    if life.dpd < pack.contact.first_after_dpd and not act.reminder:
        found.add("too early")
    listed = {hold for hold in life.holds if hold in pack.contact.blocked_during}
    if listed - {"crisis", "breathing_space", "complaint", "dispute"}:
        found.add("hold")
    if life.exam == there.date() and "exam" in pack.contact.blocked_during:
        found.add("hold")
    if "crisis" in life.holds:
        found.add("crisis")
    if "breathing_space" in life.holds:
        days = pack.contact.breathing_space_days
        if not days or (there - life.breathing_since).total_seconds() < days * 86400:
            found.add("breathing space")
    if life.adviser:
        found.add("adviser")
    if life.agreement_kept and not act.reminder:
        found.add("agreement kept")
    if act.kind in life.closed:
        found.add("channel closed")
    if act.kind in ("call", "sms") and _wrong_number(life, act.number):
        found.add("stranger's number")
    return found


def _wrong_number(life, number):
    calls = [each for each in life.past if each.kind == "call" and not each.inbound]
    of_number = [each.outcome for each in calls if each.number == number]
    decisive = [each for each in of_number if each in ("wrong_number", "wrong_person", "stop", "reached")]
    return bool(decisive) and decisive[-1] != "reached"


def _open(window, there):
    return window.opens <= there.time() < window.closes


def _day(life, each):
    return each.at.astimezone(ZoneInfo(life.zone)).date()


def _days_back(life, each, there):
    return (there.date() - _day(life, each)).days


def _mine(life):
    return [each for each in life.past if each.case == life.case]


def _tries(life, pack, there):
    made = [
        _days_back(life, each, there)
        for each in _mine(life)
        if each.kind in ("call", "other person") and not each.inbound
    ]
    found = set()
    if made.count(0) >= pack.contact.phone_attempts_per_day:
        found.add("calls of the day")
    if sum(back < 7 for back in made) >= pack.contact.phone_attempts_per_week:
        found.add("calls of the week")
    return found


def _talks(life, pack, now, there):
    contact = pack.contact
    held = [each for each in _mine(life) if each.talked]
    back = [_days_back(life, each, there) for each in held if not each.inbound]
    found = set()
    if back.count(0) >= contact.phone_conversations_per_day:
        found.add("talks of the day")
    if sum(each < 7 for each in back) >= contact.per_week:
        found.add("talks of the week")
    if sum(each < 30 for each in back) >= contact.per_month:
        found.add("talks of the month")
    quiet = contact.cooldown_after_conversation_hours * 3600
    if any((now - each.at).total_seconds() < quiet for each in held):
        found.add("quiet")
    return found


def _silence(life):
    """What was tried since the borrower was heard last."""
    tried = []
    for each in _mine(life):
        tried = [] if each.talked or each.inbound else [*tried, each]
    return [each for each in tried if each.kind != "other person"]


def _order(life, act, pack, there):
    name = {"call": "phone"}.get(act.kind, act.kind)
    later = [channel for step in pack.contact.first_channels[1:] for channel in step]
    if name not in later or any(each.talked for each in _mine(life)):
        return set()
    unanswered = [_day(life, each) for each in _silence(life) if each.kind == "call"]
    enough = unanswered.count(there.date()) >= pack.contact.sms_after_failed_calls
    return set() if enough or len(set(unanswered)) >= pack.contact.sms_after_unanswered_days else {"order"}


def _telephone(life, act, pack, there):
    rang = [
        each
        for each in life.past
        if each.kind == "call"
        and not each.inbound
        and each.outcome in ("no_answer", "busy")
        and each.number == act.number
        and _day(life, each) == there.date()
    ]
    found = set()
    if len(rang) >= pack.contact.unanswered_per_number_per_day:
        found.add("rings of the day")
    if life.hours:
        days, opens, closes = life.hours
        if there.weekday() not in days or not opens <= there.time() < closes:
            found.add("hours of the borrower")
    return found


def _cycle(life, pack, there):
    gap = pack.contact.cycle_gap_days
    before = [_day(life, each) for each in life.past if each.case != life.case and not each.inbound]
    free = (there.date() - max(before)).days - 1 if before else gap
    return {"gap between collections"} if gap and before and free < gap else set()


def _other_person(life, act, pack):
    asked = [each for each in life.past if each.kind == "other person"]
    calls = [each for each in _mine(life) if each.kind == "call" and not each.inbound]
    useless = bool(calls) and calls[-1].outcome in ("wrong_number", "wrong_person")
    days = {_day(life, each) for each in _silence(life) if each.kind == "call"}
    found = set()
    if not pack.contact.third_party:
        found.add("third party forbidden")
    if not useless and len(days) < 3:
        found.add("third party not needed")
    if any(each.case == life.case for each in asked):
        found.add("third party again")
    if any(each.outcome == "stop" for each in life.past):
        found.add("third party said stop")
    if act.names_debt:
        found.add("third party hears of the debt")
    if not act.in_contract and not pack.contact.referees:
        found.add("not in the contract")
    return found


def _visit(life, act, pack, there):  # noqa: C901, PLR0912 (one line a rule)
    """A visit that starts now and takes an hour, its time agreed, its papers complete."""
    rules, found = pack.visit, set()
    ends = there + timedelta(hours=1)
    if (
        ends.date() != there.date()
        or not rules.window.opens <= there.time() < rules.window.closes
        or ends.time() > rules.window.closes
    ):
        found.add("visiting hours")
    lenders_day = there.astimezone(ZoneInfo(pack.business.timezone)).date()
    if {there.date(), lenders_day} & set(DAYS_OFF[pack.business.calendar]):
        found.add("visit on a holiday")
    if life.consent == "taken back":
        found.add("consent taken back")
    if life.consent != "given":
        found.add("no consent")
    if ("borrower" if act.by_borrower else "lender") not in rules.initiated_by:
        found.add("not theirs to start")
    if act.crew < rules.crew_min:
        found.add("too few come")
    if act.trained < act.crew:
        found.add("untrained")
    if life.adviser and "represented" in rules.blocked_if:
        found.add("visit despite an adviser")
    fragile = bool(life.holds & {"vulnerable", "crisis"})
    if fragile and "vulnerable" in rules.blocked_if and not life.lead_said_yes:
        found.add("fragile")
    month = [each for each in _mine(life) if each.kind == "visit"]
    same = [each for each in month if _lenders_month(each.at, pack) == _lenders_month(there, pack)]
    if len(same) >= rules.per_month:
        found.add("visits of the month")
    if not act.by_borrower:
        if life.dpd < rules.lender_min_dpd:
            found.add("visit too early")
        names = {"call": "phone"}
        tried = {names.get(each.kind, each.kind) for each in _silence(life)}
        if set(rules.requires_failed_channels) - tried:
            found.add("other channels first")
    return found


def _lenders_month(moment, pack):
    day = moment.astimezone(ZoneInfo(pack.business.timezone)).date()
    return day.year, day.month
