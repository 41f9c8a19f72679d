"""Tasks: the problems that learners are trained and tested on, one family per file.

`base` defines the `Task` base class; `truth`, `spaces` and `pools` hold what all tasks share.
TASKS maps the name of each task to the import path of its class, RENAMED each former name to the present one.

May import: metrics.
"""

TASKS = {
    "a-before-b": "grue.tasks.automata:ABeforeB",
    "boolean": "grue.tasks.boolean:Boolean",
    "boolean-weight": "grue.tasks.boolean:BooleanWeight",
    "compositions": "grue.tasks.compositions:Compositions",
    "cycle-navigation": "grue.tasks.languages:CycleNavigation",
    "even-pairs": "grue.tasks.languages:EvenPairs",
    "folding": "grue.tasks.folding:Folding",
    "gotu": "grue.tasks.gotu:Gotu",
    "identity-bits": "grue.tasks.identity:IdentityBits",
    "identity-reals": "grue.tasks.identity:IdentityReals",
    "identity-tokens": "grue.tasks.identity:IdentityTokens",
    "maze-graph": "grue.tasks.maze_graph:MazeGraph",
    "maze-grid": "grue.tasks.maze_grid:MazeGrid",
    "navigation-axes": "grue.tasks.navigation:NavigationAxes",
    "navigation-joint": "grue.tasks.navigation:NavigationJoint",
    "no-aa": "grue.tasks.automata:NoAA",
    "parity": "grue.tasks.languages:Parity",
    "reverse-string": "grue.tasks.languages:ReverseString",
    "riddle-exceptions": "grue.tasks.riddle_exceptions:RiddleExceptions",
    "riddle-neighbour": "grue.tasks.riddle:RiddleNeighbour",
    "riddle-position": "grue.tasks.riddle:RiddlePosition",
    "riddle-relation": "grue.tasks.riddle:RiddleRelation",
    "riddle-token": "grue.tasks.riddle:RiddleToken",
    "scramble-bag": "grue.tasks.scramble:ScrambleBag",
    "scramble-ordered": "grue.tasks.scramble:ScrambleOrdered",
    "slabs": "grue.tasks.slabs:Slabs",
    "tabular": "grue.tasks.tabular:Tabular",
    "text": "grue.tasks.text:Text",
    "translation": "grue.tasks.translation:Translation",
    "translation-permuted": "grue.tasks.translation:TranslationPermuted",
    "variables": "grue.tasks.variables:Variables",
    "variables-plus": "grue.tasks.variables:VariablesPlus",
}

RENAMED: dict[str, str] = {"riddle-place": "riddle-position"}
"""Former names of tasks -> their names. Only error messages use it: a former name is refused with the new one."""
