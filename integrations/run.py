"""Run real tools with our hooks in them, each in an environment of its own: `make integrations`.

Each script beside this one says its packages in its first lines, drives a tool as its users do, has
`foretoken import` read what our hook recorded, and compares values with the tool's own. What came
of it stands in `results.json`. Environments lie in `build/integrations/ENVIRONMENT`, and are made
anew where packages change; scripts run in an empty folder beside them.
"""

import ast
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent.resolve()
ROOT = HERE.parent
BUILD = ROOT / "build" / "integrations"
RESULTS = HERE / "results.json"
SCRIPTS = (
    *("verifiers_eval", "inspect_eval", "harbor_job"),
    *("verl_loader", "openrlhf_loader", "tinker_local", "trackers", "vllm_cpu"),
)
"""A script of one's own is one more name."""
LONGEST_S = 900


def said(script: str) -> dict[str, str]:
    """The texts that a script's first lines give names."""
    tree = ast.parse((HERE / f"{script}.py").read_text())
    found = {"ENVIRONMENT": script, "WITHOUT_DEPENDENCIES": ""}
    for each in tree.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            value = each.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[each.targets[0].id] = value.value
    return found


def python_of(version: str) -> str:
    """An interpreter of a version.

    Raises:
        SystemExit: There is none.
    """
    asked = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    versions = Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}")
    for name in (sys.executable, shutil.which(f"python{version}") or "", *map(str, versions)):
        if name:
            done = subprocess.run([name, "-c", asked], capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                return name
    raise SystemExit(
        f"there is no Python {version} here: install it (`uv python install {version}`, pyenv, or "
        f"the system's package python{version}) so that python{version} is found"
    )


def environment(name: str) -> Path:
    """Python of an environment with what all its scripts ask for.

    Raises:
        CalledProcessError: It cannot be made; `install.txt` in it says why.
    """
    own = [each for each in map(said, SCRIPTS) if each["ENVIRONMENT"] == name]
    packages = sorted({word for each in own for word in each["PACKAGES"].split()})
    bare = sorted({word for each in own for word in each["WITHOUT_DEPENDENCIES"].split()})
    project = (ROOT / "pyproject.toml").read_text()
    mark = hashlib.sha256(json.dumps([packages, bare, project]).encode()).hexdigest()
    python, made = BUILD / name / "bin" / "python", BUILD / name / "made"
    if made.is_file() and made.read_text() == mark:
        return python
    if not python.exists():
        subprocess.run([python_of(own[0]["PYTHON"]), "-m", "venv", BUILD / name], check=True)
    install = (python, "-m", "pip", "install")
    asked = [("--editable", str(ROOT), *packages), ("--no-deps", *bare) if bare else ()]
    with (BUILD / name / "install.txt").open("w") as log:
        for each in filter(None, asked):
            subprocess.run([*install, *each], check=True, stdout=log, stderr=log)
    made.write_text(mark)
    return python


def versions(python: Path, packages: str) -> dict[str, str]:
    """Versions of those packages that are named with one."""
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {
        each["name"].lower().replace("_", "-"): each["version"]
        for each in json.loads(listed.stdout)
    }
    names = [each.split("==")[0] for each in packages.split() if "==" in each]
    return {name: found[name] for name in names if name in found}


def ran(script: str) -> dict[str, object]:
    """Run a script; what is known of that."""
    asked = said(script)
    begin = time.monotonic()
    python = environment(asked["ENVIRONMENT"])
    ready = time.monotonic()
    folder = BUILD / "runs" / script
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = {**os.environ, "PYTHONPATH": f"{HERE}:{ROOT / 'src'}", "HF_HUB_OFFLINE": "1"}
    names |= {"TOKENIZERS_PARALLELISM": "false", "TINKER_TELEMETRY": "0"}
    with (folder / "output.txt").open("w") as output:
        done = subprocess.run(
            [python, HERE / f"{script}.py"],
            cwd=folder,
            env=names,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_S,
            check=False,
        )
    if done.returncode:
        print((folder / "output.txt").read_text()[-3000:])
    return {
        "passed": done.returncode == 0,
        "seconds": round(time.monotonic() - ready),
        "seconds_to_install": round(ready - begin),
        "python": asked["PYTHON"],
        "versions": versions(python, f"{asked['PACKAGES']} {asked['WITHOUT_DEPENDENCIES']}"),
    }


def main() -> None:
    """Run those that are named, or all; exit with 1 where one fails."""
    names = sys.argv[1:] or list(SCRIPTS)
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in names:
        try:
            results[name] = ran(name)
        except (subprocess.SubprocessError, SystemExit) as error:
            results[name] = {"passed": False, "why": str(error)[:300]}
        results[name]["machine"] = f"{os.cpu_count()} cores, {platform.system()}"
        told = {key: each for key, each in results[name].items() if key != "machine"}
        print(name, json.dumps(told), flush=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    failed = [name for name in names if not results[name]["passed"]]
    raise SystemExit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
