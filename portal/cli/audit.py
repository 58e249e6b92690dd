"""`portal audit`: is the record of what happened whole?"""

from typing import TYPE_CHECKING, Any

import click

from portal.cli.context import CheckFailed, json_option, lender_of, open_portal, show

if TYPE_CHECKING:
    from portal.infra.installation import Installation
    from portal.services.anchors import Chain, Verification


@click.group(
    epilog="""\b
Example:  portal audit verify --lender pingan-bank
          portal audit anchor
          portal audit key > anchors.pem"""
)
def audit() -> None:
    """Check the audit log, anchor it, print the key of its anchors."""


@audit.command(
    epilog="""\b
Example:  portal audit verify
          portal audit verify --lender pingan-bank --json"""
)
@click.option("--lender", "code", help="The code of one lender. Default: all, and the installation's own.")
@json_option
def verify(code: str | None, *, as_json: bool) -> None:
    """Recompute the chains of entries and check their signed anchors.

    Exit code 1 when an entry was edited, deleted, inserted or moved, when the end was cut off, when a chain
    was written anew, or when an anchor was changed or is gone. An anchor older than two nights is a
    warning."""
    from portal.services import anchors

    installation = open_portal()
    files = anchors.AnchorFiles(installation.settings.anchors)
    with installation.reading() as session:
        lender = lender_of(session, code) if code else None
        every = anchors.chains(session)
        gone = [] if code else anchors.gone(session, files=files)
    wanted = [each for each in every if lender is None or each.lender_id == lender.id]
    chains = [_checked(installation, each, files) for each in wanted] + [_gone(each) for each in gone]
    result = {"intact": all(not each["problems"] for each in chains), "chains": chains}
    show(result, as_json=as_json, text=_text)
    if not result["intact"]:
        click.get_current_context().exit(CheckFailed.exit_code)


@audit.command(
    epilog="""\b
Example:  portal audit anchor --json"""
)
@json_option
def anchor(*, as_json: bool) -> None:
    """Check every chain and write today's signed anchors now, where the worker has not written them yet.

    A chain that is not whole is not anchored; exit code 1."""
    from portal.infra import clock
    from portal.jobs import anchors

    installation = open_portal()
    outcomes = anchors.run_now(installation, now=clock.now())
    result = {"folder": str(installation.settings.anchors), "chains": outcomes}
    show(result, as_json=as_json, text=_anchored)
    if anchors.Outcome.BROKEN in outcomes.values():
        click.get_current_context().exit(CheckFailed.exit_code)


@audit.command(
    epilog="""\b
Example:  portal audit key > anchors.pem"""
)
@json_option
def key(*, as_json: bool) -> None:
    """Print the public key with which anybody can check the anchors, without the database.

    The signature of an anchor is Ed25519 over its "anchor", written as JSON with sorted keys, without spaces,
    in UTF-8."""
    from portal.services import anchors

    open_portal()
    show({"algorithm": "Ed25519", "pem": anchors.public_pem()}, as_json=as_json, text=_key)


def _checked(installation: "Installation", chain: "Chain", files: Any) -> dict[str, Any]:
    from portal.infra import clock
    from portal.services import anchors

    with installation.reading() as session:
        anchors.enter(session, chain)
        return _said(anchors.verify(session, chain=chain, files=files, now=clock.now()))


def _said(found: "Verification") -> dict[str, Any]:
    from portal.web.words import audit as words

    sentences = [words.sentence(each) for each in found.problems]
    return {
        "lender": found.chain,
        "entries": found.entries,
        "problem": sentences[0] if sentences else None,
        "problems": [
            {
                "kind": each.kind.value,
                "entry": each.entry or None,
                "date": each.day and each.day.isoformat(),
                "said": said,
            }
            for each, said in zip(found.problems, sentences, strict=True)
        ],
        "anchor": found.anchor and found.anchor.day.isoformat(),
        "warning": _warning(found),
    }


def _warning(found: "Verification") -> str | None:
    if not found.anchor_old:
        return None
    if found.anchor is None:
        return "there is no anchor yet: without one, a cut end cannot be told"
    return f"the last anchor is of {found.anchor.day}: is a worker running?"


def _gone(code: str) -> dict[str, Any]:
    from portal.domain.audit_chain import Problem
    from portal.vocabulary import ChainProblem
    from portal.web.words import audit as words

    said = words.sentence(Problem(ChainProblem.LENDER_GONE))
    problem = {"kind": ChainProblem.LENDER_GONE.value, "entry": None, "date": None, "said": said}
    return {
        "lender": code,
        "entries": 0,
        "problem": said,
        "problems": [problem],
        "anchor": None,
        "warning": None,
    }


def _text(result: dict[str, Any]) -> str:
    lines = []
    for each in result["chains"]:
        said = "; ".join(problem["said"] for problem in each["problems"]) or "whole"
        last = f", anchored on {each['anchor']}" if each["anchor"] else ""
        lines.append(f"{each['lender']}: {said} ({each['entries']} entries{last})")
        if each["warning"]:
            lines.append(f"{each['lender']}: warning: {each['warning']}")
    return "\n".join(lines)


def _anchored(result: dict[str, Any]) -> str:
    said = {
        "written": "anchored",
        "kept": "today's anchor is there already",
        "broken": "not anchored: the chain is not whole, see `portal audit verify`",
    }
    lines = [f"{code}: {said[outcome]}" for code, outcome in result["chains"].items()]
    return "\n".join([*lines, f"Folder: {result['folder']}"] if lines else ["There is no lender yet."])


def _key(result: dict[str, Any]) -> str:
    return str(result["pem"]).strip()


COMMANDS = (audit,)
