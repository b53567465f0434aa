"""Scores from a server are those of the model, and what failed says so instead of a number."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from foretoken.engines.base import Weights
from foretoken.engines.server.engine import ServerEngines
from foretoken.engines.server.settings import weights_key
from foretoken.engines.transformers.load import load_model
from foretoken.errors import ModelError

HOLE = 7
"""The token at which the server fails, where its URL says so."""
ITEMS = [([20, 21, 22], [30, 31, 1]), ([40], [50, HOLE, 51]), ([20, HOLE], [60]), ([9], [10])]


def with_transformers(folder: Path, prompt: list[int], tokens: list[int]) -> list[float]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        log_p_kv = model(torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
    return [log_p_kv[len(prompt) + k - 1, t].item() for k, t in enumerate(tokens)]


def test_scores_are_those_of_transformers(servers, tiny_llama: Path) -> None:
    rng = np.random.default_rng(0)
    items = [
        (rng.integers(300, size=5 + k).tolist(), rng.integers(300, size=1 + 3 * k).tolist())
        for k in range(8)
    ]
    with ServerEngines(servers()).open([Weights(str(tiny_llama))]) as engine:
        scores = engine.score(items, per_token=True)
    assert scores.errors == [None] * 8
    assert scores.per_token is not None
    for (prompt, tokens), total, found in zip(items, scores.log_p, scores.per_token, strict=True):
        expected = with_transformers(tiny_llama, prompt, tokens)
        assert found == pytest.approx(expected, abs=1e-4)
        assert total == pytest.approx(sum(expected), abs=1e-3)
    assert scores.tokens_through_model == sum(len(p) + len(t) for p, t in items)


@pytest.mark.parametrize(
    "fault, hurt, complaint",
    [
        ("none", [1], "not finite at 1 of 3 completion tokens"),
        ("nan", [1], "not finite at 1 of 3 completion tokens"),
        ("least", [1], "not finite at 1 of 3 completion tokens"),
        ("breaking", [1, 2], "status 503"),
        ("dying", [1, 2], 'first with status 500: {"error": "EngineCore'),
        ("vanishing", [1, 2], "RemoteProtocolError"),
        ("slow", [1, 2], "ReadTimeout"),
    ],
)
def test_what_failed_has_a_reason_and_the_others_are_unharmed(
    servers, tiny_llama: Path, fault: str, hurt: list[int], complaint: str
) -> None:
    voices = [Weights(str(tiny_llama))]
    with ServerEngines(servers()).open(voices) as engine:
        expected = engine.score(ITEMS)
    with ServerEngines(servers(fault, timeout_s=0.75, attempts=2)).open(voices) as engine:
        scores = engine.score(ITEMS, per_token=True)
    assert [i for i, error in enumerate(scores.errors) if error is not None] == hurt
    for index, error in enumerate(scores.errors):
        if index in hurt:
            assert complaint in str(error)
            assert np.isnan(scores.log_p[index])
            assert scores.per_token is not None
            assert scores.per_token[index] == []
        else:
            assert scores.log_p[index] == pytest.approx(expected.log_p[index])


def test_a_text_that_takes_too_long_to_draw_is_not_drawn_again(servers, tiny_llama: Path) -> None:
    def draw() -> None:
        with ServerEngines(servers("slow", timeout_s=0.75)).open(voices) as engine:
            engine.sample([[20, HOLE]], max_tokens=4, seed=0)

    voices = [Weights(str(tiny_llama))]
    with pytest.raises(ModelError, match=r"did not answer within 0\.75 s"):
        draw()


def test_voices_are_known_by_the_hashes_that_the_engine_in_this_process_gives(
    servers, tiny_llama: Path, adapters: tuple[Path, Path]
) -> None:
    half = Weights(str(tiny_llama), ((str(adapters[0]), 0.5),))
    engines = ServerEngines(servers())
    with engines.open([Weights(str(tiny_llama)), half]) as engine:
        assert engine.voices == (engines.identify(Weights(str(tiny_llama))), engines.identify(half))
        scores = engine.score([([20, 21], [30, 31])], voice=1)
    loaded = load_model(half.base, adapters=half.adapters)
    identity = engines.identify(half)
    assert identity.weights == loaded.weights_hash
    assert identity.tokenizer == loaded.tokenizer_hash
    assert identity.template == loaded.template_hash
    assert (identity.engine, identity.dtype) == ("server:test", "float32")
    assert scores.log_p[0] != 0.0
    assert engine.end_tokens == {loaded.end_token}
    assert engine.longest == 511


def test_an_adapter_of_scale_zero_is_served_as_the_model_itself(tiny_llama: Path) -> None:
    silent = Weights(str(tiny_llama), (("a", 0.0),))
    assert weights_key(silent) == str(tiny_llama)


@pytest.mark.parametrize(
    "key, weights",
    [
        ("model", Weights("./model")),
        ("model@v2", Weights("model@v2")),
        ("a@1.0+b+c@0.50", Weights("model", (("x/../a", 1.0), ("b+c", 0.5)))),
        ("a@1e-05", Weights("model", (("a", 1e-5),))),
    ],
)
def test_weights_are_found_however_their_folders_are_spelt(
    servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, weights: Weights
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = servers(served={key: "name"})
    assert settings.served[weights_key(weights)] == "name"
    here = Weights(
        str(tmp_path / weights.base),
        tuple((str(tmp_path / folder), scale) for folder, scale in weights.adapters),
    )
    monkeypatch.chdir("/")
    assert settings.served[weights_key(here)] == "name"


def test_what_is_too_long_is_refused(servers, tiny_llama: Path) -> None:
    with ServerEngines(servers(longest=100)).open([Weights(str(tiny_llama))]) as engine:
        assert engine.score([([20] * 50, [30] * 49)]).errors == [None]
        with pytest.raises(ModelError, match="at most 99"):
            engine.score([([20] * 50, [30] * 50)])


def test_pieces_of_work_come_back_in_their_order(servers, tiny_llama: Path) -> None:
    with ServerEngines(servers()).open([Weights(str(tiny_llama))]) as engine:
        pieces = [([20, k], [30 + k]) for k in range(6)]
        found = [*engine.side_by_side(lambda piece: float(engine.score([piece]).log_p[0]), pieces)]
        assert found == engine.score(pieces).log_p.tolist()


def test_an_engine_behind_a_server_needs_no_torch(address: str, servers, tiny_llama: Path) -> None:
    program = """
import sys
from importlib.machinery import PathFinder
class WithoutTorch(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        torch = name.partition(".")[0] in {"torch", "peft"}
        return None if torch else super().find_spec(name, path, target)
sys.meta_path = [WithoutTorch if each is PathFinder else each for each in sys.meta_path]
from foretoken.engines.base import Weights
from foretoken.engines.server.engine import ServerEngines
from foretoken.engines.server.settings import ServerSettings
settings = ServerSettings.model_validate_json(sys.argv[1])
with ServerEngines(settings).open([Weights(sys.argv[2])]) as engine:
    print(engine.score([([20, 21], [30])]).log_p[0], "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, servers().model_dump_json(), str(tiny_llama)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    value, torch_loaded = done.stdout.split()
    expected = with_transformers(tiny_llama, [20, 21], [30])
    assert float(value) == pytest.approx(expected[0], abs=1e-4)
    assert torch_loaded == "False"
