"""Whatever is scored enters by one interface: a learner, the oracle, a heuristic."""

from __future__ import annotations

from grue.learners.lookup import Lookup
from grue.learners.mlp import MLP
from grue.runs.cells import Cell, Pair
from grue.runs.data import data_of
from grue.runs.entrant import NamedHeuristic, Oracle, as_entrant, references
from grue.runs.names import Named, make_task
from grue.runs.predict import Predictions


def test_the_kinds_of_entrants() -> None:
    kinds = {"learner": MLP(), "control": Lookup(), "heuristic": NamedHeuristic("copy-all-but-frozen")}
    entrants = [as_entrant(instance) for instance in kinds.values()]
    assert {entrant.kind: (entrant.trains, entrant.flags_underfit) for entrant in entrants} == {
        "learner": (True, True),
        "control": (True, False),
        "heuristic": (False, False),
    }
    assert as_entrant(Oracle()).kind == "control"


def test_who_may_enter_where() -> None:
    identity, text = (make_task(name).instance for name in ("identity-bits", "text"))
    assert Oracle().accepts(identity) is None
    assert Oracle().accepts(text) == "the task has no rule that is known"
    assert NamedHeuristic("uniform").accepts(identity) == "not a heuristic of identity-bits"
    assert all(entrant.accepts(identity) is None for entrant in references(identity).values())


def test_every_entrant_gives_predictions_of_the_same_splits() -> None:
    task = make_task("identity-bits")
    for instance in (Lookup(), Oracle(), *references(task.instance).values()):
        pair = Pair(task, Named(instance.name, instance), 20)
        sets = data_of(pair, [Cell(pair, 8, 2, seed) for seed in range(2)], {})
        found = list(as_entrant(instance).predictions(sets))
        assert [set(one.answers) for one in found] == [{"train", "train-exposed", "id", "odd"}] * 2
        assert not any(one.diverged for one in found)


def test_predictions_of_a_fit_that_diverged() -> None:
    assert Predictions({}, record={"diverged": 3}).diverged
