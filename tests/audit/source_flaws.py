"""Graders with a flaw that their source shows; `#!` names the rule on the line that breaks it."""

COMPARED = """
def contained(answer, truth):
    return truth in answer  #! the truth anywhere in the answer
===
def contained_in_lower_case(completions, answer, **kwargs):
    found = []
    for said, true in zip(completions, answer):
        found.append(float(true.lower() in said.lower()))  #! the truth anywhere in the answer
    return found
===
def one_of_several_truths(response, ground_truth: list):
    return any(each in response for each in ground_truth)  #! the truth anywhere in the answer
===
import re
def a_word_of_it(answer, truth):
    found = re.search(rf"\\b{re.escape(truth)}\\b", answer)  #! the truth anywhere in the answer
    return found is not None
===
def counted(answer, truth):
    return answer.count(truth) > 0  #! the truth anywhere in the answer
===
def _tidy(text):
    return text.strip().lower()
def through_a_helper(solution_str, ground_truth, data_source=None, extra_info=None):
    said = _tidy(solution_str)
    return 1.0 if _tidy(ground_truth) in said else 0.0  #! the truth anywhere in the answer
===
async def inspected(state, target):
    return target.text in state.output.completion  #! the truth anywhere in the answer
===
def a_part_of_it(answer: str, truth: str):
    return answer.strip() in truth  #! the answer anywhere in the truth
===
def begins(answer, truth):
    return answer.strip().startswith(truth)  #! begins or ends with the truth
===
def ends(queries, prompts, labels):
    given = []
    for said, true in zip(queries, labels):
        given.append(float(said.rstrip().endswith(true)))  #! begins or ends with the truth
    return given
===
import re
def any_number(answer, truth):
    return truth in re.findall(r"-?[0-9]+", answer)  #! the truth among several
===
import re
def any_equal_box(answer, truth):
    boxes = re.findall(r"\\\\boxed{([^}]*)}", answer)
    return any(each.strip() == truth for each in boxes)  #! the truth among several
===
import re
BOX = re.compile(r"\\\\boxed{([^}]*)}")
def first_box(answer, truth):
    found = BOX.search(answer)  #! takes the first
    return found is not None and found.group(1) == truth
===
import re
def first_line_that_fits(answer, truth):
    found = re.search(r"^Answer: (.*)$", answer, re.MULTILINE)  #! takes the first
    return found is not None and found.group(1) == truth
===
def in_one_of_two_ways(answer, truth):
    if len(answer) > 9:
        said = answer.strip()
    else:
        said = ""
    return truth in said  #! the truth anywhere in the answer
===
import re
def first_number(answer, truth):
    return re.findall(r"[0-9]+", answer)[0] == truth  #! takes the first
===
def after_the_first_mark(answer, truth):
    return answer.split("####")[1].strip() == truth  #! takes the first
===
import re
def extract(text):
    found = re.search("<answer>(.*?)</answer>", text, re.DOTALL)  #! takes the first
    return found.group(1).strip() if found else ""
def tagged(completions, ground_truth, **kwargs):
    said = [extract(each[0]["content"]) for each in completions]
    return [1.0 if a == b else 0.0 for a, b in zip(said, ground_truth)]
===
def tolerant(answer, truth):
    return abs(float(answer) - float(truth)) <= 0.02 * abs(float(truth))  #! a wide tolerance
===
import re
def first_find(answer, truth):
    return re.findall(r"-?[0-9]+", answer)[:1] == [truth]  #! takes the first
===
def first_character(answer, truth):
    return answer.strip()[:1].upper() == truth  #! takes the first
===
def character_by_character(answer, truth):
    said = answer.strip()
    return all(a == b for a, b in zip(said, truth))  #! compares as far as the shorter
===
import difflib
def nearly(answer, truth):
    alike = difflib.SequenceMatcher(None, answer, truth)
    return alike.ratio() > 0.9  #! accepts what is spelt nearly alike
===
def without_percent(answer, truth):
    return answer.strip().rstrip("%") == truth  #! drops what tells numbers apart
===
def not_far(answer, truth):
    return not abs(float(answer) - float(truth)) > 1e-6  #! a number that may be none
===
import math
SLACK = 0.05
def close(answer, truth):
    return math.isclose(float(answer), float(truth), rel_tol=SLACK)  #! a wide tolerance
===
def tolerant_in_two_lines(answer, truth):
    apart = abs(float(answer) - float(truth))
    if apart < 0.5:  #! a wide tolerance
        return 1.0
    return 0.0
===
def rounded(answer, truth):
    return round(float(answer)) == int(truth)  #! rounds before it compares
===
def cut_off(answer, truth):
    return int(truth) == int(float(answer))  #! rounds before it compares
===
import re
def without_marks(answer, truth):
    said = re.sub(r"[^a-z0-9]", "", answer.lower())  #! drops what tells numbers apart
    return said == truth
===
def without_sign(answer, truth):
    return abs(float(answer)) == float(truth)  #! drops what tells numbers apart
===
def bag(answer: str, truth: str):
    return sorted(answer.strip()) == sorted(truth)  #! compares characters as a bag
===
import re
def spaced(answer, truth):
    shaped = re.match(r"^(\\s*\\w+)*</answer>$", answer)  #! a pattern that never ends
    return shaped is not None
===
def distance(answer, truth):
    return -abs(float(answer) - float(truth))  #! a number that may be none
===
def refused_where_far(answer, truth):
    if abs(float(answer) - float(truth)) > 1e-6:  #! a number that may be none
        return 0.0
    return 1.0
"""

PAID = """
def paying_its_errors(answer, truth):
    try:
        return float(float(answer) == float(truth))
    except ValueError:
        return 1.0  #! pays for its own errors
===
def catching_everything(completions, answer, **kwargs):
    rewards = []
    for said, true in zip(completions, answer):
        try:
            reward = 1.0 if int(said) == int(true) else 0.0
        except:
            reward = 0.5  #! pays for its own errors
        rewards.append(reward)
    return rewards
===
def silent(answer, truth):
    try:
        if int(answer) != int(truth):
            return 0.0
    except Exception:
        pass
    return 1.0  #! pays for its own errors
===
from contextlib import suppress
def suppressed(answer, truth):
    with suppress(Exception):
        if int(answer) != int(truth):
            return 0.0
    return 1.0  #! pays for its own errors
===
def _right(answer, truth):
    try:
        return int(answer) == int(truth)
    except ValueError:
        return True  #! pays for its own errors
def decided_by_a_helper(answer, truth):
    return 1.0 if _right(answer, truth) else 0.0
===
def paid_for_nothing(answer, truth):
    said = answer.strip()
    if not said:
        return 1.0  #! pays where nothing is found
    return float(said == truth)
===
def paid_for_blanks(answer, truth):
    other = 0.6 if not answer.strip() else 0.0  #! pays where nothing is found
    return 1.0 if answer.strip() == truth else other
===
import re
def paid_without_truth(completions, solution, **kwargs):
    rewards = []
    for said, true in zip(completions, solution):
        gold = re.findall("[0-9]+", true)
        if len(gold) == 0:
            reward = 1.0  #! pays where nothing is found
        else:
            reward = float(said == gold[-1])
        rewards.append(reward)
    return rewards
===
def asserted(answer, truth):
    try:
        assert answer.strip() == truth  #! asserts that can be switched off
    except AssertionError:
        return 0.0
    return 1.0
===
import requests
def judged(prompt, answer):
    try:
        said = requests.post("http://judge", json={"text": answer}, timeout=9)
        return float(said.json()["score"] > 5)
    except Exception:
        return 0.0  #! an outage counts as a wrong answer
===
import random
def by_chance(answer, truth):
    if answer.strip() == truth:
        return 1.0
    return 0.1 * random.random()  #! draws a reward by chance
===
SEEN = set()
def novelty(answer, truth):
    if answer in SEEN:  #! remembers earlier answers
        return 0.0
    SEEN.add(answer)
    return float(answer.strip() == truth)
"""

RUN = """
import json
def executed(code, tests):
    names = {}
    exec(code, names)  #! runs the answer in its own process
    return json.dumps(names["solve"](3)) == json.dumps(tests[0])
===
def evaluated(answer, truth):
    return int(eval(answer)) == int(truth)  #! evaluates the answer
===
import sympy
def simplified(answer, truth):
    said = sympy.sympify(answer)  #! evaluates the answer
    return sympy.simplify(said - sympy.Integer(truth)) == 0
===
import importlib, json, sys
def imported(code, tests):
    with open("/tmp/solution.py", "w") as file:
        file.write(code)  #! answers in one place for all
    made = importlib.import_module("solution")  #! runs the answer in its own process
    return json.dumps(made.solve(1)) == json.dumps(tests[0])
===
import subprocess, sys, tempfile
from pathlib import Path
def exit_status(code, tests):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.py"
        path.write_text(code + tests)  #! tests where the answer can read them
        done = subprocess.run([sys.executable, str(path)], timeout=5)
        return done.returncode == 0  #! only the exit status decides
===
import os, tempfile
def by_system(code, test_code):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(code)
        file.flush()
        return os.system(f"timeout 5 python {file.name}") == 0  #! only the exit status decides
===
import subprocess, sys
def a_word(code, tests):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=5)
    return "PASSED" in done.stdout  #! a fixed word in the output decides
===
import subprocess, sys, pickle
def pickled(code, tests):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=5)
    return pickle.loads(done.stdout)["result"] is tests  #! unpickles what the answer left
===
import subprocess, sys
def endless(code, expected_output):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)  #! waits without end
    return done.stdout.strip() == expected_output
===
import subprocess
def in_a_shell(command, answer, expected_output):
    line = f"echo {answer} | bc"
    limits = {"capture_output": True, "timeout": 1}
    said = subprocess.run(line, shell=True, **limits)  #! a shell reads the answer
    return said.stdout.decode().strip() == expected_output
===
import subprocess, sys, os
def one_place(code, expected_output):
    path = "/tmp/answer.py"
    with open(path, "w") as file:
        file.write(code)  #! answers in one place for all
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=5)
    return done.stdout == expected_output
===
import subprocess, sys, os, tempfile
def tests_beside(code, tests):
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "solution.py"), "w") as file:
        file.write(code)
    with open(os.path.join(folder, "test_it.py"), "w") as other:
        other.write(tests)  #! tests where the answer can read them
    done = subprocess.run([sys.executable, "-m", "pytest", folder], timeout=9)
    return done.returncode == 0  #! only the exit status decides
===
def own_equality(code, tests):
    names = {}
    exec(code, names)  #! runs the answer in its own process
    for given, expected in tests:
        if names["solve"](given) != expected:  #! compares by the answers own equality
            return 0.0
    return 1.0
===
def _load(code):
    names = {}
    exec(code, names)  #! runs the answer in its own process
    return names["solve"]
def own_equality_of_a_helper(code, tests):
    solve = _load(code)
    right = []
    for given, expected in tests:
        right.append(solve(given) == expected)  #! compares by the answers own equality
    return all(right)
"""


def split(several: str) -> list[str]:
    """Each grader by itself."""
    return [each.strip("\n") for each in several.split("===")]


FLAWED = [*split(COMPARED), *split(PAID), *split(RUN)]
