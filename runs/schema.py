"""The fields of a preset: of each its type, what it may hold, what an error expects, and its option, in one place.

A preset file, `grue run`, `grue.run` and `pytest --benchmark` all take their fields from here. Only the standard
library is imported, because a command line needs the options before it needs numpy.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, replace
from math import isfinite
from numbers import Integral
from typing import Any

MAX_ENTRIES, MAX_NUMBERS = 10_000, 1_000
"""The most tasks or learners of a run, and the most sizes, exposed examples, ages or views: more is a mistake."""

QUOTED = 200
"""Characters of a value that a message quotes."""

OVER_CAPACITY = ("skip", "shrink")
VIEWS = ("tied", "untied")


@dataclass(frozen=True)
class FieldInfo:
    """The type, check and option of a field of a preset.

    expected  the values that it may have, as an error says it
    fits      whether a value is one of them; lists are tuples by then
    help      what its option says; "" for a field that has none
    parse     from the text of the option to a value; raises ValueError
    per_task  whether a [[grid]] of a preset may change it
    """

    expected: str
    fits: Callable[[Any], bool]
    help: str = ""
    parse: Callable[[str], Any] = str
    per_task: bool = False


def parse_numbers(text: str) -> tuple[int, ...]:
    """Turn "16,64" into (16, 64), and "" into ()."""
    return tuple(int(part) for part in text.split(",") if part.strip())


def parse_names(text: str) -> tuple[str, ...]:
    """Turn "mlp,forest" into ("mlp", "forest")."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_settings(text: str) -> dict[str, Any]:
    """Turn "max_steps=600,positions=none" into {"max_steps": 600, "positions": "none"}."""
    found: dict[str, Any] = {}
    for part in parse_names(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"expected parameter=value, got {part!r}")
        if name in found:
            raise ValueError(f"{name} is given twice; expected each parameter once")
        try:
            found[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = value  # text without quotes
    return found


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; Python takes True for 1."""
    return isinstance(value, int) and not isinstance(value, bool)


def _from(low: int) -> Callable[[Any], bool]:
    return lambda value: is_whole(value) and value >= low


def _all_from(low: int, *, fewest: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and len(value) >= fewest and all(map(_from(low), value))


def _is_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


def _is_views(value: Any) -> bool:
    return _is_names(value) and all(view.partition(",")[0] in VIEWS for view in value)


def _is_seconds(value: Any) -> bool:
    return (is_whole(value) or isinstance(value, float)) and isfinite(value) and value > 0


def _is_table_of_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(own, dict) for own in value.values())


def _is_table_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(own, str) and own.strip() for own in value.values())


def _field_info(*arguments: Any, **named: Any) -> dict[str, FieldInfo]:
    return {"info": FieldInfo(*arguments, **named)}


@dataclass(frozen=True)
class Grid:
    """What a preset changes for some of its tasks.

    tasks    labels of tasks, "family:NAME" or "all"
    changes  field -> value; a list of learners may begin with "inherited": those that the tasks have without the grid;
             `parameters` are added to those that the learners have without it
    """

    tasks: tuple[str, ...]
    changes: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A run: for every task a grid of learners, sizes and seeds.

    Raises ValueError for a value that a field cannot have.

    sizes          in-distribution training examples
    over_capacity  what becomes of a size above what a task holds: skip (it is n/a), or shrink (to the largest power
                   of 2 that the task holds)
    exposed        OOD training examples that are added at the largest size; 0 is always run
    seeds          how many
    suite_seed     seed of all data and learners; seeds count from 0 within it
    test_size      examples in each test split
    timeout        seconds a batch may take
    tasks          names, with parameters if any
    learners       fitted to every task
    views          in which the learners of `crossed` are run as well: tied, perhaps with options as in
                   "tied,window=2", and untied; a learner that is in a view already stays as it is
    encodings      in which the learners of `crossed` are run as well, beside the encoding that they have
    ages           training steps after the fit, with which the learners of `crossed` that have a parameter `age` are
                   run as well
    crossed        the learners that are crossed with `views`, `encodings` and `ages`; empty: all that leave the
                   parameter open
    budget         settings for every learner that has such a parameter
    parameters     further settings by learner: a name, or module:attribute of a learner's class
    names          names of learners in tables, by label
    grid           what differs for some tasks, in this order
    """

    name: str
    description: str = field(
        metadata=_field_info('a line of text, such as "a first try"', lambda value: isinstance(value, str))
    )
    tasks: tuple[str, ...] = field(metadata=_field_info('names, such as ["identity-bits"]', _is_names))
    learners: tuple[str, ...] = field(metadata=_field_info('names, such as ["mlp"]', _is_names, per_task=True))
    sizes: tuple[int, ...] = field(
        metadata=_field_info(
            "sizes of at least 1, such as [16, 64]",
            _all_from(1, fewest=1),
            "Training set sizes, such as 16,64. Sizes above the capacity of a task are n/a.",
            parse_numbers,
            per_task=True,
        )
    )
    over_capacity: str = field(
        default="skip",
        metadata=_field_info(
            '"skip" or "shrink"',
            OVER_CAPACITY.__contains__,
            "Sizes above the capacity of a task: skip, or shrink to the largest power of 2 within it.",
            per_task=True,
        ),
    )
    exposed: tuple[int, ...] = field(
        default=(),
        metadata=_field_info(
            "numbers of at least 0, such as [0, 16]",
            _all_from(0, fewest=0),
            "OOD training examples added at the largest size, such as 0,16.",
            parse_numbers,
            per_task=True,
        ),
    )
    seeds: int = field(
        metadata=_field_info("at least one seed, such as 3", _from(1), "Number of seeds.", int, per_task=True)
    )
    suite_seed: int = field(
        default=0,
        metadata=_field_info(
            "an integer of at least 0, such as 1",
            _from(0),
            "Seed of the whole suite: other data and initial weights.",
            int,
        ),
    )
    test_size: int = field(
        metadata=_field_info(
            "at least one test example, such as 1000", _from(1), "Examples per test split.", int, per_task=True
        )
    )
    timeout: float = field(
        metadata=_field_info(
            "a finite number of seconds above 0, such as 300",
            _is_seconds,
            "Time limit in seconds per batch of cells.",
            float,
        )
    )
    views: tuple[str, ...] = field(
        default=(),
        metadata=_field_info(
            'views, such as ["tied", "untied"] or ["tied,window=2"]',
            _is_views,
            "Also run the learners in these views: tied,untied.",
            parse_names,
            per_task=True,
        ),
    )
    encodings: tuple[str, ...] = field(
        default=(),
        metadata=_field_info(
            'encodings, such as ["onehot", "value"]',
            _is_names,
            "Also run the learners in these encodings, such as onehot,value.",
            parse_names,
            per_task=True,
        ),
    )
    ages: tuple[int, ...] = field(
        default=(),
        metadata=_field_info(
            "numbers of at least 0, such as [0, 2000]",
            _all_from(0, fewest=0),
            "Also train for so many steps after the fit, such as 2000.",
            parse_numbers,
            per_task=True,
        ),
    )
    crossed: tuple[str, ...] = field(
        default=(),
        metadata=_field_info(
            'names, such as ["mlp"]',
            _is_names,
            "Learners that --views, --encodings and --ages apply to, such as mlp,forest. Default: all.",
            parse_names,
            per_task=True,
        ),
    )
    budget: dict[str, Any] = field(
        default_factory=dict,
        metadata=_field_info(
            "a table: the line [budget] followed by, for example, max_steps = 600",
            lambda value: isinstance(value, dict),
            "Parameters set for every learner that has them, in addition to the preset's, such as max_steps=600.",
            parse_settings,
        ),
    )
    parameters: dict[str, dict[str, Any]] = field(
        default_factory=dict,
        metadata=_field_info(
            "a table per learner: the line [parameters.cnn] followed by, for example, channels = 16",
            _is_table_of_tables,
            per_task=True,
        ),
    )
    names: dict[str, str] = field(
        default_factory=dict,
        metadata=_field_info(
            'a table: the line [names] followed by, for example, forest = "Random forest"', _is_table_of_texts
        ),
    )
    grid: tuple[Grid, ...] = ()

    def __post_init__(self) -> None:
        for name in FIELDS:
            value = getattr(self, name)
            check(name, value)
            object.__setattr__(self, name, frozen(value))

    def settings(self, learner: str) -> dict[str, Any]:
        """What the preset sets of a learner's parameters; those that `learner` carries itself are not looked at.

        What it sets of `cnn` holds for `cnn@tuned` too.
        """
        head, colon, tail = learner.partition(":")
        learner = head.partition("@")[0] + colon + tail
        own = (settings for name, settings in self.parameters.items() if f"{learner}:".startswith(f"{name}:"))
        return {**self.budget, **next(own, {})}

    def changed(self, changes: Mapping[str, Any]) -> Preset:
        """The preset with other values, for all tasks alike. Settings are added to those that it has.

        A list of sizes that replaces the preset's is taken as it stands: what a task does not hold is n/a.
        """
        merged = {"over_capacity": "skip", **changes} if "sizes" in changes else dict(changes)
        for table in ("budget", "parameters", "names"):
            if isinstance(merged.get(table), dict):
                merged[table] = {**getattr(self, table), **merged[table]}
        return replace(self, grid=without(self.grid, merged), **merged)


FIELDS: dict[str, FieldInfo] = {item.name: item.metadata["info"] for item in fields(Preset) if "info" in item.metadata}
"""The fields of a preset by name."""

REQUIRED = tuple(
    item.name
    for item in fields(Preset)
    if item.name in FIELDS and item.default is MISSING and item.default_factory is MISSING
)
OPTIONS = {name: info for name, info in FIELDS.items() if info.help}
"""The fields that are options of a command line: --NAME, with dashes for underscores."""


METAVARS = {
    int: "N",
    float: "SECONDS",
    parse_numbers: "N,N,...",
    parse_names: "NAME,...",
    parse_settings: "NAME=VALUE,...",
}


def option(name: str) -> str:
    """The option of a field, such as --test-size."""
    return f"--{name.replace('_', '-')}"


def metavar(name: str) -> str:
    """What a help text writes for the value of a field's option."""
    return METAVARS.get(FIELDS[name].parse, "WORD")


def check(name: str, value: Any) -> None:
    """Raise ValueError for a value that the field cannot have."""
    most = MAX_ENTRIES if FIELDS[name].fits is _is_names else MAX_NUMBERS
    if isinstance(value, list | tuple) and len(value) > most:
        raise ValueError(f"{name} has {len(value):,} entries; expected at most {most:,}")
    if not FIELDS[name].fits(frozen(value)):
        raise ValueError(f"{name} = {_brief(value)}; expected {FIELDS[name].expected}")


def read_option(name: str, text: str) -> Any:
    """The value of a field from the text of its option; raises ValueError that says what is expected."""
    info, value = FIELDS[name], None
    with suppress(ValueError):
        value = info.parse(text)
    if value is None or not info.fits(value):
        raise ValueError(f"{_brief(text)}; expected {_in_option(name)}")
    check(name, value)
    return value


def _in_option(name: str) -> str:
    """What an option may hold, as it is written there: 16,64 for the list [16, 64] of a preset."""
    info = FIELDS[name]
    if info.parse is parse_settings:
        return "NAME=VALUE, each name once, such as max_steps=600"
    first = info.expected.partition(" or [")[0]
    return re.sub(r"\[([^]]*)\]", lambda found: found[1].replace('"', "").replace(", ", ","), first)


def _brief(value: Any) -> str:
    """The value as a message quotes it: the beginning of a long one."""
    text = repr(value)
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}..."


def without(grids: Iterable[Grid], names: Collection[str]) -> tuple[Grid, ...]:
    """The grids without their changes to these fields.

    A list of learners with "inherited" in it stays, because it adds, and so do parameters: a task's recipes.
    """
    kept = [
        Grid(
            grid.tasks,
            {
                name: value
                for name, value in grid.changes.items()
                if name not in names or name == "parameters" or (name == "learners" and "inherited" in value)
            },
        )
        for grid in grids
    ]
    return tuple(grid for grid in kept if grid.changes)


def added(parameters: Mapping[str, Mapping[str, Any]], more: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of learners, with further ones; of two values of one parameter the later stays."""
    return {**parameters, **{name: {**parameters.get(name, {}), **own} for name, own in more.items()}}


def frozen(value: Any) -> Any:
    """Lists as tuples, which is what fields and parameters are, and whole numbers of other libraries as int."""
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value
