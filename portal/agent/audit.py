"""The audit record: what was done and by whom, and whether the chain it stands in is whole."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from portal.agent import blueprint
from portal.domain.actor import ActorKind
from portal.domain.audit_chain import Entry
from portal.infra import clock
from portal.services import anchors, audit_trail
from portal.services.anchors import AnchorFiles, Chain
from portal.services.audit_trail import Filters
from portal.vocabulary import Role
from portal.web import access, record
from portal.web.page import page
from portal.web.spreadsheets import csv_file
from portal.web.transactions import installation, session
from portal.web.words import audit as words
from portal.web.words import case_events

READERS = (Role.AUDITOR, Role.ADMIN, Role.MANAGER)
CASE_READERS = (Role.AUDITOR, Role.MANAGER)
ANY = SelectChoice("", _l("All"))
MOST_AT_ONCE = 100_000  # entries that a page may check; the command checks any number
COLUMNS = ("number", "time", "actor", "name", "action", "said", "subject", "case", "facts", "hash")


def _when_given(_form: Form, field: Field) -> None:
    """An empty field is no mistake: the list is not bounded on that side."""
    if not "".join(field.raw_data or []).strip():
        field.errors = []
        raise StopValidation


class AuditFilters(Form):
    who = SelectField(_l("Who"), validate_choice=False)
    action = SelectField(_l("What"), validate_choice=False)
    about = StringField(_l("Reference of a case or an object"))
    begin = DateField(_l("From"), [_when_given])
    end = DateField(_l("To"), [_when_given])

    def offer(self, names: Mapping[str, str]) -> None:
        """Fill the lists to choose from: kinds of people, the staff, every act that has a sentence."""
        kinds = [SelectChoice(kind.value, said) for kind, said in case_events.ACTORS.items()]
        self.who.choices = [ANY, *kinds, *(SelectChoice(each, name) for each, name in names.items())]
        acts = sorted({*case_events.EVENTS, *words.ACTIONS}, key=record.action)
        self.action.choices = [ANY, *(SelectChoice(each, record.action(each)) for each in acts)]

    def filters(self) -> Filters:
        return Filters(
            actor=(self.who.data or "")[:60],
            action=(self.action.data or "")[:60],
            about=(self.about.data or "").strip()[:60],
            begin=_midnight(self.begin.data),
            end=_midnight(self.end.data + timedelta(days=1)) if self.end.data else None,
        )

    def chosen(self) -> dict[str, Any]:
        """The filters as they stand in the address of this list."""
        return {name: str(value) for name, value in self.data.items() if value}


@blueprint.get("/audit")
@access.roles(*READERS)
def audit_record() -> Response:
    actor, form = access.actor(), AuditFilters(request.args)
    form.validate()
    names = audit_trail.staff_names(session, actor=actor)
    form.offer(names)
    after = request.args.get("after", type=int)
    found = audit_trail.page_of(session, filters=form.filters(), after=after, actor=actor, now=clock.now())
    chosen = form.chosen()
    return page(
        "agent/audit/audit.html",
        form=form,
        lines=[_line(entry, names) for entry in found.entries],
        may_open_cases=actor.has(*CASE_READERS),
        filtered=bool(chosen),
        csv_url=url_for("agent.audit_csv", **chosen),
        first_url=url_for("agent.audit_record", **chosen) if after else None,
        next_url=url_for("agent.audit_record", after=found.after, **chosen) if found.after else None,
        state=anchors.state_of(session, chain=_chain(), files=_files()),
        sentence=words.sentence,
    )


@blueprint.get("/audit.csv")
@access.roles(*READERS)
def audit_csv() -> Response:
    form = AuditFilters(request.args)
    form.validate()
    return csv_file(f"audit-{g.lender.code}.csv", COLUMNS, _rows(form.filters()))


@blueprint.get("/audit/verification")
@access.roles(*READERS)
def audit_verification() -> Response:
    checked = anchors.verify(session, chain=_chain(), files=_files(), now=clock.now(), most=MOST_AT_ONCE)
    return page(
        "agent/audit/verification.html",
        checked=checked,
        sentences=[words.sentence(each) for each in checked.problems],
        most=MOST_AT_ONCE,
        command=f"portal audit verify --lender {g.lender.code}",
    )


def _chain() -> Chain:
    return Chain(g.lender.code, g.lender.id)


def _files() -> AnchorFiles:
    return AnchorFiles(installation().settings.anchors)


def _midnight(day: date | None) -> datetime | None:
    """The beginning of a day of the lender."""
    return datetime.combine(day, time.min, g.zone) if day else None


def _line(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    """An entry as the list shows it."""
    return {
        "number": entry.sequence,
        "at": entry.at,
        "what": record.action(entry.action),
        "facts": record.facts(entry.action, entry.facts),
        "who": record.actor(entry.actor, names),
        "subject": record.subject(entry.subject),
        "ref": entry.subject.partition("/")[2],
        "case": entry.case_ref,
        "hash": entry.hash.hex(),
    }


def _rows(filters: Filters) -> Iterator[tuple[object, ...]]:
    """Every entry that fits, as a line of the file."""
    actor = access.actor()
    names = audit_trail.staff_names(session, actor=actor)
    for entry in audit_trail.every(session, filters=filters, actor=actor, now=clock.now()):
        yield (
            entry.sequence,
            entry.at.astimezone(UTC).isoformat(timespec="seconds"),
            entry.actor,
            names.get(entry.actor, "") if entry.actor.startswith(ActorKind.STAFF) else "",
            entry.action,
            record.action(entry.action),
            entry.subject,
            entry.case_ref,
            json.dumps(entry.facts, ensure_ascii=False, sort_keys=True),
            entry.hash.hex(),
        )
