"""What is run: names, presets, plans and their catalogue, cells, data, fit, predict, score, and reading results.

May import: tasks, learners, metrics, engine.
"""
