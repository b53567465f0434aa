"""Forms of a final answer that several domains share."""

from foretoken.audit.base import AnswerForm

ALONE = AnswerForm("alone", lambda final: final, alone=True)
LAST_LINE = AnswerForm("in the last line", lambda final: final)
BOXED = AnswerForm("boxed", lambda final: f"\\boxed{{{final}}}")
SENTENCE = AnswerForm("in a sentence", lambda final: f"The answer is {final}")
LABELLED = AnswerForm("after Answer:", lambda final: f"Answer: {final}")
TAGGED = AnswerForm("in answer tags", lambda final: f"<answer>{final}</answer>")
THOUGHT_AND_TAGGED = AnswerForm(
    "in think and answer tags", TAGGED.wrap, opens="<think>", closes="</think>"
)
