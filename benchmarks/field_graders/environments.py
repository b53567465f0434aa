"""Environments of the graders' packages, one a family, made from pins where they are missing."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = ROOT / "build" / "field_graders"
REQUIREMENTS = HERE / "requirements"
MAKING = Lock()


def python_of(family: str) -> Path:
    """Return the interpreter of a family (empty: this one), and make its environment if missing.

    Its pins name everything that is needed and nothing else, so they are installed without what
    they depend on: many of these packages ask for gigabytes that their graders never import.

    Raises:
        subprocess.CalledProcessError: It cannot be installed.
    """
    with MAKING:
        return _made(family)


def _made(family: str) -> Path:
    if not family:
        return Path(sys.executable)
    pins = REQUIREMENTS / f"{family}.txt"
    folder = BUILT / family
    python, made = folder / "bin" / "python", folder / "pins.sha256"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    if made.is_file() and made.read_text() == digest:
        return python
    if not python.is_file():
        _quietly(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps")
    _quietly(*pip, "-r", str(pins))
    made.write_text(digest)
    return python


def environ(*folders: str) -> dict[str, str]:
    """Return the environment variables of what runs there: this checkout, one thread, no hub.

    Args:
        folders: Where modules are looked for first.
    """
    quiet = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    path = os.pathsep.join((*folders, str(ROOT / "src"), str(HERE)))
    return os.environ | quiet | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


def _quietly(*command: str) -> None:
    subprocess.run(["nice", "-n", "19", *command], check=True, stdout=subprocess.DEVNULL)
