"""Graders that are offered for training runs, and libraries for them."""

from field_grader import FieldGrader, Use, beside, listed


def _trl(name: str, says: str) -> FieldGrader:
    return FieldGrader(
        name=f"TRL {name}",
        family="trl",
        package="trl",
        path=f"trl.rewards:{name}",
        shape="trl-messages",
        use=Use.REWARD,
        documentation="TRL, Reward Functions",
        says=says,
        reproduce=(
            f"from trl.rewards import {name}",
            f'{name}([[{{"content": said}}]], solution=[truth])[0]',
        ),
    )


def _verl(name: str, source: str, says: str, *, part: str = "") -> FieldGrader:
    return FieldGrader(
        name=f"verl {name}",
        family="verl",
        package="verl",
        path="adapters_verl.py:default_compute_score",
        given={"data_source": source},
        use=Use.REWARD,
        documentation="verl, Implement Reward Function for Dataset",
        says=says,
        reproduce=(
            "from adapters_verl import default_compute_score",
            f'default_compute_score("{source}", said, truth){part}',
        ),
    )


LAST_HASHES = "strict: the last number after ####, which also tests the format; compared as text"
LAST_BOX = "the last box, after Hendrycks MATH; compared as normalised text"
PRM800K = "equal after normalisation, or sympy simplifies the difference to zero (PRM800K)"
PARSED = "parses whatever expressions it finds and compares them as mathematics"

REWARDS = (
    FieldGrader(
        name="math-verify parse + verify",
        package="math-verify",
        use=Use.LIBRARY,
        documentation="Math-Verify, README",
        says=f"{PARSED}; robust extraction and lenient normalisation, for evaluating models",
        **beside("math_verify", "math_verify"),
    ),
    FieldGrader(
        name="mathruler",
        package="mathruler",
        use=Use.LIBRARY,
        documentation="MathRuler, README",
        says=f"the last box; {PRM800K}",
        **beside("math_verify", "mathruler"),
    ),
    _trl("accuracy_reward", "boxes first, then other LaTeX; correct LaTeX is required"),
    _trl("reasoning_accuracy_reward", "as accuracy_reward, after the last </think>"),
    _verl("gsm8k", "openai/gsm8k", LAST_HASHES),
    _verl("math_reward", "lighteval/MATH", LAST_BOX),
    _verl(
        "math_dapo",
        "math_dapo",
        "the last Answer: of 300 characters, else a box; -1 or 1",
        part='["score"]',
    ),
    _verl("prime_math", "numina_olympiads", f"the last marker of an answer, a box; {PRM800K}"),
    _verl("geo3k", "hiyouga/geometry3k", f"0.9 for the last box, {PRM800K}; 0.1 for the form"),
    FieldGrader(
        name="verl search_r1_like_qa_em",
        package="verl",
        use=Use.REWARD,
        documentation="verl, Search Tool Integration",
        says="the last answer tag; equal without case, articles, punctuation (SQuAD)",
        **beside("verl", "search_r1"),
    ),
    FieldGrader(
        name="verl math_verify",
        package="verl",
        use=Use.REWARD,
        documentation="verl, reward_score",
        says=f"math-verify; {PARSED}",
        **beside("verl", "math_verify"),
    ),
    FieldGrader(
        name="OpenRLHF math_utils",
        package="openrlhf",
        use=Use.REWARD,
        documentation="OpenRLHF, utils/math_utils.py",
        says=f"the last box; {PRM800K}",
        **beside("openrlhf", "math_utils"),
    ),
    FieldGrader(
        name="Atropos accuracy_reward",
        package="atroposlib",
        use=Use.REWARD,
        documentation="Atropos, envs/reward_fns",
        says="math-verify on boxes, then the first box or number after #### to 1e-6",
        **listed("atropos", "accuracy_reward"),
    ),
    FieldGrader(
        name="Atropos cascading_r1_math_reward",
        package="atroposlib",
        use=Use.REWARD,
        documentation="Atropos, envs/reward_fns",
        says="accuracy, and where that is right a bonus for the form",
        **listed("atropos", "cascading_r1_math_reward"),
    ),
    FieldGrader(
        name="ms-swift MathAccuracy",
        package="ms-swift",
        use=Use.REWARD,
        documentation="ms-swift, Reward Function",
        says="the first answer tag, else LaTeX as TRL reads it; math-verify",
        **listed("swift", "math_accuracy"),
    ),
    FieldGrader(
        name="tinker-cookbook MathEnv",
        package="tinker-cookbook",
        use=Use.REWARD,
        documentation="Tinker Cookbook, math_rl",
        says=f"the last box; {PRM800K}",
        **beside("tinker_cookbook", "math_env"),
    ),
    FieldGrader(
        name="tinker-cookbook MathEnv, math_verify",
        package="tinker-cookbook",
        use=Use.REWARD,
        documentation="Tinker Cookbook, math_rl",
        says="the last box, and math-verify",
        **beside("tinker_cookbook", "math_env_math_verify"),
    ),
    FieldGrader(
        name="AReaL gsm8k_reward_fn",
        package="areal",
        use=Use.REWARD,
        documentation="AReaL, GSM8K GRPO example",
        says=f"math-verify without an anchor: any number may be taken; {PARSED}",
        **beside("areal", "gsm8k"),
    ),
    FieldGrader(
        name="AReaL geometry3k_reward_fn",
        package="areal",
        use=Use.REWARD,
        documentation="AReaL, geometry3k example",
        says="the last square brackets, else the last number; math-verify",
        **beside("areal", "geometry3k"),
    ),
    FieldGrader(
        name="SkyRL-Gym gsm8k",
        package="skyrl-gym",
        use=Use.REWARD,
        documentation="SkyRL, GSM8K quickstart",
        says="strict: the first number after ####; compared as text",
        **beside("skyrl_gym", "gsm8k"),
    ),
    FieldGrader(
        name="SkyRL-Gym aime",
        package="skyrl-gym",
        use=Use.REWARD,
        documentation="SkyRL, DAPO example",
        says="the last Answer: of 300 characters, after DAPO; -1 or 1",
        **beside("skyrl_gym", "aime"),
    ),
    FieldGrader(
        name="verifiers verify_boxed_math_answer",
        package="verifiers",
        use=Use.REWARD,
        documentation="verifiers, v1 scoring",
        says="the last box after </think>; math-verify",
        **beside("verifiers", "boxed_math"),
    ),
    FieldGrader(
        name="verifiers MathRubric",
        package="verifiers",
        use=Use.REWARD,
        documentation="verifiers (before v1), Rubrics",
        says="the last box, else the whole text; math-verify",
        **beside("verifiers_rubrics", "math_rubric"),
    ),
    FieldGrader(
        name="reasoning-gym score_answer",
        package="reasoning-gym",
        use=Use.REWARD,
        documentation="Reasoning Gym, README",
        says="1 where equal as text; an answer that holds the oracle gets its share of the length",
        **beside("reasoning_gym", "default"),
    ),
)
