"""What happened at a lender, for its core system: agreements, contacts, decisions of the contact gate and
disputes, in the order of the audit chain. `docs/events.md` says what each field is.

The chain is the order because it is written under a lock, in the order of commits: who goes on after a number
misses nothing and gets nothing twice. Entries are read in portions, so that memory stays flat."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.money import amount_text
from portal.models import (
    Agreement,
    Borrower,
    Case,
    CaseLoan,
    Contact,
    Decision,
    Dispute,
    Lender,
    Loan,
    Message,
    Plan,
    PlanInstalment,
    PlanLoan,
    Row,
    Staff,
)
from portal.services import audit, audit_trail
from portal.services.audit_trail import AuditEntry

VERSION = 1
AT_A_TIME = 500
AGREEMENTS = frozenset({"agreement_sealed", "agreement_declined"})
CONTACTS = frozenset({"call_recorded", "message_sent"})
DECISIONS = frozenset({"contact_allowed", "contact_refused"})
DISPUTES = frozenset({"dispute_opened", "dispute_answered", "dispute_withdrawn", "dispute_corrected"})
ACTIONS = AGREEMENTS | CONTACTS | DECISIONS | DISPUTES
PPM = 1_000_000

Event = dict[str, Any]


def length(session: Session, *, lender: Lender) -> int:
    """Return the number of the newest entry: until where an export goes that begins now."""
    return audit.length_of(session, lender_id=lender.id)


def events(
    session: Session,
    *,
    lender: Lender,
    since: datetime,
    until: int,
    after: int = 0,
    with_words: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> Iterator[Event]:
    """Yield the events from a moment on, of the entries after one number and up to another, in order.

    `with_words` adds what people said in their own words. `progress` hears the number reached."""
    while True:
        entries = audit_trail.following(
            session,
            lender_id=lender.id,
            after=after,
            until=until,
            since=since,
            actions=ACTIONS,
            limit=AT_A_TIME,
        )
        yield from _Portion(session, lender, entries, with_words=with_words).events()
        if len(entries) < AT_A_TIME:
            progress(until)
            return
        after = entries[-1].sequence
        progress(after)


class _Portion:
    """Some entries with the rows they are about, read in as many queries whatever their number."""

    def __init__(
        self, session: Session, lender: Lender, entries: Sequence[AuditEntry], *, with_words: bool
    ) -> None:
        self.session, self.lender_id, self.entries, self.with_words = session, lender.id, entries, with_words
        self.agreements = self._by_ref(Agreement, "agreement")
        self.decisions = self._by_ref(Decision, "decision")
        self.disputes = self._by_ref(Dispute, "dispute")
        self.contacts = self._contacts()
        self.decided = self._decided()
        self.plans = self._plans()
        self.cases = self._cases()
        self.contracts = self._contracts()
        self.staff = self._staff()

    def events(self) -> Iterator[Event]:
        for entry in self.entries:
            if told := self._told(entry):
                yield {
                    "version": VERSION,
                    "cursor": entry.sequence,
                    "at": entry.at.isoformat(timespec="microseconds"),
                    "action": entry.action,
                    **told,
                }

    def _told(self, entry: AuditEntry) -> Event | None:
        _, _, ref = entry.subject.partition("/")
        if entry.action in AGREEMENTS and ref in self.agreements:
            return self._agreement(self.agreements[ref])
        if entry.action in CONTACTS and entry.subject in self.contacts:
            return self._contact(self.contacts[entry.subject])
        if entry.action in DECISIONS and ref in self.decisions:
            return self._decision(self.decisions[ref])
        if entry.action in DISPUTES and ref in self.disputes:
            return self._dispute(self.disputes[ref], entry)
        return None  # a message of class service is no contact

    def _agreement(self, row: Agreement) -> Event:
        plan, instalments, contracts = self.plans[row.plan_id]
        return {
            "kind": "agreement",
            **self._about(row.case_id),
            "contracts": contracts,
            "agreement": row.number,
            "state": row.state.value,
            "effective_on": row.effective_on.isoformat() if row.effective_on else None,
            "document_sha256": row.document_sha256,
            "method": plan.method.value,
            "frequency": plan.frequency.value,
            "annual_rate": _rate(plan.annual_rate_ppm),
            "currency": plan.currency,
            "principal": amount_text(plan.principal, plan.currency),
            "interest": amount_text(plan.interest, plan.currency),
            "waived": amount_text(plan.waived, plan.currency),
            "instalments": [
                {
                    "number": each.number,
                    "due_on": each.due_on.isoformat(),
                    "principal": amount_text(each.principal, plan.currency),
                    "interest": amount_text(each.interest, plan.currency),
                }
                for each in instalments
            ],
        }

    def _contact(self, row: Contact) -> Event:
        words = {"words": row.feedback or None} if self.with_words else {}
        return {
            "kind": "contact",
            **self._about(row.case_id),
            "contact": row.ref,
            "decision": self.decided.get(row.decision_id),
            "contact_at": row.at.isoformat(timespec="microseconds"),
            "channel": row.channel.value,
            "inbound": row.inbound,
            "outcome": row.outcome,
            "result": row.result.value if row.result else None,
            "reason": row.reason.value if row.reason else None,
            "attitude": row.attitude.value if row.attitude else None,
            "call_back_at": row.call_back_at.isoformat() if row.call_back_at else None,
            "staff_no": self.staff.get(row.staff_id) if row.staff_id else None,
        } | words

    def _decision(self, row: Decision) -> Event:
        asked: Any = row.rules.get("asked", [])
        return {
            "kind": "decision",
            **self._about(row.case_id),
            "decision": row.ref,
            "about": row.action.value,
            "class": row.action_class.value,
            "allowed": row.allowed,
            "failed": [rule["id"] for rule in asked if not rule["passed"]],
            "pack": row.pack_version,
        }

    def _dispute(self, row: Dispute, entry: AuditEntry) -> Event:
        opened = entry.action == "dispute_opened"
        words = {"words": row.words if opened else row.answer or None} if self.with_words else {}
        loan = [self.loans[row.loan_id]] if row.loan_id else self.contracts.get(row.case_id, [])
        return {
            "kind": "dispute",
            **self._about(row.case_id),
            "contracts": loan,
            "dispute": row.ref,
            "about": row.kind.value,
            "outcome": entry.facts.get("outcome"),
            "answer_by": row.answer_by.isoformat(),
        } | words

    def _about(self, case_id: int | None) -> Event:
        ref, borrower_no = self.cases.get(case_id, (None, None)) if case_id else (None, None)
        contracts = self.contracts.get(case_id, []) if case_id else []
        return {"case": ref, "borrower_no": borrower_no, "contracts": contracts}

    def _refs(self, kind: str) -> list[str]:
        prefix = f"{kind}/"
        return sorted(
            {each.subject.removeprefix(prefix) for each in self.entries if each.subject.startswith(prefix)}
        )

    def _by_ref(self, model: type[Row], kind: str) -> dict[str, Any]:
        refs = self._refs(kind)
        if not refs:
            return {}
        query = select(model).where(model.lender_id == self.lender_id, model.ref.in_(refs))
        return {row.ref: row for row in self.session.scalars(query)}

    def _contacts(self) -> dict[str, Contact]:
        """The contacts by what the entries call them: themselves, or the message they left with."""
        refs, messages = self._refs("contact"), self._refs("message")
        if not refs and not messages:
            return {}
        query = (
            select(Contact, Message.ref)
            .outerjoin(Message, Message.id == Contact.message_id)
            .where(Contact.lender_id == self.lender_id, Contact.ref.in_(refs) | Message.ref.in_(messages))
        )
        found: dict[str, Contact] = {}
        for contact, message in self.session.execute(query):
            found[f"message/{message}" if message else f"contact/{contact.ref}"] = contact
        return found

    def _decided(self) -> Mapping[int, str]:
        ids = {each.decision_id for each in self.contacts.values()}
        query = select(Decision.id, Decision.ref).where(
            Decision.lender_id == self.lender_id, Decision.id.in_(ids)
        )
        return {each.id: each.ref for each in self.session.execute(query)} if ids else {}

    def _plans(self) -> dict[int, tuple[Plan, list[PlanInstalment], list[str]]]:
        """The plan of each agreement with its instalments and contracts."""
        ids = {each.plan_id for each in self.agreements.values()}
        if not ids:
            return {}
        plans = select(Plan).where(Plan.lender_id == self.lender_id, Plan.id.in_(ids))
        found: dict[int, tuple[Plan, list[PlanInstalment], list[str]]] = {
            plan.id: (plan, [], []) for plan in self.session.scalars(plans)
        }
        rows = select(PlanInstalment).where(PlanInstalment.plan_id.in_(ids)).order_by(PlanInstalment.number)
        for row in self.session.scalars(rows):
            found[row.plan_id][1].append(row)
        covered = (
            select(PlanLoan.plan_id, Loan.contract_no)
            .join(Loan, Loan.id == PlanLoan.loan_id)
            .where(PlanLoan.plan_id.in_(ids))
            .order_by(Loan.contract_no)
        )
        for plan_id, contract_no in self.session.execute(covered):
            found[plan_id][2].append(contract_no)
        return found

    def _case_ids(self) -> set[int]:
        rows = [
            *self.agreements.values(),
            *self.decisions.values(),
            *self.disputes.values(),
            *self.contacts.values(),
        ]
        return {row.case_id for row in rows if row.case_id}

    def _cases(self) -> dict[int, tuple[str, str]]:
        query = (
            select(Case.id, Case.ref, Borrower.borrower_no)
            .join(Borrower, Borrower.id == Case.borrower_id)
            .where(Case.lender_id == self.lender_id, Case.id.in_(self._case_ids()))
        )
        return {case_id: (ref, number) for case_id, ref, number in self.session.execute(query)}

    def _contracts(self) -> dict[int, list[str]]:
        """The contracts of each case; those that left it too, for an event may be older."""
        query = (
            select(CaseLoan.case_id, Loan.id, Loan.contract_no)
            .join(Loan, Loan.id == CaseLoan.loan_id)
            .where(CaseLoan.lender_id == self.lender_id, CaseLoan.case_id.in_(self._case_ids()))
            .order_by(Loan.contract_no)
        )
        found: dict[int, list[str]] = {}
        self.loans: dict[int, str] = {}
        for case_id, loan_id, contract_no in self.session.execute(query):
            found.setdefault(case_id, []).append(contract_no)
            self.loans[loan_id] = contract_no
        return found

    def _staff(self) -> dict[int, str]:
        ids = {each.staff_id for each in self.contacts.values() if each.staff_id}
        query = select(Staff.id, Staff.number).where(Staff.lender_id == self.lender_id, Staff.id.in_(ids))
        return {each.id: each.number for each in self.session.execute(query)} if ids else {}


def _rate(ppm: int) -> str:
    return f"{Decimal(ppm) / PPM:f}"
