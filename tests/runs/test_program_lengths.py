"""Lengths of rules in the language of `program`: known ones, riddles have two, and sampled targets none."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from grue.cli import app
from grue.runs.names import make_task
from grue.runs.program_lengths import RuleLength, rule_lengths

BUDGET = 100_000


def lengths(name: str) -> list[RuleLength]:
    return list(rule_lengths(make_task(name).instance, BUDGET))


@pytest.mark.parametrize(
    ("name", "bits", "program"),
    [
        ("identity-bits", 4, "copy"),
        ("parity", 28, "fold(0, xor(state, equal(token, constant 1)))"),
        ("cycle-navigation", None, "none within the budget"),
        ("identity-reals", None, "programs are made of symbols; the inputs are real numbers"),
        ("scramble-bag", None, "no rule: the targets are sampled, or labels of real data"),
    ],
)
def test_lengths_of_rules(name: str, bits: int | None, program: str) -> None:
    assert lengths(name) == [RuleLength(name, "", bits, program)]


def test_a_riddle_has_two_rules_and_the_simple_one_is_the_shorter() -> None:
    token, parity = lengths("riddle-token")
    assert (token.rule, parity.rule) == ("token", "parity")
    assert token.program == "read 7"
    assert token.bits is not None
    assert parity.bits is None or token.bits < parity.bits


def test_the_command_prints_a_table() -> None:
    result = CliRunner().invoke(app, ["rules", "identity-bits", "--max-candidates", "1000"])
    assert result.stdout.splitlines()[-1] == "| `identity-bits` |  | 4 | `copy` |"
    assert "Language version 1, 1,000 candidates." in result.stdout
