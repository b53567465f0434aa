"""Silence what model libraries say about their own insides; our own warnings stay errors."""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from transformers.utils import logging as transformers_logging

LIBRARIES = r"(transformers|peft|trl|accelerate|torch|datasets|huggingface_hub)\b"


@contextmanager
def library_talk_off() -> Generator[None]:
    """Ignore warnings raised in model libraries, and their progress bars, inside the block."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    level = logging.getLogger("transformers").level
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=LIBRARIES)
            yield
    finally:
        logging.getLogger("transformers").setLevel(level)
        if shown:
            transformers_logging.enable_progress_bar()
