#!/usr/bin/env python3
"""Writes Tests/Fixtures/operations.safetensors: RandAugment's operations as torchvision makes them on a PIL image.

Needs torch, torchvision, Pillow, numpy and safetensors:
    scripts/make_operation_fixtures.py
"""
from pathlib import Path

import numpy as np
import torch

# The wheel's compiled operators need the torch it was built with; without them these declarations let it be imported.
_library = torch.library.Library("torchvision", "DEF")
for _name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
    _library.define(f"{_name}(Tensor x) -> Tensor")
    _library.define(f"_{_name}_backward(Tensor x) -> Tensor")

from PIL import Image  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from torchvision.transforms import InterpolationMode  # noqa: E402
from torchvision.transforms.autoaugment import _apply_op  # noqa: E402

NAMES = {
    "shear_x": ("ShearX", [0.09, -0.3]),
    "shear_y": ("ShearY", [0.3, -0.15]),
    "translate_x": ("TranslateX", [4, -9]),
    "translate_y": ("TranslateY", [7, -3]),
    "rotate": ("Rotate", [9.0, -30.0, 17.0]),
    "brightness": ("Brightness", [0.27, -0.9]),
    "saturation": ("Color", [0.9, -0.27]),
    "contrast": ("Contrast", [0.54, -0.54]),
    "sharpness": ("Sharpness", [0.9, -0.9, 0.27]),
    "posterize": ("Posterize", [7, 4]),
    "solarize": ("Solarize", [178.5, 76.5]),
    "auto_contrast": ("AutoContrast", [0]),
    "equalize": ("Equalize", [0]),
}


def photo(height: int, width: int) -> np.ndarray:
    """Smooth colours with edges and some noise, away from 0 and 255 so that contrast can be stretched."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    base = np.stack([90 + 60 * np.sin(x / 5), 120 + 50 * np.cos(y / 7), 100 + 40 * np.sin((x + y) / 9)], axis=-1)
    base[(x - 12) ** 2 + (y - 15) ** 2 < 60] += 55
    noise = np.random.default_rng(0).normal(0, 6, base.shape)
    return np.clip(base + noise, 12, 233).astype(np.uint8)


def main() -> None:
    pixels = photo(31, 40)
    image = Image.fromarray(pixels)
    tensors = {"image": pixels}
    for name, (operation, magnitudes) in NAMES.items():
        for magnitude in magnitudes:
            result = _apply_op(image, operation, magnitude, InterpolationMode.NEAREST, None)
            tensors[f"{name}:{magnitude}"] = np.asarray(result)
    folder = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures"
    save_file(tensors, folder / "operations.safetensors")


if __name__ == "__main__":
    main()
