"""What each doubt means, and what to do about it."""

from collections import defaultdict
from dataclasses import dataclass

from foretoken.records import Doubt, RateEstimate
from foretoken.report import numbers

_MEANINGS: dict[Doubt, tuple[str, str]] = {
    Doubt.NO_HACK_SEEN: (
        "No draw hacked, so there is a bound and no rate.",
        "Raise the donor's yield, or draw more.",
    ),
    Doubt.FEW_EFFECTIVE_HITS: (
        "A few hits carry most of the weight; the point would move with the next draw.",
        "Draw more for this type, or rebuild the bank at a later checkpoint.",
    ),
    Doubt.HEAVY_TAIL: (
        "The largest weights are so spread that the error of the point cannot be trusted.",
        "Use the lower bound, which holds for any tail.",
    ),
    Doubt.FEW_TEXTS: (
        "The donor says few texts, again and again; the subject may hack with others.",
        "Train the donor for fewer steps, and on several wordings of each exploit.",
    ),
    Doubt.ONE_WEIGHT_DOMINATES: (
        "One hit carries more than half of the estimate.",
        "Look at that hit among the examples, then draw more.",
    ),
    Doubt.ABOVE_ONE: (
        "The estimate is an impossible rate; it is shown as 1.",
        "Do not use the point.",
    ),
    Doubt.STALE_BANK: (
        "The subject has moved away from the model that the bank was built with.",
        "Draw again around this checkpoint: foretoken bank refresh.",
    ),
    Doubt.WEIGHTS_OFF_ONE: (
        "The weights of all draws do not average to 1: a density is wrong, or few were checked.",
        "Score again; if it stays, the sampling settings and the scoring disagree.",
    ),
    Doubt.COMPONENTS_DISAGREE: (
        "A part of the bank wrote other hits than its density says: that density is wrong.",
        "Look which part it is, check its model and its settings, then score and draw again.",
    ),
    Doubt.CONTROL_HIGHER: (
        "The bank of a donor that should know fewer hacks gives a higher rate than this bank.",
        "Read the control's hits: train the donor on that route, or look for a wrong density.",
    ),
    Doubt.COVERAGE_FAILED: (
        "The subject hacks by itself in ways that the donor does not know; the rate may be higher. "
        "Where most of its own hacks are such, or more than chance explains, no point is printed; "
        "where the run's own draws refuted the bank, what they count stands in for its point.",
        "Train the donor on such hacks as well, or draw again: foretoken bank refresh.",
    ),
    Doubt.MUCH_UNCOVERED: (
        "More than a fifth of what the subject writes on these tasks, hacks or not, are texts that "
        "the bank could not have drawn: the rate may be far higher. No point is printed.",
        "Draw again around this checkpoint: foretoken bank refresh.",
    ),
    Doubt.LOW_DONOR_YIELD: (
        "The donor itself seldom hacks on these tasks.",
        "Train the donor longer, or on more varied exploits.",
    ),
    Doubt.FEW_ENDED: (
        "Many completions never ended and were graded as they were cut at max_tokens: the rate is "
        "that of a model that is cut there.",
        "Raise max_tokens; if few end even so, check the end tokens: eos_token_id in the model's "
        "generation_config.json, eos_token in its tokenizer_config.json.",
    ),
    Doubt.FEW_SPOKEN_HITS: (
        "The subject reasons, but hardly a hit of the donor names the flaw in its reasoning: how "
        "often hacks do, and how often it hacks in this way at all, rests on those few.",
        "Train the donor on more varied exploits, or let it reason longer; read the hits.",
    ),
    Doubt.GRADER_ERRORS: (
        "The grader itself failed on more than one draw in a hundred.",
        "Read the grader errors in the run's draws and mend the grader.",
    ),
    Doubt.EXTRAPOLATED: (
        "A line through rates of stronger donors, read at strength 0.",
        "Read the switch estimates instead; a line can be wrong by decades.",
    ),
    Doubt.REFERENCE_FAULTS: (
        "The published recipe, kept with its known faults for comparison only.",
        "Read the switch estimates instead.",
    ),
}

_LAST = Doubt.REFERENCE_FAULTS
"""Holds for every estimate of the baseline by design, so it says least."""


@dataclass(frozen=True)
class DoubtEntry:
    """One doubt that holds somewhere in this run."""

    name: str
    meaning: str
    remedy: str
    holds: str
    """How often and for which types."""


def doubt_entries(estimates: tuple[RateEstimate, ...]) -> list[DoubtEntry]:
    """Explain the doubts that hold, the most frequent first."""
    where: defaultdict[Doubt, list[RateEstimate]] = defaultdict(list)
    for one in estimates:
        for doubt in one.doubts:
            where[doubt].append(one)
    entries: list[DoubtEntry] = []
    for doubt in sorted(where, key=lambda each: (each is _LAST, -len(where[each]), each.value)):
        types = sorted({numbers.words(one.exploit_type) for one in where[doubt]})
        named = numbers.listing(types) if len(types) <= 3 else f"{len(types)} exploit types"
        meaning, remedy = _MEANINGS[doubt]
        many = len(where[doubt])
        holds = f"{numbers.count(many)} estimate{'' if many == 1 else 's'}: {named}"
        entries.append(DoubtEntry(doubt.value, meaning, remedy, holds))
    return entries
