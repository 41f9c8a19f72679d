"""The streams of the study of forgetting: what is shown when, and what it can give away."""

from __future__ import annotations

import numpy as np
import pytest

from grue.studies.streams import GAP, NEW, STAGES, STREAMS, Stream, facts


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_lies_in_its_spaces_and_is_redrawn_by_the_seed_alone(name: str) -> None:
    stream, again, other = STREAMS[name](0), STREAMS[name](0), STREAMS[name](1)
    for inputs, targets in stream.stages:
        stream.inputs.check(inputs, name)
        stream.outputs.check(targets, name)
    assert all(np.array_equal(one[0], two[0]) for one, two in zip(stream.stages, again.stages, strict=True))
    assert not all(np.array_equal(one[0], two[0]) for one, two in zip(stream.stages, other.stages, strict=True))


def test_digits_show_two_classes_a_stage_and_test_other_images() -> None:
    stream = STREAMS["digits"](0)
    seen = {row.tobytes() for inputs, _ in stream.stages for row in inputs}
    for stage, (probe, (_, targets)) in enumerate(zip(stream.probes, stream.stages, strict=True)):
        assert set(targets.ravel()) == set(probe.targets.ravel()) == {2 * stage, 2 * stage + 1}
        assert len(probe.inputs) > 80
        assert not seen & {row.tobytes() for row in probe.inputs}


def shown_at(stream: Stream) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for stage, (keys, _) in enumerate(stream.stages):
        for key in keys:
            found.setdefault(key.tobytes(), []).append(stage)
    return found


@pytest.mark.parametrize("name", ["facts", "facts-unmarked"])
def test_recurring_facts_come_back_after_every_gap_and_single_ones_never(name: str) -> None:
    stream = STREAMS[name](3)
    shown = shown_at(stream)
    assert len(shown) == NEW * STAGES + sum(NEW * (1 + stage // GAP) for stage in range(STAGES)), "keys are distinct"
    for probe in stream.probes:
        expected = list(range(probe.stage, STAGES, GAP)) if probe.kind == "recurring" else [probe.stage]
        assert all(shown[key.tobytes()] == expected for key in probe.inputs)
    assert [len(keys) for keys, _ in stream.stages[::GAP]] == [2 * NEW, 4 * NEW, 6 * NEW]


def test_a_stage_has_as_many_facts_of_either_mark_each_once() -> None:
    for keys, _ in STREAMS["facts"](0).stages:
        assert (keys[:, 0] == 1).sum() == (keys[:, 0] == 0).sum()
        assert len({key.tobytes() for key in keys}) == len(keys)


@pytest.mark.parametrize("new", [0, -1, 2000])
def test_a_stream_without_facts_or_with_more_than_there_are_keys_is_refused(new: int) -> None:
    with pytest.raises(ValueError, match=f"{new} new facts a stage; expected 1 to "):
        facts(0, new=new)


def test_a_fact_has_one_value() -> None:
    stream = STREAMS["facts"](0)
    pairs = {
        (key.tobytes(), int(value))
        for keys, values in stream.stages
        for key, (value,) in zip(keys, values, strict=True)
    }
    assert len(pairs) == len(shown_at(stream))


def test_only_the_mark_gives_the_kind_away_and_only_where_facts_are_marked() -> None:
    marks = {
        name: {probe.kind: {int(key[0]) for key in probe.inputs} for probe in STREAMS[name](0).probes}
        for name in ("facts", "facts-unmarked")
    }
    assert marks["facts"] == {"single": {0}, "recurring": {1}}
    assert marks["facts-unmarked"] == {"single": {0, 1}, "recurring": {0, 1}}
