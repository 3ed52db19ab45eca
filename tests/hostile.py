"""Files that visitors could upload: those that must be refused, and odd ones that are pictures all the same."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
TURNED = NOISE.transpose(Image.Transpose.ROTATE_90)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG that says it is so large, in 8-bit colour, and holds `chunks`."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


def scans(side: int, n: int) -> bytes:
    """A progressive JPEG whose last scan, about 40 bytes, comes n times more: each makes a decoder visit all pixels."""
    whole = encoded(Image.new("RGB", (side, side), (90, 10, 200)), "JPEG", progressive=True)
    end = len(whole) - 2
    return whole[:end] + whole[whole.rindex(b"\xff\xda") : end] * n + b"\xff\xd9"


def as_mpo(jpeg: bytes) -> bytes:
    """The same JPEG with the header that makes Pillow call it an MPO."""
    two = encoded(
        Image.new("RGB", (16, 16)), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))]
    )
    start = two.index(b"\xff\xe2")
    length = 2 + int.from_bytes(two[start + 2 : start + 4], "big")
    return jpeg[:2] + two[start : start + length] + jpeg[2:]


_PIXELS = chunk(b"IDAT", zlib.compress(bytes(97 * 32)))
_TEXT_BOMB = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 9))
_PNG, _JPEG = encoded(NOISE, "PNG"), encoded(NOISE, "JPEG")

NO_PICTURE, LARGE, SMALL, DAMAGED = "not a PNG, JPEG or WebP", "too large", "too small", "damaged"

FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", NO_PICTURE),
    "words": (b"no picture at all", NO_PICTURE),
    "zeros": (bytes(10_000), NO_PICTURE),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", NO_PICTURE),
    "HTML": (b"<!doctype html><script>alert(1)</script>", NO_PICTURE),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", NO_PICTURE),
    "script": (b"#!/bin/sh\ntouch /tmp/owned\n", NO_PICTURE),
    "pickle": (b"\x80\x04cos\nsystem\n", NO_PICTURE),
    "archive": (b"PK\x03\x04" + bytes(30), NO_PICTURE),
    "GIF": (encoded(NOISE, "GIF"), NO_PICTURE),
    "animated GIF": (encoded(NOISE, "GIF", save_all=True, append_images=[TURNED]), NO_PICTURE),
    "TIFF": (encoded(NOISE, "TIFF"), NO_PICTURE),
    "BMP": (encoded(NOISE, "BMP"), NO_PICTURE),
    "1 by 1": (encoded(Image.new("L", (1, 1)), "PNG"), SMALL),
    "15 high": (encoded(Image.new("L", (400, 15)), "PNG"), SMALL),
    "20,000 by 1": (encoded(Image.new("1", (20_000, 1)), "PNG"), SMALL),
    "30 megapixels": (encoded(Image.new("1", (20_000, 1_500)), "PNG"), LARGE),
    "169 megapixels": (encoded(Image.new("1", (13_000, 13_000)), "PNG"), LARGE),
    "3,600 megapixels": (png(60_000, 60_000, _PIXELS), LARGE),
    "the most a PNG can say": (png(2**31 - 1, 2**31 - 1, _PIXELS), LARGE),
    "a signature": (_PNG[:8], NO_PICTURE),
    "a header": (_PNG[:40], NO_PICTURE),
    "half a PNG": (_PNG[: len(_PNG) // 2], DAMAGED),
    "half a JPEG": (_JPEG[: len(_JPEG) // 2], DAMAGED),
    "no pixels": (png(32, 32), DAMAGED),
    "few pixels": (png(32, 32, chunk(b"IDAT", zlib.compress(b""))), DAMAGED),
    "200 MB of text": (png(32, 32, _TEXT_BOMB, _PIXELS), DAMAGED),
    "2,000 scans": (scans(256, 2_000), DAMAGED),
    "2,000 scans in an MPO": (as_mpo(scans(256, 2_000)), DAMAGED),
    "40 scans of 16 megapixels": (scans(4_000, 30), DAMAGED),
}
"""Name: what is in the file, and part of the sentence that refuses it (`upload.square`)."""

_DEEP = Image.fromarray(np.full((64, 64), 200 * 257, np.uint16))

ODD: dict[str, bytes] = {
    "CMYK": encoded(NOISE.convert("CMYK"), "JPEG"),
    "progressive": encoded(NOISE, "JPEG", progressive=True),
    "16 bits": encoded(_DEEP, "PNG"),
    "1 bit": encoded(NOISE.convert("1"), "PNG"),
    "grey with alpha": encoded(NOISE.convert("LA"), "PNG"),
    "palette": encoded(NOISE.convert("P"), "PNG", transparency=3),
    "animated PNG": encoded(NOISE, "PNG", save_all=True, append_images=[TURNED]),
    "animated WebP": encoded(NOISE, "WEBP", save_all=True, append_images=[TURNED]),
}
