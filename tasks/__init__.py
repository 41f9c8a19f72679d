"""What is learnt: one family a file; `base` has the contract, `spaces` and `pools` what all tasks share.

TASKS maps each name to where its factory is.
"""

TASKS = {
    "identity-bits": "grue.tasks.identity:IdentityBits",
    "identity-reals": "grue.tasks.identity:IdentityReals",
    "maze-graph": "grue.tasks.maze_graph:MazeGraph",
    "maze-grid": "grue.tasks.maze_grid:MazeGrid",
    "scramble-bag": "grue.tasks.scramble:ScrambleBag",
    "scramble-ordered": "grue.tasks.scramble:ScrambleOrdered",
    "text": "grue.tasks.text:Text",
}
