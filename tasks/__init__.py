"""What is learnt: one family a file; `base` has the contract, `spaces` and `pools` what all tasks share.

TASKS maps each name to where its factory is.
"""

TASKS = {
    "identity-bits": "grue.tasks.identity:IdentityBits",
    "identity-reals": "grue.tasks.identity:IdentityReals",
    "maze-graph": "grue.tasks.maze_graph:MazeGraph",
    "maze-grid": "grue.tasks.maze_grid:MazeGrid",
    "riddle-exceptions": "grue.tasks.riddle_exceptions:RiddleExceptions",
    "riddle-neighbour": "grue.tasks.riddle:RiddleNeighbour",
    "riddle-place": "grue.tasks.riddle:RiddlePlace",
    "riddle-relation": "grue.tasks.riddle:RiddleRelation",
    "riddle-token": "grue.tasks.riddle:RiddleToken",
    "scramble-bag": "grue.tasks.scramble:ScrambleBag",
    "scramble-ordered": "grue.tasks.scramble:ScrambleOrdered",
}
