"""Harbor: a job plugin by import path, which records each trial when it has ended.

```console
$ harbor run -p tasks/... --plugin foretoken.integrations.harbor:Trials --plugin-kwarg run=runs/mine
```

A trial that ends with an exception is recorded as failed, and counted at the end of the job.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from foretoken.integrations.graded import hand_over, named_run, recorder_of
from foretoken.logs.base import LoggedRollout
from foretoken.logs.harbor import LAYOUT, read_trial
from foretoken.logs.rows import with_trajectory


class Trials:
    """A `JobPlugin` of Harbor.

    Args:
        run: Run directory; None: as the environment variable FORETOKEN_RUN says.
        more: Whatever else Harbor gives its plugins.
    """

    def __init__(self, run: str | None = None, **more: Any) -> None:
        self.run, self.more = named_run(run), more
        self.counts: Counter[str] = Counter()

    async def on_job_start(self, job: Any) -> None:
        """Ask to be told of each trial; a plugin that raises here would end the job."""
        try:
            job.on_trial_ended(self.on_trial_ended)
        except Exception as error:  # noqa: BLE001  somebody else's job goes on
            print(f"Foretoken records no trials: {type(error).__name__}: {error}")

    async def on_trial_ended(self, event: Any) -> None:
        """Record a trial."""
        try:
            config, result = event.config, event.result
            self.counts["trials"] += 1
            self.counts["failed"] += result.exception_info is not None
            folder = Path(config.trials_dir) / str(config.trial_name)
            hand_over(self.run, LAYOUT.name, lambda: [_read(result, folder)])
        except Exception as error:  # noqa: BLE001  as above
            self.counts[f"not recorded, {type(error).__name__}: {error}"] += 1

    async def on_job_end(self, job_result: Any) -> None:  # noqa: ARG002  Harbor's contract
        """Say how many trials there were, and have them on the disk."""
        if self.run:
            await asyncio.to_thread(recorder_of(self.run).close)
            said = ", ".join(f"{count} {what}" for what, count in self.counts.items())
            print(f"Foretoken recorded in {self.run}: {said or 'no trials'}")


def _read(result: Any, folder: Path) -> LoggedRollout:
    return read_trial(with_trajectory(result.model_dump(mode="json"), folder))
