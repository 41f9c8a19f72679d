"""Pure functions of tidy tables: learning curves, thresholds, intervals, means over families, fingerprints of riddles.

May import: metrics, runs.catalogue. Loads no learner, no task and no torch.
"""
