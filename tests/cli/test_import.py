"""A set that is exported, answered elsewhere and imported stands on the board like a learner."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grue.runs.catalogue import Catalogue, LearnerInfo, read_catalogue, write_catalogue
from grue.runs.data import sample_split
from grue.runs.names import make_task
from grue.runs.reading import read

SIZE, TESTS = 16, 30
OUT = ["--name", "human", "--out", "out"]

Row = dict[str, Any]


def grue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grue", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def exported(folder: Path, task: str, seed: int = 0, tests: int = TESTS) -> list[Row]:
    sizes = ["--size", str(SIZE), "--test-size", str(tests), "--seed", str(seed)]
    done = grue(folder, "export", task, *sizes, "--output", "set.jsonl")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (folder / "set.jsonl").read_text().splitlines()]


def answered(rows: list[Row], task: str, *, posterior: bool = False) -> list[Row]:
    """The right answers to all that is asked."""
    instance = make_task(task).instance
    right = {split: sample_split(instance, split, TESTS, 0) for split in {row["split"] for row in rows} - {"train"}}
    answers = []
    for row in rows:
        if row["split"] == "train":
            continue
        answer = {name: row[name] for name in ("key", "split", "index")}
        examples = right[row["split"]]
        if posterior and examples.posterior is not None:
            answers.append(answer | {"probabilities": examples.posterior[row["index"]].tolist()})
        else:
            answers.append(answer | {"answer": examples.targets[row["index"]].tolist()})
    return answers


def write(folder: Path, rows: list[Row]) -> None:
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def scores(folder: Path, metric: str = "score") -> pd.DataFrame:
    rows = read([folder / "out"]).scores
    return rows[rows["metric"] == metric].pivot_table(index="learner", columns="split", values="value")


def test_a_set_to_be_answered_has_targets_of_training_examples_alone(tmp_path: Path) -> None:
    rows = exported(tmp_path, "maze-graph")
    assert {row["split"] for row in rows} == {"train", *(s.name for s in make_task("maze-graph").instance.splits)} - {
        "exposed"
    }
    assert all(("target" in row) == (row["split"] == "train") for row in rows)
    assert all(row["text"].strip() for row in rows)
    assert len({(row["key"], row["split"], row["index"]) for row in rows}) == len(rows)
    assert sum(row["split"] == "train" for row in rows) == SIZE


@pytest.mark.parametrize("task", ["identity-bits", "identity-reals", "scramble-bag"])
def test_a_perfect_file_scores_as_the_oracle(task: str, tmp_path: Path) -> None:
    write(tmp_path, answered(exported(tmp_path, task), task, posterior=True))
    done = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert done.returncode == 0, done.stderr
    assert ", 0 missing" in done.stdout
    assert (scores(tmp_path).loc["human"] == 1).all()


def test_it_stands_on_the_board_beside_learners_with_where_it_comes_from(tmp_path: Path) -> None:
    few = ["--task", "identity-bits", "--learner", "lookup", "--learner", "oracle", "--sizes", str(SIZE)]
    assert grue(tmp_path, "run", "--preset", "smoke", *few, "--seeds", "1", "--out", "out").returncode == 0
    rows = answered(exported(tmp_path, "identity-bits"), "identity-bits")
    write(tmp_path, rows[:-7])
    done = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert f"{2 * TESTS - 7} answers, 7 missing" in done.stdout
    assert set(scores(tmp_path).index) == {"lookup", "oracle", "human"}
    missing = scores(tmp_path, "missing").loc["human"]
    assert sorted(missing) == [0, 7]
    board = grue(tmp_path, "leaderboard", "out")
    assert board.returncode == 0, board.stderr
    assert "human" in board.stdout
    assert "7 missing" in board.stdout
    assert "grue import answers.jsonl" in board.stdout


def test_a_second_file_replaces_the_answers_of_the_first(tmp_path: Path) -> None:
    rows = answered(exported(tmp_path, "identity-bits"), "identity-bits")
    write(tmp_path, rows[:5])
    assert grue(tmp_path, "import", "answers.jsonl", *OUT).returncode == 0
    assert (scores(tmp_path).loc["human"] < 1).any()
    write(tmp_path, rows)
    assert grue(tmp_path, "import", "answers.jsonl", *OUT).returncode == 0
    assert (scores(tmp_path).loc["human"] == 1).all()


def test_point_answers_are_not_applicable_where_the_score_needs_probabilities(tmp_path: Path) -> None:
    write(tmp_path, answered(exported(tmp_path, "scramble-bag"), "scramble-bag"))
    done = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert done.returncode == 0, done.stderr
    assert "n/a: scramble-bag, human at n = 16: the metric 'score' of this task needs probabilities" in done.stdout
    write(tmp_path, answered(exported(tmp_path, "identity-bits"), "identity-bits"))
    assert grue(tmp_path, "import", "answers.jsonl", *OUT).returncode == 0
    assert "log_loss" not in set(read([tmp_path / "out"]).scores["metric"])


def test_sets_of_one_task_have_one_number_of_tests(tmp_path: Path) -> None:
    rows = [answered(exported(tmp_path, "identity-bits", tests=n), "identity-bits") for n in (TESTS, TESTS - 1)]
    write(tmp_path, rows[0] + rows[1])
    done = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert done.returncode == 2
    message = "question sets of identity-bits differ in test size: 30 and 29; expected the same --test-size for all"
    assert done.stderr == f"grue: {message}\n"


def test_the_name_of_another_learner_of_the_folder_is_taken(tmp_path: Path) -> None:
    write(tmp_path, answered(exported(tmp_path, "identity-bits"), "identity-bits"))
    (tmp_path / "out").mkdir()
    there = Catalogue(learners={"human": LearnerInfo("learner")})
    write_catalogue(tmp_path / "out", there)
    done = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert done.returncode == 2
    assert "the name 'human' is already used in this folder, by a learner" in done.stderr
    assert read_catalogue(tmp_path / "out") == there


def changed(**new: Any) -> Callable[[list[Row]], None]:
    return lambda rows: rows[3].update(new)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (changed(key="mine"), "expected a key written by grue export"),
        (
            lambda rows: rows[3].update(key=rows[3]["key"].replace("size=16", "size=17")),
            "does not match this version of the task",
        ),
        (lambda rows: rows[3].update(key=rows[3]["key"].replace("bits", "bitz")), "did you mean 'identity-bits'"),
        (changed(key="mine:Task size=1 test_size=1 seed=0 0"), "names code to import, 'mine:Task'"),
        (lambda rows: rows[3].pop("key"), "key is missing; expected a JSON object with key, split, index"),
        (changed(index="1"), "index is '1'; expected a JSON object"),
        (lambda rows: rows[3].pop("answer"), "it has neither answer nor probabilities; expected"),
        (changed(split="oddd"), "did you mean 'odd'"),
        (changed(split="train"), "split 'train' has no questions; expected one of id, odd"),
        (changed(index=TESTS), f"index {TESTS} in split 'id' is out of range; expected 0 to {TESTS - 1}"),
        (changed(index=0), "duplicate answer for index 0 of split 'id'"),
        (changed(answer=[0, 1]), "answer has shape (2,); expected (20,)"),
        (changed(answer=[2] * 20), "expected integers from 0 to 1"),
        (changed(answer="yes"), "answer is not numeric"),
        (changed(probabilities=[[0.5, 0.5]] * 20), "either answer or probabilities"),
    ],
)
def test_what_does_not_fit_is_one_line_and_changes_nothing(
    spoil: Callable[[list[Row]], None], message: str, tmp_path: Path
) -> None:
    rows = answered(exported(tmp_path, "identity-bits"), "identity-bits")
    spoil(rows)
    write(tmp_path, rows)
    wrong = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("grue: answers.jsonl, line 4: ")
    assert message in wrong.stderr
    assert wrong.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_probabilities_that_are_none_and_names_that_are_taken_are_refused(tmp_path: Path) -> None:
    rows = answered(exported(tmp_path, "scramble-bag"), "scramble-bag", posterior=True)
    write(tmp_path, rows)
    taken = grue(tmp_path, "import", "answers.jsonl", "--name", "mlp", "--out", "out")
    assert "the name 'mlp' is reserved" in taken.stderr
    rows[0]["probabilities"][0][0] += 0.5
    write(tmp_path, rows)
    wrong = grue(tmp_path, "import", "answers.jsonl", *OUT)
    assert "sum 1.5" in wrong.stderr
    assert not (tmp_path / "out").exists()
