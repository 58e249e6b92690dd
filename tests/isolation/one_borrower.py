"""One borrower of the test's world, with everything that can belong to one."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Name
from sqlalchemy import select

from portal.models import (
    Adjustment,
    Agreement,
    Archive,
    Base,
    Case,
    CaseMove,
    Complaint,
    Concession,
    Contact,
    Decision,
    FollowUp,
    Hold,
    Override,
    Party,
    Payment,
    Promise,
    Registration,
    Relief,
    Staff,
    Strategy,
    VisitCell,
)
from portal.services import (
    agreements,
    approvals,
    complaints,
    consents,
    files,
    links,
    proof_reviews,
    proofs,
    reliefs,
)
from portal.vocabulary import (
    CaseState,
    Channel,
    ComplaintOutcome,
    ComplaintTopic,
    ConcessionKind,
    ConsentPurpose,
    HoldReason,
    IdType,
    Locale,
    PartyRole,
    PlanState,
    ProofKind,
    ReliefKind,
    Role,
    ServiceReason,
    Tier,
    VisitState,
)
from tests import agreements_made, at_the_table, factories
from tests.factories import NOW, TODAY, actor_of
from tests.isolation import objections, wishes
from tests.isolation.asked import Thing
from tests.isolation.world import COLOURS, canary

if TYPE_CHECKING:
    from tests.isolation.house import House


REFUSED_RULE = {
    "id": "attempts_per_day",
    "passed": False,
    "facts": {"most": 2, "so_far": 2},
    "source": "house",
    "source_texts": {locale.value: "A source" for locale in Locale},
}


class OneBorrower:
    """One borrower of a lender: an open case in one currency, an agreement in force in the other."""

    def __init__(self, house: "House", side: str, agent: Staff, staff: Mapping[str, Staff]) -> None:
        self.house, self.side, self.agent, self.staff = house, side, agent, staff
        self.session, self.common, self.folder = house.session, house.common, house.folder
        self.mark = canary(house.name, side)
        self.things: dict[str, str] = {
            Thing.STAFF: agent.ref,
            Thing.SUPERIOR: staff[Role.MANAGER].ref,
            Thing.INVITATION: house.invitations[agent.id],
            Thing.BOOK_UPLOAD: house.upload,
        }

    def build(self) -> None:
        self.house.world.things[self.house.name, self.side] = self.things
        named = f"{self.mark} Person"
        self.borrower = factories.borrower(self.session, self.house.lender, name=named)
        self.actor = actor_of(self.borrower)
        self.things["borrower"] = self.borrower.ref
        self.case = self._case("CNY", owner=None)
        self.things[Thing.CASE] = self.case.ref
        self._papers()
        self._visits()
        self._plans()
        self._in_force()
        self._complaints()
        self._contacts()
        self._strategy()
        self._override()
        objections.add(self)
        wishes.add(self)
        link, token = links.create(
            self.session, borrower=self.borrower, channel=Channel.SMS, actor=self.actor, now=NOW
        )
        self.things[Thing.LINK] = token
        self.things["link"] = link.ref

    def _case(self, currency: str, owner: Staff | None) -> Case:
        loan = factories.loan(self.session, self.borrower, currency=currency)
        loan.contract_no = f"{self.mark[1:]}-{currency}"
        number = f"{self.mark[1:]}-{currency}-payment"
        payment = Payment(
            **self.common,
            loan_id=loan.id,
            payment_no=number,
            paid_on=TODAY,
            amount=100,
            currency=currency,
            kind="payment",
            reference=number,
        )
        guarantor = Party(
            **self.common,
            loan_id=loan.id,
            party_no="1",
            role=PartyRole.GUARANTOR,
            name=f"{self.mark} guarantor",
            id_type=IdType.NONE,
            scope="principal",
            consent=False,
            signs=True,
        )
        self.session.add_all([payment, guarantor])
        if currency == "CNY":
            self.things[Thing.LOAN] = loan.ref
        return factories.case(self.session, loan, state=CaseState.PLANNING, owner=owner)

    def _papers(self) -> None:
        factories.ready_for_a_visit(self.session, self.case)
        consent = self.case_rows("consent")[0]
        consent.text_version = consents.TEXTS[ConsentPurpose.VISIT_SERVICE]
        self.things[Thing.CONSENT] = consent.ref
        self.session.add(
            Registration(
                **self.common,
                case_id=self.case.id,
                consent_id=consent.id,
                reason=ServiceReason.CANNOT_COME,
                declaration_version=consents.DECLARATION,
                actor=str(self.actor),
            )
        )
        self.things[Thing.PROOF] = self._proof().ref
        reviewed = self._proof()
        proof_reviews.reject(
            self.session,
            proof=reviewed,
            case=self.case,
            version=reviewed.version,
            reason="other",
            note=f"{self.mark} please again",
            actor=actor_of(self.staff[Role.CALLER]),
            now=NOW,
        )

    def _proof(self) -> proofs.Proof:
        made = proofs.hand_in(
            self.session,
            case=self.case,
            kind=ProofKind.IDENTITY,
            upload=files.cleaned(paper(self.mark[1:], COLOURS[self.house.name, self.side])),
            channel=Channel.PORTAL,
            received_on=TODAY,
            today=TODAY,
            folder=self.folder,
            actor=self.actor,
            now=NOW,
        )
        self.session.flush()
        return made

    def _visits(self) -> None:
        visit_of = at_the_table.visit_of
        self.at_table = visit_of(self.session, self.case, self.agent)
        at_door = visit_of(self.session, self.case, self.agent, state=VisitState.ARRIVED, answered=False)
        today = factories.visit(self.session, self.case, crew=[self.agent])
        ahead = factories.visit(self.session, self.case, crew=[self.agent], starts=NOW + timedelta(days=1))
        self.session.add(
            VisitCell(**self.common, visit_id=ahead.id, staff_id=self.agent.id, starts_at=ahead.window_start)
        )
        self.things |= {
            Thing.VISIT_AT_TABLE: self.at_table.ref,
            Thing.VISIT_AT_DOOR: at_door.ref,
            Thing.VISIT_TODAY: today.ref,
            Thing.VISIT_AHEAD: ahead.ref,
        }

    def _plans(self) -> None:
        agent, lead = actor_of(self.agent), actor_of(self.staff[Role.LEAD])
        approved = factories.approved_plan(self.session, self.case, visit=self.at_table)
        self.session.add(
            Concession(
                **self.common,
                plan_id=approved.id,
                kind=ConcessionKind.PENALTY_WAIVER,
                share_ppm=500_000,
                amount=12_000,
                tier=Tier.AGENT,
            )
        )
        waiting = factories.approved_plan(self.session, self.case, state=PlanState.WAITING_APPROVAL)
        approvals.ask(
            self.session, plan=waiting, tier=Tier.LEAD, reason=f"{self.mark} why", actor=agent, now=NOW
        )
        to_sign = factories.approved_plan(self.session, self.case)
        agreement = agreements.offer(self.session, plan=to_sign, folder=self.folder, actor=lead, now=NOW)
        at_the_table.budget_of(self.session, self.case, visit=self.at_table)
        self.things |= {
            Thing.PLAN: approved.ref,
            Thing.PLAN_WAITING: waiting.ref,
            Thing.AGREEMENT: agreement.ref,
        }

    def _in_force(self) -> None:
        lead = self.staff[Role.LEAD]
        case = self._case("TWD", owner=self.agent)
        plan = factories.approved_plan(self.session, case)
        agreement = agreements_made.offered(
            self.session, self.house.lender, self.folder, by=lead, case=case, plan=plan
        )
        strokes = agreements_made.PATH
        agreements_made.sign(self.session, agreement, self.borrower, self.folder, path=strokes)
        agreements_made.sign(self.session, agreement, lead, self.folder)
        follow_up = self.session.scalars(
            select(FollowUp).where(FollowUp.agreement_id == agreement.id).order_by(FollowUp.number)
        ).first()
        kept = {"agreement_id": agreement.id, "kind": ConcessionKind.GRACE, "state": "requested"}
        self.session.add(Adjustment(**self.common, **kept, reason=f"{self.mark} adjustment"))
        bundle = {"file_id": agreement.file_id, "manifest": {"note": self.mark}, "retain_until": TODAY}
        self.session.add(Archive(**self.common, case_id=case.id, **bundle))
        stop = self._withdrawn_waiver(agreement, case)
        self.things |= {
            Thing.AGREEMENT_SEALED: agreement.ref,
            Thing.FOLLOW_UP: follow_up.ref,
            Thing.RELIEF: stop.ref,
        }

    def _withdrawn_waiver(self, agreement: Agreement, case: Case) -> Relief:
        """A waiver that was taken back beside what the agreement gave; returns the latter."""
        given = self.session.scalars(select(Relief).where(Relief.agreement_id == agreement.id)).one()
        waiver = Relief(
            **self.common,
            loan_id=given.loan_id,
            kind=ReliefKind.PENALTY_WAIVER,
            first_day=TODAY,
            share_ppm=500_000,
            actor="system:test",
        )
        self.session.add(waiver)
        reliefs.withdraw(
            self.session,
            relief=waiver,
            case=case,
            reason=f"{self.mark} by mistake",
            actor=actor_of(self.staff[Role.MANAGER]),
            now=NOW,
        )
        return given

    def _complaints(self) -> None:
        handler = actor_of(self.staff[Role.HANDLER])
        filed = [self._complaint() for _ in range(3)]
        for each in filed[:2]:
            complaints.claim(self.session, complaint=each, actor=handler, now=NOW)
            for actor, internal in ((handler, True), (handler, False), (self.actor, False)):
                body = f"{self.mark} {'note' if internal else 'message'}"
                complaints.write(
                    self.session, complaint=each, body=body, internal=internal, actor=actor, now=NOW
                )
        complaints.decide(
            self.session,
            complaint=filed[1],
            outcome=ComplaintOutcome.UPHELD,
            checked=self.mark,
            grounds=self.mark,
            redress=self.mark,
            actor=handler,
            now=NOW,
        )
        self.things |= {Thing.COMPLAINT: filed[0].ref, Thing.COMPLAINT_NEW: filed[2].ref}

    def _complaint(self) -> Complaint:
        return complaints.file(
            self.session,
            lender=self.house.lender,
            case=self.case,
            topic=ComplaintTopic.CONTACT,
            text=f"{self.mark} complaint",
            locale=Locale.EN,
            actor=self.actor,
            now=NOW,
        )

    def _contacts(self) -> None:
        decision = self.case_rows("decision")[0]
        contact = Contact(
            **self.common,
            case_id=self.case.id,
            decision_id=decision.id,
            staff_id=self.staff[Role.CALLER].id,
            channel=Channel.SMS,
            inbound=False,
            at=NOW,
            outcome="reached",
            feedback=f"{self.mark} said",
        )
        self.session.add(contact)
        self.session.flush()
        promise = Promise(
            **self.common,
            case_id=self.case.id,
            contact_id=contact.id,
            amount=100,
            currency="CNY",
            due_on=TODAY,
            state="active",
            actor=str(self.actor),
        )
        self.session.add(promise)
        self.session.flush()
        self.things[Thing.PROMISE] = promise.ref
        self._crisis_over()
        self.session.add(
            CaseMove(
                **self.common,
                case_id=self.case.id,
                from_state=CaseState.BOOKED,
                to_state=CaseState.PLANNING,
                actor="system:x",
            )
        )

    def _crisis_over(self) -> None:
        """A hold that a lead ended, and why."""
        ended = {"ended_at": NOW, "ended_by": "staff:x", "end_reason": f"{self.mark} feels better"}
        crisis = {"case_id": self.case.id, "reason": HoldReason.CRISIS, "actor": str(self.actor)}
        self.session.add(Hold(**self.common, **crisis, **ended))

    def _strategy(self) -> None:
        self.session.add(
            Strategy(
                **self.common,
                case_id=self.case.id,
                step="call",
                reason="set_by_person",
                facts={"chosen": "call"},
                earliest_at=NOW,
                due=True,
                rank=20,
                bucket="M2",
                computed_at=NOW,
                set_by=self.staff[Role.LEAD].id,
                set_until=TODAY,
                set_reason=f"{self.mark} chosen",
            )
        )
        self.session.flush()

    def _override(self) -> None:
        override = Override(
            **self.common,
            case_id=self.case.id,
            action="call",
            rules={"ids": ["attempts_per_day"]},
            reason=f"{self.mark} asked to be called again",
            requested_by=self.staff[Role.CALLER].id,
            valid_until=NOW + timedelta(days=1),
            state="requested",
        )
        self.session.add(override)
        self.session.flush()
        self.things[Thing.OVERRIDE] = override.ref
        refused = Decision(
            **self.common,
            case_id=self.case.id,
            borrower_id=self.borrower.id,
            action="call",
            action_class="collection",
            allowed=False,
            rules={"asked": [REFUSED_RULE]},
            pack_version="1",
            actor=str(actor_of(self.staff[Role.CALLER])),
        )
        self.session.add(refused)
        self.session.flush()
        self.things[Thing.DECISION] = refused.ref

    def case_rows(self, table: str) -> list[Decision]:
        model = next(each.class_ for each in Base.registry.mappers if each.local_table.name == table)
        return list(self.session.scalars(select(model).where(model.case_id == self.case.id)))


def paper(words: str, colour: tuple[int, int, int]) -> bytes:
    """A document of one page that says whose it is, in words and by its ground."""
    data = BytesIO()
    with pikepdf.new() as document:
        sheet = document.add_blank_page(page_size=(300, 200))
        helvetica = pikepdf.Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        sheet.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=helvetica))
        ground = " ".join(f"{part / 255:.3f}" for part in colour)
        drawn = f"{ground} rg 0 0 300 200 re f 1 1 1 rg BT /F1 12 Tf 20 180 Td ({words}) Tj ET"
        sheet.Contents = document.make_stream(drawn.encode())
        document.save(data)
    return data.getvalue()
