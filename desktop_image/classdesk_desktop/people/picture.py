"""Shrinks a picture of the screen and writes it as PNG, with the standard library alone.

A library for pictures would weigh more in the image than this, and a thumbnail needs little: all work is done by
slices and by arithmetic on whole pictures as one long number, which takes some 20 ms for a large screen.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final

_PIXEL: Final = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels as X has them: rows from the top, each pixel the bytes blue, green, red and one without meaning."""

    width: int
    height: int
    pixels: bytes

    def shrink(self, most_width: int) -> Picture:
        """The picture at a whole fraction of its size, so that it is no wider than asked.

        A pixel of the result is the mean of up to 16 pixels of its square, which keeps the shape of small text.
        """
        step = -(-self.width // most_width)
        if step == 1:
            return self
        width, height = self.width // step, self.height // step
        taps = min(4, _power_of_two(step))
        places = [step * number // taps for number in range(taps)]
        layers = [self._every(step, column, row, width, height) for row in places for column in places]
        return Picture(width, height, _mean(layers))

    def _every(self, step: int, column: int, row: int, width: int, height: int) -> bytes:
        """One pixel of each square."""
        pixels = memoryview(self.pixels).cast("I")
        rows = range(row, step * height, step)
        return b"".join(pixels[self.width * y + column : self.width * y + step * width : step].tobytes() for y in rows)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        rgb = bytearray(3 * self.width * self.height)
        for colour in range(3):
            rgb[colour::3] = self.pixels[2 - colour :: _PIXEL]
        stride = 3 * self.width
        lines = b"".join(b"\0" + rgb[start : start + stride] for start in range(0, stride * self.height, stride))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(lines, 6)), _chunk(b"IEND", b""))
        )


def _power_of_two(number: int) -> int:
    """The highest power of two that is not above a number."""
    return 1 << (number.bit_length() - 1)


def _mean(layers: list[bytes]) -> bytes:
    """The mean, byte by byte, of a power of two of layers."""
    length = len(layers[0])
    # (a + b) / 2 for each byte at once: what both have, and half of where they differ, without its lowest bit,
    # which would fall into the byte below.
    no_lowest_bit = int.from_bytes(b"\xfe" * length)
    numbers = [int.from_bytes(layer) for layer in layers]
    while len(numbers) > 1:
        numbers = [(a & b) + (((a ^ b) & no_lowest_bit) >> 1) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    return numbers[0].to_bytes(length)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
