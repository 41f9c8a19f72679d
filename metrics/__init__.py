"""Metrics: pure functions of arrays that score predictions, and the `Metric` base class.

May import: nothing of grue.
"""
