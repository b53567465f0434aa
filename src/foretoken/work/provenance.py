"""Where a run comes from: code, packages, machine, seed, model hashes."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from foretoken.errors import MismatchError
from foretoken.records import Provenance
from foretoken.store.run import Run

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "trl",
    "numpy",
    "scipy",
    "arviz-stats",
    "pyarrow",
    "duckdb",
)


def keep_provenance(run: Run, *, seed: int, models: Mapping[str, str]) -> None:
    """Write the run's provenance, or add models to it where it is written.

    Args:
        run: The run directory.
        seed: Seed of the command.
        models: Role to hash of the weights.

    Raises:
        MismatchError: A role is known with other weights.
    """
    known = run.read_provenance()
    if known is None:
        known = Provenance(
            foretoken=_version("foretoken"),
            python=platform.python_version(),
            packages={name: _version(name) for name in PACKAGES},
            machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=seed,
            models={},
        )
    for role, weights in models.items():
        if known.models.get(role, weights) != weights:
            raise MismatchError(
                f"{run.path} was begun with another {role} (weights "
                f"{known.models[role][:12]}, now {weights[:12]}): give the same folders, or choose "
                "another run directory"
            )
    merged = known.replacing(models={**known.models, **models})
    if merged.models != known.models or run.read_provenance() is None:
        run.write_provenance(merged)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
