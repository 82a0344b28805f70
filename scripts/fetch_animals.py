#!/usr/bin/env python3
"""Fetches a second set of labeled images beside Fashion-MNIST: silhouettes of animals, gray, 28×28.

    fetch_animals.py [FOLDER]

They are those of the package animal-mnist on PyPI (MIT): 10,000 of them, ten classes. Images that occur twice are taken
once; every third of a class becomes a test image. Written as IDX files, which `hardviews --data FOLDER` reads; by
default into ~/.cache/hardviews/animals. The files of the package are pickles, whose bytes are taken without unpickling.
Needs pip.
"""
import gzip
import pickletools
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

PACKAGE = "animal-mnist==0.4"
FILES = "animal_mnist/data/Animal_MNIST/animal_{}_version_3.gz"
IMAGES, PIXELS = 10_000, 28 * 28


def fetched(wheels: Path) -> zipfile.ZipFile:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheels, PACKAGE]
    subprocess.run(command, check=True)
    return zipfile.ZipFile(next(wheels.glob("*.whl")))


def raw(package: zipfile.ZipFile, kind: str, size: int) -> bytes:
    """The elements of a pickled array."""
    pickled = gzip.decompress(package.read(FILES.format(kind)))
    for _, value, _ in pickletools.genops(pickled):
        if isinstance(value, bytes) and len(value) == size:
            return value
    sys.exit(f"{FILES.format(kind)} of {PACKAGE} does not hold {size} bytes.")


def write(folder: Path, split: str, images: list[bytes], labels: list[int]) -> None:
    for name, header, content in (
        (f"{split}-images-idx3-ubyte.gz", struct.pack(">4I", 2051, len(images), 28, 28), b"".join(images)),
        (f"{split}-labels-idx1-ubyte.gz", struct.pack(">2I", 2049, len(labels)), bytes(labels)),
    ):
        (folder / name).write_bytes(gzip.compress(header + content, mtime=0))


def main() -> None:
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    folder = Path(sys.argv[1] if len(sys.argv) == 2 else "~/.cache/hardviews/animals").expanduser()
    with tempfile.TemporaryDirectory() as wheels, fetched(Path(wheels)) as package:
        pixels = raw(package, "data", IMAGES * PIXELS)
        labels = struct.unpack(f"<{IMAGES}q", raw(package, "label", 8 * IMAGES))
    splits: dict[str, tuple[list[bytes], list[int]]] = {"train": ([], []), "t10k": ([], [])}
    seen, count = set(), Counter()
    for index, label in enumerate(labels):
        image = pixels[index * PIXELS:(index + 1) * PIXELS]
        if image in seen:
            continue
        seen.add(image)
        count[label] += 1
        images, of = splits["t10k" if count[label] % 3 == 0 else "train"]
        images.append(image)
        of.append(label)
    folder.mkdir(parents=True, exist_ok=True)
    for split, (images, of) in splits.items():
        write(folder, split, images, of)
    train, test = (len(images) for images, _ in splits.values())
    print(f"{folder}: {train} training images and {test} test images of {len(count)} classes")


if __name__ == "__main__":
    main()
