"""Start one of the sandbox's own programs: `python -S -s -B launch.py <module> <arguments>`.

The package's start-up imports much that has no place there: it is named here without being run.
"""

import importlib
import sys
import types
from pathlib import Path


def main() -> None:
    """Become the program."""
    here = Path(__file__).resolve().parent
    for name, place in (("foretoken", here.parent), ("foretoken.sandbox", here)):
        package = types.ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package
    del sys.argv[0]
    importlib.import_module(f"foretoken.sandbox.{sys.argv[0]}").main()


if __name__ == "__main__":
    main()
