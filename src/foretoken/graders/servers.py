"""Graders behind an address."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from foretoken.graders.shapes import Answering, Given, Job, as_given

_SHOWN = 200


def post(address: str, body: Mapping[str, Any], *, key: str = "") -> Any:
    """Return what a server answers to a JSON body.

    Args:
        address: Where.
        body: What is sent.
        key: Sent as a bearer token, if any.

    Raises:
        ConnectionError: It is not there, refuses, or answers with something else; says what.
    """
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        said = error.read(_SHOWN).decode(errors="replace")
        raise ConnectionError(f"{address} answers {error.code}: {said}") from error
    except urllib.error.URLError as error:
        raise ConnectionError(f"nobody answers at {address}: {error.reason}") from error
    except ValueError as error:
        raise ConnectionError(f"{address} answers something that is no JSON") from error


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
