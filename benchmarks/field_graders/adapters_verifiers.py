"""verifiers' check of boxed answers; the package's `__init__` wants clients and servers."""

import asyncio

from bare import bare, named

bare("verifiers", "verifiers.v1", "verifiers.v1.utils")
named("verifiers.v1.errors", SandboxError=asyncio.TimeoutError)

from verifiers.v1.utils.score import verify_boxed_math_answer  # noqa: E402


def boxed_math(answer: str, truth: str) -> float:
    return verify_boxed_math_answer(answer, truth)
