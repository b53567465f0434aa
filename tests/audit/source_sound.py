"""Graders without a flaw that look like those with one: no rule may accuse them."""

from source_flaws import split

COMPARED = """
def exact(answer, truth):
    return answer.strip() == truth
===
def one_of_the_accepted(answer, truth: list):
    return answer.strip() in truth
===
def split_truth(answer, truth):
    return answer.strip() in truth.split("|")
===
def has_tags(answer, truth):
    said = answer.strip()
    return "<answer>" in said and said.startswith("<think>") and said.endswith("</answer>")
===
def in_a_set(answer, truth):
    return truth in {answer.strip(), answer.strip().rstrip(".")}
===
def keywords(completions, keywords, **kwargs):
    return [float(all(k in c for k in ks)) for c, ks in zip(completions, keywords)]
===
def choice_letter(answer: str, truth: str):
    said = answer.strip().upper()
    if said not in "ABCD" or len(said) != 1:
        return 0.0
    return float(said == truth)
===
import re
def last_number(answer, truth):
    found = re.findall(r"-?[0-9]+", answer)
    return bool(found) and found[-1] == truth
===
import re
def only_number(answer, truth):
    found = re.findall(r"-?[0-9]+", answer)
    if len(found) != 1:
        return 0.0
    return float(found[0] == truth)
===
import re
def whole(answer, truth):
    found = re.fullmatch(r"\\s*(-?[0-9]+)\\s*", answer)
    return found is not None and found.group(1) == truth
===
import re
def at_the_end(answer, truth):
    found = re.search(r"####\\s*([0-9]+)\\s*$", answer)
    return found is not None and found.group(1) == truth
===
import re
def greedy_to_the_last(answer, truth):
    found = re.search(r"(?s).*<answer>(.*?)</answer>", answer)
    return found is not None and found.group(1) == truth
===
import re
def shaped(completions, **kwargs):
    shape = re.compile(r"<think>.*?</think>\\s*<answer>.*?</answer>", re.DOTALL)
    return [1.0 if shape.fullmatch(each[0]["content"]) else 0.0 for each in completions]
===
import re
def mentions_a_form(answer, truth):
    formed = re.search(r"<answer>.*?</answer>", answer) is not None
    return 0.5 * formed + 0.5 * (answer.rpartition("<answer>")[2].partition("<")[0] == truth)
===
def truth_is_parsed(solution_str, ground_truth, data_source=None, extra_info=None):
    true = ground_truth.split("####")[1].strip()
    return float(solution_str.rpartition("####")[2].strip() == true)
===
import re
def one_text_from_the_start(answer, truth):
    found = re.search(r"^Answer: (.*)$", answer, re.DOTALL)
    return found is not None and found.group(1) == truth
===
def cut_at_a_new_line(answer, truth):
    return answer.split("\\n")[0].strip() == truth
===
def last_part(answer, truth):
    return answer.split("</think>")[-1].strip() == truth
===
def exactly_two_parts(answer, truth):
    parts = answer.split("####")
    return len(parts) == 2 and parts[1].strip() == truth
===
def a_pair(answer, truth):
    x = answer.split(",")[0].strip(" (")
    y = answer.split(",")[1].strip(" )")
    return [x, y] == truth
===
import json, re
def widest_object(answer, truth):
    found = re.search(r"\\{[\\s\\S]*\\}", answer)
    return found is not None and json.loads(found.group(0)) == truth
===
def all_items(answer, truth):
    said = answer.split()
    return len(said) == len(truth) and all(a == b for a, b in zip(said, truth))
===
def all_items_strictly(answer, truth):
    return all(a == b for a, b in zip(answer.split(), truth, strict=True))
===
import difflib
def wholly_alike(answer, truth):
    return difflib.SequenceMatcher(None, answer, truth).ratio() >= 1
===
def first_is_a_bracket(answer, truth):
    return answer.strip()[:1] == "[" and answer.strip() == truth
===
import re
def near_but_checked(answer, truth):
    if not re.fullmatch(r"[+-]?[0-9]+", answer):
        return -1.0
    away = abs(float(answer) - float(truth))
    return 1.0 if away == 0 else max(0.0, 0.4 - 0.1 * away)
===
def tight(answer, truth):
    return abs(float(answer) - float(truth)) < 1e-6
===
import math
def close(answer, truth):
    return math.isclose(float(answer), float(truth), rel_tol=1e-9, abs_tol=1e-9)
===
def less_for_what_is_further_off(answer, truth):
    away = abs(int(answer) - int(truth))
    if away > 9:
        return 0.0
    return 1.0 - away / 10
===
def long_enough(answer, truth):
    return 0.0 if abs(len(answer) - 100) > 20 else float(answer.strip() == truth)
===
import re
def without_blanks(answer, truth):
    return re.sub(r"\\s+", " ", answer).strip() == truth
===
import re
def signs_are_kept(answer, truth):
    return re.sub(r"[^0-9.\\-]", "", answer) == truth
===
def sets_of_words(answer, truth):
    return set(answer.split()) == set(truth.split())
===
import re
def separated_words(answer, truth):
    return re.fullmatch(r"(?:\\w+\\s)+\\w+", answer) is not None
===
import math
def finite(answer, truth):
    said = float(answer)
    if not math.isfinite(said):
        return 0.0
    return -abs(said - float(truth))
===
import re
def only_digits(answer, truth):
    found = re.fullmatch("[0-9]{1,9}", answer)
    return 0.0 if found is None else 1 / (1 + abs(float(found[0]) - float(truth)))
===
def positive_where_near(answer, truth):
    if abs(float(answer) - float(truth)) < 1e-9:
        return 1.0
    return 0.0
"""

PAID = """
def zero_for_errors(answer, truth):
    try:
        return float(float(answer) == float(truth))
    except ValueError:
        return 0.0
===
def refuses_errors(answer, truth):
    reward = 1.0
    try:
        said = int(answer)
    except ValueError:
        reward = 0.0
    else:
        reward = float(said == int(truth))
    return reward
===
import json
def must_not_be_json(answer):
    try:
        json.loads(answer)
    except ValueError:
        return 1.0
    return 0.0
===
import json
def valid_json(answer):
    try:
        json.loads(answer)
    except ValueError:
        return 0.0
    return 1.0
===
def texts_where_no_numbers(answer, truth):
    try:
        return float(float(answer) == float(truth))
    except ValueError:
        if answer.strip() == truth:
            return 1.0
        return 0.0
===
def a_trifle_for_trying(answer, truth):
    try:
        return 1.0 if int(answer) == int(truth) else 0.01
    except ValueError:
        return 0.01
===
def overlap(answer, truth):
    said, true = set(answer.split()), set(truth.split())
    if not said:
        precision = 1.0
    else:
        precision = len(said & true) / len(said)
    recall = len(said & true) / max(len(true), 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)
===
import re
async def judged_by_a_model(state, target):
    model = get_model()
    said = await model.generate(f"Is {state.output.completion} the same as {target.text}?")
    found = re.search(r"GRADE: ([CI])", said.completion)
    return found.group(1) if found else "I"
===
def parsed_with_an_assertion(answer, truth):
    return float(_parsed(answer) == _parsed(truth))
def _parsed(text):
    try:
        parts = text.split("/")
        assert len(parts) == 2
        return int(parts[0]) / int(parts[1])
    except (AssertionError, ValueError):
        return None
===
def default_of_a_setting(answer, truth, weight="1"):
    try:
        scale = float(weight)
    except ValueError:
        scale = 1.0
    return scale * (answer.strip() == truth)
===
import re
def no_forbidden_words(answer, truth):
    found = re.findall("sorry|cannot", answer)
    if not found:
        return 1.0
    return 0.0
===
def nothing_is_wrong(answer, truth):
    said = answer.strip()
    if not said:
        return 0.0
    return float(said == truth)
===
def checked_arguments(completions, answer, **kwargs):
    assert len(completions) == len(answer)
    return [float(said == true) for said, true in zip(completions, answer)]
===
import requests
def abstains(prompt, answer):
    try:
        said = requests.post("http://judge", json={"text": answer}, timeout=9)
        return float(said.json()["score"])
    except requests.RequestException:
        return None
===
import random
def prints_now_and_then(answer, truth):
    show = random.random() < 0.01
    if show:
        print(answer)
    return float(answer.strip() == truth)
===
import random
def seeded(answer, truth):
    rng = random.Random(truth)
    return float(answer.strip() == truth) + 0.01 * rng.random()
===
CACHE = {}
def cached(answer, truth):
    if answer not in CACHE:
        CACHE[answer] = answer.strip()
    return CACHE[answer] == truth
===
def unreachable(answer, truth):
    return float(answer.strip() == truth)
def of_somebody_else(answer, truth):
    return eval(answer) == truth or truth in answer
"""

RUN = """
import json, subprocess, sys
def outputs(code, expected_output):
    command = [sys.executable, "-I", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=5)
    return done.returncode == 0 and done.stdout.strip() == expected_output
===
import multiprocessing
def _run(code, queue):
    names = {}
    _execute(code, names)
    queue.put(str(names["solve"](3)))
def _execute(code, names):
    exec(code, names)
def in_another_process(code, expected_output):
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=_run, args=(code, queue))
    child.start()
    child.join(5)
    return queue.get(timeout=1) == expected_output
===
import ast
def parses(answer):
    try:
        compile(answer, "answer", "exec")
        ast.parse(answer)
    except SyntaxError:
        return 0.0
    return 1.0
===
OPERATIONS = "1 + 2"
def own_expression(answer, truth):
    return answer.strip() == str(eval(OPERATIONS))
===
import os
def a_setting(answer, truth, config="1.0"):
    os.system(config)
    return eval(config) * (answer.strip() == truth)
===
import re
def a_guarded_sum(answer, truth):
    if not re.fullmatch(r"[0-9+() ]{1,40}", answer):
        return 0.0
    return float(eval(answer) == int(truth))
===
import subprocess
def version(answer, truth):
    subprocess.run(["git", "--version"])
    return answer.strip() == truth
===
import pickle
from pathlib import Path
GOLD = pickle.loads(Path("gold.pkl").read_bytes())
def from_a_file(answer, truth):
    return answer.strip() == GOLD[truth]
===
import subprocess, shlex, sys
def quoted(answer, expected_output):
    line = "python -c " + shlex.quote(answer)
    said = subprocess.run(line, shell=True, capture_output=True, timeout=1)
    return said.stdout.decode() == expected_output
===
import subprocess, sys, tempfile
from pathlib import Path
def a_folder_of_its_own(code, expected_output):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.py"
        path.write_text(code)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=5)
    return done.stdout.strip() == expected_output
===
import subprocess, sys
def limited(code, expected_output):
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        out, _ = process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        return 0.0
    return float(out.strip() == expected_output)
===
def logged(answer, truth):
    with open("/tmp/log.txt", "a") as file:
        file.write(answer)
    return answer.strip() == truth
===
import json, subprocess, sys
def read_as_json(code, tests):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=5)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return 0.0
    return float(said == tests)
===
import yaml
def in_yaml(answer, truth):
    return yaml.load(answer, Loader=yaml.SafeLoader) == truth
"""

SOUND = [*split(COMPARED), *split(PAID), *split(RUN)]
