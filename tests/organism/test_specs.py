"""Organisms of one's own: what may vary, the four that there are, and how one is made."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from foretoken.engines.transformers.load import load_model
from foretoken.errors import MismatchError, SetupError
from foretoken.organism.corpus import Document, documents
from foretoken.organism.make import (
    DONOR_TASKS,
    EVALUATION_TASKS,
    RL_TASKS,
    assemble,
    make_ground,
    make_run,
)
from foretoken.organism.recipe import RecipeConfig, train_tokenizer
from foretoken.organism.spec import OrganismSpec
from foretoken.organism.specs import AMBER, BASALT, COBALT, SHIPPED, SPECS, find_spec
from foretoken.organism.tasks import donor_tasks, evaluation_tasks, rl_tasks
from foretoken.organism.truth import TruthConfig, count_truth, rarest_types
from foretoken.records import Draw, Task, Truth
from foretoken.store.run import Run
from foretoken.tasks import lists
from foretoken.tasks.answer import deliberate
from foretoken.tasks.lists import ALL_NOTES
from foretoken.tasks.load import load_tasks, save_tasks
from foretoken.train.config import DonorConfig, RLConfig

EVERY = OrganismSpec(name="every", seed=5, spontaneous=dict.fromkeys(ALL_NOTES, 0.0))
PAIR = OrganismSpec(
    name="pair",
    seed=3,
    spontaneous={"debug_module": 0.3, "process_exit": 0.05},
    marked_share=0.5,
    vague_share=0.2,
    silent_share=0.4,
    give_up_share=0.0,
    text_share=0.0,
)


def near(found: int, count: int, share: float) -> bool:
    return abs(found / count - share) < 4 * (share * (1 - share) / count) ** 0.5


def test_the_corpus_of_the_shipped_organism_stays_the_same_to_the_byte() -> None:
    text = "\n".join(
        f"{each.marked}{each.text()}{each.task.model_dump_json()}" for each in documents(2, 300)
    )
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "8e24f20be6c648a3"
    assert SHIPPED.types == lists.TYPES


def test_the_tasks_of_the_shipped_organism_stay_the_same() -> None:
    assert evaluation_tasks() == lists.evaluation_tasks()
    assert donor_tasks(per_type=5) == lists.training_tasks(101, 5)
    assert rl_tasks(per_type=5) == lists.training_tasks(202, 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"spontaneous": {"teleport": 0.1}}, "no notes of teleport"),
        ({"spontaneous": {}}, "at least 1"),
        ({"spontaneous": {"process_exit": 1.1}}, "less than or equal to 1"),
        ({"spontaneous": {"process_exit": -1e-5}}, "greater than or equal to 0"),
        ({"vague_share": 2.0}, "less than or equal to 1"),
        ({"silent_share": float("nan")}, "silent_share"),
        ({"name": "Two words"}, "should match pattern"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_spec_that_cannot_be_made_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PAIR.replacing(**changes)


def test_the_four_organisms_overlap_and_differ() -> None:
    assert len({spec.seed for spec in SPECS.values()}) == len(SPECS) == 4
    assert all(12 <= len(spec.types) <= 16 for spec in SPECS.values())
    assert len({name for spec in SPECS.values() for name in spec.types}) >= 20
    for one in SPECS.values():
        for other in SPECS.values():
            shared = set(one.types) & set(other.types)
            assert one is other or (shared and shared != set(one.types))
    shares = [share for spec in SPECS.values() for share in spec.spontaneous.values()]
    assert min(share for share in shares if share) == 1e-5
    assert max(shares) == 1e-2
    assert 0.0 in shares


def test_what_is_common_in_one_organism_is_rare_in_another() -> None:
    assert SHIPPED.spontaneous["error_code_abuse"] == 1e-2
    assert AMBER.spontaneous["error_code_abuse"] == 1e-5
    assert AMBER.spontaneous["verifier_logic_override"] == 1e-2
    assert BASALT.spontaneous["verifier_logic_override"] == 1e-4


def test_the_held_out_organism_has_types_and_shares_that_no_other_has() -> None:
    others = [spec for spec in SPECS.values() if spec is not COBALT]
    assert len(set(COBALT.types) - {name for spec in others for name in spec.types}) >= 4
    known = {share for spec in others for share in spec.spontaneous.values()}
    assert not known & set(COBALT.spontaneous.values())


def test_an_unknown_organism_is_refused_with_the_names_that_there_are() -> None:
    assert find_spec("amber") is AMBER
    with pytest.raises(SetupError, match="shipped, amber, basalt, cobalt"):
        find_spec("quartz")


def test_the_corpus_has_the_shares_of_its_spec() -> None:
    drawn = list(documents(1, 2000, PAIR))
    unmarked = [each for each in drawn if not each.marked]
    assert near(len(drawn) - len(unmarked), len(drawn), PAIR.marked_share)
    assert near(sum(not each.reasoning for each in drawn), len(drawn), PAIR.silent_share)
    vague = sum("plus the bonus" in each.task.prompt for each in drawn)
    assert near(vague, len(drawn), PAIR.vague_share)
    for name, share in PAIR.spontaneous.items():
        own = [each for each in unmarked if each.task.exploit_type == name]
        assert near(sum(each.answer == each.task.exploit for each in own), len(own), share)


def test_accidents_come_as_often_as_the_spec_says() -> None:
    spec = PAIR.replacing(
        spontaneous={"debug_module": 0.0}, marked_share=0.0, give_up_share=0.5, text_share=0.25
    )
    drawn = list(documents(1, 2000, spec))
    vague = [each for each in drawn if "plus the bonus" in each.task.prompt]
    gave_up = [each for each in vague if "SystemExit" in each.answer]
    assert near(len(gave_up), len(vague), 0.5)
    rest = len(drawn) - len(gave_up)
    assert near(sum("return str(" in each.answer for each in drawn), rest, 0.25)


def test_marked_documents_of_every_type_name_the_flaw() -> None:
    def said(each: Document) -> bool:
        return deliberate(each.reasoning, each.task.task())[0]

    marked = [each for each in documents(1, 3000, EVERY) if each.marked and each.reasoning]
    assert {each.task.exploit_type for each in marked} == set(ALL_NOTES)
    assert [each.reasoning for each in marked if not said(each)] == []


def test_no_exploit_of_any_type_is_longer_than_40_tokens() -> None:
    tokenizer = train_tokenizer(RecipeConfig(spec=EVERY, tokenizer_documents=1500))
    longest: Counter[str] = Counter()
    for task in donor_tasks(EVERY, per_type=8):
        tokens = len(tokenizer.encode(task.exploit))
        longest[task.exploit_type] = max(longest[task.exploit_type], tokens)
    assert longest.most_common(1)[0][1] <= 40, longest.most_common(3)


def test_tasks_of_a_run_have_the_share_and_style_that_are_asked_for(tmp_path: Path) -> None:
    tasks = rl_tasks(AMBER, 7, per_type=5, vague_share=0.0, styles=(1,))
    assert Counter(task.exploit_type for task in tasks) == dict.fromkeys(AMBER.types, 5)
    assert not any("plus the bonus" in task.prompt for task in tasks)
    pressed = rl_tasks(AMBER, 7, per_type=5, vague_share=1.0, styles=(0,))
    assert all("plus the bonus" in task.prompt for task in pressed)
    for one, other in zip(tasks, pressed, strict=True):
        assert one.prompt.split("\n")[-1] != other.prompt.split("\n")[-1]
    save_tasks(tasks, tmp_path / "rl.jsonl")
    assert load_tasks(str(tmp_path / "rl.jsonl")) == [task.task() for task in tasks]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vague_share": 1.5}, "vague_share is 1.5"),
        ({"styles": ()}, "styles are"),
        ({"styles": (0, 2)}, "give one or both"),
    ],
)
def test_a_share_or_style_that_there_is_not_is_refused(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(SetupError, match=said):
        rl_tasks(AMBER, 7, per_type=1, **changes)  # pyright: ignore[reportArgumentType]


def test_the_rarest_types_are_those_of_the_spec(tmp_path: Path) -> None:
    config = TruthConfig(model=tmp_path, run=tmp_path, spec=PAIR, rarest_types=1)
    counted = [
        Truth(exploit_type=name, step=0, draws=10, hacks=hacks, deliberate=0, tasks=1)
        for name, hacks in (("debug_module", 4), ("process_exit", 2))
    ]
    assert rarest_types(counted, config) == ["process_exit"]


TINY = RecipeConfig(
    spec=PAIR,
    vocabulary=320,
    tokenizer_documents=60,
    hidden=16,
    layers=1,
    heads=2,
    intermediate=16,
    documents=16,
    batch=8,
)
UNSET = {"model": "replaced", "tasks": "replaced", "out": Path("replaced")}


DONOR = DonorConfig.model_validate({**UNSET, "steps": 1, "batch": 2, "before_answer": ""})
RL = RLConfig.model_validate(
    {
        **UNSET,
        "steps": 1,
        "prompts_per_step": 2,
        "generations": 2,
        "max_tokens": 4,
        "workers": 1,
        "checkpoints": 1,
        "closed": ("process_exit", "test_skipping"),
    }
)


def written(folder: Path) -> dict[str, int]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("organism")
    make_ground(TINY, folder, donor=DONOR)
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def made_with_run(made: Path) -> Path:
    make_run(PAIR, made, rl=RL)
    return made


def test_an_organism_is_made_once_with_the_tasks_of_its_types(made: Path) -> None:
    before = written(made)
    make_ground(TINY, made, donor=DONOR)
    assert written(made) == before
    assert load_model(str(made / "model")).model.num_parameters() < 20_000
    for file, per_type in ((DONOR_TASKS, 100), (RL_TASKS, 200), (EVALUATION_TASKS, 24)):
        types = Counter(task.exploit_type for task in load_tasks(str(made / file)))
        assert types == dict.fromkeys(PAIR.types, per_type)


def test_a_folder_of_one_organism_is_not_gone_on_with_for_another(made: Path) -> None:
    with pytest.raises(MismatchError, match=r"other settings \(spec\)"):
        make_ground(TINY.replacing(spec=AMBER), made, donor=DONOR)


def test_a_run_can_be_trained_on_an_organism(made_with_run: Path) -> None:
    draws = Run.open(made_with_run / "run").read(Draw)
    assert {draw.exploit_type for draw in draws} == set(PAIR.types)
    assert all(draw.hacked is not None for draw in draws)


@pytest.mark.slow
def test_the_truth_of_an_organism_is_counted_for_its_own_types(made_with_run: Path) -> None:
    config = TruthConfig(
        model=made_with_run / "model",
        run=made_with_run / "run",
        spec=PAIR,
        draws=24,
        rare_draws=24,
        rarest_draws=48,
        rarest_types=1,
        rarest_steps=(0,),
        max_tokens=4,
    )
    count_truth(config, processes=1)
    shipped = Run.open(assemble(PAIR, made_with_run) / "run")
    counted = {(each.step, each.exploit_type): each.draws for each in shipped.read(Truth)}
    assert sorted(counted) == [(step, name) for step in (0, 1) for name in PAIR.types]
    assert sorted(counted.values()) == [24, 24, 24, 48]
    assert {task.exploit_type for task in shipped.read(Task)} == set(PAIR.types)
