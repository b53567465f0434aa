"""Silence what model libraries say about their own insides; our own warnings stay errors."""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from huggingface_hub import constants
from transformers.utils import logging as transformers_logging

LIBRARIES = r"(transformers|peft|trl|accelerate|torch|datasets|huggingface_hub)\b"


@contextmanager
def library_talk_off() -> Generator[None]:
    """Inside the block, ignore warnings of model libraries, their progress bars and telemetry."""
    telemetry = constants.HF_HUB_DISABLE_TELEMETRY
    constants.HF_HUB_DISABLE_TELEMETRY = True
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    level = logging.getLogger("transformers").level
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=LIBRARIES)
            yield
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY = telemetry
        logging.getLogger("transformers").setLevel(level)
        if shown:
            transformers_logging.enable_progress_bar()
