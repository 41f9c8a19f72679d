"""Learners: one family per file; `base` defines the interface.

LEARNERS maps each name to the location of its factory, so that listing the learners does not import their libraries.
The factory of NAME@VARIANT takes the learner NAME, with the given parameters, and returns the variant of it.

May import: tasks.spaces.
"""

LEARNERS = {
    "bayes-net": "grue.learners.bayes_net:BayesNet",
    "boosting": "grue.learners.boosting:Boosting",
    "boosting@tuned": "grue.learners.tuned:tuned",
    "cnn": "grue.learners.cnn:CNN",
    "cnn@tuned": "grue.learners.tuned:tuned",
    "extra-trees": "grue.learners.extra_trees:ExtraTrees",
    "forest": "grue.learners.forest:Forest",
    "forest@tuned": "grue.learners.tuned:tuned",
    "gp": "grue.learners.gp:GP",
    "kernel": "grue.learners.kernel:Kernel",
    "kernel@tuned": "grue.learners.tuned:tuned",
    "linear": "grue.learners.linear:Linear",
    "lookup": "grue.learners.lookup:Lookup",
    "merging": "grue.learners.merging:StateMerging",
    "mlp": "grue.learners.mlp:MLP",
    "mlp@tuned": "grue.learners.tuned:tuned",
    "neighbours": "grue.learners.neighbours:Neighbours",
    "ngram": "grue.learners.ngram:NGram",
    "program": "grue.learners.program:ProgramLearner",
    "rnn": "grue.learners.recurrent:RNN",
    "rnn@tuned": "grue.learners.tuned:tuned",
    "shuffled": "grue.learners.lookup:Shuffled",
    "transformer": "grue.learners.transformer:Transformer",
    "transformer@tuned": "grue.learners.tuned:tuned",
    "transformer-scratchpad": "grue.learners.scratchpad:TransformerScratchpad",
}

RENAMED: dict[str, str] = {"transformer-steps": "transformer-scratchpad"}
"""Former names of learners -> their names. Only error messages use it: a former name is refused with the new one."""
