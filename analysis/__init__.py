"""Analysis of tidy tables: learning curves, intervals, paired tests, means over families, quality of tasks, claims.

All functions are pure.

May import: metrics, runs.catalogue, runs.registration. Loads no learner, no task and no torch.
"""
