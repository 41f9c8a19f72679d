"""How anything is run: jobs, pools of processes, the store on disk, sessions, progress and provenance.

The engine knows no task, no learner and no study. A batch of cells (`runs/jobs.py`) and a job of a study (`studies/`)
are jobs, and the engine runs nothing else.

May import: nothing of grue.
"""
