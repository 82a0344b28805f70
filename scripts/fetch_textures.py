#!/usr/bin/env python3
"""Fetches a set of labeled color images: tiles of 64 px cut from the textures of a game, a class for each of its folders.

    fetch_textures.py [FOLDER]

They are those of Debian's package nexuiz-textures (GPL-2+, 456 MB), which is downloaded but not installed. Taken are
folders of at least 20 pictures, and of every picture up to eight tiles that do not overlap, flat ones left out. Every
seventh picture of a folder is for testing, so no picture is in both splits. Written as PNG files in FOLDER/train/CLASS and
FOLDER/test/CLASS; by default into ~/.cache/hardviews/textures. Needs apt-get, dpkg-deb and Pillow (pip install pillow).
"""
import io
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

from PIL import Image, ImageStat

PACKAGE = "nexuiz-textures"
ARCHIVE = "usr/share/games/nexuiz/data/textures.pk3"
# Maps of heights, gloss and light beside the pictures.
COMPANIONS = ("_norm", "_gloss", "_bump", "_glow", "_luma", "_pants", "_shirt", "_reflect", "_blend")
SIDE, TILES, LEAST = 64, 8, 20


def fetched(folder: Path) -> zipfile.ZipFile:
    subprocess.run(["apt-get", "download", "--quiet", PACKAGE], check=True, cwd=folder)
    subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder], check=True)
    return zipfile.ZipFile(folder / ARCHIVE)


def tiles(picture: Image.Image, name: str) -> list[Image.Image]:
    """Tiles at random places of a grid, the same at every call."""
    picture = picture.convert("RGB")
    if max(picture.size) > 512:
        picture.thumbnail((512, 512), Image.Resampling.LANCZOS)
    places = [
        (left, top) for top in range(0, picture.height - SIDE + 1, SIDE) for left in range(0, picture.width - SIDE + 1, SIDE)
    ]
    random.Random(name).shuffle(places)
    cut = [picture.crop((left, top, left + SIDE, top + SIDE)) for left, top in places]
    return [tile for tile in cut if max(ImageStat.Stat(tile).stddev) >= 8][:TILES]


def main() -> None:
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    folder = Path(sys.argv[1] if len(sys.argv) == 2 else "~/.cache/hardviews/textures").expanduser()
    if folder.exists():
        sys.exit(f"{folder} exists; remove it, or name another folder.")
    classes: dict[str, list[tuple[str, list[Image.Image]]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as download, fetched(Path(download)) as archive:
        seen = set()
        for name in sorted(archive.namelist()):
            path = Path(name)
            if path.suffix.lower() not in (".jpg", ".tga", ".png") or path.stem.lower().endswith(COMPANIONS):
                continue
            data = archive.read(name)
            if data in seen:
                continue
            seen.add(data)
            cut = tiles(Image.open(io.BytesIO(data)), name)
            if cut:
                classes[path.parent.name].append((path.name.replace(".", "_"), cut))
    counts = {"train": 0, "test": 0}
    kept = {name: pictures for name, pictures in classes.items() if len(pictures) >= LEAST}
    for name, pictures in kept.items():
        for index, (stem, cut) in enumerate(pictures):
            split = "test" if index % 7 == 3 else "train"
            target = folder / split / name
            target.mkdir(parents=True, exist_ok=True)
            for number, tile in enumerate(cut):
                tile.save(target / f"{stem}-{number}.png")
            counts[split] += len(cut)
    print(f"{counts['train']} tiles to train on and {counts['test']} to test on, in {len(kept)} classes, in {folder}")


if __name__ == "__main__":
    main()
