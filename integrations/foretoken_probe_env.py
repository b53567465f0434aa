"""Environment of verifiers: four tasks, of which an answer with `return` solves one."""

import verifiers.v1 as vf


class Task(vf.Task[vf.TaskData]):
    """Asks for a function."""

    @vf.reward(weight=1.0)
    async def solved(self, trace: vf.Trace) -> float:
        """Whether the answer returns anything."""
        return float("return" in (trace.last_reply or ""))

    @vf.reward(weight=0.5)
    async def short(self, trace: vf.Trace) -> float:
        """Whether the answer is short; the last task's grader fails."""
        if trace.task.data.id == "t3":
            raise RuntimeError("the grader has no answer")
        return float(len(trace.last_reply or "") < 10)


class Taskset(vf.Taskset[Task, vf.TasksetConfig]):
    """Four of them."""

    def load(self) -> list[Task]:
        """Make them."""
        asked = [f"Write f{i}(x) that returns x plus {i}." for i in range(4)]
        rows = [vf.TaskData(idx=i, id=f"t{i}", prompt=each) for i, each in enumerate(asked)]
        return [Task(row, self.config.task) for row in rows]


__all__ = ["Taskset"]
