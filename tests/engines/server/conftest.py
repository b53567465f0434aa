"""One server process for all tests of the server engine, over tiny models with random weights."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from few_words import made
from foretoken.engines.server.settings import ServerSettings
from foretoken.engines.transformers.quiet import library_talk_off

WORDS = ["<|end|>", "</", "think", ">", "</think>", "hm", "x", "y"]
"""Vocabulary of two models whose completions can all be listed."""
END = 0
ENDS = frozenset({END, 7})
"""Of the tokenizer, and another one of the model's generation settings."""


def save_few_words(folder: Path, *, seed: int) -> Path:
    model, tokenizer = made(WORDS, seed=seed, reads=32)
    with library_talk_off():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    generation = folder / "generation_config.json"
    generation.write_text(json.dumps({"eos_token_id": sorted(ENDS)}))
    return folder


@pytest.fixture(scope="session")
def subject_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_few_words(tmp_path_factory.mktemp("served") / "subject", seed=1)


@pytest.fixture(scope="session")
def donor_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_few_words(tmp_path_factory.mktemp("served") / "donor", seed=2)


@pytest.fixture(scope="session")
def served(
    tiny_llama: Path, adapters: tuple[Path, Path], subject_folder: Path, donor_folder: Path
) -> dict[str, str]:
    """What the server serves, as in the settings."""
    return {
        str(tiny_llama): "tiny",
        f"{adapters[0]}@0.5": "tiny-half",
        str(subject_folder): "subject",
        str(donor_folder): "donor",
    }


@pytest.fixture(scope="session")
def address(
    tiny_llama: Path, adapters: tuple[Path, Path], subject_folder: Path, donor_folder: Path
) -> Iterator[str]:
    models = {
        "tiny": str(tiny_llama),
        "tiny-half": [str(tiny_llama), [[str(adapters[0]), 0.5]]],
        "subject": str(subject_folder),
        "donor": str(donor_folder),
    }
    script = Path(__file__).parent / "serving.py"
    process = subprocess.Popen(
        [sys.executable, str(script), json.dumps(models)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Servers:
    """Settings for the server, well or misbehaving."""

    def __init__(self, address: str, served: dict[str, str]) -> None:
        self.address, self.served = address, served

    def __call__(self, fault: str = "well", **changes: object) -> ServerSettings:
        given: dict = {
            "url": f"{self.address}/{fault}/v1", "served": self.served, "kind": "test",
            "dtype": "float32", "in_flight": 4, "attempts": 3, "backoff_s": 0.01,
            "contact_draws": 0,
        }  # fmt: skip
        return ServerSettings(**{**given, **changes})


@pytest.fixture(scope="session")
def servers(address: str, served: dict[str, str]) -> Servers:
    return Servers(address, served)
