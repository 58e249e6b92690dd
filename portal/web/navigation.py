"""What stands in the menu, for whom."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.vocabulary import Role


@dataclass(frozen=True)
class Entry:
    endpoint: str
    label: str
    icon: str
    roles: frozenset[Role] = frozenset()
    pages: tuple[str, ...] = ()  # further endpoints that belong to this entry


@dataclass(frozen=True)
class Item:
    url: str
    label: str
    icon: str
    current: bool
    count: int = 0


COMPLAINTS = frozenset({Role.HANDLER, Role.MANAGER, Role.AUDITOR})

BORROWER: tuple[Entry, ...] = (
    Entry(
        "borrower.home",
        _l("Start page"),
        "home",
        pages=("borrower.timeline", "borrower.contest", "borrower.contest_entry"),
    ),
    Entry(
        "borrower.debts_page",
        _l("What I owe"),
        "receipt",
        pages=(
            "borrower.debt",
            "borrower.simulator",
            "borrower.dispute_list",
            "borrower.new_dispute",
            "borrower.open_dispute",
            "borrower.dispute",
        ),
    ),
    Entry("borrower.proofs", _l("My documents"), "files", pages=("borrower.send_proof",)),
    Entry(
        "borrower.visits",
        _l("My visits"),
        "calendar",
        pages=("borrower.visit", "borrower.new_visit", "borrower.book_visit", "borrower.move_visit_page"),
    ),
    Entry("borrower.budget", _l("My budget"), "wallet", pages=("borrower.save_budget",)),
    Entry("borrower.plans_list", _l("My plans"), "plan", pages=("borrower.plan",)),
    Entry("borrower.complaints_list", _l("Complaints"), "message", pages=("borrower.complaint",)),
    Entry("borrower.consents_page", _l("My consents"), "handshake"),
    Entry("borrower.preferences_page", _l("How you are reached"), "settings"),
)
STAFF: tuple[Entry, ...] = (
    Entry("agent.day", _l("My day"), "home"),
    Entry(
        "agent.route",
        _l("Route"),
        "route",
        frozenset({Role.AGENT}),
        (
            "agent.visit",
            "agent.visit_identity",
            "agent.visit_checklist",
            "agent.visit_findings",
            "agent.visit_departure",
        ),
    ),
    Entry(
        "agent.call_index",
        _l("Call list"),
        "phone",
        frozenset({Role.CALLER, Role.LEAD, Role.AUDITOR}),
        ("agent.call", "agent.begin_call", "agent.confirm_party", "agent.record_call"),
    ),
    Entry(
        "agent.promise_index", _l("Promises"), "handshake", frozenset({Role.CALLER, Role.LEAD, Role.AUDITOR})
    ),
    Entry(
        "agent.case_index",
        _l("Cases"),
        "files",
        frozenset({Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        ("agent.case", "agent.case_debt", "agent.case_simulator"),
    ),
    Entry(
        "agent.proof_queue",
        _l("Documents"),
        "files",
        frozenset({Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        ("agent.proof", "agent.new_proof"),
    ),
    Entry(
        "agent.approvals_list",
        _l("Approvals"),
        "stamp",
        frozenset({Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        ("agent.approval", "agent.decide_approval"),
    ),
    Entry(
        "agent.follow_ups",
        _l("Follow-ups"),
        "handshake",
        frozenset({Role.AGENT, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        ("agent.follow_up", "agent.agreement"),
    ),
    Entry(
        "agent.dispute_list",
        _l("Disputes"),
        "flag",
        frozenset({Role.CALLER, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        (
            "agent.dispute",
            "agent.answer_dispute",
            "agent.contest_list",
            "agent.contest",
            "agent.answer_contest",
        ),
    ),
    Entry(
        "agent.complaint_inbox",
        _l("Complaints"),
        "inbox",
        COMPLAINTS,
        ("agent.complaint", "agent.new_decision"),
    ),
    Entry(
        "agent.message_texts",
        _l("Messages"),
        "message",
        frozenset({Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
        ("agent.message_text", "agent.save_message_text", "agent.undelivered"),
    ),
    Entry(
        "agent.people_list",
        _l("People"),
        "people",
        frozenset({Role.ADMIN, Role.MANAGER, Role.AUDITOR}),
        ("agent.person", "agent.new_person", "agent.profile", "agent.edit_profile"),
    ),
    Entry(
        "agent.book_list",
        _l("Import"),
        "import",
        frozenset({Role.ADMIN}),
        ("agent.book_upload", "agent.hand_in_book"),
    ),
    Entry(
        "agent.policies",
        _l("Policy"),
        "book",
        frozenset({Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR}),
    ),
    Entry(
        "agent.audit_record",
        _l("Audit record"),
        "history",
        frozenset({Role.AUDITOR, Role.ADMIN, Role.MANAGER}),
        ("agent.audit_verification",),
    ),
    Entry(
        "agent.account",
        _l("My account"),
        "person",
        pages=(
            "agent.password",
            "agent.change_password",
            "agent.confirmation",
            "agent.confirm_myself",
            "agent.new_authenticator",
            "agent.recovery_codes",
        ),
    ),
)


# What a page of the staff is about, by the part of its address before the reference.
ABOUT = {"cases": "case", "calls": "case", "visits": "visit", "complaints": "complaint"}


def crisis_url() -> str | None:
    """Where staff say that a borrower is not well: about whom the page is. None for everybody else."""
    if not current_user.is_authenticated or not current_user.actor.is_staff:
        return None
    named = request.path.strip("/").split("/")[1:3]
    about = ABOUT.get(named[0]) if len(named) > 1 and request.view_args else None
    whose: dict[str, Any] = {about: named[1]} if about else {}
    return url_for("agent.crisis_page", **whose)


def for_person(endpoint: str | None) -> list[Item]:
    """The entries the signed-in person may open, with the current one marked."""
    if not current_user.is_authenticated:
        return []
    actor = current_user.actor
    entries = STAFF if actor.is_staff else BORROWER
    return [
        Item(
            url_for(entry.endpoint), str(entry.label), entry.icon, endpoint in (entry.endpoint, *entry.pages)
        )
        for entry in entries
        if not entry.roles or actor.has(*entry.roles)
    ]
