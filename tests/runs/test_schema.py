"""The fields of a preset are options of the command line and arguments of `adjust`."""

from __future__ import annotations

import re

import pytest

from grue.runs.names import UsageError
from grue.runs.presets import adjust, load_preset
from grue.runs.run import choose_workers
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


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sizes", "many", "'many'; expected sizes of at least 1, such as 16,64"),
        ("views", "tide", "'tide'; expected views, such as tied,untied"),
        ("budget", "600", "'600'; expected NAME=VALUE, each name once, such as max_steps=600"),
        ("timeout", "inf", "'inf'; expected a finite number of seconds above 0, such as 300"),
        ("ages", "5," * 100_000, "ages has 100,000 entries; expected at most 1,000"),
        ("ages", "-" * 100_000, "'" + "-" * 199 + "...; expected numbers of at least 0, such as 0,2000"),
    ],
    ids=["sizes", "views", "budget", "timeout", "entries", "long"],
)
def test_an_option_expects_what_can_be_written_there(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_option(name, text)


def test_every_field_of_a_preset_is_an_option() -> None:
    # --task, --learner, and --learner cnn:channels=16
    assert set(FIELDS) == {*OPTIONS, "description", "tasks", "learners", "parameters", "names"}


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown field 'sices'; did you mean 'sizes'"):
        adjust(load_preset("smoke"), sices=[3])
    with pytest.raises(UsageError, match="unknown parameter 'max_stepz'; did you mean 'max_steps'"):
        adjust(load_preset("smoke"), budget={"max_stepz": 3})


@pytest.mark.parametrize("address", ["here", "tcp://127.0.0.1", "tls://host:port", "http://host:80"])
def test_an_address_of_a_scheduler_that_dask_would_refuse_is_refused_before(address: str) -> None:
    with pytest.raises(UsageError, match=f"scheduler is '{address}'; expected tcp://HOST:PORT"):
        choose_workers(None, 1.0, address)


@pytest.mark.parametrize("address", ["local", "tcp://127.0.0.1:8786", "tls://[::1]:1", "host:8786", "wss://host/path"])
def test_addresses_of_schedulers(address: str) -> None:
    assert choose_workers(None, 1.0, address).scheduler == address
