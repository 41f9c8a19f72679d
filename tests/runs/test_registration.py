"""The file of claims: what it may hold, the preset of its cells, and whether a claim is as it was at a commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grue.runs import registration
from grue.runs.catalogue import Catalogue, CellInfo
from grue.runs.errors import UsageError
from grue.runs.names import make_learner, make_task
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset, presets
from grue.runs.registration import Claim, digests_at, parse_claims, read_claims, reasons_post_hoc

SMALL = """
[run]
description = "two cells"
suite_seed = 2
seeds = 4
test_size = 50
timeout = 60
[run.parameters.mlp]
learning_rate = 0.001

[[claim]]
name = "first"
claim = "Words"
source = "somebody"
predicts = { one = "yes", other = "no" }
[[claim.test]]
says = "more than half of the seeds"
statistic = "seeds"
first = { task = "identity-bits", learner = "mlp", size = 16, split = "odd" }
second = { learner = "forest", exposed = 4 }
level = 0.25

[[claim]]
name = "later"
claim = "Other words"
source = "somebody else"
predicts = {}
study = "scaling"
"""


def small(old: str = "", new: str = "") -> registration.Registration:
    assert old in SMALL
    return parse_claims(SMALL.replace(old, new), "claims.toml")


def test_a_second_selection_is_the_first_but_for_what_it_says() -> None:
    (test,) = small().claims[0].tests
    assert test.threshold == 0.5
    assert test.second is not None
    assert (test.second.learners, test.second.exposed, test.second.split) == (("forest",), 4, "odd")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("level = 0.25", "levle = 0.25", "did you mean 'level'"),
        ("level = 0.25", "", "level belongs to"),
        ("level = 0.25", 'level = "high"', "expected float"),
        ("level = 0.25", "level = 0.25\nmargin = 0.1", "no margin"),
        ('statistic = "seeds"', 'statistic = "median"', "expected one of mean, seeds, orders, slope, extrapolation"),
        ('statistic = "seeds"', 'statistic = "mean"', "level belongs to"),
        ('statistic = "seeds"\n', "", "'statistic' is required"),
        ('says = "more than half of the seeds"', "condition = 1", "condition = 1; expected bool"),
        ("size = 16", "size = [16, 64]", "of one size"),
        ('learner = "mlp"', 'learner = ["mlp", "forest"]', "one task and one learner"),
        (', split = "odd"', "", "'split' is required"),
        ('name = "later"', 'name = "first"', "two claims are called first"),
        ('name = "later"', 'name = "<b>"', "letters, digits and hyphens"),
        ('study = "scaling"', "", "either tests"),
        ("[[claim]]", "[[claims]]", "did you mean 'claim'"),
        ('source = "somebody"', "source = 3", "expected str"),
    ],
)
def test_mistakes_are_named_with_what_is_expected(old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        small(old, new)


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_claims(tmp_path / "claims.toml")
    (tmp_path / "claims.toml").write_text("[[claim")
    with pytest.raises(UsageError, match="cannot read"):
        read_claims(tmp_path / "claims.toml")


def test_a_digest_changes_with_the_claim_and_the_run_and_nothing_else() -> None:
    first, later = (claim.digest for claim in small().claims)
    changed = [claim.digest for claim in small("0.25", "0.3").claims]
    assert changed[0] != first
    assert changed[1] == later
    assert small("Other words", "Others").claims[0].digest == first
    own, of_study = (claim.digest for claim in small("seeds = 4", "seeds = 5").claims)
    assert own not in (first, later)
    assert of_study == later, "a study has scales and seeds of its own"
    assert small("[[claim]]", "# a comment\n[[claim]]").claims[0].digest == first


def test_the_preset_of_the_claims_plans_the_cells_of_their_tests() -> None:
    claims, preset = read_claims(), load_preset("claims")
    assert "claims" in presets()
    plan = make_plan(preset)
    assert {cell.pair.suite for cell in plan.cells} == {4}
    planned = {(one.pair.task.label, one.pair.learner.label, one.size, one.exposed, one.seed) for one in plan.cells}
    for claim in claims.claims:
        for selection in (one for test in claim.tests for one in test.selections):
            for task, sizes in registration._sizes(selection):
                for learner in selection.learners:
                    assert make_learner(learner).label == learner
                    wanted = {(task, learner, n, selection.exposed, seed) for n in sizes for seed in range(16)}
                    assert wanted <= planned, claim.name
                splits = {split.name for split in make_task(task).instance.splits} | {"ood"}
                assert selection.split in splits, claim.name


def test_an_empty_preset_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "claims.toml").write_text("")
    with pytest.raises(UsageError, match="is required"):
        load_preset(str(tmp_path / "claims.toml"))


def test_the_claims_of_the_suite_are_worded_for_readers() -> None:
    for claim in read_claims().claims:
        assert not claim.claim.endswith(".")
        assert len(claim.predicts) >= 2, claim.name
    assert read_claims().declared <= 50, "16 of 16 seeds would not be significant after correction"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A repository with the claims; called with a text, it commits that and returns the commit."""
    monkeypatch.setattr(registration, "ROOT", tmp_path)
    digests_at.cache_clear()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    path = tmp_path / registration.FILE
    path.parent.mkdir(parents=True)

    def commit(text: str) -> str:
        path.write_text(text)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "claims"], check=True)
        shown = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], check=True, capture_output=True, text=True)
        return shown.stdout.strip()

    return commit


def catalogue(suite_seed: int = 2, seeds: int = 4, rate: float = 0.001) -> Catalogue:
    cells = tuple(CellInfo(str(one), "identity-bits", "mlp", 16, 0, one, "d", suite_seed) for one in range(seeds))
    settings = {"d": {"test_size": 50, "learner": {"parameters": {"learning_rate": rate, "width": 8}}}}
    return Catalogue(cells=cells, settings=settings)


def reasons(claim: Claim, commit: str, held: Catalogue | None = None) -> list[str]:
    held = held or catalogue()
    return reasons_post_hoc(claim, small().run, held, list(held.by_key), len(held.cells), [commit])


def test_a_verdict_on_registered_cells_is_not_post_hoc(checkout: Callable[[str], str]) -> None:
    commit = checkout(SMALL)
    assert registration.committed() == commit
    assert reasons(small().claims[0], commit) == []
    assert registration.unchecked([commit]) == []


def test_a_claim_that_was_added_or_changed_after_its_cells_is_post_hoc(checkout: Callable[[str], str]) -> None:
    before = checkout("")
    changed = checkout(SMALL.replace("0.25", "0.3"))
    checkout(SMALL)
    assert reasons(small().claims[0], before) == ["the claim was added after its cells were computed"]
    assert reasons(small().claims[0], changed) == ["the claim was changed after its cells were computed"]
    assert reasons(small().claims[1], changed) == []


def test_other_suite_seeds_settings_and_fewer_seeds_are_post_hoc(checkout: Callable[[str], str]) -> None:
    claim, commit = small().claims[0], checkout(SMALL)
    assert reasons(claim, commit, catalogue(suite_seed=1)) == ["suite seed 1, registered for 2"]
    assert reasons(claim, commit, catalogue(seeds=3)) == ["3 of 4 seeds"]
    assert reasons(claim, commit, catalogue(rate=0.1)) == ["other settings than registered: mlp"]


def test_a_commit_that_is_not_at_hand_is_not_checked(
    checkout: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = checkout(SMALL)
    for unknown in ("", "0123456789", f"{commit}+"):
        assert registration.unchecked([unknown]) == [unknown]
        assert reasons(small().claims[0], unknown) == []
    (tmp_path / registration.FILE).write_text(SMALL + "# more")
    assert registration.committed() == f"{commit}+"
    digests_at.cache_clear()
    monkeypatch.setattr(registration, "ROOT", tmp_path / "runs")
    assert registration.committed() is None
    assert registration.unchecked([commit]) == [commit]
