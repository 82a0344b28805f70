#!/usr/bin/env python3
"""SimSiam with and without hard views in plain PyTorch: the published procedure, on a small scale and a processor.

    reference_simsiam.py train SEED none|hardest [--stem cifar|imagenet] [--start uniform|normal] [--rate RATE]
            [--epochs N] [--images N] [--batch N]
        Trains on images of Fashion-MNIST and prints a line of JSON with the accuracy of 20 weighted neighbors among all
        60,000 labeled images. ResNet-18 of width 16, projector 512-512, predictor 128, SGD of momentum 0.9 and weight
        decay 5e-4, half a cosine by epoch, the predictor's rate fixed, bfloat16 autocast, one thread.
    reference_simsiam.py fixture
        Writes Tests/Fixtures/methods/simsiam-steps.safetensors: twenty steps in float32 from given weights on given
        views, with and without selection.

Needs torch 2.13.0, safetensors and NumPy, and Debian's dataset-fashion-mnist to train.
"""
import argparse
import gzip
import itertools
import json
import math
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from torch import nn

IMAGES = Path("/usr/share/datasets/fashion-mnist")
FIXTURE = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "methods" / "simsiam-steps.safetensors"
MEAN, DEVIATION = 0.286, 0.353


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn2.weight)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(residual + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """For gray images, with a stem for small ones (cifar) or the usual one (imagenet)."""

    def __init__(self, width: int, start: str, stem: str = "cifar") -> None:
        super().__init__()
        usual = stem == "imagenet"
        self.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False) if usual else nn.Conv2d(1, width, 3, 1, 1, bias=False)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if usual else nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(4):
            outputs = width << stage
            blocks = [Block(inputs, outputs, 1 if stage == 0 else 2), Block(outputs, outputs, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.features = inputs
        if start == "normal":
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return x.mean((2, 3))


class SimSiam(nn.Module):
    def __init__(
        self, width: int, start: str, hidden: int, output: int, predictor: int, stem: str = "cifar",
    ) -> None:
        super().__init__()
        self.backbone = ResNet18(width, start, stem)
        self.projector = nn.Sequential(
            nn.Linear(self.backbone.features, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(),
            nn.Linear(hidden, output, bias=False), nn.BatchNorm1d(output, affine=False))
        self.predictor = nn.Sequential(
            nn.Linear(output, predictor, bias=False), nn.BatchNorm1d(predictor), nn.ReLU(),
            nn.Linear(predictor, output))

    def encode(self, views: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        projections = self.projector(self.backbone(views))
        return projections.float(), self.predictor(projections).float()

    def optimizer(self, rate: float) -> torch.optim.SGD:
        """The first group follows the schedule."""
        groups = [{"params": [*self.backbone.parameters(), *self.projector.parameters()]},
                  {"params": self.predictor.parameters()}]
        return torch.optim.SGD(groups, lr=rate, momentum=0.9, weight_decay=5e-4)


def hardest(model: SimSiam, views: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each image the two views that are least alike, scored as one batch in training mode."""
    with torch.no_grad():
        projections, predictions = (part.chunk(len(views)) for part in model.encode(torch.cat(views)))
    images = len(views[0])
    best = torch.full((images,), math.inf)
    first, second = torch.zeros(images, dtype=torch.long), torch.zeros(images, dtype=torch.long)
    for n, m in itertools.combinations(range(len(views)), 2):
        alike = 0.5 * (F.cosine_similarity(predictions[n], projections[m])
                       + F.cosine_similarity(predictions[m], projections[n]))
        harder = alike < best
        best = torch.where(harder, alike, best)
        first[harder], second[harder] = n, m
    return first, second


def pair_loss(model: SimSiam, views: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Trained view by view."""
    (z1, p1), (z2, p2) = model.encode(views[0]), model.encode(views[1])
    return -0.5 * (F.cosine_similarity(p1, z2.detach()).mean() + F.cosine_similarity(p2, z1.detach()).mean())


def picked(views: list[torch.Tensor], which: torch.Tensor) -> torch.Tensor:
    return torch.stack(views)[which, torch.arange(len(which))].contiguous(memory_format=torch.channels_last)


# Training


def boxes(count: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    """Random resized crops of a fifth to all of the image: left, top, width, height."""
    area = 784 * (0.2 + 0.8 * torch.rand(count, 10, generator=generator))
    ratio = torch.exp(math.log(3 / 4) + math.log(16 / 9) * torch.rand(count, 10, generator=generator))
    width, height = torch.round(torch.sqrt(area * ratio)), torch.round(torch.sqrt(area / ratio))
    fits = (width <= 28) & (height <= 28) & (width > 0) & (height > 0)
    row, column = torch.arange(count), fits.float().argmax(1)
    width, height = width[row, column].clamp(1, 28), height[row, column].clamp(1, 28)
    left = torch.floor(torch.rand(count, generator=generator) * (28 - width + 1))
    top = torch.floor(torch.rand(count, generator=generator) * (28 - height + 1))
    return left, top, width, height


def drawn_views(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    count = len(images)

    def uniform() -> torch.Tensor:
        return torch.rand(count, generator=generator)

    left, top, width, height = boxes(count, generator)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = width / 28 * torch.where(uniform() < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = height / 28
    theta[:, 0, 2], theta[:, 1, 2] = (2 * left + width) / 28 - 1, (2 * top + height) / 28 - 1
    views = F.grid_sample(
        images, F.affine_grid(theta, (count, 1, 28, 28), align_corners=False), mode="bilinear",
        padding_mode="border", align_corners=False)
    jittered = (uniform() < 0.8).float()
    brightness = (1 + jittered * (uniform() * 0.8 - 0.4)).view(-1, 1, 1, 1)
    contrast = (1 + jittered * (uniform() * 0.8 - 0.4)).view(-1, 1, 1, 1)

    def contrasted(pixels: torch.Tensor) -> torch.Tensor:
        mean = pixels.mean((1, 2, 3), keepdim=True)
        return (mean + (pixels - mean) * contrast).clamp(0, 1)

    views = torch.where(
        (uniform() < 0.5).view(-1, 1, 1, 1), contrasted((views * brightness).clamp(0, 1)),
        (contrasted(views) * brightness).clamp(0, 1))
    return ((views - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)


def read(kind: str, header: int) -> numpy.ndarray:
    return numpy.frombuffer(gzip.open(IMAGES / f"{kind}-ubyte.gz").read(), numpy.uint8, offset=header).copy()


def pixels_and_labels(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = torch.from_numpy(read(f"{split}-images-idx3", 16)).reshape(-1, 1, 28, 28)
    return pixels, torch.from_numpy(read(f"{split}-labels-idx1", 8)).long()


@torch.no_grad()
def neighbor_accuracy(model: SimSiam, train: tuple, test: tuple, k: int = 20) -> float:
    def features(pixels: torch.Tensor) -> torch.Tensor:
        parts = [model.backbone((part.float() / 255 - MEAN) / DEVIATION).float() for part in pixels.split(1000)]
        return F.normalize(torch.cat(parts), dim=1)

    bank, hits = features(train[0]).T, 0
    for queries, labels in zip(features(test[0]).split(500), test[1].split(500)):
        cosines, nearest = (queries @ bank).topk(k, dim=1)
        votes = torch.zeros(len(queries), 10).scatter_add_(1, train[1][nearest], (cosines / 0.07).exp())
        hits += int((votes.argmax(1) == labels).sum())
    return hits / len(test[0])


def train(
    seed: int, selection: str, stem: str, start: str, rate: float, epochs: int, images: int, batch: int,
) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    everything, test = pixels_and_labels("train"), pixels_and_labels("t10k")
    subset = torch.randperm(60000, generator=torch.Generator().manual_seed(0))[:images]
    pixels = everything[0][subset].float() / 255
    model = SimSiam(16, start, 512, 512, 128, stem).to(memory_format=torch.channels_last).train()
    optimizer, began = model.optimizer(rate), time.time()
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        for some in torch.randperm(images, generator=generator).split(batch)[:images // batch]:
            views = [drawn_views(pixels[some], generator) for _ in range(2 if selection == "none" else 4)]
            with torch.autocast("cpu", torch.bfloat16):
                if selection == "hardest":
                    first, second = hardest(model, views)
                    views = [picked(views, first), picked(views, second)]
                loss = pair_loss(model, (views[0], views[1]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seconds = time.time() - began
    model.eval()
    accuracy = neighbor_accuracy(model, everything, test)
    print(json.dumps({"seed": seed, "selection": selection, "stem": stem, "start": start, "rate": rate,
                      "epochs": epochs, "images": images, "batch": batch, "knn": round(accuracy, 4),
                      "loss": round(float(loss), 4), "seconds": round(seconds)}), flush=True)


# The fixture


def write_fixture(steps: int = 20, candidates: int = 4, images: int = 32, side: int = 10) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(5)
    generator = torch.Generator().manual_seed(6)
    model = SimSiam(8, "uniform", 32, 32, 16)
    # Rounded, so that half precision holds them exactly.
    initial = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    coarse = torch.rand(steps * candidates * images, 1, 4, 4, generator=generator)
    smooth = F.interpolate(coarse, size=(side, side), mode="bilinear")
    # An image's views are alike, but not the same.
    base = smooth.view(steps, candidates, images, 1, side, side)[:, :1]
    pixels = ((0.7 * base + 0.3 * smooth.view(steps, candidates, images, 1, side, side)) * 255).round().byte()
    written = {f"initial.{name}": value for name, value in initial.items()} | {"views": pixels}
    for selection in ("none", "hardest"):
        model.load_state_dict({name: value.float() if value.is_floating_point() else value
                               for name, value in initial.items()})
        optimizer, losses, choices = model.optimizer(0.02), [], []
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 0.02 * 0.5 * (1 + math.cos(math.pi * (step // 5) / 4))
            views = list(((pixels[step].float() / 255 - MEAN) / DEVIATION).unbind())
            first, second = torch.zeros(images, dtype=torch.long), torch.ones(images, dtype=torch.long)
            if selection == "hardest":
                first, second = hardest(model, views)
            loss = pair_loss(model, (picked(views, first), picked(views, second)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            choices.append(torch.stack([first, second]))
        with torch.no_grad():
            features = model.eval().backbone((pixels[0, 0].float() / 255 - MEAN) / DEVIATION)
        model.train()
        written |= {f"{selection}.losses": torch.stack(losses), f"{selection}.choices": torch.stack(choices).int(),
                    f"{selection}.features": features.contiguous()}
        for name in ("backbone.conv1.weight", "backbone.layer4.0.bn1.weight", "projector.0.weight", "predictor.3.bias",
                     "backbone.layer4.1.bn2.running_var"):
            written[f"{selection}.final.{name}"] = model.state_dict()[name].clone()
    save_file({name: value.contiguous() for name, value in written.items()}, FIXTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("seed", type=int)
    training.add_argument("selection", choices=["none", "hardest"])
    training.add_argument("--stem", choices=["cifar", "imagenet"], default="cifar")
    training.add_argument("--start", choices=["uniform", "normal"], default="uniform")
    training.add_argument("--rate", type=float, default=0.06)
    training.add_argument("--epochs", type=int, default=12)
    training.add_argument("--images", type=int, default=10000)
    training.add_argument("--batch", type=int, default=256)
    commands.add_parser("fixture")
    arguments = vars(parser.parse_args())
    if arguments.pop("command") == "fixture":
        write_fixture()
    else:
        train(**arguments)


if __name__ == "__main__":
    main()
