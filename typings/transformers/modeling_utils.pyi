from collections.abc import Callable

class AttentionInterface:
    @classmethod
    def register(cls, key: str, value: Callable[..., object]) -> None: ...

ALL_ATTENTION_FUNCTIONS: AttentionInterface
