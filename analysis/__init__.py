"""Analysis of tidy tables: learning curves, thresholds, intervals, means over families, fingerprints of riddles.

All functions are pure.

May import: metrics, runs.catalogue. Loads no learner, no task and no torch.
"""
