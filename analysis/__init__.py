"""Analysis of tidy tables: learning curves, intervals, paired tests, means over families, quality of tasks, riddles.

All functions are pure.

May import: metrics, runs.catalogue. Loads no learner, no task and no torch.
"""
