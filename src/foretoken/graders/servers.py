"""Graders behind an address."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from foretoken.graders.shapes import Answering, Given, Job, as_given

KEY = "OPENAI_API_KEY"
"""Name of the variable of the environment that holds the key of an endpoint, if it needs one."""
SILENCE_S = 120.0
"""Longest that a server may be silent."""
MOST_BYTES = 1_000_000
"""Longest answer of a server that is read."""
_SHOWN = 200


def post(
    address: str, body: Mapping[str, Any], *, key: str = "", timeout_s: float = SILENCE_S
) -> Any:
    """Return what a server answers to a JSON body.

    Args:
        address: Where.
        body: What is sent.
        key: Sent as a bearer token, if any.
        timeout_s: Longest that it may be silent.

    Raises:
        ConnectionError: It is not there, refuses, is silent, or answers with something else; says
            what.
    """
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return json.loads(answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN).decode(errors="replace")
        raise ConnectionError(f"{address} answers {error.code}: {said}") from error
    except TimeoutError as error:
        raise ConnectionError(f"{address} is silent for {timeout_s:g} s") from error
    except (OSError, HTTPException) as error:
        raise ConnectionError(f"nobody answers at {address}: {error}"[:300]) from error
    except (ValueError, RecursionError) as error:
        raise ConnectionError(f"{address} answers something that is no JSON") from error


def chat(url: str, prompt: str, *, timeout_s: float = SILENCE_S, **settings: Any) -> str:
    """Return what a model behind an OpenAI-compatible endpoint says to a prompt.

    Args:
        url: Of the endpoint, to `/v1`.
        prompt: What the user says.
        timeout_s: Longest that it may be silent.
        settings: Of the request: `model`, `max_tokens`, `temperature`.

    Raises:
        ConnectionError: It says nothing; see `post`.
    """
    address = f"{url.rstrip('/')}/chat/completions"
    body = {"messages": [{"role": "user", "content": prompt}], **settings}
    said = post(address, body, key=os.environ.get(KEY, ""), timeout_s=timeout_s)
    try:
        return str(said["choices"][0]["message"]["content"])
    except (LookupError, TypeError) as error:
        raise ConnectionError(
            f"{address} answers with no chat: {json.dumps(said)[:200]}"
        ) from error


def reward_server(path: str, given: dict[str, Any]) -> Answering:
    """Return what answers jobs by a reward server in the shape of OpenRLHF's.

    It is sent lists of one: `query` (prompt and answer), `prompts` and `labels`.

    Args:
        path: Its address.
        given: What else is sent.
    """

    def answer(job: Job) -> Given:
        body = {
            "query": [f"{job['prompt']}{job['text']}"],
            "prompts": [job["prompt"]],
            "labels": [job["truth"]],
        }
        return as_given(post(path, body | given))

    return answer
