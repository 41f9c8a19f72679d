"""The results as a static site: a page for the board, every task and every learner, the atlas, claims and quality.

It opens from disk: one style sheet, one script, links between files, and nothing from a network. All text that comes
from results passes through jinja's autoescaping, since names of tasks and learners may be anybody's.
"""
