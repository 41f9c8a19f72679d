"""Reports: leaderboard, tables and figures, from tidy tables and the catalogue.

May import: analysis, engine.durable, engine.files, engine.printable, metrics, runs.bundle, runs.catalogue, runs.errors, runs.probe_text, runs.registration, runs.results, runs.reading, runs.selection, runs.status.
Loads no learner, no task and no torch.
"""  # noqa: E501 -- what may be imported is one line
