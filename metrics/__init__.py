"""How answers are scored: pure functions of arrays, and `metric.py`, what a metric is.

May import: nothing of grue.
"""
