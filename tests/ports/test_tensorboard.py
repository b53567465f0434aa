"""Event files are what TensorBoard reads, by a reader that shares no code with the writer.

Faults that were injected and caught here: a check over the wrong bytes; a step as another field;
points appended again by a second process; a torn record that is left where it is.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import pytest
from sending import TYPES, Told, alarm
from typer.testing import CliRunner

from foretoken.cli.main import app
from foretoken.ports import event_file
from foretoken.ports.base import Point
from foretoken.ports.tensorboard import TensorBoard


class Event(NamedTuple):
    step: int
    tag: str
    value: float | None
    words: str


def crc32c(content: bytes) -> int:
    """Bit by bit, as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(content: bytes) -> int:
    crc = crc32c(content)
    return ((crc >> 15) + (crc << 17) + 0xA282EAD8) % (1 << 32)


def wire(message: bytes) -> dict[int, list[bytes | int]]:
    """The fields of a protobuf message."""
    found: dict[int, list[bytes | int]] = {}
    rest = message
    while rest:
        key, rest = varint(rest)
        kind = key % 8
        if kind == 0:
            said, rest = varint(rest)
        else:
            size, rest = (8, rest) if kind == 1 else (4, rest) if kind == 5 else varint(rest)
            said, rest = rest[:size], rest[size:]
            assert len(said) == size
        found.setdefault(key // 8, []).append(said)
    return found


def varint(content: bytes) -> tuple[int, bytes]:
    value = 0
    for place, byte in enumerate(content):
        value += (byte % 128) << (7 * place)
        if byte < 128:
            return value, content[place + 1 :]
    raise AssertionError("no end")


def read(folder: Path) -> list[Event]:
    """All events of the one file of a folder, each check looked at."""
    (path,) = folder.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    rest, messages = path.read_bytes(), list[bytes]()
    while rest:
        (length,) = struct.unpack("<Q", rest[:8])
        assert struct.unpack("<I", rest[8:12])[0] == masked(rest[:8])
        message = rest[12 : 12 + length]
        assert struct.unpack("<I", rest[12 + length : 16 + length])[0] == masked(message)
        messages.append(message)
        rest = rest[16 + length :]
    assert wire(messages[0])[3] == [b"brain.Event:2"]
    return [event for message in messages[1:] for event in of(wire(message))]


def of(event: dict[int, list[bytes | int]]) -> list[Event]:
    (summary,) = event[5]
    found: list[Event] = []
    for each in wire(summary)[1]:
        value = wire(each)
        number = struct.unpack("<f", value[2][0])[0] if 2 in value else None
        words = ""
        if 8 in value:
            tensor = wire(value[8][0])
            assert tensor[1] == [7], "DT_STRING"
            (text,) = tensor[8]
            words = text.decode()
            assert wire(wire(value[9][0])[1][0])[1] == [b"text"]
        found.append(Event(event[2][0], value[1][0].decode(), number, words))
    return found


def test_the_check_is_that_of_known_answers() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    for content in (b"", b"a", bytes(range(256)), b"123456789"):
        assert event_file.check_of(content) == masked(content)


def test_the_command_writes_what_a_reader_finds_and_nothing_twice(tmp_path: Path) -> None:
    told = Told(tmp_path / "run").begin().step(3).measure(2)
    told.run.append([alarm(TYPES[0], 1)], part="alarm-a")
    words = ["export", str(told.folder), "--to", "tensorboard", "--into", str(tmp_path / "tb")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    events = read(tmp_path / "tb")
    assert f"{len(events) - 1} numbers, 1 alarms" in done.output
    values = {(each.step, each.tag): each.value for each in events}
    assert values[2, "foretoken/rate/process_exit"] == pytest.approx(0.05)
    assert values[1, "foretoken/rollouts/process_exit"] == pytest.approx(0.05)
    assert (2, "foretoken/rate/test_skipping") not in values
    (said,) = [each for each in events if each.words]
    assert said == Event(1, "foretoken/alarm-process_exit", None, alarm(TYPES[0], 1).words)
    again = CliRunner().invoke(app, words)
    assert "nothing new" in again.output
    assert read(tmp_path / "tb") == events
    told.step(2)
    assert CliRunner().invoke(app, words).exit_code == 0
    more = read(tmp_path / "tb")
    assert more[: len(events)] == events
    assert len({(each.step, each.tag) for each in more}) == len(more)


def test_a_file_that_a_killed_writer_left_torn_is_mended_at_any_byte(tmp_path: Path) -> None:
    points = [Point("a", step, 0.5) for step in range(3)]
    whole = TensorBoard(tmp_path / "whole", run="mine", name="x")
    whole.send(points, [alarm("k", 1)])
    (path,) = (tmp_path / "whole").iterdir()
    content, expected = path.read_bytes(), read(tmp_path / "whole")
    for cut in range(len(content)):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / path.name).write_bytes(content[:cut])
        TensorBoard(folder, run="mine", name="x").send(points, [alarm("k", 1)])
        assert read(folder) == expected, cut


def test_runs_of_one_folder_have_files_of_their_own(tmp_path: Path) -> None:
    for run in ("a", "b"):
        port = TensorBoard(tmp_path, run=run, name="x")
        port.send([Point("a", 1, 0.5)], [])
        port.send([Point("a", 1, 0.5), Point("a", 2, 0.5)], [])
    assert len([*tmp_path.iterdir()]) == 2
