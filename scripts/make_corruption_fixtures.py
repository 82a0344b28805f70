#!/usr/bin/env python3
"""Writes Tests/Fixtures/corruptions.safetensors: the corruptions of the PyPI package imagecorruptions.

Three kinds of tensors:
  given.SCALE.NAME.SEVERITY     pixels at `given.SCALE.places` of `given.SCALE.image` corrupted with random numbers
                                that do not come from a generator but are the fractional parts of k times the golden
                                ratio, k = 1, 2, …, so that both sides have the same
  drawn.NAME.SEVERITY           statistics of the change that the corruption makes to `drawn.image`, a row for each seed:
                                mean, standard deviation, and the logarithms of its variogram at 1, 2, 4 and 8 pixels
  frost                         mean and standard deviation of the package's photographs of frost

The package is written for old versions of NumPy and scikit-image; what they have lost is put back here. Three of its
functions differ from the published scripts, whose figures are those one compares with, and are replaced: the magnified
image is cut to its middle, elastic deformations are those of ImageNet-C, and glass copies pixels with NumPy's semantics
(unchanged). The constants of CIFAR-10-C are put into the source text of the same functions.

Needs imagecorruptions, numpy, scipy, scikit-image, opencv-python-headless, Pillow, setuptools<80 and safetensors:
    scripts/make_corruption_fixtures.py
"""
import inspect
import re
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import scipy.ndimage
import scipy.stats
import skimage.filters
from PIL import Image
from safetensors.numpy import save_file

np.float_ = np.float64
_interpolation = types.ModuleType("scipy.ndimage.interpolation")
_interpolation.map_coordinates = scipy.ndimage.map_coordinates
sys.modules["scipy.ndimage.interpolation"] = _interpolation
_gaussian = skimage.filters.gaussian


def gaussian(image, sigma, multichannel=False, **settings):
    return _gaussian(image, sigma, channel_axis=-1 if multichannel else None, **settings)


skimage.filters.gaussian = gaussian
from imagecorruptions import corruptions as package  # noqa: E402
from skimage.util import random_noise  # noqa: E402,F401

SIDE = {"imagenet": 64, "cifar": 32}
NAMES = [
    "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "snow",
    "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
]
RANDOM = ["gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "snow", "fog", "elastic_transform"]
CIFAR = {
    "gaussian_noise": "[0.04, 0.06, .08, .09, .10]",
    "shot_noise": "[500, 250, 100, 75, 50]",
    "impulse_noise": "[.01, .02, .03, .05, .07]",
    "defocus_blur": "[(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)]",
    "glass_blur": "[(0.05,1,1), (0.25,1,1), (0.4,1,1), (0.25,1,2), (0.4,1,2)]",
    "motion_blur": "[(6,1), (6,1.5), (6,2), (8,2), (9,2.5)]",
    "zoom_blur": "[np.arange(1, 1.06, 0.01), np.arange(1, 1.11, 0.01), np.arange(1, 1.16, 0.01), "
                 "np.arange(1, 1.21, 0.01), np.arange(1, 1.26, 0.01)]",
    "snow": "[(0.1,0.2,1,0.6,8,3,0.95), (0.1,0.2,1,0.5,10,4,0.9), (0.15,0.3,1.75,0.55,10,4,0.9), "
            "(0.25,0.3,2.25,0.6,12,6,0.85), (0.3,0.3,1.25,0.65,14,12,0.8)]",
    "fog": "[(.2,3), (.5,3), (0.75,2.5), (1,2), (1.5,1.75)]",
    "brightness": "[.05, .1, .15, .2, .3]",
    "contrast": "[.75, .5, .4, .3, 0.15]",
    "pixelate": "[0.95, 0.9, 0.85, 0.75, 0.65]",
    "jpeg_compression": "[80, 65, 58, 50, 40]",
}
ELASTIC = {
    "imagenet": [(488, 244 * 0.7, 24.4), (488, 244 * 0.08, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88),
                 (29.28, 2.44, 4.88)],
    "cifar": [(0, 0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, 0.96, 0.96)],
}


def magnified(image, factor):
    """The published `clipped_zoom`, cut to the middle, for any shape."""
    rows, columns = image.shape[:2]
    part = [int(np.ceil(side / factor)) for side in (rows, columns)]
    top, left = (rows - part[0]) // 2, (columns - part[1]) // 2
    image = scipy.ndimage.zoom(image[top:top + part[0], left:left + part[1]], (factor, factor, 1), order=1)
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    return image[top:top + rows, left:left + columns]


package.clipped_zoom = magnified


def elastic(scale):
    def deformed(image, severity):
        amplitude, sigma, jitter = ELASTIC[scale][severity - 1]
        image = np.array(image, np.float32) / 255
        rows, columns, channels = image.shape
        middle = np.float32([columns // 2, rows // 2])
        reach = min(rows, columns) // 3
        points = np.float32([middle + reach, middle + [reach, -reach], middle - reach])
        moved = points + np.random.uniform(-jitter, jitter, size=(3, 2)).astype(np.float32)
        image = cv2.warpAffine(image, cv2.getAffineTransform(points, moved), (columns, rows),
                               borderMode=cv2.BORDER_REFLECT_101)
        dx, dy = [
            amplitude * scipy.ndimage.gaussian_filter(noise, sigma, mode="reflect", truncate=3)
            for noise in [np.random.uniform(-1, 1, size=(rows, columns)) for _ in range(2)]]
        y, x = np.mgrid[0:rows, 0:columns]
        planes = [scipy.ndimage.map_coordinates(image[..., channel], [y + dy, x + dx], order=1, mode="reflect")
                  for channel in range(channels)]
        return np.clip(np.stack(planes, axis=-1), 0, 1) * 255
    return deformed


def function(name, scale):
    if name == "elastic_transform":
        return elastic(scale)
    if scale == "imagenet":
        return getattr(package, name)
    source = inspect.getsource(getattr(package, name))
    source, count = re.subn(r"c = \[.*?\]\[\s*severity - 1\]", f"c = {CIFAR[name]}[severity - 1]", source, flags=re.S)
    assert count == 1, name
    space = dict(vars(package))
    exec(source, space)
    return space[name]


class GivenNumbers:
    """Replaces NumPy's random numbers by a fixed sequence."""

    def __init__(self):
        self.count = 0

    def next(self, size=None):
        number = 1 if size is None else int(np.prod(size))
        places = np.arange(self.count + 1, self.count + number + 1)
        self.count += number
        values = (places * 0.6180339887498949) % 1.0
        return values[0] if size is None else values.reshape(size)

    def uniform(self, low=0.0, high=1.0, size=None):
        return low + (high - low) * self.next(size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        return loc + scale * (self.next(size) - 0.5) * np.sqrt(12.0)

    def randint(self, low, high, size=None):
        return (low + np.floor((high - low) * self.next(size))).astype(int)

    def poisson(self, mean):
        return scipy.stats.poisson.ppf(self.next(mean.shape), mean)

    def default_rng(self, seed=None):
        return types.SimpleNamespace(random=lambda size: self.next(size))


def photo(side):
    """Smooth colors with edges, a texture and some noise."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float64) * 64 / side
    base = np.stack([110 + 80 * np.sin(x / 9), 120 + 70 * np.cos(y / 7), 100 + 60 * np.sin((x + y) / 11)], axis=-1)
    base[(x - 20) ** 2 + (y - 24) ** 2 < 130] += 70
    base[36:52, 30:58] *= 0.45
    base += 12 * np.sin(2.1 * x + 0.7 * y)[..., None]
    return np.clip(base + np.random.default_rng(0).normal(0, 5, base.shape), 0, 255).astype(np.uint8)


def statistics(change):
    """Mean, deviation and the logarithms of the mean squared differences of pixels 1, 2, 4 and 8 apart, which say as
    much as the spectrum does."""
    gray = change.mean(axis=-1)

    def variogram(distance):
        across, down = gray[:, distance:] - gray[:, :-distance], gray[distance:] - gray[:-distance]
        return np.log(((across ** 2).mean() + (down ** 2).mean()) / 2 + 1e-3)

    return [change.mean(), change.std(), *(variogram(distance) for distance in (1, 2, 4, 8))]


def main():
    tensors = {}
    for scale, side in SIDE.items():
        pixels = photo(side)
        places = np.sort(np.random.default_rng(1).permutation(side * side)[:384]).astype(np.int32)
        tensors[f"given.{scale}.image"] = pixels
        tensors[f"given.{scale}.places"] = places
        for name in NAMES:
            for severity in range(1, 6):
                numbers, own = GivenNumbers(), np.random
                replaced = {key: getattr(own, key) for key in ["uniform", "normal", "randint", "poisson", "default_rng"]}
                for key in replaced:
                    setattr(own, key, getattr(numbers, key))
                try:
                    result = np.uint8(function(name, scale)(Image.fromarray(pixels), severity))
                finally:
                    for key, value in replaced.items():
                        setattr(own, key, value)
                tensors[f"given.{scale}.{name}.{severity}"] = result.reshape(-1, 3)[places]
    pixels = photo(64)
    tensors["drawn.image"] = pixels
    for name in RANDOM:
        for severity in [1, 3, 5]:
            rows = []
            for seed in range(48):
                np.random.seed(seed)
                changed = np.uint8(function(name, "imagenet")(Image.fromarray(pixels), severity))
                rows.append(statistics(changed.astype(np.float64) - pixels))
            tensors[f"drawn.{name}.{severity}"] = np.float32(rows)
    frost = [cv2.imread(str(path)) for path in sorted(Path(package.__file__).parent.glob("frost/*"))][:5]
    tensors["frost"] = np.float32([np.mean([photo.mean() for photo in frost]), np.mean([photo.std() for photo in frost])])
    print("frost photographs: mean %.1f, deviation %.1f" % tuple(tensors["frost"]),
          [photo.mean(axis=(0, 1)).round().tolist() for photo in frost])
    path = Path(__file__).parent.parent / "Tests/Fixtures/corruptions.safetensors"
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, path)
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
