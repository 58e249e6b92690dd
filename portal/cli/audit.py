"""`portal audit`: is the record of what happened whole?"""

from typing import Any

import click

from portal.cli.context import CheckFailed, json_option, lender_of, open_portal, show


@click.group(
    epilog="""\b
Example:  portal audit verify --lender pingan-bank"""
)
def audit() -> None:
    """Check the audit log."""


@audit.command(
    epilog="""\b
Example:  portal audit verify
          portal audit verify --lender pingan-bank --json"""
)
@click.option("--lender", "code", help="The code of one lender. Default: all.")
@json_option
def verify(code: str | None, *, as_json: bool) -> None:
    """Recompute the chain of entries; exit code 1 when one was edited, deleted, moved or cut off."""
    from portal.services import audit as chain
    from portal.services import lenders

    chains: list[dict[str, Any]] = []
    installation = open_portal()
    with installation.reading() as session:
        chosen = [lender_of(session, code)] if code else lenders.all_lenders(session)
    for lender in chosen:
        with installation.reading() as session:
            lenders.enter(session, lender)
            report = chain.verify(session, lender_id=lender.id)
            chains.append({"lender": lender.code, "entries": report.entries, "problem": report.problem})
    result = {"intact": all(each["problem"] is None for each in chains), "chains": chains}
    show(result, as_json=as_json, text=_text)
    if not result["intact"]:
        click.get_current_context().exit(CheckFailed.exit_code)


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"{each['lender']}: {each['problem'] or 'whole'} ({each['entries']} entries)"
        for each in result["chains"]
    ]
    return "\n".join(lines) or "There is no lender yet."


COMMANDS = (audit,)
