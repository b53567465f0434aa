"""What an import path names; modules in the current folder are found."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

FILE = ".py"


def imported(path: str) -> Any:
    """Return what an import path names.

    Args:
        path: `package.module:name`, of an installed package or of the current folder; or
            `folder/file.py:name`.

    Raises:
        ImportError: There is no such module.
        AttributeError: It has no such name.
        Exception: Whatever the module raises when it is imported.
    """
    in_file = f"{FILE}:" in path
    source, _, name = path.rpartition(":") if in_file else path.partition(":")
    module = _from_file(Path(source)) if source.endswith(FILE) else _by_name(source)
    return getattr(module, name)


def _by_name(name: str) -> ModuleType:
    _look_in(Path.cwd())
    return import_module(name)


def _from_file(path: Path) -> ModuleType:
    file = path.resolve()
    if not file.is_file():
        raise ImportError(f"there is no file {path}")
    name = f"foretoken_file_{file.with_suffix('')}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    _look_in(file.parent)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:  # Whatever ends the import, half a module must not stay behind.
        del sys.modules[name]
        raise
    return module


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
