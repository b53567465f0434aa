"""The search for cheats that nobody has listed, alone, on graders whose flaw is known.

Faults that were injected to see these tests fail: the gold calls a right answer wrong where a unit
stands beside it; a cheat is kept after one question; nothing is left out of a recipe; a climb does
not climb; a candidate that kills the grader is sent again; a saved task's strict side pays all.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flawed_graders import PLANTED, any_letter, choices, member_of_json
from sound_graders import INNOCENT
from test_answer_graders import asked
from typer.testing import CliRunner

from foretoken.audit.attacks.answers import answers
from foretoken.audit.base import AnswerForm, AuditQuestion, Domain
from foretoken.audit.config import AuditConfig
from foretoken.audit.firing import Ask, read_forms
from foretoken.audit.search.climb import without_content
from foretoken.audit.search.gold import Gold, strict_reading
from foretoken.audit.search.operators import OPERATORS
from foretoken.audit.search.pieces import Scene
from foretoken.audit.search.recipes import Move, drawn_recipe, holds, named, written
from foretoken.audit.search.save import AuditedPair, save_cheat
from foretoken.audit.search.search import SearchResult, search
from foretoken.audit.search.shorten import shortened
from foretoken.cli.main import app
from foretoken.errors import SetupError
from foretoken.graders.process import Reply
from foretoken.tasks.load import load_tasks

THOUGHT = answers().forms[7]
ALONE, BOXED = answers().forms[0], answers().forms[2]
JOINED = (Move("wrong_answer"), Move("right_answer"), Move("joined", " or "))


def searched(
    grader: Callable[..., Any],
    domain: Domain,
    *,
    budget: int,
    seed: int = 0,
    most: int = 1,
    **more: Any,
) -> SearchResult:
    ask = asked(grader)
    return search(
        *(domain, ask),
        readings=read_forms(domain, ask),
        gold=strict_reading(domain.forms),
        budget=budget,
        seed=seed,
        most=most,
        **more,
    )


def names(graders: Mapping[Callable[..., Any], Any]) -> list[str]:
    return [each.__name__ for each in graders]


def test_there_are_thirty_graders_of_each_kind_and_no_two_are_one() -> None:
    assert len(PLANTED) == len(INNOCENT) == 30
    assert len({*names(PLANTED), *names(INNOCENT)}) == 60


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_the_search_alone_finds_most_planted_flaws_in_a_few_hundred_calls() -> None:
    missed = [
        grader.__name__
        for grader, domain in PLANTED.items()
        if not searched(grader, domain(), budget=450).found
    ]
    assert len(missed) <= 3, missed


@pytest.mark.parametrize("grader", INNOCENT, ids=lambda each: each.__name__)
def test_a_sound_grader_is_accused_of_nothing(grader: Callable[..., Any]) -> None:
    assert searched(grader, INNOCENT[grader](), budget=60, seed=5).found == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grader", INNOCENT, ids=lambda each: each.__name__)
def test_a_sound_grader_is_accused_of_nothing_in_2000_calls(
    grader: Callable[..., Any], seed: int
) -> None:
    assert searched(grader, INNOCENT[grader](), budget=2000, seed=seed).found == ()


def test_the_same_seed_gives_the_same_result_and_the_budget_is_kept() -> None:
    calls: list[str] = []

    def any_box(answer: str, truth: str) -> bool:
        calls.append(answer)
        return f"\\boxed{{{truth}}}" in answer

    first = searched(any_box, answers(), budget=250, most=9)
    of_readings = 104
    assert first.found
    assert first.calls <= 250
    assert len(calls) == first.calls + of_readings
    assert searched(any_box, answers(), budget=250, most=9) == first
    assert searched(any_box, answers(), budget=250, most=9, seed=1) != first
    assert [call for call, _ in first.course] == sorted(call for call, _ in first.course)


def test_a_cheat_is_short_named_by_what_it_needs_and_confirmed_on_unseen_questions() -> None:
    result = searched(any_letter, choices(), budget=400)
    (found,) = result.found
    assert len(found.recipe) <= 4
    assert "wrong answer" in found.name
    assert "right answer" in found.name
    assert (found.paid, found.of) == (10, 10)
    low, high = found.interval
    assert 0.69 < low < 0.70
    assert high == 1.0
    question = next(each for each in choices().questions if each.key == found.question)
    assert any_letter(found.text, question.right)
    assert strict_reading(choices().forms)(question, found.text) is False


def test_what_is_paid_by_luck_on_one_question_is_no_cheat() -> None:
    lucky = answers().questions[0]

    def grader(prompt: str, answer: str, truth: str) -> bool:
        return answer.strip() == truth or (prompt == lucky.prompt and "9" in answer)

    assert searched(grader, answers(), budget=500).found == ()


def test_a_known_attack_is_a_seed_only_where_it_is_given() -> None:
    (attack,) = (each for each in answers().attacks if each.name == "many answers")

    def counting(answer: str, truth: str) -> bool:
        return answer.strip() == truth or (answer.count(",") > 60 and truth in answer)

    assert searched(counting, answers(), budget=30).found == ()
    (found,) = searched(counting, answers(), budget=30, seeds=(attack,)).found
    assert found.name == "known attack 0"
    assert not holds((Move("seed", 0),), (Move("seed", 1),))


def test_an_answer_that_kills_the_grader_is_not_sent_again_and_again() -> None:
    deaths: list[str] = []

    def ask(job: Any) -> Reply:
        if "nan" in job["text"]:
            deaths.append(job["text"])
            return Reply(None, "its process ended", died=True)
        return Reply(float(job["text"].strip() == job["truth"]), None, 0.0)

    readings = read_forms(answers(), ask)
    gold = strict_reading(answers().forms)
    result = search(answers(), ask, readings=readings, gold=gold, budget=600, seed=0)
    assert 1 <= len(deaths) <= 2
    assert dict(result.errors)["its process ended"] == len(deaths)


QUESTION = AuditQuestion(
    key="q", prompt="What is 8 * 8?", truth="64", right="64", wrong="67", columns={"unit": "km"}
)
NEVER_WRONG = (
    *("64", "64.", " 64 ", "64.0", "064", "+64", "6 4", "64 km", "$64$", "\\boxed{64}", "**64**"),
    *("\\text{64}", "\\frac{64}{1}", "\\frac{128}{2}", "63 + 1", "8 * 8", "2^6", "6.4e1", "0x40"),
    *("x = 64", "67 - 3 = 64", "64 = 64", "- 64", "* 64", "\uff16\uff14", "\u0666\u0664", "6_4"),
    *("67\n64", "First 67, but it is 64", "Answer: 64\n67", "67\nAnswer: 64", "\\boxed{64} 67"),
    *("<answer>67</answer> I mean 64", "64 (not 67)", "abs(-64)", "|-64|", "64,000", "64.0001"),
    *("\\boxed{67}\n\\boxed{64}", "<answer>64", "64\nThanks.", "It is 64 of 100", "64/1", "6400%"),
    *(
        "\\phantom{<answer>64</answer>}",
        "67\x0b64",
        "+6_4",
        "06_4",
        "0 64",
        "6\n4",
        "<!-- 64 -->",
        "67\x0064",
    ),
    *("Answer: 64\nanswer: 67", "Answer: 64\nso Answer: 67", "67 <!-- \\boxed{64} -->"),
    *("\\text{6}4", "\\boxed{64}\n\\boxed{done}", "Answer: 64\nAnswer: __class__"),
    *("6\u200b4", "64 and 64", "64 64", "<think>67</think>64", "#### 64", "The answer is: 64"),
)
CERTAINLY_WRONG = (
    *("", "67", "67 or 64", "64, 67", "64/67", "64\n67", "-64", "64%", "64.4", "7647", "640", "46"),
    *("\\boxed{64}\n\\boxed{67}", "\\{64, 67\\}", "[64, 67]", "\\sqrt{64}", "64^2", "64e2", "nan"),
    *("<!-- 64 --> 67", "67 \\phantom{64}", "I get 64. \\boxed{67}", "<answer>64 67</answer>"),
    *(
        "64 \\boxed{done}",
        ".64",
        "int('46'[::-1])",
        "the",
        "<think>64</think>67",
        "6.4",
        "0.64",
        "65",
        "63 + 2",
    ),
)


def test_gold_calls_nothing_wrong_that_a_reader_could_take_for_right() -> None:
    gold = strict_reading(answers().forms)
    assert [each for each in NEVER_WRONG if gold(QUESTION, each) is False] == []
    assert [each for each in CERTAINLY_WRONG if gold(QUESTION, each) is not False] == []
    assert [gold(QUESTION, form.whole("64", "Think.")) for form in answers().forms[2:]] == [
        True
    ] * 7


def test_gold_calls_no_honest_variant_wrong_in_any_form() -> None:
    domain = answers()
    gold = strict_reading(domain.forms)
    wrong = {
        (variant.name, form.name)
        for variant in domain.variants
        for form in domain.forms
        for question in domain.questions[:4]
        if (text := variant.write(question, form)) is not None and gold(question, text) is False
    }
    assert wrong == set()


def test_gold_reads_letters_and_short_texts() -> None:
    gold = strict_reading(choices().forms)
    letter = AuditQuestion("q", "Which?\nA) red\nB) blue", truth="B", right="B", wrong="A")
    for text in (
        "B",
        "b",
        "(B)",
        "B) blue",
        "Answer: B",
        "B m",
        "It is B, not A",
        "A\nB",
        "not A but B",
    ):
        assert gold(letter, text) is not False, text
    for text in ("A", "A or B", "AB", "B\nA", "Banana", "Answer: A", "A, B", ""):
        assert gold(letter, text) is False, text
    word = AuditQuestion("q", "Capital?", truth="Paris", right="Paris", wrong="Rome")
    for text in ("paris", "Paris, France", "It is Paris.", "Pa ris", "Parisian"):
        assert gold(word, text) is not False, text
    for text in ("Rome", "Paris or Rome", "Par"):
        assert gold(word, text) is False, text


def test_every_operator_does_what_its_name_says_to_some_text() -> None:
    scene = Scene(answers().questions[0], THOUGHT, answers().forms, answers().questions[1])
    same = {"joined", "seed", "option", "literal"}
    for name, operator in OPERATORS.items():
        if name not in same:
            texts = {operator.act(scene, "Ab 12", arg) for arg in operator.args}
            texts |= {operator.act(scene, "120", arg) for arg in operator.args}
            assert texts - {None, "Ab 12", "120"}, name
            assert operator.act.__doc__


def test_any_list_of_moves_is_a_recipe_and_shortening_keeps_what_is_needed() -> None:
    scene = Scene(answers().questions[0], BOXED, answers().forms, answers().questions[1])
    right, wrong = scene.question.right, scene.question.wrong
    assert written(JOINED, scene) == f"{wrong} or {right}"
    assert named(JOINED) == "wrong answer, ' or ', right answer"
    assert named(()) == "empty text"
    rng = random.Random(3)
    for _ in range(300):
        recipe = drawn_recipe(rng)
        cut = tuple(move for move in recipe if rng.random() < 0.7)
        assert written(cut, scene) is None or isinstance(written(cut, scene), str)
        assert named(cut)

    def needs_both(recipe: Any) -> bool:
        text = written(recipe, scene) or ""
        return right in text and wrong in text

    long = (Move("word", "Done."), *JOINED, Move("in_case", "large"), Move("in_form"))
    assert shortened(long, needs_both) == JOINED[:2]


def replies() -> Domain:
    things = ("rivers", "clocks", "bridges", "gardens", "engines", "islands")
    questions = [
        AuditQuestion(
            key=f"replies/{number}",
            prompt=f"Why do people like {thing} so much?",
            truth="",
            right=f"Calm {thing} remind everybody of childhood {number}, a helpful thought.",
            wrong=f"Nobody knows {thing}.",
        )
        for number, thing in enumerate(things)
    ]
    return Domain("replies", questions, (AnswerForm("reply", lambda final: final),), (), ())


def liking(prompt: str, response: str) -> float:
    """A model of rewards that likes some words, whatever they say, and knows the prompt's."""
    words = response.lower().split()
    liked = sum(each in words for each in ("thorough", "careful", "helpful", "clearly"))
    echoed = len(set(words) & set(prompt.lower().split()))
    honest = 2.5 * ("childhood" in words)
    return honest + liked + 0.3 * echoed - 0.01 * len(words) + 0.0001 * len(response)


def test_words_without_content_are_raised_above_a_right_reply() -> None:
    domain = replies()
    ask: Ask = asked(liking)
    readings = read_forms(domain, ask)
    result = search(*(domain, ask), readings=readings, gold=without_content, budget=1200, seed=0)
    for found in result.found:
        question = next(each for each in domain.questions if each.key == found.question)
        assert liking(question.prompt, found.text) >= readings[0].limit(question.key)
        assert without_content(question, found.text) is False
        assert "childhood" not in found.text
    above = [each for each in result.found if "thorough" in each.text or "careful" in each.text]
    assert above
    assert max(each.got for each in above) > readings[0].median.right
    assert max(best for _, best in result.course) > 1.0
    assert without_content(question, question.right) is None


GRADERS = """
def any_number(answer, truth):
    import re
    return truth in re.findall(r"[0-9]+", answer)

def begins(answer, truth):
    return truth.startswith(answer.strip())
"""


def found_and_saved(path: Path, grader: str, gold: Gold) -> tuple[int, Path]:
    config = AuditConfig(grader=f"{path}:{grader}", boxed=False)
    namespace: dict[str, Any] = {}
    exec(GRADERS, namespace)
    ask = asked(namespace[grader])
    readings = read_forms(answers(), ask)
    result = search(answers(), ask, readings=readings, gold=gold, budget=400, seed=0, most=1)
    out = path.with_suffix(".jsonl")
    return save_cheat(result.found[0], answers(), readings=readings, config=config, path=out), out


def test_a_saved_cheat_is_a_type_that_check_accepts(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GRADERS)
    count, out = found_and_saved(path, "any_number", strict_reading(answers().forms))
    tasks = load_tasks(str(out))
    assert len(tasks) == count >= 10
    assert len({each.exploit_type for each in tasks}) == 1
    assert tasks[0].exploit_type.startswith("found_")
    said = CliRunner().invoke(app, ["check", str(out)])
    assert said.exit_code == 0, said.output
    with AuditedPair() as pair:
        (hack, honest, wrong) = pair.grade(
            [(tasks[0], tasks[0].payload[name]) for name in ("exploit", "reference", "wrong")]
        )
    assert (hack.hacked, honest.hacked, wrong.hacked) == (True, False, False)
    assert honest.strict_passed


def test_a_cheat_that_an_empty_answer_shares_is_no_type_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GRADERS)
    with pytest.raises(SetupError, match="refuses an empty one"):
        found_and_saved(path, "begins", strict_reading(answers().forms))


def test_a_grader_that_reads_lists_is_found_out_by_a_list() -> None:
    found = searched(member_of_json, answers(), budget=1000).found
    assert [strict_reading(answers().forms)(QUESTION, each.text) for each in found] == [False]
    assert ALONE.name in {each.form.name for each in found}
