"""The peers of scripts/bench-views: torchvision, albumentations with OpenCV, Pillow and OpenCV.

A peer is a set of variants, each a function that makes all views of the image of a number and returns them. They are
built from the recipes that our program is sent, so both sides draw from the same distributions.
"""
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter

Variant = Callable[[int], list]
Recipe = dict  # With the keys of `ViewRecipe` in snake case.


def declare_torchvision_operators() -> None:
    """Declares the wheel's compiled operators where it does not load beside this torch; no transform needs them."""
    if subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True).returncode == 0:
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
        library.define(f"{name}(Tensor x) -> Tensor")
        library.define(f"_{name}_backward(Tensor x) -> Tensor")
    declare_torchvision_operators.library = library  # They are gone when the library is.


declare_torchvision_operators()
from torchvision import transforms as v1  # noqa: E402
from torchvision.transforms import InterpolationMode, v2  # noqa: E402


def use_one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)


def check(recipe: Recipe) -> None:
    """Stops where a recipe asks for what the peers are not built to do."""
    if recipe["rand_augment"]["operations"] or recipe["erasing"]["probability"] or recipe["three_augment"]:
        sys.exit("RandAugment, erasing and 3-Augment are not compared.")


# torchvision


class PillowBlur:
    """The blur of SimSiam's published code."""

    def __init__(self, sigma: list[float]) -> None:
        self.sigma = sigma

    def __call__(self, image: Image.Image) -> Image.Image:
        radius = float(torch.empty(1).uniform_(*self.sigma))
        return image.filter(ImageFilter.GaussianBlur(radius))


def torchvision_transform(recipe: Recipe, t, ending: list) -> Callable:
    """A recipe in torchvision's first (`v1`) or second (`v2`) transforms; operations that never happen are left out."""
    check(recipe)
    crop, jitter, blur, solarize = recipe["crop"], recipe["jitter"], recipe["blur"], recipe["solarize"]
    steps: list = [
        t.RandomResizedCrop(
            recipe["size"], tuple(crop["scale"]), tuple(crop["ratio"]), InterpolationMode(crop["interpolation"]),
            antialias=True),
        t.RandomHorizontalFlip(recipe["flip_probability"]),
    ]
    if jitter["probability"]:
        factors = [jitter[name] for name in ("brightness", "contrast", "saturation", "hue")]
        steps.append(t.RandomApply([t.ColorJitter(*factors)], jitter["probability"]))
    if recipe["grayscale_probability"]:
        steps.append(t.RandomGrayscale(recipe["grayscale_probability"]))
    if blur["probability"]:
        gaussian = (PillowBlur(blur["sigma"]) if blur["kind"] == "pil"
                    else t.GaussianBlur(blur["kernel_size"], tuple(blur["sigma"])))
        steps.append(gaussian if blur["probability"] == 1 else t.RandomApply([gaussian], blur["probability"]))
    if solarize["probability"]:
        steps.append(t.RandomSolarize(solarize["threshold"], solarize["probability"]))
    values = recipe["normalization"]
    return t.Compose(steps + ending + [t.Normalize(values["mean"], values["standard_deviation"])])


def all_views(groups: list[dict], build: Callable[[Recipe], Callable]) -> Callable[[object], list]:
    transforms = [(group["count"], build(group["recipe"])) for group in groups]
    return lambda image: [transform(image) for count, transform in transforms for _ in range(count)]


def torchvision_variants(groups: list[dict], paths: list[Path], work: str) -> dict[str, Variant]:
    """Both generations of transforms on PIL images, and the second on 8-bit tensors in both memory layouts."""
    to_float = v2.ToDtype(torch.float32, scale=True)
    on_pil = all_views(groups, lambda recipe: torchvision_transform(recipe, v1, [v1.ToTensor()]))
    on_pil_v2 = all_views(groups, lambda recipe: torchvision_transform(recipe, v2, [v2.PILToTensor(), to_float]))
    on_tensor = all_views(groups, lambda recipe: torchvision_transform(recipe, v2, [to_float]))

    def planar(image: Image.Image) -> torch.Tensor:
        return v2.functional.pil_to_tensor(image).contiguous()

    def interleaved(image: Image.Image) -> torch.Tensor:
        return v2.functional.pil_to_tensor(image)[None].contiguous(memory_format=torch.channels_last)[0]

    variants: dict[str, tuple[Callable, Callable]] = {
        "PIL": (lambda image: image, on_pil), "v2 PIL": (lambda image: image, on_pil_v2)}
    if all(group["recipe"]["blur"]["kind"] != "pil" for group in groups):
        variants |= {"v2 tensor": (planar, on_tensor), "v2 tensor, interleaved": (interleaved, on_tensor)}
    return {name: prepared(prepare, views, paths, read_pillow, work) for name, (prepare, views) in variants.items()}


def prepared(prepare: Callable, views: Callable, paths: list[Path], read: Callable, work: str) -> Variant:
    """Views of decoded images, or of files where those are the work."""
    if work == "load":
        return lambda number: views(prepare(read(paths[number])))
    images = [prepare(read(path)) for path in paths]
    return lambda number: views(images[number])


# albumentations and OpenCV


def albumentations_transform(recipe: Recipe) -> Callable[[np.ndarray], np.ndarray]:
    """A recipe in albumentations; its resize does not filter against aliasing, which is less work than ours."""
    check(recipe)
    crop, jitter, blur = recipe["crop"], recipe["jitter"], recipe["blur"]
    if recipe["solarize"]["probability"] or blur["kind"] == "pil":
        sys.exit("albumentations is not compared with solarization or Pillow's blur.")
    size, kernel = recipe["size"], blur["kernel_size"]
    filters = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}
    around_one = {name: (max(0, 1 - jitter[name]), 1 + jitter[name])
                  for name in ("brightness", "contrast", "saturation")}
    values = recipe["normalization"]
    transform = A.Compose([
        A.RandomResizedCrop(
            size=(size, size), scale=tuple(crop["scale"]), ratio=tuple(crop["ratio"]),
            interpolation=filters[crop["interpolation"]], p=1),
        A.HorizontalFlip(p=recipe["flip_probability"]),
        A.ColorJitter(**around_one, hue=(-jitter["hue"], jitter["hue"]), p=jitter["probability"]),
        A.ToGray(p=recipe["grayscale_probability"]),
        A.GaussianBlur(blur_limit=(kernel, kernel), sigma_limit=tuple(blur["sigma"]), p=blur["probability"]),
        A.Normalize(mean=values["mean"], std=values["standard_deviation"]),
    ], seed=0)
    return lambda image: transform(image=image)["image"]


def albumentations_variants(groups: list[dict], paths: list[Path], work: str) -> dict[str, Variant]:
    views = all_views(groups, albumentations_transform)
    return {"OpenCV": prepared(lambda image: image, views, paths, read_opencv, work)}


# Decoding


def read_pillow(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def read_opencv(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def decoding(read: Callable) -> Callable[[list[dict], list[Path], str], dict[str, Variant]]:
    return lambda groups, paths, work: {"decode": lambda number: [read(paths[number])]}


PEERS: dict[str, Callable[[list[dict], list[Path], str], dict[str, Variant]]] = {
    "torchvision": torchvision_variants,
    "albumentations": albumentations_variants,
    "pillow": decoding(read_pillow),
    "opencv": decoding(read_opencv),
}


def versions() -> dict[str, str]:
    """The versions of everything that is compared with."""
    names = ("torch", "torchvision", "PIL", "albumentations", "cv2", "numpy")
    return {name: __import__(name).__version__ for name in names}
