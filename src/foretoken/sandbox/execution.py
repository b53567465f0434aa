"""What a job becomes on its way in, and what its bytes and its report become on their way out."""

import json
import os
import signal
from dataclasses import asdict

from foretoken.sandbox import zygote
from foretoken.sandbox.base import Ending, Execution, Job, Limits
from foretoken.sandbox.slot import Flight
from foretoken.sandbox.transcript import BadTranscriptError, Transcript, read_transcript, was_ready
from foretoken.sandbox.wire import encode

SAMPLE = Job(
    code="""
from collections import Counter

def shown(words, least=1):
    \"\"\"The frequent words.\"\"\"
    found = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    assert Counter(words) == found
    rows = sorted(found.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return [f"{word}: {times}" for word, times in rows if times >= least]
""",
    function="shown",
    calls=tuple(encode(args) for args in [(["a", "b", "a"],), ((2.5, True, None, 7), 1)] * 4),
)
"""A submission of our own, of the kind that most are."""

_REASONS = {
    zygote.CPU_LIMIT: Ending.CPU_LIMIT,
    zygote.WALL_LIMIT: Ending.WALL_LIMIT,
    zygote.KILLED: Ending.OUTPUT_LIMIT,
    zygote.MEM_LIMIT: Ending.MEM_LIMIT,
}
_NEAR_THE_BOUND = 0.5


def request_of(job: Job) -> bytes:
    """The text that a submission's process is sent."""
    exposure = job.exposure
    return json.dumps(
        {
            "code": job.code,
            "function": job.function,
            "calls": job.calls,
            "seed": job.seed,
            "notes": job.notes,
            "attribute": job.attribute,
            "files": exposure.files,
            "objects": exposure.objects,
            "keyword": exposure.keyword,
            "module": exposure.module,
            "frame": exposure.frame,
            "hook": exposure.hook,
            "leaks": exposure.leaks or (None,) * len(job.calls),
            "log": exposure.log,
            "log_lines": exposure.log_lines,
            "probe": asdict(job.probe) | {"nonce": job.nonce} if job.probed else None,
        }
    ).encode()


def execution_of(
    flight: Flight, report: tuple[int, int, int, int], *, job: Job, limits: Limits
) -> Execution | None:
    """What the flight's bytes and the zygote's report add up to.

    Returns:
        None where the submission's process was ended by neither itself nor us.
    """
    reason, status, cpu_us, peak_kib = report
    cpu_s = cpu_us / 1e6
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not was_ready(flight.output):
        return None
    if reason == zygote.ENDED and cpu_s > limits.cpu_s:  # between two looks at the clock
        reason = zygote.CPU_LIMIT
    if killed and reason == zygote.ENDED:
        # The kernel had no memory left. It was this submission's, or somebody else took it.
        if peak_kib < _NEAR_THE_BOUND * limits.memory_mib * 1024:
            return None
        return Execution(ending=Ending.MEM_LIMIT, cpu_s=cpu_s)
    if flight.too_much:
        return Execution(ending=Ending.OUTPUT_LIMIT, cpu_s=cpu_s)
    try:
        nonce = job.nonce if job.probed else None
        transcript = read_transcript(bytes(flight.output), calls=len(job.calls), nonce=nonce)
    except BadTranscriptError:
        return Execution(ending=Ending.PROTOCOL_ERROR, cpu_s=cpu_s)
    ending = _ending(reason, status, transcript)
    return Execution(
        ending=ending,
        cpu_s=cpu_s,
        exit_status=os.WEXITSTATUS(status) if ending is Ending.EXIT else None,
        calls=tuple(transcript.calls),
        failed=transcript.failed,
        notes=transcript.notes,
        attribute=transcript.attribute,
        flags=transcript.flags,
        claims=transcript.claims,
    )


def _ending(reason: int, status: int, transcript: Transcript) -> Ending:
    if transcript.too_much:
        return Ending.OUTPUT_LIMIT
    if reason != zygote.ENDED:
        return _REASONS[reason]
    if os.WIFSIGNALED(status):
        return Ending.SIGNAL
    return Ending.COMPLETED if transcript.ended else Ending.EXIT
