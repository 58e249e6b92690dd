"""Commands about agreements."""

from pathlib import Path
from typing import Any

import click

from portal.cli import context

# The most a file may hold: an original of the portal is a few hundred kilobytes.
LARGEST = 50 * 1024 * 1024
PROBLEMS = {
    "not_a_pdf": "this is not a PDF",
    "unsigned": "this PDF carries no seal",
    "several_signatures": "this PDF carries several signatures, an original has one",
    "not_a_seal": "the signature in this PDF is not a seal",
    "changed": "this file was changed after it was sealed",
    "changes_allowed": "the seal of this PDF would permit changes",
    "untrusted": "no lender of this installation sealed this file",
    "unreadable": "this file is damaged",
}


@click.group(
    epilog="""\b
Example:  portal agreement verify A-7K3M-9QXD-original.pdf"""
)
def agreement() -> None:
    """Check sealed agreements."""


@agreement.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@context.json_option
def verify(file: Path, as_json: bool) -> None:
    """Tell whether an original is exactly as it was sealed, by whom and when.

    \b
    Example:  portal agreement verify A-7K3M-9QXD-original.pdf

    \b
    Exit codes:  0 exactly as sealed · 1 changed, not sealed, or sealed by somebody else · 2 no such file
    """
    from portal.services import seals

    if file.stat().st_size > LARGEST:
        raise context.InputError(f"{file} is too large to be an original")
    with context.open_portal().reading() as session:
        report = seals.verify(session, file.read_bytes())
    result = {
        "file": str(file),
        "intact": report.intact,
        "trusted": report.trusted,
        "signer": report.signer or None,
        "sealed_at": report.signed_at.isoformat() if report.signed_at else None,
        "problem": report.problem,
    }
    if report.problem is None or as_json:
        context.show(result, as_json=as_json, text=_text)
    if report.problem is not None:
        raise context.CheckFailed(f"{file}: {PROBLEMS[report.problem]}")


def _text(result: dict[str, Any]) -> str:
    return f"{result['file']}: intact\nsealed by {result['signer']} at {result['sealed_at']}"


COMMANDS: tuple[click.Command, ...] = (agreement,)
