"""The fields of a preset are options of the command line and arguments of `adjust`."""

from __future__ import annotations

import pytest

from grue.runs.names import UsageError
from grue.runs.presets import adjust, load_preset
from grue.runs.schema import FIELDS, OPTIONS, read_option

TEXTS = {
    "sizes": ("4,8", (4, 8)),
    "over_capacity": ("shrink", "shrink"),
    "exposed": ("", ()),
    "seeds": ("2", 2),
    "suite_seed": ("7", 7),
    "test_size": ("50", 50),
    "timeout": ("1.5", 1.5),
    "views": ("tied,untied", ("tied", "untied")),
    "encodings": ("onehot,value", ("onehot", "value")),
    "ages": ("0,2000", (0, 2000)),
    "crossed": ("mlp,forest", ("mlp", "forest")),
    "budget": (
        "max_steps=5,learning_rate=0.1,optimizer=sgd",
        {"max_steps": 5, "learning_rate": 0.1, "optimizer": "sgd"},
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_field_is_read_from_its_option_and_taken_by_adjust(name: str) -> None:
    text, value = TEXTS[name]
    assert read_option(name, text) == value
    changed = getattr(adjust(load_preset("standard"), **{name: value}), name)
    budget = {"max_candidates": 1_000_000, "n_samples": 5_000}
    assert changed == (budget | value if name == "budget" else value)


def test_every_field_of_a_preset_is_an_option() -> None:
    # --task, --learner, and --learner cnn:channels=16
    assert set(FIELDS) == {*OPTIONS, "description", "tasks", "learners", "parameters", "names"}


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown field 'sices'; did you mean 'sizes'"):
        adjust(load_preset("smoke"), sices=[3])
    with pytest.raises(UsageError, match="unknown parameter 'max_stepz'; did you mean 'max_steps'"):
        adjust(load_preset("smoke"), budget={"max_stepz": 3})
