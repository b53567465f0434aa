"""Isolation that the machine refuses is an error, never a weaker isolation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foretoken.errors import IsolationError
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.slot import refusal

PROBE = """
import os, pathlib, struct, sys
from foretoken.errors import IsolationError
from foretoken.sandbox import kernel
from foretoken.sandbox.pool import SandboxPool
from foretoken.sandbox.base import Job
from foretoken.sandbox.wire import encode

def open_the_way(path):
    # in mounts of our own, let everybody reach `path`, whatever the modes above it
    ancestors = list(reversed(pathlib.Path(path).parents))
    closed = next((one for one in ancestors if not one.stat().st_mode & 1), None)
    if closed is None:
        return
    held = os.open(path, os.O_PATH)
    kernel.mount("none", str(closed), kind="tmpfs", options="mode=755")
    pathlib.Path(path).mkdir(parents=True)
    kernel.mount(f"/proc/self/fd/{held}", path, flags=kernel.MS_BIND | kernel.MS_REC)

def become_ordinary():
    if os.getuid() == 0:
        kernel.unshare(kernel.CLONE_NEWNS, "mounts")
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        open_the_way(sys.base_prefix)
        open_the_way(str(pathlib.Path(kernel.__file__).parents[2]))
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    assert "CapEff:\\t0000000000000000" in open("/proc/self/status").read()

def refuse(number):
    step = lambda code, value, yes=0, no=0: struct.pack("HBBI", code, yes, no, value)
    kernel.forbid_new_privileges()
    kernel.Filter(
        step(0x20, 0) + step(0x15, number, no=1) + step(0x06, 0x00050001) + step(0x06, 0x7FFF0000)
    ).install()

def ask(pool, body):
    job = Job(code=f"import os\\ndef f(x): {body}", function="f", calls=(encode((1,)),))
    (execution,) = pool.run([job])
    return execution.calls[0] if execution.calls else execution.ending

def try_it():
    try:
        with SandboxPool(workers=1) as pool:
            before = pool.process_ids
            print(ask(pool, "return os.getuid() != 0, os.getpid()").tree)
            print(ask(pool, "os.kill(0, 9)"), ask(pool, "os.kill(-1, 9)"))
            print(ask(pool, "os.fork()").error_class, ask(pool, "os.setuid(0)").error_class)
            print(ask(pool, "open('/etc/passwd')").error_class)
            print("the same slot" if pool.process_ids == before else "another slot")
    except IsolationError as error:
        print("refused:", error)
"""
UNSHARE = {"x86_64": 272, "aarch64": 97}[os.uname().machine]


def probe(steps: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROBE + steps], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_sandbox_works_for_an_ordinary_user() -> None:
    said = probe("become_ordinary(); try_it()").splitlines()
    assert said[0] == "{'t': [True, 1]}"
    assert "infra" not in said[1]
    assert said[2:] == ["PermissionError PermissionError", "FileNotFoundError", "the same slot"]


def test_a_machine_that_refuses_namespaces_is_told_which_and_how_to_allow_it() -> None:
    said = probe(f"refuse({UNSHARE}); try_it()")
    assert said.startswith("refused: this machine refuses the ")
    assert "namespace (Operation not permitted)" in said
    assert "--cap-add SYS_ADMIN" in said
    assert "sysctl user.max_user_namespaces" in said


def test_an_ordinary_user_without_user_namespaces_is_refused() -> None:
    said = probe(f"become_ordinary(); refuse({UNSHARE}); try_it()")
    assert said.startswith("refused: this machine refuses the user namespace (Operation not")


def test_a_kernel_without_recursive_read_only_mounts_is_refused() -> None:
    said = probe("refuse(442); try_it()")
    assert "needs Linux 5.12" in said


def test_an_unknown_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal("no policy for riscv64", 0)
    assert isinstance(error, IsolationError)
    assert "no policy for riscv64 (not supported)" in str(error)


def test_a_helper_that_cannot_start_is_an_isolation_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no library' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "_base_executable", str(broken))
    with pytest.raises(IsolationError, match="did not start: no library"):
        SandboxPool(workers=1)
