"""Checks of the contracts of tasks and learners, for our tests and for those of others.

May import: tasks, learners.
"""
