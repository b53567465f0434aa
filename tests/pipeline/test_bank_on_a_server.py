"""A bank that is drawn, scored and measured through a server, beside the same models here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from world import ENGINES, World, bank_config

from foretoken.bank.build import build_bank
from foretoken.bank.config import voice_weights
from foretoken.bank.read import read_bank_tasks
from foretoken.engines.base import Weights
from foretoken.engines.choose import EngineConfig
from foretoken.engines.prompts import render_prompt
from foretoken.engines.server.settings import ServerSettings, weights_key
from foretoken.errors import MismatchError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import BankHealth, Draw, RateEstimate, Score
from foretoken.store.run import Run
from foretoken.work.scores import step_scorer

SERVING = Path(__file__).parent.parent / "engines" / "server" / "serving.py"


def voices(world: World) -> list[Weights]:
    adapted = [Weights(str(world.subject), ((str(path), 1.0),)) for path in world.checkpoints]
    return [*voice_weights(bank_config(world, Path("run"))), *adapted]


@pytest.fixture(scope="module")
def engine(world: World) -> Iterator[EngineConfig]:
    """Settings of a server that holds every voice of the world."""
    names = {weights_key(each): f"model-{i}" for i, each in enumerate(voices(world))}
    models = {names[weights_key(each)]: [each.base, list(each.adapters)] for each in voices(world)}
    command = [sys.executable, str(SERVING), json.dumps(models)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/well/v1"
        yield EngineConfig(
            server=ServerSettings(url=url, served=names, kind="test", dtype="float32")
        )
        process.kill()


@pytest.fixture(scope="module")
def run(world: World, engine: EngineConfig, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("served") / "run"
    build_bank(bank_config(world, folder, engine=engine, draws_per_task=24))
    measure(MeasureConfig(run=folder, checkpoints=world.checkpoints))
    return Run.open(folder)


def test_scores_agree_with_transformers_within_the_noise_that_is_reported(
    run: Run, world: World
) -> None:
    """The spread of scoring twice comes with the bank; another engine may add a little."""
    (noise,) = {each.rescoring_spread for each in run.read(BankHealth)}
    tasks = read_bank_tasks(run)
    draws = {draw.key: draw for draw in run.read(Draw)}
    compared = 0
    for checkpoint, step in zip(world.checkpoints, (4, 20), strict=True):
        scores = run.read(Score, within=step_scorer(step))
        assert scores
        with ENGINES.open([Weights(str(world.subject), ((str(checkpoint), 1.0),))]) as local:
            items = [
                (render_prompt(local.tokenizer, tasks[draws[s.draw].task]), draws[s.draw].tokens)
                for s in scores
            ]
            known = local.score(items).log_p
        served = np.array([score.log_p for score in scores], dtype=np.float64)
        assert np.abs(served - known).max() < noise + 1e-4
        compared += len(scores)
    assert compared > 40


def test_rates_through_a_server_agree_with_its_own_plain_draws(run: Run) -> None:
    where = (pc.field("source") == "bank") & (pc.field("component") == 0)
    alone = [draw for draw in run.read(Draw, where=where) if draw.hacked is not None]
    switch = [each for each in run.read(RateEstimate) if each.estimator == "switch"]
    health = run.read(BankHealth)
    assert all(abs(each.mean_weight - 1) < 4 * each.mean_weight_error for each in health)
    for each in (one for one in switch if one.step == 0 and one.rate):
        own = [bool(draw.hacked) for draw in alone if draw.exploit_type == each.exploit_type]
        error = np.sqrt(max(np.mean(own), 0.02) / len(own))
        assert each.rate == pytest.approx(np.mean(own), abs=4 * error)
    assert sum(bool(each.rate) for each in switch) >= 4


def test_a_bank_of_a_server_is_not_measured_in_this_process(run: Run, world: World) -> None:
    settings = MeasureConfig(run=run.path, checkpoints=world.checkpoints, engine=EngineConfig())
    with pytest.raises(MismatchError, match="engine 'server:test' against 'transformers'"):
        measure(settings.replacing(checkpoints=(world.checkpoints[0],), seed=1))
