#!/usr/bin/env python3
"""Writes Tests/Fixtures/images: small JPEG and PNG files, and beside each the pixels that Pillow decodes from it.

The pixels are PGM (gray) or PPM (RGB) files named after the image, `gray.jpg.pgm`. Images without such a file must be
refused. Needs Pillow and NumPy:

    pip install pillow numpy
    python scripts/make_image_fixtures.py
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "images"
WIDTH, HEIGHT = 31, 23


def picture() -> np.ndarray:
    """A smooth color gradient with an edge and some noise, the same at every run."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    noise = np.random.default_rng(0).normal(0, 12, (HEIGHT, WIDTH, 3))
    waves = np.stack([128 + 100 * np.sin(x / 5), 128 + 100 * np.cos(y / 4), 8 * x], axis=-1)
    waves[(x - 15) ** 2 + (y - 11) ** 2 < 40] = [230, 30, 90]
    return np.clip(waves + noise, 0, 255).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, color_type: int, interlaced: bool = False, announced=None) -> bytes:
    """A PNG of what Pillow does not write: 16-bit color, 16-bit gray with alpha, Adam7. Rows are not filtered."""
    height, width, _ = samples.shape
    data = samples.astype(samples.dtype.newbyteorder(">"))
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [b"\0" + row.tobytes() for top, left, down, right in passes for row in data[top::down, left::right]]
    announced_width, announced_height = announced or (width, height)
    header = struct.pack(
        ">IIBBBBB", announced_width, announced_height, 8 * samples.dtype.itemsize, color_type, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
            + chunk(b"IEND", b""))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def good_images() -> dict[str, bytes]:
    colors = picture()
    rgb = Image.fromarray(colors)
    gray = rgb.convert("L")
    alpha = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    rgba, gray_alpha = rgb.copy(), gray.copy()
    rgba.putalpha(alpha)
    gray_alpha.putalpha(alpha)
    wide = colors.astype(np.uint16) * 256 + colors[::-1]
    color_jpeg = encoded(rgb, "JPEG", quality=90, subsampling="4:4:4")
    return {
        "rgb-420.jpg": encoded(rgb, "JPEG", quality=85, subsampling="4:2:0"),
        "rgb-422.jpg": encoded(rgb, "JPEG", quality=85, subsampling="4:2:2"),
        "rgb-444.jpg": color_jpeg,
        "rgb-progressive.jpg": encoded(rgb, "JPEG", quality=85, progressive=True),
        "rgb-oriented.jpg": encoded(rgb, "JPEG", quality=85, exif=exif_orientation(6)),
        "padded.jpg": color_jpeg[:-2] + bytes(16) + color_jpeg[-2:],
        "gray.jpg": encoded(gray, "JPEG", quality=85),
        "cmyk.jpg": encoded(rgb.convert("CMYK").point(lambda v: v // 2 + 40), "JPEG", quality=95),
        "rgb.png": encoded(rgb, "PNG"),
        "rgb-interlaced.png": png(colors, 2, interlaced=True),
        "rgb-16bit.png": png(wide, 2),
        "rgb-transparent.png": encoded(rgb, "PNG", transparency=tuple(int(v) for v in colors[0, 0])),
        "rgba.png": encoded(rgba, "PNG"),
        "rgba-16bit.png": png(np.concatenate([wide, wide[..., :1]], axis=-1), 6),
        "palette.png": encoded(rgb.quantize(200), "PNG"),
        "palette-4bit.png": encoded(rgb.quantize(13), "PNG", bits=4),
        "palette-transparent.png": encoded(rgb.quantize(60), "PNG", transparency=0),
        "gray.png": encoded(gray, "PNG"),
        "gray-1bit.png": encoded(gray.convert("1"), "PNG"),
        "gray-16bit.png": png(wide[..., :1], 0),
        "gray-alpha.png": encoded(gray_alpha, "PNG"),
        "gray-alpha-16bit.png": png(wide[..., :2], 4),
        "png-inside.jpg": encoded(gray, "PNG"),
        "jpeg-inside.png": encoded(gray, "JPEG"),
    }


def exif_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def bad_images(good: dict[str, bytes]) -> dict[str, bytes]:
    jpeg, progressive, plain = good["rgb-420.jpg"], good["rgb-progressive.jpg"], good["rgb.png"]
    middle = len(jpeg) * 7 // 10
    flipped = bytearray(plain)
    flipped[len(plain) // 2] ^= 0xFF
    return {
        "truncated.jpg": jpeg[:middle],
        "truncated-header.jpg": jpeg[:100],
        "truncated-closed.jpg": jpeg[:middle] + b"\xff\xd9",
        "truncated-progressive.jpg": progressive[: len(progressive) * 7 // 10],
        "truncated.png": plain[: len(plain) // 2],
        "truncated-header.png": plain[:20],
        "damaged.png": bytes(flipped),
        "bomb.png": png(np.zeros((1, 1, 3), np.uint8), 2, announced=(100_000, 100_000)),
        "empty.jpg": b"",
        "text.jpg": b"<html>404</html>\n",
    }


def truth(data: bytes) -> tuple[str, bytes]:
    """The pixels as a PGM or PPM file. 16-bit gray keeps its high byte, where Pillow's own conversion would clip."""
    image = Image.open(io.BytesIO(data))
    image.load()
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    colors = np.asarray(image.convert("RGB"))
    is_gray = bool((colors[..., :1] == colors).all())
    image = Image.fromarray(colors[..., 0] if is_gray else colors)
    kind, ending = ("P5", "pgm") if image.mode == "L" else ("P6", "ppm")
    return ending, f"{kind}\n{image.width} {image.height}\n255\n".encode() + image.tobytes()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    good = good_images()
    for name, data in good.items():
        ending, pixels = truth(data)
        (FOLDER / name).write_bytes(data)
        (FOLDER / f"{name}.{ending}").write_bytes(pixels)
    for name, data in bad_images(good).items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
