"""Files that somebody hands us: what is no regular file in UTF-8 is named, and no read waits."""

import os
import socket
from pathlib import Path

import pytest

from foretoken.errors import SetupError
from foretoken.files import read_bytes, read_text
from foretoken.train.config import RLConfig
from foretoken.work.settings import read_toml, resolve


def test_a_text_keeps_its_line_ends_and_loses_its_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(tmp_path / "text") == "one\r\ntwo\rthree\n"
    assert read_bytes(tmp_path / "text").startswith(b"\xef\xbb\xbf")


def test_what_is_no_regular_file_is_named_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "western").write_bytes(b"a\nb\xe9")
    reasons = {
        tmp_path / "pipe": "it is a pipe, not a file",
        tmp_path / "socket": "No such device or address",
        Path("/dev/zero"): "it is a device, not a file",
        tmp_path: "Is a directory",
        tmp_path / "loop": "Too many levels of symbolic links",
        tmp_path / "none": "No such file or directory",
        tmp_path / "western": "line 2 is not UTF-8 (byte 0xe9)",
    }
    for path, reason in reasons.items():
        with pytest.raises(OSError, match=r".") as caught:
            read_text(path)
        assert caught.value.strerror == reason


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("12345")
    assert read_text(tmp_path / "text", most_bytes=5) == "12345"
    with pytest.raises(OSError, match="longer than 4 bytes"):
        read_text(tmp_path / "text", most_bytes=4)


def test_settings_are_read_from_regular_files_of_sane_depth_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    for file, reason in (("pipe.toml", "it is a pipe"), ("deep.toml", "is not TOML")):
        with pytest.raises(SetupError, match=reason):
            read_toml(tmp_path / file)
        with pytest.raises(SetupError, match=reason):
            resolve(RLConfig, tmp_path / file, {})
    (tmp_path / "marked.toml").write_bytes(b"\xef\xbb\xbfsteps = 3\n")
    assert read_toml(tmp_path / "marked.toml") == {"steps": 3}
