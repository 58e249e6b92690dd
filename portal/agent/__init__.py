"""The staff's pages. Every view names the roles that may open it."""

from flask import Blueprint

from portal.web import access

blueprint = Blueprint("agent", __name__, url_prefix="/agent")
blueprint.before_request(access.only_staff)

from portal.agent import (  # noqa: E402  (registers their routes)
    account,  # noqa: F401
    agreements,  # noqa: F401
    approvals,  # noqa: F401
    audit,  # noqa: F401
    budgets,  # noqa: F401
    calls,  # noqa: F401
    cases,  # noqa: F401
    checklist,  # noqa: F401
    complaints,  # noqa: F401
    contests,  # noqa: F401
    crisis,  # noqa: F401
    day,  # noqa: F401
    debts,  # noqa: F401
    disputes,  # noqa: F401
    findings,  # noqa: F401
    followups,  # noqa: F401
    imports,  # noqa: F401
    inbox,  # noqa: F401
    message_texts,  # noqa: F401
    overrides,  # noqa: F401
    people,  # noqa: F401
    plans,  # noqa: F401
    policies,  # noqa: F401
    preferences,  # noqa: F401
    promises,  # noqa: F401
    proofs,  # noqa: F401
    reliefs,  # noqa: F401
    reveals,  # noqa: F401
    route,  # noqa: F401
    strategies,  # noqa: F401
    undelivered,  # noqa: F401
    visits,  # noqa: F401
)
