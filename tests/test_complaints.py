"""docs/complaints.md: each complaint is answered by tests that exist, or by a limit."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "complaints.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
][1:]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_complaint_is_answered(row):
    complaint, answer, evidence = row
    assert complaint
    assert answer
    assert "`tests/" in evidence or "Limit: " in evidence


def test_the_tests_that_are_named_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(named) > len(ROWS)
    assert PAGE.count("::") == len(named)
    assert [pair for pair in named if pair[1] not in functions_of(ROOT / pair[0])] == []
