"""The rules the lender works under: versions, every key with its source, and what differs between two."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, request
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField

from portal.agent import blueprint
from portal.domain.policy import SourceStatus, changed_keys
from portal.infra import clock
from portal.services import policy_versions
from portal.services.policy_versions import Standing, Version
from portal.vocabulary import Role
from portal.web import access
from portal.web.locale import current_locale
from portal.web.page import page
from portal.web.policy_values import lines
from portal.web.transactions import session
from portal.web.words import policies as words

READERS = (Role.ADMIN, Role.LEAD, Role.MANAGER, Role.AUDITOR)


class Compared(Form):
    """Two versions by their fingerprints. In the address they are `from` and `to`."""

    from_ = SelectField(_l("Older version"), name="from", validate_choice=False)
    to = SelectField(_l("Newer version"), validate_choice=False)


@dataclass(frozen=True)
class Rule:
    """A key of one version, as the page shows it."""

    key: str
    label: object
    lines: list[str]
    source: str
    status: SourceStatus


@dataclass(frozen=True)
class Difference:
    """A key that two versions do not have alike; None where one of them has no such key."""

    label: object
    before: Rule | None
    after: Rule | None

    @property
    def only_source(self) -> bool:
        return bool(self.before and self.after and self.before.lines == self.after.lines)


@blueprint.get("/policies")
@access.roles(*READERS)
def policies() -> Response:
    versions = policy_versions.of_lender(session, lender=g.lender, now=clock.now())
    known = {each.digest: each for each in versions}
    shown = known.get(request.args.get("version", ""))
    form = _form(versions)
    before, after = known.get(form.from_.data or ""), known.get(form.to.data or "")
    asked = bool(request.args.get("from") or request.args.get("to"))
    return page(
        "agent/policies/policies.html",
        versions=versions,
        shown=shown or next(each for each in versions if each.standing is Standing.IN_FORCE),
        unknown=asked and not (before and after),
        sections=_sections(shown or next(each for each in versions if each.standing is Standing.IN_FORCE)),
        form=form,
        differences=_differences(before, after) if asked and before and after else None,
    )


def _form(versions: list[Version]) -> Compared:
    """Offers the newest two, unless the address names others."""
    form = Compared(request.args)
    named = [(each.digest, f"{each.version} · {each.effective_from} · {each.digest}") for each in versions]
    form.from_.choices = form.to.choices = named
    form.from_.data = request.args.get("from") or versions[min(1, len(versions) - 1)].digest
    form.to.data = request.args.get("to") or versions[0].digest
    return form


def _sections(version: Version) -> list[tuple[str, object, list[Rule]]]:
    """The keys of a version by section, in the order of the pack."""
    found: dict[str, list[Rule]] = {}
    for key in version.content["values"]:
        if (rule := _rule(version, key)) is not None:
            found.setdefault(key.partition(".")[0], []).append(rule)
    return [(name, words.SECTIONS.get(name, name), rules) for name, rules in found.items()]


def _differences(before: Version, after: Version) -> list[Difference]:
    return [
        Difference(words.KEYS.get(key, key), _rule(before, key), _rule(after, key))
        for key in changed_keys(before.content, after.content)
    ]


def _rule(version: Version, key: str) -> Rule | None:
    content: dict[str, Any] = version.content
    if (said := content["values"].get(key)) is None:
        return None
    source = content["sources"][said["why"]]
    currency = content["values"]["business.currency"]["value"]
    return Rule(
        key=key,
        label=words.KEYS.get(key, key),
        lines=lines(key, said["value"], currency),
        source=source[current_locale().value],
        status=SourceStatus(source["status"]),
    )
