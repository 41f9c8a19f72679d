"""Follows the Dask workers of a cluster and logs what whoever waits should know: none there, some gone, one silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .errors import EngineError

LOOK_INTERVAL = 1.0
"""Seconds between looks at which workers there are."""

ANSWER_TIMEOUT = 10.0
"""Seconds that the scheduler may take to answer before that is logged."""

SILENCE = 30.0
"""Seconds without a heartbeat before a worker is named; Dask's workers send one every 0.5 s, or less often (PACE)."""

PACE = 20
"""So many workers add a second to that: many workers send fewer heartbeats each."""

HEARTBEATS_INTERVAL = 5.0
"""Seconds between looks at the heartbeats."""


class WorkerWatch:
    """What is known of the workers of a Dask scheduler, looked up now and then.

    client   of Dask;  address: of the scheduler, for the log
    log      prints a line
    """

    def __init__(self, client: Any, address: str, log: Callable[[str], None]) -> None:
        self._client, self._address, self._log = client, address, log
        self._threads: dict[str, int] | None = None  # by the worker's address; None: not looked yet
        self._looked = self._listened = float("-inf")
        self._heard: dict[str, tuple[float, float]] = {}  # worker -> (the scheduler's time of a heartbeat, ours)
        self._silent: set[str] = set()
        self._waiting = False  # for the scheduler

    def threads(self) -> int:
        """Threads of all workers, a second ago at most. Raises EngineError where the scheduler has gone."""
        if time.monotonic() > self._looked + LOOK_INTERVAL:
            self.check_connection()
            found = self._ask(self._client.scheduler.ncores)
            if found is not None:
                self._log_changes(found)
                self._threads = found
            if time.monotonic() > self._listened + HEARTBEATS_INTERVAL:
                self._listen()
            self._looked = time.monotonic()
        return sum((self._threads or {}).values())

    def check_connection(self) -> None:
        """Raise EngineError if the connection to the scheduler is lost."""
        if self._client.status != "running":
            raise self.lost_connection()

    def lost_connection(self) -> EngineError:
        """The error that the scheduler has gone."""
        return EngineError(
            f"lost the connection to the Dask scheduler at {self._address}; finished results are kept: repeat the "
            "command to run the rest, once the scheduler and workers are there again (or without --scheduler)"
        )

    def _ask(self, question: Callable[..., Any]) -> Any:
        """The scheduler's answer, or None: it takes long, which is logged once."""
        try:
            answer = self._client.sync(question, callback_timeout=ANSWER_TIMEOUT)
        except TimeoutError:
            if not self._waiting:
                self._log(
                    f"the Dask scheduler at {self._address} has not answered for {ANSWER_TIMEOUT:g} s; waiting for it "
                    "(finished results are kept: Ctrl-C twice ends the run, and the same command continues it)"
                )
            self._waiting = True
            return None
        except OSError:  # Dask's errors of connections are among them
            self.check_connection()
            return None  # it has connected again
        if self._waiting:
            self._log(f"the Dask scheduler at {self._address} answers again")
        self._waiting = False
        return answer

    def _log_changes(self, found: dict[str, int]) -> None:
        before = self._threads
        if not found:
            if before is None or before:
                self._log(f"the Dask scheduler at {self._address} has no workers; waiting for them")
        elif before is not None and not before:
            self._log(f"the Dask scheduler at {self._address} has {_workers(len(found))} now")
        elif before and (gone := before.keys() - found.keys()):
            self._log(
                f"{_workers(len(gone))} gone ({', '.join(sorted(gone)[:3])}{', ...' if len(gone) > 3 else ''}), "  # noqa: PLR2004
                f"{len(found)} there: jobs that ran on lost workers are run again on others"
            )

    def _listen(self) -> None:
        """Name the workers that have sent no heartbeat for long, and those that do so again."""
        identity = self._ask(self._client.scheduler.identity)
        if identity is None:
            return
        now = self._listened = time.monotonic()
        workers = identity["workers"]
        limit = SILENCE + len(workers) / PACE
        before, self._heard = self._heard, {}
        for address, worker in workers.items():
            seen, heard = worker["last_seen"], now
            if address in before and before[address][0] == seen:
                heard = before[address][1]
            self._heard[address] = (seen, heard)
        silent = {address for address, (_, heard) in self._heard.items() if now - heard > limit}
        for address in sorted(silent - self._silent):
            self._log(
                f"the Dask worker {address} has been silent for {limit:.0f} s; if it stays so, the scheduler gives its "
                "job to another one (after 5 minutes, unless Dask's setting distributed.scheduler.worker-ttl differs)"
            )
        for address in sorted((self._silent - silent) & self._heard.keys()):
            self._log(f"the Dask worker {address} answers again")
        self._silent = silent


def _workers(count: int) -> str:
    return "1 Dask worker" if count == 1 else f"{count} Dask workers"
