#!/usr/bin/env python3
"""Writes Tests/Fixtures/pipelines: views of real photographs as torchvision makes them from drawn parameters.

`photos.safetensors` holds the photographs and, for each case, the 8-bit view; `cases.json` holds what was drawn;
`quantiles.safetensors` holds quantiles of 20,000 parameters drawn by torchvision's transforms. Needs torch, torchvision,
Pillow, numpy, safetensors and scikit-learn (for its two photographs):

    scripts/make_pipeline_fixtures.py
"""
import json
import math
import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

# The wheel's compiled operators need the torch it was built with; without them these declarations let it be imported.
_library = torch.library.Library("torchvision", "DEF")
for _name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
    _library.define(f"{_name}(Tensor x) -> Tensor")
    _library.define(f"_{_name}_backward(Tensor x) -> Tensor")

from PIL import Image, ImageFilter  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from torchvision import transforms as T  # noqa: E402
from torchvision.transforms import InterpolationMode, functional as F  # noqa: E402
from torchvision.transforms.autoaugment import _apply_op  # noqa: E402

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "pipelines"
SIZE = 36
OPERATIONS = {
    "shear_x": "ShearX", "shear_y": "ShearY", "rotate": "Rotate", "brightness": "Brightness", "saturation": "Color",
    "contrast": "Contrast", "sharpness": "Sharpness", "auto_contrast": "AutoContrast", "equalize": "Equalize",
}
STRENGTHS = {"shear_x": 0.09, "shear_y": 0.09, "rotate": 9.0, "auto_contrast": 0.0, "equalize": 0.0}

# name: (crop scale, interpolation, jitter, blur kind, kernel size, probabilities of blur and solarization)
PIPELINES = {
    "simsiam": ((0.2, 1), "bilinear", (0.4, 0.4, 0.4, 0.1), "torchvision", 9, 0.5, 0),
    "simclr": ((0.08, 1), "bilinear", (0.8, 0.8, 0.8, 0.2), "torchvision", 23, 0.5, 0),
    "byol-first": ((0.08, 1), "bicubic", (0.4, 0.4, 0.2, 0.1), "torchvision", 23, 1, 0),
    "barlow-second": ((0.08, 1), "bicubic", (0.4, 0.4, 0.2, 0.1), "pil", 9, 0.3, 0.5),
    "dino-local": ((0.05, 0.4), "bicubic", (0.4, 0.4, 0.2, 0.1), "torchvision", 9, 0.5, 0),
    "three-augment": ((0.08, 1), "bicubic", (0.3, 0.3, 0.3, 0), "pil", 9, 0, 0),
    "rand-augment": ((0.08, 1), "bicubic", None, "torchvision", 9, 0, 0),
}


def photos() -> dict[str, Image.Image]:
    """Parts of two photographs in several shapes."""
    folder = Path(find_spec("sklearn").submodule_search_locations[0]) / "datasets" / "images"
    china, flower = Image.open(folder / "china.jpg"), Image.open(folder / "flower.jpg")
    return {
        "china": china.resize((320, 213)).crop((60, 20, 221, 140)),
        "flower": flower.resize((300, 200)).crop((100, 30, 197, 161)),
        "wide": china.crop((100, 120, 340, 127)),
        "tall": flower.crop((300, 100, 305, 280)),
        "one": china.crop((200, 200, 201, 201)),
    }


def draw(name: str, width: int, height: int, rng: random.Random) -> dict:
    """The parameters of one view, with the keys of `ViewParameters`."""
    scale, _, jitter, _, _, blurred, solarized = PIPELINES[name]
    torch.manual_seed(rng.randrange(1 << 30))
    top, left, rows, columns = T.RandomResizedCrop.get_params(Image.new("L", (width, height)), scale, (3 / 4, 4 / 3))
    drawn = {
        "sourceWidth": width, "sourceHeight": height,
        "crop": {"top": top, "left": left, "height": rows, "width": columns},
        "isFlipped": rng.random() < 0.5, "isGrayscale": jitter is not None and rng.random() < 0.2,
        "isSolarized": rng.random() < solarized,
    }
    if jitter and rng.random() < 0.8:
        factors = [rng.uniform(max(0, 1 - strength), 1 + strength) for strength in jitter[:3]]
        order = ["brightness", "contrast", "saturation", "hue"]
        rng.shuffle(order)
        drawn["jitter"] = dict(
            zip(["brightness", "contrast", "saturation", "hue", "order"],
                [*factors, rng.uniform(-jitter[3], jitter[3]), order]))
    if rng.random() < blurred:
        drawn["blurSigma"] = rng.uniform(0.1, 2)
    if name == "three-augment":
        chosen = rng.randrange(3)
        drawn["isGrayscale"], drawn["isSolarized"] = chosen == 0, chosen == 1
        if chosen == 2:
            drawn["blurSigma"] = rng.uniform(0.1, 2)
    if name == "rand-augment":
        kinds = [rng.choice(list(OPERATIONS)) for _ in range(2)]
        drawn["operations"] = [
            {"kind": kind, "magnitude": STRENGTHS.get(kind, 0.27) * rng.choice([-1, 1])} for kind in kinds]
    return drawn


def jittered(image: Image.Image, jitter: dict | None) -> Image.Image:
    adjust = {"brightness": F.adjust_brightness, "contrast": F.adjust_contrast, "saturation": F.adjust_saturation,
              "hue": F.adjust_hue}
    for operation in jitter["order"] if jitter else []:
        if operation == "hue" and jitter["hue"] == 0:
            continue  # As `ColorJitter(hue=0)`; the round trip through HSV would not be exact.
        image = adjust[operation](image, jitter[operation])
    return image


def render(image: Image.Image, name: str, drawn: dict) -> Image.Image:
    _, interpolation, _, kind, kernel, _, _ = PIPELINES[name]
    crop = drawn["crop"]
    image = F.resized_crop(
        image, crop["top"], crop["left"], crop["height"], crop["width"], [SIZE, SIZE],
        InterpolationMode(interpolation))
    if drawn["isFlipped"]:
        image = F.hflip(image)
    for operation in drawn.get("operations", []):
        image = _apply_op(
            image, OPERATIONS[operation["kind"]], operation["magnitude"], InterpolationMode.NEAREST, None)
    if name != "three-augment":
        image = jittered(image, drawn.get("jitter"))
    if drawn["isGrayscale"]:
        image = F.rgb_to_grayscale(image, num_output_channels=3)
    if "blurSigma" in drawn:
        if kind == "pil":
            image = image.filter(ImageFilter.GaussianBlur(drawn["blurSigma"]))
        else:
            image = F.gaussian_blur(image, [kernel, kernel], [drawn["blurSigma"]] * 2)
    if drawn["isSolarized"]:
        image = F.solarize(image, 128)
    if name == "three-augment":
        image = jittered(image, drawn.get("jitter"))
    return image


def quantiles(count: int = 20_000) -> dict[str, np.ndarray]:
    """A thousand and one quantiles of parameters drawn by torchvision's transforms for an image of 500×375 pixels."""
    torch.manual_seed(0)
    blank = Image.new("L", (500, 375))
    values: dict[str, list[float]] = {}
    blur = T.GaussianBlur(9, (0.1, 2.0))
    for _ in range(count):
        top, left, height, width = T.RandomResizedCrop.get_params(blank, (0.08, 1), (3 / 4, 4 / 3))
        _, brightness, contrast, saturation, hue = T.ColorJitter.get_params((0.6, 1.4), (0.2, 1.8), (0, 2.5), (-0.1, 0.1))
        erased = T.RandomErasing.get_params(torch.zeros(1, 64, 64), (0.02, 0.33), (0.3, 3.3), value=[0])
        drawn = {
            "crop_top": top, "crop_left": left, "crop_area": height * width, "crop_logratio": math.log(width / height),
            "brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue,
            "sigma": blur.get_params(0.1, 2.0), "erased_area": erased[2] * erased[3], "erased_top": erased[0],
        }
        for key, value in drawn.items():
            values.setdefault(key, []).append(float(value))
    return {key: np.quantile(value, np.linspace(0, 1, 1001)).astype(np.float32) for key, value in values.items()}


def main() -> None:
    rng = random.Random(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    images = photos()
    tensors = {f"photo.{name}": np.ascontiguousarray(np.asarray(image)) for name, image in images.items()}
    cases = []
    for name, (_, interpolation, _, kind, kernel, _, _) in PIPELINES.items():
        for photo, image in images.items():
            for number in range(1 if photo == "one" else 3):
                drawn = draw(name, image.width, image.height, rng)
                key = f"{name}.{photo}.{number}"
                tensors[key] = np.ascontiguousarray(np.asarray(render(image, name, drawn)))
                cases.append({
                    "name": key, "photo": f"photo.{photo}", "interpolation": interpolation, "blurKind": kind,
                    "kernelSize": kernel, "threeAugment": name == "three-augment", "parameters": drawn})
    save_file(tensors, FOLDER / "photos.safetensors")
    save_file(quantiles(), FOLDER / "quantiles.safetensors")
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    (FOLDER / "README.md").write_text(
        "Views of parts of two photographs, made with torchvision by `scripts/make_pipeline_fixtures.py`.\n\n"
        "`china` by danielbuechele (flickr.com/photos/danielbuechele/6061409035) and `flower` by vultilion\n"
        "(flickr.com/photos/vultilion/6056698931), both under the licence CC BY 2.0, come with scikit-learn; here they\n"
        "are cut out and scaled down.\n")


if __name__ == "__main__":
    main()
