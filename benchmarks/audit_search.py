"""Does a search alone find planted flaws of graders, and does it leave sound graders alone?

Run: python benchmarks/audit_search.py [--budget 2000] [--seeds 3] [--only NAME ...]

Thirty graders with one planted flaw each and thirty sound ones (`tests/audit`) are searched without
any known attack. A line for each grader and seed says how many calls the first cheat took, those by
which its form was found out included, and what it needs. Sound graders are asked until the budget
is spent; planted ones until the first cheat.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from foretoken.audit.base import Domain
from foretoken.audit.firing import read_forms
from foretoken.audit.search.gold import strict_reading
from foretoken.audit.search.search import FoundCheat, search

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/audit"))

from flawed_graders import PLANTED
from sound_graders import INNOCENT
from test_answer_graders import asked


def first_find(
    grader: Callable[..., Any], domain: Domain, *, budget: int, seed: int
) -> tuple[int, FoundCheat | None]:
    """Calls until the first cheat of a grader, or all calls, and that cheat."""
    answer, calls = asked(grader), 0

    def ask(job: Any) -> Any:
        nonlocal calls
        calls += 1
        return answer(job)

    readings = read_forms(domain, ask)
    spent = calls
    result = search(
        *(domain, ask),
        readings=readings,
        gold=strict_reading(domain.forms),
        budget=budget - spent,
        seed=seed,
        most=1,
    )
    cheat = result.found[0] if result.found else None
    return (calls, None) if cheat is None else (spent + cheat.call, cheat)


def over(
    graders: Mapping[Callable[..., Any], Callable[[], Domain]], args: argparse.Namespace
) -> dict[tuple[str, int], int | None]:
    """Calls until the first cheat, by grader and seed; None: none was found."""
    found: dict[tuple[str, int], int | None] = {}
    for grader, domain in graders.items():
        name = grader.__name__
        if args.only and name not in args.only:
            continue
        for seed in range(args.first, args.first + args.seeds):
            calls, cheat = first_find(grader, domain(), budget=args.budget, seed=seed)
            found[name, seed] = None if cheat is None else calls
            said = "nothing" if cheat is None else f"{cheat.name}: {cheat.text[:60]!r}"
            print(f"{name:28} seed {seed} {calls:5} calls  {said}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    begin = time.process_time()
    for label, graders in (("planted", PLANTED), ("sound", INNOCENT)):
        found = over(graders, args)
        for seed in sorted({each for _, each in found}):
            own = [calls for (_, of), calls in found.items() if of == seed]
            calls = [each for each in own if each is not None]
            middle = f", median {statistics.median(calls):g} calls" if calls else ""
            print(f"{label}, seed {seed}: {len(calls)} of {len(own)} accused{middle}", flush=True)
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
