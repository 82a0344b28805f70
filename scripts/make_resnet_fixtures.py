#!/usr/bin/env python3
"""Writes Tests/Fixtures/torchvision: what torchvision's ResNets and torch's optimizers compute.

- resnet18-width8.safetensors, resnet50-width4.safetensors: a narrow network's state under torchvision's names, with
  random weights and BatchNorm statistics; `fixture.input`; `fixture.features`, the pooled features in eval mode;
  `fixture.features_train`, the same with batch statistics; `fixture.after.NAME`, some running statistics after that.
- names.json: names and shapes of the state of torchvision's resnet18, resnet34, resnet50 and resnet101, in order.
- sgd.safetensors: three steps of torch.optim.SGD and AdamW on given gradients. Metadata holds the settings.

Needs torch 2.13.0, torchvision 0.28.0, safetensors and NumPy:

    pip install torch==2.13.0 torchvision==0.28.0 safetensors numpy
    python scripts/make_resnet_fixtures.py
"""

import copy
import json
from pathlib import Path

import torch

# The wheel's compiled operators need the torch it was built with; without them these declarations let it be imported.
_library = torch.library.Library("torchvision", "DEF")
for _name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
    _library.define(f"{_name}(Tensor x) -> Tensor")
    _library.define(f"_{_name}_backward(Tensor x) -> Tensor")

import torchvision  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet  # noqa: E402

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "torchvision"


class NarrowResNet(ResNet):
    """torchvision's class with every width scaled by `width` / 64."""

    def __init__(self, block, layers, width: int):
        self.__dict__["width"] = width
        super().__init__(block, layers, num_classes=10)
        self.fc = torch.nn.Linear(8 * width * block.expansion, 10)

    def __setattr__(self, name, value):
        is_stem = name == "inplanes" and "inplanes" not in self.__dict__
        super().__setattr__(name, self.width if is_stem else value)

    def _make_layer(self, block, planes, *arguments, **options):
        return super()._make_layer(block, planes * self.width // 64, *arguments, **options)


def randomize(model: ResNet, generator: torch.Generator) -> None:
    """Weights that keep activations alive, and BatchNorm state that differs from its initial values everywhere."""
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.fill_(7)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif name.endswith("running_mean"):
            value.normal_(0, 0.3, generator=generator)
        elif value.dim() > 1:
            value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
        elif name.endswith("weight"):
            value.uniform_(0.5, 1.5, generator=generator)
        else:
            value.normal_(0, 0.2, generator=generator)


@torch.no_grad()
def write_network(name: str, block, layers, width: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    model = NarrowResNet(block, layers, width)
    randomize(model, generator)
    state = copy.deepcopy(model.state_dict())
    model.fc = torch.nn.Identity()
    images = torch.randn(2, 3, 64, 64, generator=generator)
    tensors = {"fixture.input": images, "fixture.features": model.eval()(images)}
    tensors["fixture.features_train"] = model.train()(images)
    last = "layer4.1.bn2" if block is BasicBlock else "layer4.2.bn3"
    for key in [f"{layer}.running_{kind}" for layer in ("bn1", last) for kind in ("mean", "var")]:
        tensors[f"fixture.after.{key}"] = model.state_dict()[key].clone()
    for key in ("fixture.features", "fixture.features_train"):
        assert tensors[key].std() > 1e-2 and (tensors[key] > 0).float().mean() > 0.5, key
    metadata = {"format": "pt", "torch": torch.__version__, "torchvision": torchvision.__version__}
    save_file(state | tensors, FOLDER / f"{name}.safetensors", metadata=metadata)


def write_names() -> None:
    networks = []
    for name in ("resnet18", "resnet34", "resnet50", "resnet101"):
        state = getattr(torchvision.models, name)().state_dict()
        entries = [json.dumps({"name": key, "shape": list(value.shape)}) for key, value in state.items()]
        networks.append(f'"{name}": [\n' + ",\n".join(entries) + "\n]")
    (FOLDER / "names.json").write_text("{\n" + ",\n".join(networks) + "\n}\n")


def write_optimizers() -> None:
    generator = torch.Generator().manual_seed(3)
    shapes = {"weight": (3, 4), "bias": (4,)}
    initial = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    gradients = [{name: torch.randn(shape, generator=generator) for name, shape in shapes.items()} for _ in range(3)]
    rates = {"sgd": [0.1, 0.05, 0.2], "adamw": [1e-3, 5e-4, 2e-3]}
    settings = {
        "sgd": {"momentum": 0.9, "weight_decay": 5e-4},
        "adamw": {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.05},
    }
    classes = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
    tensors = {f"initial.{name}": value for name, value in initial.items()}
    for step, values in enumerate(gradients):
        tensors |= {f"gradient.{step}.{name}": value for name, value in values.items()}
    for kind, make in classes.items():
        parameters = {name: torch.nn.Parameter(value.clone()) for name, value in initial.items()}
        optimizer = make(parameters.values(), lr=rates[kind][0], **settings[kind])
        tensors[f"{kind}.learning_rates"] = torch.tensor(rates[kind], dtype=torch.float64)
        for step, rate in enumerate(rates[kind]):
            optimizer.param_groups[0]["lr"] = rate
            for name, parameter in parameters.items():
                parameter.grad = gradients[step][name].clone()
            optimizer.step()
            tensors |= {f"{kind}.after.{step}.{name}": value.detach().clone() for name, value in parameters.items()}
    metadata = {kind: json.dumps(values) for kind, values in settings.items()} | {"torch": torch.__version__}
    save_file(tensors, FOLDER / "sgd.safetensors", metadata=metadata)


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_network("resnet18-width8", BasicBlock, [2, 2, 2, 2], width=8, seed=18)
    write_network("resnet50-width4", Bottleneck, [3, 4, 6, 3], width=4, seed=50)
    write_names()
    write_optimizers()


if __name__ == "__main__":
    main()
