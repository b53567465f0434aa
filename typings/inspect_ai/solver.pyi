from collections.abc import Sequence

class ModelOutput:
    completion: str
    choices: Sequence[object]

class Message:
    role: str
    text: str

class TaskState:
    output: ModelOutput
    sample_id: int | str
    input_text: str
    messages: Sequence[Message]
