"""Studies: experiments that are not learning curves, each with its own protocol; run with `grue study NAME`.

May import: tasks, learners, metrics, runs, engine, analysis.
"""
