"""Contract test kits for tasks and learners, for this package and for external ones.

May import: tasks, learners.
"""
