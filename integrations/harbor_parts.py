"""For Harbor: an environment without containers, and an agent that answers by rule.

Nothing is isolated here: paths of the sandbox are moved under a temporary directory.
"""

import asyncio
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from harbor.agents.base import BaseAgent
from harbor.environments.base import BaseEnvironment, ExecResult
from harbor.environments.capabilities import EnvironmentCapabilities
from harbor.models.trajectories import Agent, Step, Trajectory
from steps import answer

INSIDE = re.compile(r"(?<![\w.\-])/(logs|tests|solution|app|runtime|installed-agent)\b")


class Local(BaseEnvironment):
    """A temporary directory in the place of a container."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="foretoken-harbor-"))
        super().__init__(*args, **settings)

    @staticmethod
    def type() -> str:
        """Name of the environment."""
        return "local-directory"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        """Those that every environment has."""
        return EnvironmentCapabilities()

    def _validate_definition(self) -> None:
        pass

    def _moved(self, text: object) -> str:
        return INSIDE.sub(lambda found: f"{self.root}/{found[1]}", str(text))

    async def start(self, force_build: bool) -> None:  # noqa: ARG002
        """Make the directories."""
        for inner in ("logs/agent", "logs/verifier", "logs/artifacts", "tests", "app"):
            (self.root / inner).mkdir(parents=True, exist_ok=True)

    async def stop(self, delete: bool) -> None:  # noqa: ARG002
        """Remove them."""
        shutil.rmtree(self.root, ignore_errors=True)

    async def upload_file(self, source_path: Any, target_path: Any) -> None:
        """Copy a file in; paths in a shell script are moved."""
        target = Path(self._moved(target_path))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source_path, target)
        if target.suffix == ".sh":
            target.write_text(self._moved(target.read_text()))

    async def upload_dir(self, source_dir: Any, target_dir: Any) -> None:
        """Copy a folder in."""
        source = Path(source_dir)
        for file in (each for each in source.rglob("*") if each.is_file()):
            await self.upload_file(file, f"{target_dir}/{file.relative_to(source)}")

    async def download_file(self, source_path: Any, target_path: Any) -> None:
        """Copy a file out."""
        shutil.copy(self._moved(source_path), target_path)

    async def download_dir(self, source_dir: Any, target_dir: Any) -> None:
        """Copy a folder out."""
        shutil.copytree(self._moved(source_dir), target_dir, dirs_exist_ok=True)

    async def exec(
        self, command: str, cwd: Any = None, env: Any = None, timeout_sec: Any = None, **_: Any
    ) -> ExecResult:
        """Run a command."""
        started = await asyncio.create_subprocess_exec(
            *("bash", "-c", self._moved(command)),
            cwd=self._moved(cwd or "/app"),
            env={**os.environ, **(env or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, failed = await asyncio.wait_for(started.communicate(), timeout_sec)
        return ExecResult(
            stdout=said.decode(), stderr=failed.decode(), return_code=started.returncode or 0
        )


class Scripted(BaseAgent):
    """Writes the answer by rule into a file, and a trajectory that tells of it."""

    SUPPORTS_ATIF = True

    @staticmethod
    def name() -> str:
        """Of the agent."""
        return "scripted"

    def version(self) -> str:
        """Of the agent."""
        return "1"

    async def setup(self, environment: BaseEnvironment) -> None:
        """Need nothing."""

    async def run(self, instruction: str, environment: BaseEnvironment, context: Any) -> None:
        """Answer, or fail where that is asked."""
        if instruction.startswith("Fail"):
            raise RuntimeError("the agent gave up")
        said = answer(instruction)
        await environment.exec(f"cat > /app/answer.py <<'EOF'\n{said}\nEOF")
        steps = [
            Step(step_id=1, source="user", message=instruction),
            Step(step_id=2, source="agent", message=said),
        ]
        agent = Agent(name="scripted", version="1", model_name="rule")
        told = Trajectory(session_id="1", agent=agent, steps=steps).model_dump(exclude_none=True)
        (self.logs_dir / "trajectory.json").write_text(json.dumps(told))
        context.n_output_tokens = len(said)
