"""Temporary."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers

from foretoken.engines.base import *
from foretoken.engines.transformers.load import (
    _existing_folder,
    _text_hash,
    copy_model,
    load_model,
    load_tokenizer,
    tokenizer_text,
    weights_hash,
)
from foretoken.engines.transformers.sample import sample
from foretoken.engines.transformers.score import score
from foretoken.records import Identity


class TransformersEngine:
    def __init__(self, loaded, device="auto"):
        self.loaded = loaded
        self.local = threading.local()

    @property
    def voices(self):
        return tuple(
            Identity(
                weights=m.weights_hash,
                tokenizer=m.tokenizer_hash,
                template=m.template_hash,
                dtype=m.dtype,
                engine="transformers",
                engine_version=transformers.__version__,
            )
            for m in self.loaded
        )

    @property
    def tokenizer(self):
        return self.loaded[0].tokenizer

    @property
    def end_tokens(self):
        return frozenset({self.loaded[0].end_token})

    @property
    def longest(self):
        return int(getattr(self.loaded[0].model.config, "max_position_embeddings", None) or 1 << 30)

    def sample(self, prompts, **kw):
        if not hasattr(self.local, "models"):
            self.local.models = [copy_model(m, dtype=m.dtype) for m in self.loaded]
        return sample(self.local.models, prompts, batch_rows=256, **kw)

    def score(self, items, *, voice=0, per_token=False):
        return score(self.loaded[voice], items, per_token=per_token)

    def side_by_side(self, work, pieces):
        lanes = min(4, len(os.sched_getaffinity(0)), len(pieces))
        if lanes < 2:
            yield from map(work, pieces)
            return
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        ex = ThreadPoolExecutor(lanes)
        try:
            yield from ex.map(work, pieces)
        finally:
            ex.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)


class TransformersEngines:
    def __init__(self, device="auto", dtype="float32"):
        self.device, self.dtype = device, dtype

    def identify(self, weights):
        tok = load_tokenizer(weights.base)
        _existing_folder(weights.base, "model")
        marks = [weights_hash(Path(weights.base))] + [
            f"{weights_hash(_existing_folder(a, 'adapter'))}:{s:g}" for a, s in weights.adapters
        ]
        return Identity(
            weights=_text_hash("+".join(marks)),
            tokenizer=_text_hash(tokenizer_text(tok)),
            template=_text_hash(str(tok.chat_template or "")),
            dtype=self.dtype,
            engine="transformers",
            engine_version=transformers.__version__,
        )

    @contextmanager
    def open(self, voices):
        yield TransformersEngine(
            [load_model(v.base, adapters=v.adapters, dtype=self.dtype) for v in voices]
        )
