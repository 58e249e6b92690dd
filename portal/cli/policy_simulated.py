"""What `portal policy simulate` prints: line by line while the decisions are read, for they may be many."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from portal.vocabulary import Locale

if TYPE_CHECKING:
    from portal.domain.policy import Policy
    from portal.services.policy_simulation import Change, Tally

_COLUMNS = "{at:16}  {lender:14}  {case:26}  {act:28}  {now:7}  {why}"
_REASON = " " * (16 + 14 + 26 + 28 + 7 + 10)


def as_json(pack: "Policy", changes: "Iterator[Change]", tally: "Tally") -> None:
    """Print one object: the pack, the decisions it turns, the sums."""
    head = json.dumps({"pack": pack.version_id}, ensure_ascii=False)[:-1]
    click.echo(head + ', "changes": [', nl=False)
    for number, each in enumerate(changes):
        click.echo((", " if number else "") + json.dumps(_as_dict(each), ensure_ascii=False), nl=False)
    click.echo("], " + json.dumps({"totals": _totals(tally)}, ensure_ascii=False)[1:])


def as_table(pack: "Policy", changes: "Iterator[Change]", tally: "Tally") -> None:
    """Print a line for each decision that is turned, a further one for each further reason, then the sums."""
    zone = ZoneInfo(pack.business.timezone)
    click.echo(f"Under {pack.version_id} (times in {zone.key}):")
    head = {"at": "when", "lender": "lender", "case": "case", "act": "act", "now": "now", "why": "why"}
    click.echo(_COLUMNS.format(**head))
    for each in changes:
        said = _as_dict(each)
        first, *further = [rule["sentence"] for rule in said["rules"]] or [""]
        line = _COLUMNS.format(
            at=f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}",
            lender=each.lender,
            case=each.case or "-",
            act=f"{said['action']} ({said['class']})",
            now=said["now"],
            why=first,
        )
        click.echo("\n".join([line, *(f"{_REASON}{sentence}" for sentence in further)]))
    click.echo()
    _print_sums(pack, _totals(tally))


def _print_sums(pack: "Policy", totals: dict[str, Any]) -> None:
    """Every decision once; then, of those that would have been refused, how many each rule refuses."""
    for name in ("decisions", "refused", "allowed", "same", "not_replayable"):
        click.echo(f"{totals[name]:>9,}  {_MEANING[name]}")
    if totals["by_rule"]:
        click.echo("\nrefused by   rule (one act may break several)")
    for rule, found in totals["by_rule"].items():
        click.echo(f"{found['count']:>9,}  {rule}  [{found['key']}: {found['source']}]")
    if totals["by_act"]:
        click.echo("\nrefused      act")
    for act, count in totals["by_act"].items():
        click.echo(f"{count:>9,}  {act}")


_MEANING = {
    "decisions": "decisions were read",
    "refused": "were allowed and would be refused; one of service would wait for the hours",
    "allowed": "were refused and would be allowed",
    "same": "would be the same",
    "not_replayable": "cannot be judged again: their facts were not kept",
}


def _as_dict(change: "Change") -> dict[str, Any]:
    from portal.web.words import operations

    return {
        "at": change.at.isoformat(timespec="seconds"),
        "lender": change.lender,
        "case": change.case,
        "action": change.action.value,
        "class": change.action_class.value,
        "decision": change.decision,
        "then": "allowed" if change.allowed_then else "refused",
        "now": "refused" if change.allowed_then else "allowed",
        "rules": [
            {
                "id": line.id.value,
                "sentence": operations.rule(line, change.currency),
                "source": line.source(Locale.EN),
            }
            for line in change.rules
        ],
    }


def _totals(tally: "Tally") -> dict[str, Any]:
    return {
        "decisions": tally.read,
        "refused": tally.refused,
        "allowed": tally.allowed,
        "same": tally.same,
        "not_replayable": tally.not_replayable,
        "by_rule": {
            rule: {"count": count, "key": tally.keys[rule][0], "source": tally.keys[rule][1].text(Locale.EN)}
            for rule, count in tally.by_rule.most_common()
        },
        "by_act": dict(tally.by_act.most_common()),
    }
