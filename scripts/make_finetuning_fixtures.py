#!/usr/bin/env python3
"""Writes Tests/Fixtures/layer-decay.json: the groups of timm's layer-wise learning-rate decay.

For a small vision transformer and a residual network: each parameter's share of the learning rate at a decay of 0.75, and
whether it is pulled towards zero. timm counts the blocks of a residual network as layers unless it groups coarsely, by
stages, as is asked for here.

Needs timm and torch:
    scripts/make_finetuning_fixtures.py
"""
import json
from pathlib import Path

import timm
from timm.models import group_parameters
from timm.optim import param_groups_layer_decay

DECAY = 0.75


def transformer():
    model = timm.create_model("vit_tiny_patch16_224", num_classes=10)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = param_groups_layer_decay(
        model, weight_decay=0.05, no_weight_decay_list=model.no_weight_decay(), layer_decay=DECAY)
    return {names[id(parameter)]: [group["lr_scale"], group["weight_decay"] > 0]
            for group in groups for parameter in group["params"]}


def residual():
    model = timm.create_model("resnet18", num_classes=10)
    layers = group_parameters(model, model.group_matcher(coarse=True), reverse=True)
    last = max(layers.values())
    return {name.replace("fc.", "head."): [DECAY ** (last - layers[name]), parameter.ndim > 1]
            for name, parameter in model.named_parameters()}


def main():
    path = Path(__file__).parent.parent / "Tests/Fixtures/layer-decay.json"
    path.write_text(json.dumps({"vit_tiny": transformer(), "resnet18": residual()}, indent=1) + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
