#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/Fixtures/exports/names.json: names and shapes of the state of other libraries' networks.

Each entry is a network as the library itself makes it from its own arguments: a list of [name, shape]. Of transformers
the names are those of its published files, which are the ones that `save_pretrained` writes.

Needs torch 2.13.0, torchvision 0.28.0, transformers 5.24.0 and safetensors:

    pip install torch==2.13.0 torchvision==0.28.0 transformers==5.24.0 safetensors
    python scripts/make_export_fixtures.py
"""

import json
import tempfile
from pathlib import Path

import torch

# The wheel's compiled operators need the torch it was built with; without them these declarations let it be imported.
_library = torch.library.Library("torchvision", "DEF")
for _name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
    _library.define(f"{_name}(Tensor x) -> Tensor")
    _library.define(f"_{_name}_backward(Tensor x) -> Tensor")

import torchvision  # noqa: E402
import transformers  # noqa: E402
from safetensors import safe_open  # noqa: E402

OUTPUT = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "exports" / "names.json"


def of_module(model, without):
    return [[name, list(value.shape)] for name, value in model.state_dict().items() if not name.startswith(without)]


def of_saved(model):
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        with safe_open(f"{folder}/model.safetensors", "pt") as file:
            return [[name, list(file.get_slice(name).get_shape())] for name in file.keys()]


def vit(**arguments):
    return dict(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=1, image_size=32, patch_size=8, num_channels=1,
        **arguments)


def resnet(layer_type, depths, factor):
    return transformers.ResNetModel(
        transformers.ResNetConfig(
            num_channels=3, embedding_size=8, hidden_sizes=[8 * factor << stage for stage in range(4)], depths=depths,
            layer_type=layer_type))


entries = {
    "torchvision/vit": of_module(
        torchvision.models.VisionTransformer(
            image_size=32, patch_size=8, num_layers=2, num_heads=1, hidden_dim=48, mlp_dim=192), "heads."),
    "huggingface/vit": of_saved(
        transformers.ViTModel(transformers.ViTConfig(intermediate_size=192, **vit()), add_pooling_layer=False)),
    "huggingface/vit-registers": of_saved(
        transformers.Dinov2WithRegistersModel(
            transformers.Dinov2WithRegistersConfig(num_register_tokens=4, **vit()))),
    "huggingface/resnet18": of_saved(resnet("basic", [2, 2, 2, 2], 1)),
    "huggingface/resnet50": of_saved(resnet("bottleneck", [3, 4, 6, 3], 4)),
}
OUTPUT.parent.mkdir(exist_ok=True)
lines = [
    f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(entry)}" for entry in sorted(entry)) + "\n  ]"
    for name, entry in entries.items()]
OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
