"""First contact refuses each server that cannot be believed, by name, and keeps the noise."""

from pathlib import Path

import pytest

from foretoken.engines.base import Weights
from foretoken.engines.choose import EngineConfig, choose_engines
from foretoken.engines.server.engine import ServerEngines
from foretoken.engines.server.settings import ServerSettings
from foretoken.errors import MismatchError, ModelError

SCALE = 0.52
"""Of an adapter that the server holds at 0.5."""


def contact(settings: ServerSettings, *folders: Path) -> float:
    """Open an engine with these models as voices; return its noise."""
    engines = choose_engines(EngineConfig(server=settings))
    assert isinstance(engines, ServerEngines)
    with engines.open([Weights(str(folder)) for folder in folders]) as engine:
        return engine.noise


@pytest.mark.parametrize(
    "fault, complaint",
    [
        ("deaf", "does not score .* token ids"),
        ("text_only", "prompt must be a string"),
        ("wrong_ids", "no log-probability for token .* where it was sent"),
        ("truncating", "read 5 prompt tokens"),
        ("truncating_quietly", "log-probabilities for 5 tokens"),
        ("scaled", "processed rather than raw"),
        ("swapped", "model 'tiny-half' answered, asked was 'tiny'"),
        ("narrow", "out of vocabulary"),
        ("no_token_ids", "no token ids"),
        ("capped", "ends texts by rules of its own"),
        ("unsure", "scores one text twice"),
        ("silent_length", "set `longest`"),
        ("locked", "no key"),
    ],
)
def test_a_server_that_cannot_be_believed_is_refused(
    servers, tiny_llama: Path, fault: str, complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        contact(servers(fault), tiny_llama)


@pytest.mark.parametrize("fault", ["cold", "one_seed"])
def test_draws_that_do_not_follow_their_probabilities_are_refused(
    servers, subject_folder: Path, fault: str
) -> None:
    with pytest.raises(ModelError, match="does not draw as it says"):
        contact(servers(fault, contact_draws=256), subject_folder)


@pytest.mark.parametrize("model", ["tiny", "subject"])
def test_draws_that_follow_their_probabilities_are_believed(servers, model: str) -> None:
    folder = next(key for key, name in servers.served.items() if name == model)
    engines = ServerEngines(servers(contact_draws=256))
    with engines.open([Weights(folder)]) as engine:
        assert engine.contacts[0].version == "0.0.1"


def test_one_model_that_answers_for_two_is_refused(
    servers, subject_folder: Path, donor_folder: Path
) -> None:
    with pytest.raises(ModelError, match="subject and donor give the known text the same"):
        contact(servers("twins"), subject_folder, donor_folder)


def test_noise_is_the_largest_difference_of_a_token(servers, tiny_llama: Path) -> None:
    here = choose_engines(EngineConfig())
    with ServerEngines(servers(), reference=here).open([Weights(str(tiny_llama))]) as engine:
        (met,) = engine.contacts
    assert met.twice == 0.0
    assert met.reference is not None
    assert 0.0 < met.reference < 1e-4
    assert engine.noise == max(met.drawn, met.reference)


def test_a_model_swapped_without_a_word_is_refused_where_weights_are_checked(
    servers, tiny_llama: Path
) -> None:
    assert contact(servers("swapped_quietly"), tiny_llama) < 1e-4
    with pytest.raises(ModelError, match="differs from the weights that it stands for"):
        contact(servers("swapped_quietly", check_weights=True), tiny_llama)


def test_neighbouring_weights_are_told_apart_in_float32(
    servers, tiny_llama: Path, adapters: tuple[Path, Path]
) -> None:
    """Checkpoints of one step and the next differ by 0.02 to 0.05 nats a token early in a run."""
    near = Weights(str(tiny_llama), ((str(adapters[0]), SCALE),))
    settings = servers(served={f"{adapters[0]}@{SCALE}": "tiny-half"}, check_weights=True)
    with pytest.raises(ModelError, match=r"0\.0[1-4]\d* nats a token apart"):
        open_one(settings, near)
    open_one(settings.replacing(dtype="bfloat16"), near)


def open_one(settings: ServerSettings, voice: Weights) -> None:
    with choose_engines(EngineConfig(server=settings)).open([voice]):
        pass


@pytest.mark.parametrize("fault", ["echo", "echo_and_say", "named_ids", "dropping", "flaky"])
def test_a_server_with_ways_of_its_own_is_understood(servers, tiny_llama: Path, fault: str) -> None:
    items = [([20, 21, 22], [30, 31, 1]), ([40], [50, 51])]
    voices = [Weights(str(tiny_llama))]
    with ServerEngines(servers()).open(voices) as engine:
        expected = engine.score(items, per_token=True)
        drawn = engine.sample([[20, 21]] * 3, max_tokens=8, seed=1)
    with ServerEngines(servers(fault)).open(voices) as engine:
        found = engine.score(items, per_token=True)
        assert engine.sample([[20, 21]] * 3, max_tokens=8, seed=1) == drawn
    assert found.errors == [None, None]
    assert found.per_token == expected.per_token


def test_a_locked_server_opens_with_the_key_of_the_environment(
    servers, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", "sesame")
    engines = ServerEngines(servers("locked", api_key_variable="SERVER_KEY"))
    with engines.open([Weights(str(tiny_llama))]) as engine:
        assert engine.score([([20], [21])]).errors == [None]
    assert "sesame" not in engines.settings.model_dump_json()


def test_weights_that_nobody_serves_are_named(servers, other_llama: Path, tiny_llama: Path) -> None:
    with pytest.raises(ModelError, match=f'add `"{other_llama}" = "NAME"`'):
        contact(servers(), other_llama)
    with pytest.raises(ModelError, match="serves donor, subject, tiny, tiny-half, not absent"):
        contact(servers(served={str(tiny_llama): "absent"}), tiny_llama)


def test_a_server_that_is_not_there_is_one_clear_error(servers, tiny_llama: Path) -> None:
    with pytest.raises(ModelError, match=r"failed 2 time\(s\).*Start the server"):
        contact(servers(url="http://127.0.0.1:9/v1", attempts=2), tiny_llama)


def test_voices_with_two_tokenizers_are_refused(
    servers, tiny_llama: Path, subject_folder: Path
) -> None:
    with pytest.raises(MismatchError, match="different tokenizers"):
        contact(servers(), tiny_llama, subject_folder)


def test_one_name_stands_for_one_model(servers, tiny_llama: Path) -> None:
    with pytest.raises(ValueError, match="'tiny' stands for 2 weights"):
        servers(served={str(tiny_llama): "tiny", "other": "tiny"})
