"""Takes each line that keeps people apart out of the code, and asks whether a test notices.

    python -m tests.mutants.scope [--list] [--only N[-M]]

Works in copies of the tree. What is taken out: the conditions of `services/scope.py`, the checks of
`infra/tenancy.py`, the roles of every view (all of the staff is let in instead), the gates in front of both
portals, what is not found, the table of every policy, the rights to the audit log, the refusal of a role."""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests import databases

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_suffix(".md")
WORKERS = 2
MATRIX = "tests/isolation/test_matrix.py"
SCOPE_TESTS = ("tests/services/test_scope.py", "-k", "sqlite")
TENANCY_TESTS = ("tests/infra/test_tenancy.py",)
SECURITY_TESTS = ("tests/infra/test_row_security.py", "-k", "not sqlite")


@dataclass(frozen=True)
class Mutant:
    """A text of one line that is replaced, and the tests that must notice."""

    path: str
    line: int
    before: str
    after: str
    tests: tuple[str, ...]
    alone: bool = True  # False: its one test looks at nothing that another such mutant touches

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before.strip()[:70]!r} -> {self.after.strip()[:40]!r}"


def mutants() -> list[Mutant]:
    return [*_scope(), *_tenancy(), *_views(), *_gates(), *_policies(), *_rights()]


# Conditions that repeat what the query around them says: a row's number is unique among all lenders, so
# that nothing is seen without them. They are there for the index, and for whoever reads one query alone.
REPEATED = {
    "about.lender_id == actor.lender_id",
    "VisitCrew.lender_id == actor.lender_id",
    "Visit.lender_id == actor.lender_id",
}
JOINED = ("where", "and_", "or_")


def _scope() -> Iterator[Mutant]:
    """Each condition of a `where`, each alternative of who sees a case, each side of a complaint."""
    path = "portal/services/scope.py"
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in JOINED:
            for condition in node.args:
                if ast.unparse(condition) in REPEATED:
                    continue
                yield from _replaced(path, condition, "true()", SCOPE_TESTS)
        elif isinstance(node, ast.match_case):
            returned = node.body[0]
            if (
                isinstance(returned, ast.Return)
                and returned.value
                and ast.unparse(returned.value) != "true()"
            ):
                yield from _replaced(path, returned.value, "true()", SCOPE_TESTS)
        elif isinstance(node, ast.If):
            yield from _replaced(path, node.test, "True", SCOPE_TESTS)
            yield from _replaced(path, node.test, "False", SCOPE_TESTS)


def _replaced(path: str, node: ast.expr, by: str, tests: tuple[str, ...]) -> Iterator[Mutant]:
    """The mutant in which an expression is another; those of several lines become one."""
    source = (ROOT / path).read_text("utf-8")
    before = ast.get_source_segment(source, node)
    assert before is not None
    yield Mutant(path, node.lineno, before, by, tests)


def _tenancy() -> Iterator[Mutant]:
    """Each condition becomes false where it leads to a refusal, and each listener does nothing."""
    path = "portal/infra/tenancy.py"
    source = (ROOT / path).read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and any(isinstance(each, ast.Raise) for each in node.body):
            yield from _replaced(path, node.test, "False", TENANCY_TESTS)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = ast.unparse(node.value.func)
            if called in (
                "tell",
                "_check_row",
                "_check_insert",
                "_check_update",
                "_check_loaded",
                "check_rows",
            ):
                yield from _replaced(path, node.value, "None", TENANCY_TESTS)
        elif isinstance(node, ast.Assign) and "options(own)" in ast.unparse(node):
            yield from _replaced(path, node.value, "state.statement", TENANCY_TESTS)
    for number, text in enumerate(source.splitlines(), 1):
        if text.startswith("    bulk_") and "_mappings" in text:
            yield Mutant(path, number, text, "    pass", TENANCY_TESTS)


def _views() -> Iterator[Mutant]:
    """Each view lets the whole staff in, and each `or_404` lets through what it finds missing."""
    for path in sorted((ROOT / "portal/agent").glob("*.py")):
        source = path.read_text("utf-8")
        name = str(path.relative_to(ROOT))
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            method = next((m for m in ("post", "get") if f"blueprint.{m}(" in _decorators(node)), None)
            for decorator in node.decorator_list:
                text = ast.get_source_segment(source, decorator) or ""
                if method and text.startswith("access.roles(") and "*Role)" not in text:
                    case = f"{MATRIX}::{TEST}[sqlite-agent.{node.name}:{method.upper()}]"
                    yield Mutant(name, decorator.lineno, text, ALL_ROLES, (case,), alone=False)


TEST = "test_everybody_gets_what_is_theirs_and_nobody_anything_else"
DOORS = "tests/web/test_access.py"  # behind them the roles of a page hold as well
ALL_ROLES = "access.roles(*__import__('portal.vocabulary', fromlist=['Role']).Role)"


def _decorators(node: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(each) for each in node.decorator_list)


def _gates() -> Iterator[Mutant]:
    """The doors of both portals, the question of roles itself, and what is not found."""
    path, source = "portal/web/access.py", (ROOT / "portal/web/access.py").read_text("utf-8")
    borrowers, staff = (f"{MATRIX}::{TEST}[sqlite-{name}:GET]" for name in ("borrower.home", "agent.day"))
    found = f"{MATRIX}::{TEST}[sqlite-agent.case:GET]"
    swaps = [
        ("None if current_user.actor.is_borrower else abort(403)", "None", DOORS),
        ("None if current_user.actor.is_staff else abort(403)", "None", DOORS),
        ("not current_user.actor.has(*allowed)", "False", f"{MATRIX}::{TEST}[sqlite-agent.route:GET]"),
        ("found if found is not None else abort(404)", "found", found),
    ]
    for before, after, test in swaps:
        line = source[: source.index(before)].count("\n") + 1
        yield Mutant(path, line, before, after, (test,))
    for package, test in (("borrower", borrowers), ("agent", staff)):
        path = f"portal/{package}/__init__.py"
        for number, text in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
            if text.startswith("blueprint.before_request("):
                yield Mutant(path, number, text, "pass", (test,))


def _policies() -> Iterator[Mutant]:
    """Each table without its policy, and each part of a policy."""
    tests = (*SECURITY_TESTS[:1], "-k", "policy")
    for path in sorted((ROOT / "portal/migrations/versions").glob("*.py")):
        for number, text in enumerate(path.read_text("utf-8").splitlines(), 1):
            if re.fullmatch(r'    "\w+",', text):
                yield Mutant(str(path.relative_to(ROOT)), number, text, "", tests)
    path = "portal/migrations/isolation.py"
    for number, text in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
        if "ROW LEVEL SECURITY" in text or "CREATE POLICY" in text:
            yield Mutant(path, number, text, "        pass", tests)


def _rights() -> Iterator[Mutant]:
    """The rights of the plain role, and the refusal to start as another one."""
    path = "portal/infra/database_role.py"
    for number, text in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1):
        if re.match(r'    "\w+": "SELECT', text):
            yield Mutant(path, number, text, "", (*SECURITY_TESTS[:1], "-k", "may_not"))
        elif re.match(r"    if found\.\w+:", text):
            yield Mutant(path, number, text, "    if False:", (*SECURITY_TESTS[:1], "-k", "does_not_start"))
        elif "REVOKE ALL" in text:
            yield Mutant(path, number, text, "        pass", (*SECURITY_TESTS[:1], "-k", "renews"))


def put_in(mutant: Mutant, tree: Path) -> None:
    path = tree / mutant.path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    head, tail = "".join(lines[: mutant.line - 1]), "".join(lines[mutant.line - 1 :])
    assert mutant.before in tail, mutant
    path.write_text(head + tail.replace(mutant.before, mutant.after, 1), "utf-8")


def caught(mutant: Mutant, tree: Path) -> bool:
    """Whether a test fails with the mutant in place. `tree` is a copy that is put back afterwards."""
    whole = (tree / mutant.path).read_text("utf-8")
    put_in(mutant, tree)
    try:
        return _pytest(tree, "-x", *mutant.tests).returncode == 1
    finally:
        (tree / mutant.path).write_text(whole, "utf-8")


def caught_together(together: list[Mutant], tree: Path) -> dict[Mutant, bool]:
    """Whether each test fails with all of these mutants in place, one for each test."""
    for mutant in together:
        put_in(mutant, tree)
    answer = _pytest(tree, "-rf", *(mutant.tests[0] for mutant in together)).stdout
    failed = {line.split(" ")[1] for line in answer.splitlines() if line.startswith("FAILED ")}
    return {mutant: mutant.tests[0] in failed for mutant in together}


def _pytest(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "--tb=no", *arguments]
    result = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=1200, check=False)
    if result.returncode not in (0, 1):
        raise RuntimeError(f"the tests do not run\n{result.stdout[-2000:]}{result.stderr[-500:]}")
    return result


def run(chosen: list[Mutant]) -> list[Mutant]:
    """Try the mutants, a few at a time, on one server; return those that nothing noticed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")))
        server = stack.enter_context(databases.postgres())
        os.environ["TEST_POSTGRES_URL"] = server.admin.url.render_as_string(hide_password=False)
        shares = [[each for each in chosen if each.alone][worker::WORKERS] for worker in range(WORKERS)]
        trees = [_copy(folder / str(worker)) for worker in range(WORKERS + 1)]
        with ThreadPoolExecutor(WORKERS) as pool:
            together = pool.submit(_work_together, [each for each in chosen if not each.alone], trees[-1])
            found = [*pool.map(_work, shares, trees), together.result()]
        return [each for survived in found for each in survived]


def _work(share: list[Mutant], tree: Path) -> list[Mutant]:
    return [mutant for mutant in share if not _told(mutant, caught(mutant, tree))]


def _work_together(share: list[Mutant], tree: Path) -> list[Mutant]:
    found = caught_together(share, tree) if share else {}
    return [mutant for mutant, noticed in found.items() if not _told(mutant, noticed)]


def _told(mutant: Mutant, noticed: bool) -> bool:
    print("caught  " if noticed else "SURVIVED", mutant, flush=True)  # noqa: T201
    return noticed


def _copy(to: Path) -> Path:
    left_out = shutil.ignore_patterns(".git", ".venv", "node_modules", "instance", "__pycache__")
    shutil.copytree(ROOT, to, ignore=left_out)
    os.symlink(ROOT / ".venv", to / ".venv")
    return to


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="name the mutants and stop")
    parser.add_argument("--only", help="a number, or two with a dash between")
    options = parser.parse_args()
    chosen = mutants()
    if options.only:
        first, _, last = options.only.partition("-")
        chosen = chosen[int(first) : int(last or first) + 1]
    if options.list:
        for number, mutant in enumerate(chosen):
            print(number, mutant)  # noqa: T201
        return 0
    survived = run(chosen)
    said = f"{date.today().isoformat()}: {len(chosen) - len(survived)} of {len(chosen)} caught.\n"
    print(said)  # noqa: T201
    if not options.only:
        named = "".join(f"- survived: {each}\n" for each in survived)
        RECORD.write_text(f"# Lines of scoping, each removed in turn\n\n{said}{named}", "utf-8")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
