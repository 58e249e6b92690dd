"""The steps of a visit as pages show them: words and addresses for where the visit stands."""

from dataclasses import dataclass

from flask import url_for

from portal.services.visit_progress import Progress
from portal.vocabulary import StepState, VisitStep
from portal.web import words

_PAGES = {
    VisitStep.IDENTITY: "agent.visit_identity",
    VisitStep.PERSON: "agent.visit_checklist",
    VisitStep.CHECKLIST: "agent.visit_checklist",
    VisitStep.FINDINGS: "agent.visit_findings",
    VisitStep.BUDGET: "agent.visit_budget",
    VisitStep.PLAN: "agent.visit_plan",
    VisitStep.LEAVE: "agent.visit_departure",
}


@dataclass(frozen=True, kw_only=True)
class StepLink:
    """`url` is None where there is nothing to do: not yet, not any more, or elsewhere."""

    key: VisitStep
    label: str
    state: StepState
    url: str | None


def links(ref: str, progress: Progress) -> list[StepLink]:
    """Return every step of a visit in order; those that may be worked on have an address."""
    return [
        StepLink(key=step, label=words.label(step), state=state, url=url_of(ref, step, progress))
        for step, state in progress.steps
    ]


def url_of(ref: str, step: VisitStep, progress: Progress) -> str | None:
    """Return where a step is worked on, once it may be."""
    if not progress.is_open(step):
        return None
    if step is VisitStep.SIGN:
        return url_for("agent.agreement", ref=progress.agreement) if progress.agreement else None
    if step is VisitStep.IDENTITY and progress.current is not step:
        return None  # the codes are compared once
    return url_for(_PAGES[step], ref=ref) if step in _PAGES else None


def next_url(ref: str, progress: Progress) -> str:
    """Return where the visit goes on; the page of the visit when nothing is to be done here."""
    current = url_of(ref, progress.current, progress) if progress.current else None
    return current or url_for("agent.visit", ref=ref)
