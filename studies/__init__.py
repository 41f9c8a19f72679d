"""Questions that are no learning curve: a protocol of its own each, run by `grue study NAME`.

May import: tasks, learners, metrics, runs, engine, analysis.
"""
