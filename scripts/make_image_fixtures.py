#!/usr/bin/env python3
"""Writes Tests/Fixtures/images: small image files, and beside each the pixels that Pillow decodes from it.

The pixels are PGM (gray) or PPM (RGB) files named after the image, `gray.jpg.pgm`, or `gray.jpg.2.pgm` where the image
is decoded at half its size, `rgba.png.204060.ppm` where it is pasted on that color, and `gray-16bit.png.range.pgm` where
16-bit values are scaled. PAM files hold any number of channels. Images without such a file must
be refused. The folder `parts` holds images to cut, without pixels. Needs Pillow (with WebP and libtiff) and NumPy:

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
        **odd_jpegs(rgb, encoded(rgb, "JPEG", quality=85, exif=exif_orientation(6))),
        **bitmaps(rgb, rgba),
        **gifs(rgb, alpha),
        **tiffs(rgb, rgba, wide),
    }


def after_first_segment(data: bytes, inserted: bytes) -> bytes:
    """A JPEG with bytes between its JFIF segment and the next."""
    end = 4 + struct.unpack(">H", data[4:6])[0]
    return data[:end] + inserted + data[end:]


def odd_jpegs(rgb: Image.Image, oriented: bytes) -> dict[str, bytes]:
    """JPEGs whose pixels are whole and whose segments are not as they should be."""
    plain = encoded(rgb, "JPEG", quality=85)
    adobe = lambda content: b"\xff\xee" + struct.pack(">H", 2 + len(content)) + content
    jfif = plain.index(b"JFIF\0") + 5
    exif = oriented.index(b"Exif\0\0") + 6
    return {
        "junk-between-segments.jpg": after_first_segment(plain, b"junk\0"),
        "zeros-between-segments.jpg": after_first_segment(plain, bytes(16)),
        "ff00-between-segments.jpg": after_first_segment(plain, b"\xff\0\xff\0"),
        "truncated-app14.jpg": after_first_segment(plain, adobe(b"Adobe\0d")[:-1] + b"\0\0"),
        "unknown-adobe-transform.jpg": plain[:2] + adobe(b"Adobe\0d\0\0\0\0\7") + plain[plain.index(b"\xff\xdb") :],
        "unknown-jfif-version.jpg": plain[:jfif] + b"\7" + plain[jfif + 1 :],
        "bad-exif.jpg": oriented[:exif] + b"MM\0*\xff\xff\xff\xff" + oriented[exif + 8 :],
    }


def bitmaps(rgb: Image.Image, rgba: Image.Image) -> dict[str, bytes]:
    flipped = np.asarray(rgb)
    # Rows from top to bottom, which Pillow does not write: 24 bits, rows of a multiple of four bytes.
    rows = b"".join(row[:, ::-1].tobytes() + bytes(-3 * WIDTH % 4) for row in flipped)
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, -HEIGHT, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
    top_down = b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows
    return {
        "rgb.bmp": encoded(rgb, "BMP"),
        "top-down.bmp": top_down,
        "palette.bmp": encoded(rgb.quantize(200), "BMP"),
        "gray.bmp": encoded(rgb.convert("L"), "BMP"),
        "1bit.bmp": encoded(rgb.convert("1"), "BMP"),
        "rgba.bmp": bitmap_with_alpha(np.asarray(rgba)),
        "dot.bmp": encoded(rgb.crop((9, 9, 10, 10)), "BMP"),
        "bmp-inside.png": encoded(rgb, "BMP"),
    }


def bitmap_with_alpha(colors: np.ndarray) -> bytes:
    """A BMP of version 4, whose header names the bits of each channel."""
    rows = colors[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, WIDTH, HEIGHT, 1, 32, 3, len(rows), 2835, 2835, 0, 0) + masks
    header += b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(rows), 0, 0, 14 + len(header)) + header + rows


def gifs(rgb: Image.Image, alpha: Image.Image) -> dict[str, bytes]:
    palette = rgb.quantize(60)
    clear = palette.copy()
    clear.paste(3, mask=alpha.point(lambda value: 255 if value < 100 else 0))
    whole = encoded(clear, "GIF", transparency=3, interlace=0)
    return {
        "palette.gif": encoded(palette, "GIF", interlace=0),
        "interlaced.gif": encoded(palette, "GIF", interlace=1),
        "gray.gif": encoded(rgb.convert("L"), "GIF"),
        "transparent.gif": whole,
        "offset.gif": gif_with_offset(whole, 6, 9),
        "animated.gif": encoded(palette, "GIF", save_all=True, append_images=[ImageOps.invert(rgb).quantize(9)]),
        "dot.gif": encoded(palette.crop((9, 9, 10, 10)), "GIF"),
    }


def gif_with_offset(data: bytes, left: int, top: int) -> bytes:
    """A GIF whose frame lies on a larger canvas."""
    place = data.index(b"\x2c\0\0\0\0")
    frame = data[:place] + b"\x2c" + struct.pack("<HH", left, top) + data[place + 5 :]
    return frame[:6] + struct.pack("<HH", WIDTH + left + 4, HEIGHT + top + 3) + frame[10:]


def tiff(samples: np.ndarray, photometric: int, order: str = "<", tile: int = 0, planar: bool = False,
         rows_per_strip: int = 5, extra: tuple[int, ...] = (), compress=zlib.compress, big: bool = False,
         sample_format: int = 1) -> bytes:
    """A TIFF of what Pillow does not write: tiles, planes, strips of a few rows, 16-bit color, BigTIFF."""
    height, width, count = samples.shape
    data = samples.astype(samples.dtype.newbyteorder(order))
    planes = [data[..., channel : channel + 1] for channel in range(count)] if planar else [data]
    blocks = []
    for plane in planes:
        if tile:
            padded = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
            blocks += [padded[y : y + tile, x : x + tile].tobytes()
                       for y in range(0, height, tile) for x in range(0, width, tile)]
        else:
            blocks += [plane[y : y + rows_per_strip].tobytes() for y in range(0, height, rows_per_strip)]
    blocks = [compress(block) if compress else block for block in blocks]
    start = 16 if big else 8
    offsets = [start + sum(map(len, blocks[:index])) for index in range(len(blocks))]
    tags = {256: ("I", [width]), 257: ("I", [height]), 258: ("H", [8 * samples.dtype.itemsize] * count),
            259: ("H", [8 if compress else 1]), 262: ("H", [photometric]), 277: ("H", [count]),
            284: ("H", [2 if planar else 1]), 339: ("H", [sample_format] * count)}
    if extra:
        tags[338] = ("H", list(extra))
    if tile:
        tags |= {322: ("I", [tile]), 323: ("I", [tile]), 324: ("I", offsets), 325: ("I", list(map(len, blocks)))}
    else:
        tags |= {278: ("I", [rows_per_strip]), 273: ("I", offsets), 279: ("I", list(map(len, blocks)))}
    pixels = b"".join(blocks)
    pixels += bytes(len(pixels) % 2)
    directory = start + len(pixels)
    entry, word = (20, 8) if big else (12, 4)
    values = directory + (8 if big else 2) + entry * len(tags) + word
    head, tail = b"", b""
    for tag in sorted(tags):
        kind, numbers = tags[tag]
        value = struct.pack(f"{order}{len(numbers)}{kind}", *numbers)
        head += struct.pack(order + "HH" + ("Q" if big else "I"), tag, 3 if kind == "H" else 4, len(numbers))
        if len(value) <= word:
            head += value.ljust(word, b"\0")
        else:
            head += struct.pack(order + ("Q" if big else "I"), values + len(tail))
            tail += value + bytes(len(value) % 2)
    mark = b"II" if order == "<" else b"MM"
    if big:
        begin = mark + struct.pack(order + "HHHQ", 43, 8, 0, directory)
    else:
        begin = mark + struct.pack(order + "HI", 42, directory)
    return (begin + pixels + struct.pack(order + ("Q" if big else "H"), len(tags)) + head + bytes(word) + tail)


def tiffs(rgb: Image.Image, rgba: Image.Image, wide: np.ndarray) -> dict[str, bytes]:
    colors, gray = np.asarray(rgb), np.asarray(rgb.convert("L"))[..., None]
    clear = np.asarray(rgba)
    multiplied = np.concatenate([(clear[..., :3].astype(np.uint16) * clear[..., 3:] // 255).astype(np.uint8),
                                 clear[..., 3:]], axis=-1)
    return {
        "rgb.tif": encoded(rgb, "TIFF"),
        "lzw.tif": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "packbits.tif": encoded(rgb, "TIFF", compression="packbits"),
        "jpeg.tif": encoded(rgb, "TIFF", compression="jpeg", quality=85),
        "gray.tif": encoded(rgb.convert("L"), "TIFF"),
        "1bit.tif": encoded(rgb.convert("1"), "TIFF", compression="group4"),
        "palette.tif": encoded(rgb.quantize(200), "TIFF"),
        "cmyk.tif": encoded(rgb.convert("CMYK").point(lambda v: v // 2 + 40), "TIFF"),
        "rgba.tif": encoded(rgba, "TIFF"),
        "white-is-zero.tif": tiff(gray, 0),
        "multiplied.tif": tiff(multiplied, 2, extra=(1,)),
        "gray-16bit.tif": tiff(wide[..., :1], 1),
        "rgb-16bit.tif": tiff(wide, 2, order=">"),
        "tiles.tif": tiff(colors, 2, tile=16),
        "gray-tiles-16bit.tif": tiff(wide[..., :1], 1, tile=16, order=">"),
        "planes.tif": tiff(colors, 2, planar=True),
        "tiled-planes.tif": tiff(colors, 2, planar=True, tile=16, compress=None),
        "strip.tif": tiff(colors, 2, rows_per_strip=HEIGHT, compress=None),
        "big.tif": tiff(colors, 2, big=True),
        **{f"oriented-{value}.tif": encoded(rgb, "TIFF", tiffinfo={274: value}) for value in (3, 6)},
        "dot.tif": encoded(rgb.crop((9, 9, 10, 10)), "TIFF"),
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
        "strips.tif": tiff(np.asarray(rgb), 2),
        "tiles.tif": tiff(np.asarray(rgb), 2, tile=32),
        "tiled-planes.tif": tiff(np.asarray(rgb), 2, tile=32, planar=True),
        "palette.tif": encoded(rgb.quantize(99), "TIFF", compression="tiff_lzw"),
        "interlaced.gif": encoded(rgb.quantize(99), "GIF", interlace=1),
        "rgb.bmp": encoded(rgb, "BMP"),
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
        **{f"truncated.{ending}": data[: len(data) * 7 // 10]
           for ending, data in [("tif", good["strip.tif"]), ("gif", good["palette.gif"]), ("bmp", good["rgb.bmp"])]},
        "truncated-tiles.tif": good["tiles.tif"][: len(good["tiles.tif"]) * 7 // 10],
        "float.tif": tiff(np.zeros((2, 2, 1), np.float32), 1, sample_format=3),
        "run-length.bmp": run_length_bitmap(),
        "damaged-restarts.jpg": damaged_restarts(),
        "empty.jpg": b"",
        "text.jpg": b"<html>404</html>\n",
    }


def run_length_bitmap() -> bytes:
    """Two rows of two pixels, each a run."""
    rows = b"\2\0\0\0\2\1\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 8, 1, len(rows), 2835, 2835, 2, 2)
    return b"BM" + struct.pack("<IHHI", 62 + len(rows), 0, 0, 62) + header + b"\0\0\0\0\xff\xff\xff\0" + rows


def damaged_restarts() -> bytes:
    """A JPEG with a table of codes that its pixels were not written with, so that they end before the restart markers:
    what Pillow's test image `hopper_bad_exif.jpg` is."""
    image = Image.fromarray(picture(133, 101, noise=4)).convert("L")
    data = encoded(image, "JPEG", quality=75, restart_marker_blocks=5)
    table = data.index(b"\xff\xc4") + 5
    return data[:table] + b"\0\3\1\1\1\1\1\1\1\1\1\0\0\0\0\0" + data[table + 16 :]


def truth(data: bytes, reduction: int = 1, background: str = "") -> tuple[str, bytes]:
    """The pixels as a PGM or PPM file. 16-bit gray keeps its high byte, where Pillow's own conversion would clip."""
    image = Image.open(io.BytesIO(data))
    if reduction > 1:
        image.draft(image.mode, (image.width // reduction, image.height // reduction))
    image.load()
    is_color = image.format in ("WEBP", "GIF", "BMP")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if background:
        front = image.convert("RGBA")
        image = Image.new("RGB", image.size, f"#{background}")
        image.paste(front, mask=front.getchannel("A"))
    colors = np.asarray(image.convert("RGB"))
    is_gray = bool((colors[..., :1] == colors).all()) and not is_color
    image = Image.fromarray(colors[..., 0] if is_gray else colors)
    kind, ending = ("P5", "pgm") if image.mode == "L" else ("P6", "ppm")
    return ending, f"{kind}\n{image.width} {image.height}\n255\n".encode() + image.tobytes()


# Those that are not opaque, in front of a color and of a gray.
TRANSPARENT = ["rgba.png", "rgb-transparent.png", "palette-transparent.png", "gray-alpha.png", "rgba-16bit.png",
               "rgba.webp", "rgba-lossless.webp", "transparent.gif", "offset.gif", "rgba.tif", "multiplied.tif",
               "rgba.bmp", "rgb.png", "rgb-420.jpg"]
BACKGROUNDS = ["204060", "999999"]
REDUCED = ["rgb-420.jpg", "rgb-422.jpg", "rgb-444.jpg", "rgb-progressive.jpg", "gray.jpg", "cmyk.jpg"]


# The 16-bit values that become 0 and 255.
RANGE = (3_000, 41_000)


def scaled_images() -> dict[str, np.ndarray]:
    colors = picture()
    wide = colors.astype(np.uint16) * 256 + colors[::-1]
    return {"gray-16bit.png": wide[..., :1], "rgb-16bit.png": wide, "gray-alpha-16bit.png": wide[..., :1],
            "rgba-16bit.png": wide, "gray-16bit.tif": wide[..., :1], "rgb-16bit.tif": wide}


def images_of_channels() -> dict[str, tuple[bytes, np.ndarray]]:
    """TIFFs of other channels than gray or colors, and their values in 8 bits."""
    rng = np.random.default_rng(5)
    narrow = rng.integers(0, 256, (HEIGHT, WIDTH, 5), dtype=np.uint8)
    wide = rng.integers(0, 65536, (HEIGHT, WIDTH, 6), dtype=np.uint16)
    high = (wide >> 8).astype(np.uint8)
    return {
        "channels-2.tif": (tiff(narrow[..., :2], 1, extra=(0,)), narrow[..., :2]),
        "channels-5.tif": (tiff(narrow, 1, extra=(0,) * 4), narrow),
        "channels-6-tiles.tif": (tiff(wide, 1, extra=(0,) * 5, tile=16), high),
        "channels-6-planes.tif": (tiff(wide, 1, extra=(0,) * 5, planar=True, order=">"), high),
        "channels-4-colors.tif": (tiff(narrow[..., :4], 2, extra=(0,)), narrow[..., :4]),
        "channels-4-alpha.tif": (tiff(narrow[..., :4], 2, extra=(2,)), narrow[..., :4]),
    }


def pam(values: np.ndarray) -> bytes:
    height, width, depth = values.shape
    return f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL 255\nENDHDR\n".encode() + values.tobytes()


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
    for name in TRANSPARENT:
        for background in BACKGROUNDS:
            ending, pixels = truth(good[name], background=background)
            (FOLDER / f"{name}.{background}.{ending}").write_bytes(pixels)
    for name, values in scaled_images().items():
        low, high = RANGE
        span = high - low
        scaled = (np.clip(values.astype(np.int64) - low, 0, span) * 255 + span // 2) // span
        (FOLDER / f"{name}.range.pam").write_bytes(pam(scaled.astype(np.uint8)))
    for name, (data, values) in images_of_channels().items():
        (FOLDER / name).write_bytes(data)
        (FOLDER / f"{name}.pam").write_bytes(pam(values))
    for name, data in bad_images(good).items():
        (FOLDER / name).write_bytes(data)
    for name, data in images_to_cut().items():
        (FOLDER / "parts" / name).write_bytes(data)


if __name__ == "__main__":
    main()
