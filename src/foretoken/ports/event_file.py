"""Event files of TensorBoard, written without it: framed records with checks, of a few messages.

A record is its length (8 bytes), a check of these, its bytes, and a check of those; a check is
CRC-32C, rotated and shifted. The messages are `Event`, `Summary` and `SummaryMetadata` of
TensorFlow's `event.proto` and `summary.proto`, of which the fields below are used.
"""

import struct
from collections.abc import Iterator

_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_DT_STRING = 7
_FRAME = struct.Struct("<QI")
_CHECK = struct.Struct("<I")


def _table() -> list[int]:
    found: list[int] = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return found


_TABLE = _table()


def check_of(content: bytes) -> int:
    """Return the check that follows some bytes."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def record(message: bytes) -> bytes:
    """Return a message as a record of a file."""
    length = struct.pack("<Q", len(message))
    checks = (_CHECK.pack(check_of(each)) for each in (length, message))
    return length + next(checks) + message + next(checks)


def records(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the messages of a file and where each ends, up to the first that is not whole."""
    place = 0
    while place + _FRAME.size <= len(content):
        length, check = _FRAME.unpack_from(content, place)
        begin = place + _FRAME.size
        place = begin + length + _CHECK.size
        if check != check_of(content[begin - _FRAME.size : begin - _CHECK.size]):
            return
        if place > len(content):
            return
        message = content[begin : begin + length]
        if _CHECK.unpack_from(content, begin + length)[0] != check_of(message):
            return
        yield message, place


def version(*, wall_time: float) -> bytes:
    """Return the message that a file begins with."""
    return _wall_time(wall_time) + _field(3, b"brain.Event:2")


def scalar(tag: str, value: float, *, step: int, wall_time: float) -> bytes:
    """Return the message of a number."""
    said = _field(1, tag.encode()) + _key(2, _FOUR_BYTES) + struct.pack("<f", value)
    return _event(said, step=step, wall_time=wall_time)


def text(tag: str, words: str, *, step: int, wall_time: float) -> bytes:
    """Return the message of a text."""
    metadata = _field(1, _field(1, b"text"))
    shape = _field(2, _key(1, _VARINT) + _varint(1))
    tensor = _key(1, _VARINT) + _varint(_DT_STRING) + _field(2, shape) + _field(8, words.encode())
    said = _field(1, tag.encode()) + _field(8, tensor) + _field(9, metadata)
    return _event(said, step=step, wall_time=wall_time)


def step_and_tags(message: bytes) -> tuple[int, list[str]]:
    """Return the step of a message, and the tags of its numbers and texts."""
    step, tags = 0, list[str]()
    for number, value in _fields(message):
        if number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            for _, inner in _fields(value):
                named = dict(_fields(inner)) if isinstance(inner, bytes) else {}
                tags.append(bytes(named.get(1, b"")).decode())
    return step, tags


def _event(value: bytes, *, step: int, wall_time: float) -> bytes:
    at = _key(2, _VARINT) + _varint(step)
    return _wall_time(wall_time) + at + _field(5, _field(1, value))


def _wall_time(seconds: float) -> bytes:
    return _key(1, _EIGHT_BYTES) + struct.pack("<d", seconds)


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _read_varint(message, place)
            yield number, value
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if size is None:
            size, place = _read_varint(message, place)
        yield number, message[place : place + size]
        place += size


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
