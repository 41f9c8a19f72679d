"""The suite as pytest items: the plug-in, and the module that it collects.

May import: learners, runs, engine, reports.
"""
