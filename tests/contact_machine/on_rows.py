"""The gate on the rows of a database: what happens is written as the portal writes it, and read by the gate.

Agreements have tests of their own: in these sequences there is none."""

from contextlib import ExitStack
from datetime import timedelta
from unittest import mock

from sqlalchemy import select

from portal.domain.refusals import Refused
from portal.infra import crypto, tenancy
from portal.infra.tenancy import TenantSession
from portal.models import (
    Case,
    CaseLoan,
    Contact,
    ContactPoint,
    Party,
    Preference,
    Visit,
)
from portal.services import gate, overrides, policies
from portal.services.savepoints import in_savepoint
from portal.vocabulary import (
    ActionClass,
    CallResult,
    CaseState,
    ContactKind,
    ContactOutcome,
    IdType,
    Initiator,
    PartyRole,
    PlaceKind,
    VisitPurpose,
    VisitState,
)
from tests import factories
from tests.contact_machine.circumstances import Circumstances
from tests.contact_machine.judge import Act
from tests.contact_machine.machine import Contacts
from tests.contact_machine.names import RULE_OF
from tests.contact_machine.office import Office
from tests.contact_machine.rules_alone import ACTIONS, CHANNELS

HOUR = timedelta(hours=1)


class OnRows(Circumstances):
    def __init__(self, office, pack, life, now):
        self.office, self.life, self.decision = office, life, None
        self.stack = ExitStack()
        self.session = self.stack.enter_context(TenantSession(office.engine, expire_on_commit=False))
        self.stack.enter_context(mock.patch.object(policies, "of", return_value=pack))
        tenancy.enter(self.session, office.lender.id)
        self._make(now)
        self.changed(now)

    def close(self):
        self.session.rollback()
        self.stack.close()

    def _make(self, now):
        session = self.session
        self.borrower = factories.borrower(session, self.office.lender)
        self.borrower.timezone = self.life.zone
        self.loan = factories.loan(session, self.borrower)
        self.case = factories.case(session, self.loan)
        self.case.created_at = now
        main = select(ContactPoint).where(
            ContactPoint.borrower_id == self.borrower.id, ContactPoint.kind == ContactKind.PHONE
        )
        other = "+886900099999"
        second = ContactPoint(
            **self._owned(now),
            borrower_id=self.borrower.id,
            kind=ContactKind.PHONE,
            main=False,
            value=other,
            value_index=crypto.keyring().index(self.office.lender.id, "contact.phone", other),
        )
        self.party = Party(
            **self._owned(now),
            loan_id=self.loan.id,
            party_no="1",
            role=PartyRole.GUARANTOR,
            name="Somebody Else",
            id_type=IdType.NONE,
            scope="the whole loan",
            consent=True,
            signs=True,
        )
        self.wishes = Preference(
            **self._owned(now), borrower_id=self.borrower.id, opted_out={}, preferred={}, actor="test"
        )
        session.add_all([second, self.party, self.wishes])
        session.flush()
        self.phones = {1: session.scalars(main.order_by(ContactPoint.id)).first(), 2: second}

    def asks(self, act, now):
        """Ask as a service does; what it refuses is undone, and the answer kept."""

        @in_savepoint
        def service(session):
            decision = gate.require(session, **self._question(act, now))
            session.flush()
            return decision

        try:
            self.decision = service(self.session)
        except Refused as refusal:
            return False, {line.id for line in refusal.facts["rules"]}
        return True, {line.id for line in gate.explain(self.decision) if not line.passed}

    def _question(self, act, now):
        asked = {
            "case": self.case,
            "action": ACTIONS[act.kind],
            "action_class": ActionClass.COLLECTION,
            "initiator": Initiator.BORROWER if act.by_borrower else Initiator.LENDER,
            "actor": self.office.caller,
            "now": now,
            "reminder": act.reminder,
            "telling": act.names_debt,
        }
        if act.kind == "call":
            asked["contact_point"] = self.phones[act.number]
        if act.kind == "other person" and act.in_contract:
            asked["party"] = self.party
        if act.kind == "visit":
            crew = [*self.office.trained[: act.trained], *[self.office.untrained] * (act.crew - act.trained)]
            asked |= {
                "visit_start": now,
                "visit_end": now + HOUR,
                "place": PlaceKind(act.place),
                "purpose": VisitPurpose.PLAN,
                "crew": crew,
                "accepted": True,
                "lead_approved_vulnerable": self.life.lead_said_yes,
            }
        return asked

    def excuses(self, kind, names, now):
        """One person asks for what refused, another agrees."""
        question = self._question(Act(kind=kind), now)
        if gate.judge(self.session, **question).allowed:
            return None
        refusal = gate.ask(self.session, **question)
        self.session.flush()
        asked_for = overrides.askable(refusal) & {RULE_OF[each] for each in names}
        if not asked_for:
            return None
        asked = overrides.request(
            self.session,
            decision=refusal,
            rules=asked_for,
            reason="the borrower asked for it",
            actor=self.office.caller,
            now=now,
        )
        overrides.decide(
            self.session,
            override=asked,
            version=asked.version,
            approved=True,
            answer="agreed",
            actor=self.office.lead,
            now=now,
        )
        return frozenset(each for each in names if RULE_OF[each] in asked_for), asked.valid_until

    def holds_back_service(self, kind, just_asked, now):
        decision = gate.for_service(
            self.session,
            borrower=self.borrower,
            case=self.case,
            action=ACTIONS[kind],
            asked_just_now=just_asked,
            actor=self.office.caller,
            now=now,
        )
        self.session.flush()
        return {line.id for line in gate.explain(decision) if not line.passed}

    def happened(self, contact):
        if contact.inbound:
            self.decision = gate.ask(
                self.session,
                case=self.case,
                action=ACTIONS[contact.kind],
                action_class=ActionClass.SERVICE,
                initiator=Initiator.BORROWER,
                actor=self.office.caller,
                now=contact.at,
                asked_just_now=True,
            )
            self.session.flush()
        stop = contact.outcome == "stop"
        written = Contact(
            **self._owned(contact.at),
            case_id=self.case.id,
            decision_id=self.decision.id,
            contact_point_id=self.phones[contact.number].id if contact.number else None,
            channel=CHANNELS[contact.kind],
            inbound=contact.inbound,
            at=contact.at,
            outcome=ContactOutcome.THIRD_PARTY.value if stop else contact.outcome,
            result=CallResult.REFUSES if stop else None,
        )
        self.session.add(written)
        if contact.kind == "visit":
            self._visited(contact.at)
        self.session.flush()

    def _visited(self, at):
        visit = Visit(
            **self._owned(at),
            case_id=self.case.id,
            decision_id=self.decision.id,
            state=VisitState.DONE,
            initiator=Initiator.BORROWER,
            purpose=VisitPurpose.PLAN,
            place_kind=PlaceKind.BRANCH,
            window_start=at,
            window_end=at + HOUR,
            discreet=False,
            seed="5e" * 32,
        )
        self.session.add(visit)

    def new_case(self, now):
        """The case is closed, and the loan falls overdue again in another."""
        self.case.closed_at, self.case.state = now, CaseState.ARCHIVED
        self.session.flush()
        before = self.case
        self.case = Case(
            **self._owned(now),
            borrower_id=self.borrower.id,
            currency=before.currency,
            state=CaseState.CONFIRMED,
            previous_id=before.id,
            confirmed_on=now.date(),
        )
        self.session.add(self.case)
        self.session.flush()
        self.session.add(CaseLoan(**self._owned(now), case_id=self.case.id, loan_id=self.loan.id))
        self.changed(now)


def machine(engine, code, zone):
    """A machine for one pack and one time zone, on the rows of a database."""
    office = Office(engine, code)
    return type(
        "ContactsOnRows",
        (Contacts,),
        {
            "code": code,
            "zone": zone,
            "make_world": staticmethod(lambda pack, life, now: OnRows(office, pack, life, now)),
            "an_agreement_is_kept_or_broken": lambda _machine, _kept: None,
        },
    )
