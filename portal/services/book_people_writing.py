"""Writing what a loan book says about people: how to reach them, who else is in a contract, and history."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from portal.domain.actor import system
from portal.infra import crypto, ids
from portal.infra.book_stage import BookStage
from portal.infra.bulk import Bulk
from portal.models import Borrower, Case, CaseLoan, Contact, ContactPoint, Decision, Loan, Party
from portal.services.book_rows import Row
from portal.services.book_writing import NEW, POINTS, Target, place_of, points_of, table_of
from portal.vocabulary import Action, ActionClass, Channel

ACTIONS = {
    Channel.PHONE: Action.CALL,
    Channel.SMS: Action.SMS,
    Channel.EMAIL: Action.EMAIL,
    Channel.LETTER: Action.LETTER,
    Channel.VISIT: Action.VISIT_START,
}
_PARTY = (
    *("role", "name_sealed", "id_type", "id_no_sealed", "id_no_index", "phone_sealed"),
    *("scope", "consent", "signs"),
)
_PARTIES = Bulk(table_of(Party), (*NEW, "loan_id", "party_no", *_PARTY), ("loan_id", "party_no"))
_DECISIONS = Bulk(
    table_of(Decision),
    (*NEW, "case_id", "action", "action_class", "allowed", "rules", "pack_version", "actor"),
    ("ref",),
)
_CONTACTS = Bulk(
    table_of(Contact),
    (*NEW, "case_id", "decision_id", "channel", "inbound", "at", "outcome", "feedback_sealed"),
    ("ref",),
)
_RULES = json.dumps({"asked": [], "imported": True})


def write_contact_points(target: Target, stage: BookStage, rows: Sequence[Row]) -> None:
    """Add what is not known yet. A main one stays the main one; the first of its kind becomes it."""
    borrowers = stage.known("borrower", {row["borrower_no"] for row in rows}, "book_id")
    before = points_of(target, [found[0] for found in borrowers.values()])
    has_main = {key[:2] for key, point in before.items() if point.main}
    added = []
    for row, ref in zip(rows, ids.new_refs(len(rows)), strict=True):
        (borrower_id,), kind = borrowers[row["borrower_no"]], row["kind"]
        indexes = crypto.keyring().indexes(target.lender_id, f"contact.{kind}", row["value"])
        if any((borrower_id, kind, index) in before for index in indexes):
            continue
        main = (borrower_id, kind) not in has_main
        has_main.add((borrower_id, kind))
        area, position = place_of(kind, row)
        sealed = (
            ContactPoint.value.seal(target.lender_id, ref, row["value"]),
            indexes[0],
            ContactPoint.area.seal(target.lender_id, ref, area),
            ContactPoint.position.seal(target.lender_id, ref, position),
        )
        added.append((ref, target.moment, borrower_id, kind, int(main), *sealed))
    target.write(POINTS, added)


def write_parties(target: Target, stage: BookStage, rows: Sequence[Row]) -> None:
    """A party is known by its contract and its number in it."""
    loans = stage.known("loan", {row["contract_no"] for row in rows}, "book_id")
    query = select(Party.loan_id, Party.party_no, Party.id, Party.ref).where(
        Party.lender_id == target.lender_id, Party.loan_id.in_(sorted({found[0] for found in loans.values()}))
    )
    before = {(row.loan_id, row.party_no): row for row in target.session.execute(query)}
    added, changed = [], []
    for row, new in zip(rows, ids.new_refs(len(rows)), strict=True):
        (loan_id,), number = loans[row["contract_no"]], row["party_no"]
        if old := before.get((loan_id, number)):
            changed.append({"at": old.id} | _party(target.lender_id, old.ref, row))
        else:
            values = _party(target.lender_id, new, row) | {
                name: int(row[name]) for name in ("consent", "signs")
            }
            added.append((new, target.moment, loan_id, number, *(values[name] for name in _PARTY)))
    target.write(_PARTIES, added)
    target.change(Party, changed)


def _party(lender_id: int, ref: str, row: Row) -> dict[str, Any]:
    number = row["id_no"]
    return {
        **{name: row[name] for name in ("role", "id_type", "scope", "consent", "signs")},
        "name_sealed": Party.name.seal(lender_id, ref, row["name"]),
        "id_no_sealed": Party.id_no.seal(lender_id, ref, number),
        "id_no_index": crypto.keyring().index(lender_id, "party.id_no", number) if number else None,
        "phone_sealed": Party.phone.seal(lender_id, ref, row["phone"]),
    }


def write_contacts(target: Target, _stage: BookStage, rows: Sequence[Row]) -> int:
    """Add contacts of the time before the portal to the open case they belong to; return how many have none.

    A contact about a contract belongs to the case that holds it, one about a borrower to their oldest open
    case. It is known by its case, moment and channel, so that history that is sent again is not doubled. What
    has no open case is left out: cases are opened by the night after the import, and the same set may be sent
    again then. As every contact, each has a decision; it says that nothing was asked."""
    cases = _cases_of(target, rows)
    before = _known_contacts(target, set(cases.values()))
    added: dict[tuple[int, datetime, Channel], Row] = {}
    waiting = 0
    for row in rows:
        if (case_id := cases.get((row["contract_no"], row["borrower_no"]))) is None:
            waiting += 1
        elif (key := (case_id, row["at"].astimezone(UTC), row["channel"])) not in before:
            added.setdefault(key, row)
    _add_contacts(target, added)
    return waiting


def _add_contacts(target: Target, added: dict[tuple[int, datetime, Channel], Row]) -> None:
    actor = str(system(target.lender_id, "import"))
    said = (ActionClass.COLLECTION, 1, _RULES, "imported", actor)
    refs = ids.new_refs(len(added))
    target.write(
        _DECISIONS,
        [
            (ref, target.moment, case_id, ACTIONS[channel], *said)
            for ref, (case_id, _, channel) in zip(refs, added, strict=True)
        ],
    )
    decisions = target.known(Decision.ref, refs, Decision.id)
    contacts = []
    for decision, ref, (key, row) in zip(refs, ids.new_refs(len(added)), added.items(), strict=True):
        case_id, at, channel = key
        contacts.append(
            (
                *(ref, target.moment, case_id, decisions[decision].id, channel, int(row["inbound"])),
                *(_text(at), row["outcome"], Contact.feedback.seal(target.lender_id, ref, row["feedback"])),
            )
        )
    target.write(_CONTACTS, contacts)


def _cases_of(target: Target, rows: Sequence[Row]) -> dict[tuple[Any, Any], int]:
    """The open case of each contract or borrower that the rows name."""
    loans = target.known(Loan.contract_no, {row["contract_no"] for row in rows} - {None}, Loan.id)
    people = {row["borrower_no"] for row in rows} - {None}
    borrowers = target.known(Borrower.borrower_no, people, Borrower.id)
    opened = (Case.lender_id == target.lender_id, Case.closed_at.is_(None))
    holding = (
        select(CaseLoan.loan_id, func.min(Case.id))
        .join(Case, CaseLoan.case_id == Case.id)
        .where(
            *opened, CaseLoan.left_at.is_(None), CaseLoan.loan_id.in_([loan.id for loan in loans.values()])
        )
        .group_by(CaseLoan.loan_id)
    )
    oldest = (
        select(Case.borrower_id, func.min(Case.id))
        .where(*opened, Case.borrower_id.in_([each.id for each in borrowers.values()]))
        .group_by(Case.borrower_id)
    )
    by_loan = {row[0]: row[1] for row in target.session.execute(holding)}
    by_borrower = {row[0]: row[1] for row in target.session.execute(oldest)}
    found: dict[tuple[Any, Any], int | None] = {}
    found |= {(number, None): by_loan.get(loan.id) for number, loan in loans.items()}
    found |= {(None, number): by_borrower.get(each.id) for number, each in borrowers.items()}
    return {key: case_id for key, case_id in found.items() if case_id is not None}


def _known_contacts(target: Target, cases: set[int]) -> set[tuple[int, datetime, Channel]]:
    query = select(Contact.case_id, Contact.at, Contact.channel).where(
        Contact.lender_id == target.lender_id, Contact.case_id.in_(sorted(cases))
    )
    return {(row.case_id, row.at, row.channel) for row in target.session.execute(query)}


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
