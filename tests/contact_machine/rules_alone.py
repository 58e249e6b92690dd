"""The gate without a database: facts from a life, counts from its log."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from portal.domain.contact_facts import Facts, PreferredHours, VisitFacts
from portal.domain.contact_log import Event, Log
from portal.domain.contact_rules import decide
from portal.vocabulary import (
    Action,
    ActionClass,
    CallResult,
    Channel,
    HoldReason,
    Initiator,
    PartyRole,
    PlaceKind,
    VisitPurpose,
)
from tests.contact_machine.machine import Contacts
from tests.contact_machine.names import RULE_OF

ACTIONS = {
    "call": Action.CALL,
    "sms": Action.SMS,
    "email": Action.EMAIL,
    "letter": Action.LETTER,
    "other person": Action.THIRD_PARTY,
    "visit": Action.VISIT_START,
}
CHANNELS = {
    "call": Channel.PHONE,
    "other person": Channel.PHONE,
    "sms": Channel.SMS,
    "email": Channel.EMAIL,
    "letter": Channel.LETTER,
    "visit": Channel.VISIT,
}


class RulesAlone:
    def __init__(self, pack, life):
        self.pack, self.life, self.excused = pack, life, None

    def close(self):
        pass

    def asks(self, act, now):
        answer = decide(ACTIONS[act.kind], self.facts(act, now), self.pack, now)
        refusing = {each.id for each in answer.failed}
        if answer.allowed or not self.excused:
            return answer.allowed, refusing
        kind, rules, until = self.excused
        excused = kind == act.kind and now < until and answer.allowed_despite(rules)
        if excused:
            self.excused = None
        return excused, refusing

    def excuses(self, kind, names, now):
        until = now + timedelta(days=2)
        self.excused = (kind, {RULE_OF[each] for each in names}, until)
        return names, until

    def holds_back_service(self, kind, just_asked, now):
        facts = Facts(
            borrower_zone=self.life.zone,
            action_class=ActionClass.SERVICE,
            initiator=Initiator.BORROWER if just_asked else Initiator.LENDER,
            asked_just_now=just_asked,
            **self.of_life(),
        )
        return {
            each.id for each in decide(ACTIONS[kind], self.log(1).told(facts, now), self.pack, now).failed
        }

    def facts(self, act, now):
        facts = Facts(
            borrower_zone=self.life.zone,
            initiator=Initiator.BORROWER if act.by_borrower else Initiator.LENDER,
            reminder=act.reminder,
            telling=act.names_debt,
            third_party_role=PartyRole.GUARANTOR if act.in_contract else None,
            right_party=act.kind not in ("call", "sms") or not self.log(act.number).number_is_somebody_elses,
            visit=self.visit(act, now) if act.kind == "visit" else None,
            **self.of_life(),
        )
        return self.log(act.number).told(facts, now)

    def of_life(self):
        life = self.life
        days, opens, closes = life.hours or (set(), None, None)
        return {
            "overdue_confirmed": life.overdue,
            "dpd": life.dpd,
            "overdue_amount": 500000,
            "holds": frozenset(HoldReason(each) for each in life.holds),
            "breathing_space_since": life.breathing_since if "breathing_space" in life.holds else None,
            "exam_day": life.exam,
            "open_complaint": life.complaint,
            "open_dispute": life.dispute,
            "represented": life.adviser,
            "opted_out": frozenset(CHANNELS[each] for each in life.closed),
            "preferred": PreferredHours(days=frozenset(days), opens=opens, closes=closes) if days else None,
            "nobody_at_home_knows": life.nobody_knows,
            "agreement_in_force": life.agreement_kept,
            "agreement_kept": life.agreement_kept,
            "consent_revoked": life.consent == "taken back",
            "lead_approved_vulnerable": life.lead_said_yes,
        }

    def visit(self, act, now):
        def month(at):
            there = at.astimezone(ZoneInfo(self.pack.business.timezone))
            return there.year, there.month

        others = [each for each in self.life.past if each.kind == "visit" and each.case == self.life.case]
        return VisitFacts(
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            place=PlaceKind(act.place),
            purpose=VisitPurpose.PLAN,
            service_consent=self.life.consent == "given",
            accepted_by_borrower=True,
            documents_complete=True,
            crew=act.crew,
            crew_trained=act.trained,
            other_visits_this_month=len([each for each in others if month(each.at) == month(now)]),
        )

    def log(self, number):
        events = tuple(
            Event(
                at=each.at,
                channel=CHANNELS[each.kind],
                outcome="third_party" if each.outcome == "stop" else each.outcome,
                inbound=each.inbound,
                result=CallResult.REFUSES if each.outcome == "stop" else None,
                number=each.number,
                third_party=each.kind == "other person",
                of_case=each.case == self.life.case,
                earlier_cycle=each.case != self.life.case,
            )
            for each in self.life.past
        )
        return Log(events, self.life.zone, number)

    def happened(self, contact):
        pass

    def changed(self, now):
        pass

    def new_case(self, now):
        self.excused = None


def machine(code, zone):
    """A machine for one pack and one time zone."""
    return type(
        "Contacts",
        (Contacts,),
        {
            "code": code,
            "zone": zone,
            "make_world": staticmethod(lambda pack, life, now: RulesAlone(pack, life)),
        },
    )
