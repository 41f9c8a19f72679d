"""Contract tests for tasks, one function per requirement ("law"); for this package's tasks and external ones.

`check_task(task)` runs them all. A violation raises AssertionError with the law, the split, and the observed values.
"""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np

from ..tasks.base import Examples, Task
from ..tasks.pools import SpaceExhaustedError, digests, shares
from ..tasks.spaces import read_only

NEW_POSITIONS = ("value", "order", "position")
"""Shifts that move known tokens to new positions: there a token must occur in training, at any position."""

CALIBRATED = 6.0
"""Maximum deviation of sampled targets from their posterior, in standard deviations; exceeded by chance with a
probability of about 1e-9 over thousands of samples."""

AFFORDABLE = 20_000
"""A split with a larger capacity is not sampled exhaustively."""


def check_task(task: Task, *, n: int = 500, seeds: tuple[int, ...] = (0, 1), train: int = 20_000) -> None:
    """Run every check on every split of a task.

    n      examples per sample; fewer if a split has fewer
    seeds  random seeds of the samples
    train  number of training examples in which all tokens must occur; increase it if some are rare
    """
    check_declaration(task)
    check_parameters(task)
    for split in (source.name for source in task.splits):
        check_capacity(task, split)
        for seed in seeds:
            check_spaces(task, split, n=n, seed=seed)
            check_rule(task, split, n=n, seed=seed)
            check_rules(task, split, n=n, seed=seed)
            check_canonical(task, split, n=n, seed=seed)
            check_shares(task, split, n=n, seed=seed)
            check_seeds(task, split, n=n, seed=seed)
            check_prefix(task, split, n=n, seed=seed)
            check_distinct(task, split, n=n, seed=seed)
            check_heuristics(task, split, n=n, seed=seed)
        check_calibration(task, split)
        check_coverage(task, split, train=train)
    check_disjoint(task, n=n, seeds=seeds)


def check_declaration(task: Task) -> None:
    """Splits: train, id and exposed have no shift, all others have one; at most one headline, which needs "exposed"."""
    law = "declaration"
    names = [split.name for split in task.splits]
    _demand(len(set(names)) == len(names), law, task, None, f"split names {names}; expected no repeats")
    for name in ("train", "id"):
        _demand(name in names, law, task, name, f"there is no such split among {names}")
    for split in task.splits:
        named = split.name not in ("train", "id", "exposed")
        wanted = "the kind of shift" if named else "None"
        _demand(named == (split.shift is not None), law, task, split.name, f"shift {split.shift!r}; expected {wanted}")
        low, high = split.share
        _demand(0 <= low < high <= 1, law, task, split.name, f"share {split.share}; expected 0 <= low < high <= 1")
    for one, other in combinations(task.splits, 2):
        apart = one.region != other.region or one.share[1] <= other.share[0] or other.share[1] <= one.share[0]
        seen = f"share {one.share} overlaps {other.share} of {other.name!r} in region {one.region!r}"
        _demand(apart, law, task, one.name, seen)
    headlines = [split for split in task.splits if split.headline]
    _demand(len(headlines) <= 1, law, task, None, f"{len(headlines)} headline splits; expected at most one")
    if headlines:
        _demand("exposed" in names, law, task, None, f'a headline split but no "exposed" among {names}')
        seen = f"region {task.split('exposed').region!r}; expected the headline's, {headlines[0].region!r}"
        _demand(task.split("exposed").region == headlines[0].region, law, task, "exposed", seen)


def check_parameters(task: Task) -> None:
    """The parameters are JSON serialisable, and the deserialised parameters construct an equal task."""
    try:
        written = json.dumps(task.parameters())
    except TypeError as error:
        raise AssertionError(f"law 'parameters' is broken by {task!r}: not JSON: {error}") from error
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(written).items()}
    _demand(type(task)(**values) == task, "parameters", task, None, f"{written} constructs another task")


def check_spaces(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """Inputs and targets lie in their spaces, and every other array of the examples has the expected shape."""
    law = "spaces"
    examples = _sample(task, split, n, seed)
    n = len(examples)
    try:
        task.inputs.check(examples.inputs, "inputs")
        task.outputs.check(examples.targets, "targets")
    except ValueError as error:
        _demand(False, law, task, split, str(error))
    _demand(len(examples.targets) == n, law, task, split, f"{n} inputs but {len(examples.targets)} targets")
    for name, labels in examples.slices.items():
        fits = labels.shape in ((n,), (n, *task.outputs.shape))
        _demand(fits, law, task, split, f"slice {name!r} has the shape {labels.shape}; expected (n,) or (n, outputs)")
    if task.scratchpad is None or examples.scratchpad is None:
        both = (task.scratchpad is None) == (examples.scratchpad is None)
        _demand(both, law, task, split, "a scratchpad without a space of it, or the other way round")
    else:
        try:
            task.scratchpad.check(examples.scratchpad, "scratchpad")
        except ValueError as error:
            _demand(False, law, task, split, str(error))
    for text in (task.describe(examples.inputs[0]), task.describe_target(examples.targets[0])):
        _demand(bool(text.strip()), law, task, split, "an example or target has an empty description")


def check_rule(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """The targets are given by the rule, row by row.

    Deterministic: targets = solve(inputs). Ambiguous: the stored posterior = posterior(inputs), it sums to 1, and no
    target has probability 0. A task without an oracle has no rule to check.
    """
    law = "rule"
    rule = task.truth.oracle
    if rule is None:
        return
    examples = _sample(task, split, n, seed)
    inputs, targets = examples.inputs, examples.targets
    answer = rule(read_only(inputs))
    alone = np.array_equal(rule(inputs[::-1])[::-1], answer)
    _demand(alone, law, task, split, "the answer of the rule to a row depends on the other rows")
    if not task.truth.ambiguous:
        wrong = np.flatnonzero((answer != targets).reshape(len(targets), -1).any(1))
        seen = f"{len(wrong)} of {len(targets)} targets differ from solve(inputs)"
        _demand(len(wrong) == 0, law, task, split, seen + _first(task, examples, wrong))
        return
    posterior = _posterior(task, split, examples)
    wrong = np.flatnonzero(~np.isclose(answer, posterior, rtol=0, atol=1e-12).all((1, 2)))
    seen = f"{len(wrong)} of {len(targets)} stored posteriors differ from posterior(inputs)"
    _demand(len(wrong) == 0, law, task, split, seen + _first(task, examples, wrong))
    wrong = np.flatnonzero(~np.isclose(posterior.sum(2), 1).all(1) | (posterior < 0).any((1, 2)))
    seen = f"{len(wrong)} posteriors are negative somewhere or do not sum to 1"
    _demand(len(wrong) == 0, law, task, split, seen + _first(task, examples, wrong))
    wrong = np.flatnonzero((np.take_along_axis(posterior, targets[:, :, None], 2) <= 0).any((1, 2)))
    seen = f"{len(wrong)} targets have the posterior 0"
    _demand(len(wrong) == 0, law, task, split, seen + _first(task, examples, wrong))


def check_rules(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """Both rules of a riddle give the targets on splits without a shift, and never agree on its OOD split."""
    law = "rules"
    rules = task.truth.rules
    if not rules:
        return
    splits = [source.fixed for source in task.splits if source.shift is not None]
    fits = len(rules) == 2 and splits == [True] and task.outputs.shape == (1,)  # noqa: PLR2004 -- they are two
    _demand(fits, law, task, None, "expected two rules, one OOD split, the same for every seed, and one output")
    examples = _sample(task, split, n, seed)
    answers = [rule(read_only(examples.inputs)) for rule in rules.values()]
    for (name, rule), answer in zip(rules.items(), answers, strict=True):
        alone = np.array_equal(rule(examples.inputs[::-1])[::-1], answer)
        _demand(alone, law, task, split, f"the answer of {name!r} to a row depends on the other rows")
    one, other = (answer == examples.targets for answer in answers)
    apart = task.split(split).shift is not None
    wrong = np.flatnonzero((answers[0] == answers[1] if apart else ~(one & other)).any(1))
    seen = f"{len(wrong)} of {len(one)} " + ("answers are the same" if apart else "targets differ from a rule")
    _demand(len(wrong) == 0, law, task, split, seen + _first(task, examples, wrong))


def check_calibration(task: Task, split: str, *, n: int = AFFORDABLE, seed: int = 0) -> None:
    """For ambiguous targets, the sampled frequencies match the posterior, for each canonical problem.

    Pearson's X^2 of the counts of each canonical problem, summed over the problems and compared with its exact mean
    and variance under the multinomial, so that problems may be rare; at most CALIBRATED standard deviations above.
    """
    if not task.truth.ambiguous:
        return
    examples = _sample(task, split, n, seed)
    problem, first, row, times = _problems(task, examples)
    posterior = _posterior(task, split, examples)
    alike = np.allclose(posterior, posterior[first][row], rtol=0, atol=1e-12)
    _demand(alike, "calibration", task, split, "two posteriors for one canonical problem")
    for output in range(posterior.shape[1]):
        chance = posterior[first, output]  # (problems, classes)
        observed = np.zeros_like(chance)
        np.add.at(observed, (row, examples.targets[:, output]), 1.0)
        possible = chance > 0
        k = possible.sum(1)
        inverse = np.where(possible, 1 / np.where(possible, chance, 1.0), 0.0)
        squared = ((observed - times[:, None] * chance) ** 2 * inverse).sum(1) / times
        variance = 2 * (k - 1) + (inverse.sum(1) - k**2 - 2 * k + 2) / times
        miss = (squared - (k - 1)).sum() / np.sqrt(max(variance.sum(), 1e-12))
        seen = f"targets of output {output} miss their posterior by {miss:.1f} sd on {len(problem)} problems"
        _demand(miss < CALIBRATED, "calibration", task, split, seen)


def check_canonical(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """The canonical form is (n, k) integers, booleans or float64, computed row by row; for a bag it ignores order."""
    examples = _sample(task, split, n, seed)
    inputs = examples.inputs
    form = task.canonical(inputs)
    fits = form.ndim == 2 and len(form) == len(inputs)  # noqa: PLR2004
    fits &= np.issubdtype(form.dtype, np.integer) or form.dtype in (np.float64, np.bool_)
    seen = f"{form.dtype} of shape {form.shape}; expected integers or float64 of shape ({len(inputs)}, k)"
    _demand(fits, "canonical", task, split, seen)
    alone = np.array_equal(task.canonical(inputs[::-1])[::-1], form)
    _demand(alone, "canonical", task, split, "the canonical form of a row depends on the other rows")
    if task.inputs.layout == "bag":
        check_presentation(task, inputs, np.random.default_rng(seed).permuted(inputs, axis=1))


def check_presentation(task: Task, inputs: np.ndarray, again: np.ndarray) -> None:
    """Two presentations of the same problems, (n, *shape) each, have the same canonical form, row by row."""
    wrong = np.flatnonzero((task.canonical(inputs) != task.canonical(again)).any(1))
    if len(wrong):
        row = wrong[0]
        pair = f"{task.describe(inputs[row])} and {task.describe(again[row])}"
        _demand(False, "presentation", task, None, f"{len(wrong)} problems have two canonical forms, first {pair}")


def check_shares(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """The hash of every problem, or of its origin if it has one, lies in the split's share."""
    examples = _sample(task, split, n, seed)
    low, high = task.split(split).share
    share = shares(digests(task.hashed_rows(examples), task.hash_key))
    wrong = np.flatnonzero((share < low) | (share >= high))
    seen = f"{len(wrong)} problems are outside the share [{low}, {high})"
    _demand(len(wrong) == 0, "shares", task, split, seen + _first(task, examples, wrong))


def check_disjoint(task: Task, *, n: int = 2000, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """No canonical problem (or origin) is in two splits, even if they are sampled with different seeds."""
    owners: dict[bytes, str] = {}
    for split in (source.name for source in task.splits):
        for seed in seeds:
            examples = _sample(task, split, n, seed)
            for row, form in enumerate(np.ascontiguousarray(task.hashed_rows(examples))):
                owner = owners.setdefault(form.tobytes(), split)
                if owner != split:
                    seen = f"it shares a problem with {owner!r}: {task.describe(examples.inputs[row])}"
                    _demand(False, "disjoint", task, split, seen)


def check_seeds(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """The same seed gives the same examples, and a different seed gives different ones."""
    one, again, other = (_sample(task, split, n, number) for number in (seed, seed, seed + 1))
    _demand(_same(one, again), "seeds", task, split, f"two samples of seed {seed} differ")
    enough = len(one) >= 20  # noqa: PLR2004 -- fewer may be equal by chance
    _demand(not enough or not _same(one, other), "seeds", task, split, f"seeds {seed} and {seed + 1} give the same")


def check_prefix(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """A smaller sample is a prefix of a larger one, down to the empty sample."""
    whole = _sample(task, split, n, seed)
    for part in (0, 1, len(whole) // 2, len(whole) - 1):
        alike = _same(_sample(task, split, part, seed), whole.take(slice(0, part)))
        _demand(alike, "prefix", task, split, f"a sample of {part} is not the beginning of one of {len(whole)}")


def check_distinct(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """No problem occurs twice, if the task declares its problems distinct."""
    if not task.distinct:
        return
    examples = _sample(task, split, n, seed)
    forms = len(_problems(task, examples)[0])
    _demand(forms == len(examples), "distinct", task, split, f"{len(examples)} examples have {forms} distinct problems")


def check_capacity(task: Task, split: str, *, seed: int = 0) -> None:
    """A split yields as many distinct problems as it declares, and raises SpaceExhaustedError when it has no more.

    Checked exhaustively if the capacity is at most AFFORDABLE, so use small parameters. None: the split has no limit.
    """
    capacity = task.capacity(split)
    if capacity is None:
        _require_size(task, split, AFFORDABLE, seed)
        return
    _demand(capacity > 0, "capacity", task, split, f"{capacity}; expected at least 1")
    _demand(task.distinct, "capacity", task, split, f"{capacity} of a task that samples i.i.d.; expected None")
    _require_size(task, split, min(capacity, AFFORDABLE), seed)
    if capacity <= AFFORDABLE:
        beyond = 100 * capacity + 10 * AFFORDABLE
        try:
            task.sample(split, beyond, np.random.default_rng(seed))
        except SpaceExhaustedError:
            return
        _demand(False, "capacity", task, split, f"the capacity is {capacity}, but {beyond} examples were sampled")


def check_coverage(task: Task, split: str, *, n: int = 2000, train: int = 20_000, seed: int = 0) -> None:
    """Every token and class of a test split occurs in training, at the same position.

    For a bag, and if the shift (of exposed: the headline's) is one of NEW_POSITIONS, any position will do.
    Real numbers are exempt.

    n, train  number of examples of the split and of training to compare
    """
    tested, trained = _sample(task, split, n, seed), _sample(task, "train", train, seed)
    source = task.headline if split == "exposed" and task.headline else task.split(split)
    moved = source.shift in NEW_POSITIONS
    parts = (
        ("token", task.inputs, tested.inputs, trained.inputs),
        ("class", task.outputs, tested.targets, trained.targets),
    )
    for what, space, used, known in parts:
        if space.alphabet is None:
            continue
        anywhere = moved or space.layout == "bag"
        used_at, known_at = (_occurs(array, space.alphabet, anywhere=anywhere) for array in (used, known))
        missing = np.argwhere(used_at & ~known_at)
        if len(missing):
            position, token = missing[0]
            where = "" if anywhere else f" at position {position}"
            seen = f"{what} {token}{where} does not occur in {len(trained)} training examples ({len(missing)} such)"
            _demand(False, "coverage", task, split, seen)


def check_heuristics(task: Task, split: str, *, n: int = 500, seed: int = 0) -> None:
    """Every heuristic returns targets, or distributions over the classes."""
    inputs = _sample(task, split, n, seed).inputs
    shape, classes = (len(inputs), *task.outputs.shape), task.outputs.alphabet
    for name, heuristic in task.heuristics.items():
        answer = heuristic(read_only(inputs))
        if answer.shape == shape:
            try:
                task.outputs.check(answer, f"answers of {name!r}")
            except ValueError as error:
                _demand(False, "heuristics", task, split, str(error))
        else:
            seen = f"{name!r} returns the shape {answer.shape}; expected {shape} or {(*shape, classes)}"
            _demand(classes is not None and answer.shape == (*shape, classes), "heuristics", task, split, seen)
            proper = np.isclose(answer.sum(-1), 1).all() and (answer >= 0).all()
            seen = f"probabilities of {name!r} are negative or do not sum to 1"
            _demand(bool(proper), "heuristics", task, split, seen)


def _demand(holds: bool, law: str, task: Task, split: str | None, seen: str) -> None:  # noqa: FBT001
    """Raise AssertionError with the law, the task, the split and the observed values, unless it holds."""
    if not holds:
        where = f"{task!r}" if split is None else f"{task!r}, split {split!r}"
        raise AssertionError(f"law {law!r} is broken by {where}: {seen}")


def _first(task: Task, examples: Examples, rows: np.ndarray) -> str:
    """Description of the first violating row."""
    if len(rows) == 0:
        return ""
    row = rows[0]
    return f", first {task.describe(examples.inputs[row])} -> {task.describe_target(examples.targets[row])}"


def _sample(task: Task, split: str, n: int, seed: int) -> Examples:
    """Sample n examples, or all if the split has fewer."""
    capacity = task.capacity(split)
    return task.sample(split, n if capacity is None else min(n, capacity), np.random.default_rng(seed))


def _require_size(task: Task, split: str, n: int, seed: int) -> None:
    """Sample n examples, and check that there are n."""
    try:
        found = len(task.sample(split, n, np.random.default_rng(seed)))
    except SpaceExhaustedError as error:
        _demand(False, "capacity", task, split, f"the capacity is {n}: {error}")
    else:
        _demand(found == n, "capacity", task, split, f"{found} examples; expected {n}")


def _posterior(task: Task, split: str, examples: Examples) -> np.ndarray:
    """The stored posterior, (n, outputs, classes), which is required of an ambiguous task."""
    shape = (len(examples), *task.outputs.shape, task.outputs.alphabet)
    stored = examples.posterior
    if stored is None or stored.shape != shape:
        seen = "none" if stored is None else f"the shape {stored.shape}"
        raise AssertionError(f"law 'rule' is broken by {task!r}, split {split!r}: posterior: {seen}; expected {shape}")
    return stored


def _problems(task: Task, examples: Examples) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The distinct problems, the first example of each, the problem of each example, and the count of each."""
    forms, first, row, times = np.unique(
        task.canonical(examples.inputs), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return forms, first, row.ravel(), times


def _occurs(array: np.ndarray, alphabet: int, *, anywhere: bool) -> np.ndarray:
    """Whether each token occurs at each position, (positions, alphabet); all positions together if `anywhere`."""
    flat = array.reshape(-1, 1) if anywhere else array.reshape(len(array), -1)
    occurs = np.zeros((flat.shape[1], alphabet), bool)
    occurs[np.arange(flat.shape[1]), flat] = True
    return occurs


def _same(one: Examples, other: Examples) -> bool:
    """Whether two samples are equal in all arrays."""
    parts = [(one.inputs, other.inputs), (one.targets, other.targets)]
    parts += [(one.posterior, other.posterior), (one.scratchpad, other.scratchpad), (one.origins, other.origins)]
    if one.slices.keys() != other.slices.keys():
        return False
    parts += [(one.slices[name], other.slices[name]) for name in one.slices]
    return all(a is b if a is None or b is None else np.array_equal(a, b) for a, b in parts)
