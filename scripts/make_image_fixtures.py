#!/usr/bin/env python3
"""Writes Tests/Fixtures/images: small JPEG, PNG and WebP files, and beside each the pixels that Pillow decodes from it.

The pixels are PGM (gray) or PPM (RGB) files named after the image, `gray.jpg.pgm`, or `gray.jpg.2.pgm` where the image
is decoded at half its size. Images without such a file must be refused. The folder `parts` holds images to cut, without
pixels. Needs Pillow (with WebP) and NumPy:

    pip install pillow numpy
    python scripts/make_image_fixtures.py
"""

import io
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "images"
WIDTH, HEIGHT = 31, 23


def picture(width: int = WIDTH, height: int = HEIGHT, noise: float = 12) -> np.ndarray:
    """A smooth color gradient with an edge and some noise, the same at every run."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    noise = np.random.default_rng(0).normal(0, noise, (height, width, 3))
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


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for kind, data in chunks]
    return b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP" + b"".join(parts)


def number24(value: int) -> bytes:
    return struct.pack("<I", value)[:3]


def webp_with_offset(image: Image.Image, left: int, top: int) -> bytes:
    """An animation of one frame on a larger canvas; Pillow writes only frames that begin at the first pixel."""
    frame = encoded(image, "WEBP", quality=80)[12:]
    canvas = number24(image.width + left + 4) + number24(image.height + top + 4)
    place = number24(left // 2) + number24(top // 2) + number24(image.width - 1) + number24(image.height - 1)
    return webp((b"VP8X", b"\2\0\0\0" + canvas), (b"ANIM", b"\xff" * 4 + bytes(2)),
                (b"ANMF", place + number24(100) + b"\2" + frame))


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
    tall, wide_rgb = rgb.resize((1, 300)), rgb.resize((300, 1))
    return {
        "rgb-420.jpg": encoded(rgb, "JPEG", quality=85, subsampling="4:2:0"),
        "rgb-422.jpg": encoded(rgb, "JPEG", quality=85, subsampling="4:2:2"),
        "rgb-444.jpg": color_jpeg,
        "rgb-progressive.jpg": encoded(rgb, "JPEG", quality=85, progressive=True),
        **{f"oriented-{value}.jpg": encoded(rgb, "JPEG", quality=85, exif=exif_orientation(value))
           for value in range(1, 9)},
        "oriented-long.jpg": encoded(rgb, "JPEG", quality=85, exif=exif_block(">", 4, 8)),
        "oriented-9.jpg": encoded(rgb, "JPEG", quality=85, exif=exif_block("<", 3, 9)),
        "oriented.png": encoded(rgb, "PNG", exif=exif_orientation(6)),
        "oriented-late.png": late_exif(encoded(gray, "PNG"), exif_block("<", 3, 5)),
        "oriented.webp": encoded(rgb, "WEBP", quality=80, exif=exif_orientation(8)),
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
        "rgb.webp": encoded(rgb, "WEBP", quality=80),
        "rgb-lossless.webp": encoded(rgb, "WEBP", lossless=True),
        "rgba.webp": encoded(rgba, "WEBP", quality=80),
        "rgba-lossless.webp": encoded(rgba, "WEBP", lossless=True),
        "animated.webp": encoded(rgb, "WEBP", save_all=True, append_images=[ImageOps.invert(rgb)], quality=80),
        "animated-offset.webp": webp_with_offset(rgb, 6, 10),
        "webp-inside.png": encoded(rgb, "WEBP", quality=50),
        "dot.jpg": encoded(rgb.crop((9, 9, 10, 10)), "JPEG"),
        "dot.png": encoded(rgb.crop((9, 9, 10, 10)), "PNG"),
        "dot.webp": encoded(rgb.crop((9, 9, 10, 10)), "WEBP"),
        "tall.jpg": encoded(tall, "JPEG"),
        "wide.jpg": encoded(wide_rgb, "JPEG", progressive=True),
        "tall.png": encoded(tall, "PNG"),
        "wide.webp": encoded(wide_rgb, "WEBP"),
    }


def images_to_cut() -> dict[str, bytes]:
    """Images of several blocks along both axes, whose sizes nothing divides."""
    rgb = Image.fromarray(picture(133, 101, noise=4))
    oriented = rgb.resize((96, 72))
    jpegs = {"420": rgb, "422": rgb, "444": rgb, "gray": rgb.convert("L"), "cmyk": rgb.convert("CMYK")}
    return {
        **{f"{name}.jpg": encoded(image, "JPEG", quality=75, subsampling=":".join(name if name.isdigit() else "420"))
           for name, image in jpegs.items()},
        "progressive.jpg": encoded(rgb, "JPEG", quality=75, progressive=True),
        "restarts.jpg": encoded(rgb, "JPEG", quality=75, restart_marker_blocks=5),
        **{f"oriented-{value}.jpg": encoded(oriented if value % 2 else rgb, "JPEG", quality=60,
                                            exif=exif_orientation(value)) for value in range(2, 9)},
        "lossy.webp": encoded(rgb, "WEBP", quality=75),
        "lossless.webp": encoded(rgb, "WEBP", lossless=True),
        "offset.webp": webp_with_offset(rgb, 20, 12),
        "rgb.png": encoded(rgb, "PNG"),
        "interlaced.png": png(np.asarray(rgb), 2, interlaced=True),
        "gray-alpha.png": encoded(rgb.convert("LA"), "PNG"),
    }


def exif_orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def exif_block(order: str, kind: int, value: int) -> bytes:
    """EXIF data whose only entry is the orientation, as a number of a TIFF type: 3 (16 bits), 4 (32 bits)."""
    number = struct.pack(order + ("H2x" if kind == 3 else "I"), value)
    directory = struct.pack(order + "HHHI", 1, 0x0112, kind, 1) + number + bytes(4)
    return b"Exif\0\0" + (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + directory


def late_exif(data: bytes, exif: bytes) -> bytes:
    """A PNG with the EXIF chunk after the pixels, where some programs write it."""
    end = chunk(b"IEND", b"")
    return data.removesuffix(end) + chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) + end


def announcing_jpeg(data: bytes, side: int) -> bytes:
    frame = data.index(b"\xff\xc0")
    return data[: frame + 5] + struct.pack(">HH", side, side) + data[frame + 9 :]


def announcing_webp(data: bytes, side: int) -> bytes:
    start = data.index(b"\x9d\x01\x2a") + 3
    return data[:start] + struct.pack("<HH", side, side) + data[start + 4 :]


def bad_images(good: dict[str, bytes]) -> dict[str, bytes]:
    jpeg, progressive, plain = good["rgb-420.jpg"], good["rgb-progressive.jpg"], good["rgb.png"]
    middle = len(jpeg) * 7 // 10
    flipped = bytearray(plain)
    flipped[len(plain) // 2] ^= 0xFF
    lossy, lossless = good["rgb.webp"], good["rgb-lossless.webp"]
    return {
        "truncated.jpg": jpeg[:middle],
        "truncated-header.jpg": jpeg[:100],
        "truncated-closed.jpg": jpeg[:middle] + b"\xff\xd9",
        "truncated-progressive.jpg": progressive[: len(progressive) * 7 // 10],
        "truncated.png": plain[: len(plain) // 2],
        "truncated-header.png": plain[:20],
        "damaged.png": bytes(flipped),
        "bomb.png": png(np.zeros((1, 1, 3), np.uint8), 2, announced=(100_000, 100_000)),
        "bomb.jpg": announcing_jpeg(jpeg, 30_000),
        "bomb.webp": announcing_webp(lossy, 16_383),
        "truncated.webp": lossy[: len(lossy) // 2],
        "truncated-lossless.webp": lossless[: len(lossless) // 2],
        "truncated-closed.webp": webp((b"VP8 ", lossy[20 : len(lossy) // 2])),
        "empty.jpg": b"",
        "text.jpg": b"<html>404</html>\n",
    }


def truth(data: bytes, reduction: int = 1) -> tuple[str, bytes]:
    """The pixels as a PGM or PPM file. 16-bit gray keeps its high byte, where Pillow's own conversion would clip."""
    image = Image.open(io.BytesIO(data))
    if reduction > 1:
        image.draft(image.mode, (image.width // reduction, image.height // reduction))
    image.load()
    is_webp = image.format == "WEBP"
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    colors = np.asarray(image.convert("RGB"))
    is_gray = bool((colors[..., :1] == colors).all()) and not is_webp
    image = Image.fromarray(colors[..., 0] if is_gray else colors)
    kind, ending = ("P5", "pgm") if image.mode == "L" else ("P6", "ppm")
    return ending, f"{kind}\n{image.width} {image.height}\n255\n".encode() + image.tobytes()


REDUCED = ["rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "gray.jpg", "cmyk.jpg"]


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "parts").mkdir(parents=True)
    good = good_images()
    for name, data in good.items():
        ending, pixels = truth(data)
        (FOLDER / name).write_bytes(data)
        (FOLDER / f"{name}.{ending}").write_bytes(pixels)
    for name in REDUCED:
        for reduction in (2, 4, 8):
            ending, pixels = truth(good[name], reduction)
            (FOLDER / f"{name}.{reduction}.{ending}").write_bytes(pixels)
    for name, data in bad_images(good).items():
        (FOLDER / name).write_bytes(data)
    for name, data in images_to_cut().items():
        (FOLDER / "parts" / name).write_bytes(data)


if __name__ == "__main__":
    main()
