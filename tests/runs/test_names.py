"""From what a user writes to a task or a learner, and what a typing error gets back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from grue.learners.forest import Forest
from grue.learners.mlp import MLP
from grue.runs.cells import Pair
from grue.runs.names import RENAMED, UsageError, make_learner, make_task
from grue.runs.presets import load_preset
from grue.tasks.base import Split
from grue.tasks.identity import IdentityBits


def test_a_name_gives_the_default_and_parameters_change_it() -> None:
    assert make_learner("mlp").instance == MLP()
    named = make_learner("mlp:width=64,encoding=onehot")
    assert named.instance == MLP(width=64, encoding="onehot")
    assert named.label == "mlp:encoding=onehot,width=64", "one label for one learner, however it is written"


def test_a_preset_fills_what_the_user_left_open() -> None:
    assert make_learner("mlp:max_steps=7", {"max_steps": 600, "n_estimators": 50}).instance == MLP(max_steps=7)
    assert make_learner("mlp", {"max_steps": 600, "n_estimators": 50}).instance == MLP(max_steps=600)


def test_objects_are_taken_as_they_are() -> None:
    named = make_learner(MLP(width=16))
    assert (named.label, named.instance) == ("mlp:width=16", MLP(width=16))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("forrest", "unknown learner 'forrest'; did you mean 'forest'"),
        ("linear, forest", "'linear, forest' is several names; expected one learner: give each an option or entry of"),
        ("forest:treees=3", "'forest:treees=3': unknown parameter 'treees'; did you mean 'n_estimators'"),
        ("mlp:trees=3", "unknown parameter 'trees'; expected one of age, batch_size"),
        ("mlp:width=-1", "'mlp:width=-1': width is -1; expected a whole number from 1 up"),
        ("sklearn.tree:DecisionTreeClassifier:max_depht=3", "unknown parameter 'max_depht'; did you mean 'max_depth'"),
        ("mlp:widht=3", "unknown parameter 'widht'; did you mean 'width'"),
        ("mlp:width=wide", "width is 'wide'; expected a whole number, such as 128"),
        ("mlp:width", "expected parameter=value after the colon, got 'width'"),
        ("mlp:width=3,5", "expected parameter=value, got '5'"),
        (
            "mlp:width=3,depth=1,width=5",
            "'mlp:width=3,depth=1,width=5': width is given twice; expected each parameter once",
        ),
        ("mlp:view=tied,view=untied", "view is given twice"),
        ("mlp:encoding=hot", "encoding is 'hot'; expected one of auto, onehot"),
        ("forest:encoding=hot", "encoding is 'hot'"),
        ("mlp:optimizer=adm", "optimizer is 'adm'; expected one of adam, sgd"),
        ("mlp:max_steps=0", "max_steps is 0; expected a whole number from 1 up"),
        ("nowhere.at.all:Thing", "cannot import 'nowhere.at.all'"),
        ("grue.learners.mlp:MPL", "'grue.learners.mlp:MPL': unknown attribute 'MPL'; did you mean 'MLP'"),
        ("collections:OrderedDict", "is the class OrderedDict; expected a grue Learner or an estimator"),
    ],
)
def test_errors_say_what_was_given_and_the_nearest_right_thing(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_learner(spec)


def test_the_nearest_task() -> None:
    with pytest.raises(UsageError, match="unknown task 'mase'; did you mean 'maze-"):
        make_task("mase")


def test_a_former_name_of_a_parameter_is_refused_with_the_new_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(MLP, "renamed", {"units": "width"})
    monkeypatch.setattr(Forest, "renamed", {"units": "max_features"})
    monkeypatch.setattr(IdentityBits, "renamed", {"fixed": "frozen"})
    for spec in ("mlp:units=3", "mlp@tuned:units=3"):
        with pytest.raises(UsageError, match=r"'mlp:units=3': units is called width now$"):
            make_learner(spec)
    with pytest.raises(UsageError, match="'identity-bits:fixed=2': fixed is called frozen now"):
        make_task("identity-bits:fixed=2")
    preset = tmp_path / "mine.toml"
    for table, name in (("budget", "max_features or width"), ("parameters.mlp", "width")):
        preset.write_text(f'extends = "smoke"\n[{table}]\nunits = 3\n')
        with pytest.raises(UsageError, match=rf"preset .*mine\.toml, \[{table}\]: units is called {name} now"):
            load_preset(str(preset))


def test_a_former_name_of_a_task_or_learner_is_refused_with_the_new_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(RENAMED["learners"], "perceptron", "mlp")
    monkeypatch.setitem(RENAMED["tasks"], "copy-bits", "identity-bits")
    with pytest.raises(UsageError, match="'perceptron:width=3': perceptron is called mlp now"):
        make_learner("perceptron:width=3")
    with pytest.raises(UsageError, match="'copy-bits': copy-bits is called identity-bits now"):
        make_task("copy-bits")
    preset = tmp_path / "mine.toml"
    for text in ("[parameters.perceptron]\nwidth = 3", 'learners = ["mlp", "-perceptron"]'):
        preset.write_text(f'extends = "smoke"\n{text}\n')
        with pytest.raises(UsageError, match=r"preset .*mine\.toml.*: .*perceptron is called mlp now"):
            load_preset(str(preset))


def test_how_several_values_of_a_parameter_are_written() -> None:
    assert make_task("maze-graph:states=4/6").instance.parameters()["states"] == (4, 6)
    with pytest.raises(UsageError, match="states is '4-6'; expected values separated by /, such as 4/7"):
        make_task("maze-graph:states=4-6")
    with pytest.raises(UsageError, match="write several values of one parameter as 4/7"):
        make_task("maze-graph:states=(4,6)")


def test_a_users_own_module_is_found_in_the_current_folder_and_its_source_is_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("own_learner.py").write_text(
        "from grue.learners.forest import Forest\n\ndef bushes() -> Forest:\n    return Forest(n_estimators=3)\n"
    )
    named = make_learner("own_learner:bushes")
    assert (named.instance, named.label) == (Forest(n_estimators=3), "own_learner:bushes")
    assert len(named.source) == 16
    assert make_learner("forest").source == "", "the suite's own versions are counted by hand"


FACTORIES = """
from __future__ import annotations
import subprocess
from functools import partial
from grue.learners.base import Learner
from grue.learners.forest import Forest
from grue.tasks.base import Task
from grue.tasks.identity import IdentityBits
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier

def learner(trees: int = 3) -> Learner: return Forest(n_estimators=trees)
def task() -> Task: return IdentityBits(bits=8)
def estimator(strategy: str = "prior") -> ClassifierMixin: return DummyClassifier(strategy=strategy)
def silent(): touch()
def other() -> int: touch()
def unresolved() -> Nowhere: touch()
def wrong() -> Learner: return 3
def touch(): open("touched", "w").close()
bound = partial(touch)
"""


def test_what_says_that_it_gives_a_learner_or_a_task_is_called_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("factories.py").write_text(FACTORIES)
    assert make_learner("factories:learner:trees=2").instance == Forest(n_estimators=2)
    assert make_task("factories:task").instance.parameters()["bits"] == 8
    assert make_learner("factories:estimator:strategy=uniform").label == "factories:estimator:strategy=uniform"
    for spec, message in {
        "factories:silent": r"expected, for example, `def silent\(\) -> Learner:`",
        "factories:touch": "has no return annotation",
        "factories:other": "has the return annotation 'int'; expected a grue Learner or an estimator",
        "factories:unresolved": "has the return annotation 'Nowhere'",
        "factories:bound": "is a partial",
        "factories:task": "has the return annotation 'Task'",
        "factories:wrong": "returned an object of type int; expected a grue Learner",
        "factories:subprocess.getoutput:cmd=touch touched": "has no return annotation",
        "subprocess:Popen:args=touch touched,shell=true": "is the class Popen",
        "os:system:command=touch touched": "is a builtin_function_or_method|has no return annotation",
    }.items():
        with pytest.raises(UsageError, match=message):
            make_learner(spec)
    with pytest.raises(UsageError, match="-> Task:"):
        make_task("factories:silent")
    assert not Path("touched").exists()


def test_a_tuple_parameter_is_written_with_slashes() -> None:
    assert make_task("maze-graph:states=5/5").instance.parameters()["states"] == (5, 5)


def test_an_edit_of_the_users_module_is_seen_whatever_the_attribute_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "own_tree.py"
    module.write_text("from sklearn.tree import DecisionTreeClassifier\nmodel = DecisionTreeClassifier(max_depth=1)\n")
    before = make_learner("own_tree:model").source
    module.write_text(module.read_text().replace("=1", "=20"))
    assert before
    assert make_learner("own_tree:model").source != before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "class Mine:\n    def fit(self, x, y): ...\n    def predict(self, x): ...",
            "does not declare whether it is a classif",
        ),
        ("from grue.learners.lookup import Lookup\nclass Mine(Lookup):\n    name = None", "Mine has no name"),
        (
            "from grue.learners.lookup import Lookup\ndef Mine() -> Lookup: return {}['x']",
            "cannot make a learner: KeyError: 'x'",
        ),
        ("1 / 0", "cannot import '.*': ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_wrong_with_a_module_of_ones_own_is_said_in_a_line(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"mine_{abs(hash(source))}"
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=message):
        make_learner(f"{module}:Mine")


def test_estimators_and_classes_are_taken_as_they_are() -> None:
    by_name = make_learner("sklearn.ensemble:RandomForestClassifier:n_estimators=3")
    assert make_learner(RandomForestClassifier(n_estimators=3)) == by_name
    assert make_learner(RandomForestClassifier).label == "sklearn.ensemble:RandomForestClassifier"
    pipeline = make_learner(make_pipeline(StandardScaler(), LogisticRegression(C=2.0)))
    assert pipeline.label.startswith("Pipeline(StandardScaler, LogisticRegression)-")
    assert Pair(make_task("identity-bits"), pipeline, 4).digest
    assert make_learner(Forest).instance == Forest()
    assert make_task(IdentityBits).instance == IdentityBits()
    for wrong in (3, dict, pytest):
        with pytest.raises(UsageError, match="is not a learner; expected a grue Learner or an estimator"):
            make_learner(wrong)


@dataclass(frozen=True)
class Untaught(IdentityBits):
    name = "untaught"

    @property
    def splits(self) -> tuple[Split, ...]:
        return tuple(split for split in super().splits if split.name != "train")


def test_a_task_without_a_train_split_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError, match="untaught has no split named 'train', which is required; its splits: id, odd"):
        make_task(Untaught())
