#!/usr/bin/env python3
"""Makes the images of scripts/bench-views from photographs in two wheels: bench_photos.py WHEELS FOLDER.

FOLDER/photos gets JPEG files of 500×375 pixels, a common size in ImageNet; FOLDER/tiles gets PNG files of 32×32 pixels
with about as much in them as images of CIFAR.
"""
import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

PHOTO = (500, 375)
TILE = 32
SOURCES = {"foolbox-*.whl": "foolbox/data/imagenet_", "scikit_learn-*.whl": "sklearn/datasets/images/"}


def photographs(wheels: Path) -> list[Image.Image]:
    """All photographs that are large enough, in the order of their names."""
    found = []
    for pattern, prefix in SOURCES.items():
        with zipfile.ZipFile(next(wheels.glob(pattern))) as wheel:
            for name in sorted(wheel.namelist()):
                if name.startswith(prefix) and name.endswith(".jpg"):
                    found.append(Image.open(io.BytesIO(wheel.read(name))).convert("RGB"))
    return [photo for photo in found if photo.width >= PHOTO[0] and photo.height >= PHOTO[1]]


def middle(photo: Image.Image) -> Image.Image:
    left, top = (photo.width - PHOTO[0]) // 2, (photo.height - PHOTO[1]) // 2
    return photo.crop((left, top, left + PHOTO[0], top + PHOTO[1]))


def tiles(photo: Image.Image) -> list[Image.Image]:
    """The photograph at a third of its size, cut up."""
    small = photo.resize((PHOTO[0] // 3, PHOTO[1] // 3), Image.Resampling.LANCZOS)
    corners = [(x, y) for y in range(0, small.height - TILE + 1, TILE) for x in range(0, small.width - TILE + 1, TILE)]
    return [small.crop((x, y, x + TILE, y + TILE)) for x, y in corners]


def main() -> None:
    wheels, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for kind in ("photos", "tiles"):
        (folder / kind).mkdir(parents=True)
    count = 0
    for number, photo in enumerate(map(middle, photographs(wheels))):
        photo.save(folder / "photos" / f"{number:02}.jpg", quality=90, subsampling="4:2:0")
        for tile in tiles(photo):
            tile.save(folder / "tiles" / f"{count:04}.png")
            count += 1
    if count == 0:
        sys.exit(f"There are no photographs in the wheels in {wheels}.")


if __name__ == "__main__":
    main()
