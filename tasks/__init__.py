"""What is learnt: one family a file; `base` has the contract, `spaces` and `pools` what all tasks share.

TASKS maps each name to where its factory is.
"""

TASKS = {
    "cycle-navigation": "grue.tasks.languages:CycleNavigation",
    "even-pairs": "grue.tasks.languages:EvenPairs",
    "folding": "grue.tasks.folding:Folding",
    "boolean": "grue.tasks.boolean:Boolean",
    "boolean-weight": "grue.tasks.boolean:BooleanWeight",
    "compositions": "grue.tasks.compositions:Compositions",
    "identity-bits": "grue.tasks.identity:IdentityBits",
    "identity-reals": "grue.tasks.identity:IdentityReals",
    "identity-tokens": "grue.tasks.identity:IdentityTokens",
    "maze-graph": "grue.tasks.maze_graph:MazeGraph",
    "maze-grid": "grue.tasks.maze_grid:MazeGrid",
    "navigation-axes": "grue.tasks.navigation:NavigationAxes",
    "navigation-joint": "grue.tasks.navigation:NavigationJoint",
    "parity": "grue.tasks.languages:Parity",
    "reverse-string": "grue.tasks.languages:ReverseString",
    "scramble-bag": "grue.tasks.scramble:ScrambleBag",
    "scramble-ordered": "grue.tasks.scramble:ScrambleOrdered",
    "tabular": "grue.tasks.tabular:Tabular",
    "translation": "grue.tasks.translation:Translation",
    "translation-permuted": "grue.tasks.translation:TranslationPermuted",
    "variables": "grue.tasks.variables:Variables",
    "variables-plus": "grue.tasks.variables:VariablesPlus",
    "text": "grue.tasks.text:Text",
}
