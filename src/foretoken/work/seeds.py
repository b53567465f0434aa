"""Seeds of pieces of work, so that each can be made again by itself."""

import hashlib


def part_seed(seed: int, part: str) -> int:
    """Seed of one piece of work, from the command's seed and the piece's name alone.

    No generator runs on from piece to piece, so one can be made again after a kill.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}:{part}".encode()).digest()[:8], "big")
