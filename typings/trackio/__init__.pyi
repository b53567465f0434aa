"""What foretoken uses of trackio, which is optional."""

from enum import Enum

class AlertLevel(Enum):
    WARN = ...
    ERROR = ...

class Run:
    def log(self, metrics: dict[str, float], step: int | None = None) -> None: ...
    def alert(self, title: str, text: str, level: AlertLevel, step: int | None) -> None: ...
    def finish(self) -> None: ...

def init(
    project: str,
    *,
    name: str,
    resume: str,
    auto_log_cpu: bool,
    auto_log_gpu: bool,
    embed: bool,
) -> Run: ...
