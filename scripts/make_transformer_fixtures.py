#!/usr/bin/env python3
"""Writes Tests/Fixtures/timm: what timm's vision transformers and torch's weight normalization compute.

- vit-NAME.safetensors: a small network's state under timm's names, random weights and inputs in half precision;
  `fixture.input`; `fixture.tokens`, all normalized tokens; `fixture.last.N`, the normalized class token of the N-th
  of the last two blocks (or of the only one); `fixture.HEIGHTxWIDTH.input` and `.tokens` in the narrower ones, the
  same for images of another size, with position embeddings interpolated as DINO does. Everything is computed in
  single precision.
- names.json: names and shapes of the state of ViT-Ti, ViT-S and ViT-B, in order, and those of what depends on the sizes
  of patches and images.
- weight_norm.safetensors: `torch.nn.utils.weight_norm` of a linear layer, with gradients.

Needs torch 2.13.0, timm 1.0.31, safetensors and NumPy:

    pip install torch==2.13.0 timm==1.0.31 safetensors numpy
    python scripts/make_transformer_fixtures.py
"""

import json
import math
import warnings
from pathlib import Path

import torch

# timm imports torchvision, whose compiled operators need the torch that they were built with; see
# make_operation_fixtures.py.
_library = torch.library.Library("torchvision", "DEF")
for _name in ["nms", "qnms", "roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "qroi_align", "deform_conv2d"]:
    _library.define(f"{_name}(Tensor x) -> Tensor")
    _library.define(f"_{_name}_backward(Tensor x) -> Tensor")

import timm  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from timm.models.vision_transformer import VisionTransformer  # noqa: E402

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "timm"

# Heads are 64 wide from width 64 on; two of them need 128, whose weights are most of the bytes.
NETWORKS = {
    "narrow": {"embed_dim": 16, "depth": 3, "num_heads": 1},
    "registers": {"embed_dim": 16, "depth": 2, "num_heads": 1, "reg_tokens": 4},
    "heads": {"embed_dim": 128, "depth": 1, "num_heads": 2, "patch_size": 4},
}
# Rows and columns of patches, where the position embeddings have 4 by 4.
OTHER_GRIDS = [(3, 3), (5, 7), (8, 2)]
WIDTHS = {"vit_tiny": 192, "vit_small": 384, "vit_base": 768}


def make(image_size, **settings) -> VisionTransformer:
    settings = {"patch_size": 8, "num_classes": 0} | settings
    return VisionTransformer(img_size=image_size, **settings).eval()


def randomize(model: VisionTransformer, generator: torch.Generator) -> None:
    """Weights large enough that attention is uneven and every parameter shows; exact in half precision."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith(("norm.weight", "norm1.weight", "norm2.weight")):
                value.uniform_(0.5, 1.5, generator=generator)
            elif value.dim() == 1:
                value.normal_(0, 0.2, generator=generator)
            elif name in ("cls_token", "reg_token", "pos_embed"):
                value.normal_(0, 0.7, generator=generator)
            else:
                gain = 2 if ".qkv." in name else 1
                value.normal_(0, gain / value[0].numel() ** 0.5, generator=generator)
            value.copy_(value.half().float())


def interpolate_pos_encoding(pos_embed, height: int, width: int, patch_size: int, prefix: int):
    """DINO's `VisionTransformer.interpolate_pos_encoding`, for any number of tokens before the patches."""
    N = pos_embed.shape[1] - prefix
    dim = pos_embed.shape[-1]
    class_pos_embed = pos_embed[:, :prefix]
    patch_pos_embed = pos_embed[:, prefix:]
    w0 = height // patch_size
    h0 = width // patch_size
    # we add a small number to avoid floating point error in the interpolation
    # see discussion at https://github.com/facebookresearch/dino/issues/8
    w0, h0 = w0 + 0.1, h0 + 0.1
    patch_pos_embed = torch.nn.functional.interpolate(
        patch_pos_embed.reshape(1, int(math.sqrt(N)), int(math.sqrt(N)), dim).permute(0, 3, 1, 2),
        scale_factor=(w0 / math.sqrt(N), h0 / math.sqrt(N)),
        mode="bicubic",
    )
    assert int(w0) == patch_pos_embed.shape[-2] and int(h0) == patch_pos_embed.shape[-1]
    patch_pos_embed = patch_pos_embed.permute(0, 2, 3, 1).view(1, -1, dim)
    return torch.cat((class_pos_embed, patch_pos_embed), dim=1)


@torch.no_grad()
def write_network(name: str, settings: dict, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    patch_size = settings.get("patch_size", 8)
    model = make(4 * patch_size, **settings)
    randomize(model, generator)
    state = model.state_dict()
    side = 4 * patch_size
    images = torch.randn(2, 3, side, side, generator=generator).half().float()
    tokens = model.forward_features(images)
    last = model.get_intermediate_layers(images, n=min(2, settings["depth"]), return_prefix_tokens=True, norm=True)
    tensors = {"fixture.input": images.half(), "fixture.tokens": tokens}
    for index, (_, prefix) in enumerate(last):
        tensors[f"fixture.last.{index}"] = prefix[:, 0].clone()
    for rows, columns in OTHER_GRIDS if settings["embed_dim"] < 128 else []:
        height, width = rows * patch_size, columns * patch_size
        other = make((height, width), **settings)
        positions = interpolate_pos_encoding(state["pos_embed"], height, width, patch_size, model.num_prefix_tokens)
        other.load_state_dict(state | {"pos_embed": positions})
        images = torch.randn(1, 3, height, width, generator=generator).half().float()
        tensors[f"fixture.{height}x{width}.input"] = images.half()
        tensors[f"fixture.{height}x{width}.tokens"] = other.forward_features(images)
    # A test means something only where tokens differ between images and places.
    assert (tokens[0, 0] - tokens[1, 0]).abs().max() > 0.1 and tokens.std(1).min() > 1e-3, name
    metadata = {"format": "pt", "torch": torch.__version__, "timm": timm.__version__}
    halves = {key: value.half() for key, value in state.items()}
    save_file(halves | tensors, FOLDER / f"vit-{name}.safetensors", metadata=metadata)


def write_names() -> None:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        networks = []
        for name, width in WIDTHS.items():
            model = timm.create_model(f"{name}_patch16_224", num_classes=0)
            assert model.embed_dim == width
            state = model.state_dict()
            entries = [json.dumps({"name": key, "shape": list(value.shape)}) for key, value in state.items()]
            networks.append(f'"{name}": [\n' + ",\n".join(entries) + "\n]")
        embeddings = []
        for name, width in WIDTHS.items():
            for patch_size, image_size in [(4, 32), (8, 224), (14, 224), (14, 518), (16, 224)]:
                model = make(image_size, patch_size=patch_size, embed_dim=width, depth=1, num_heads=width // 64)
                sizes = {"name": name, "patch_size": patch_size, "image_size": image_size}
                projection, positions = model.patch_embed.proj.weight.shape, model.pos_embed.shape
                embeddings.append(json.dumps(sizes | {"projection": projection, "positions": positions}))
    text = '{\n"networks": {\n' + ",\n".join(networks) + '\n},\n"embeddings": [\n' + ",\n".join(embeddings) + "\n]\n}\n"
    (FOLDER / "names.json").write_text(text)


def write_weight_norm() -> None:
    generator = torch.Generator().manual_seed(7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = torch.nn.utils.weight_norm(torch.nn.Linear(6, 5, bias=False))
    with torch.no_grad():
        layer.weight_g.uniform_(0.5, 2, generator=generator)
        layer.weight_v.normal_(0, 1, generator=generator)
    inputs = torch.randn(4, 6, generator=generator)
    factors = torch.randn(4, 5, generator=generator)
    output = layer(inputs)
    (output * factors).sum().backward()
    tensors = {name: value.detach().clone() for name, value in layer.named_parameters()}
    tensors |= {f"fixture.gradient.{name}": value.grad for name, value in layer.named_parameters()}
    tensors |= {"fixture.input": inputs, "fixture.factors": factors, "fixture.output": output.detach()}
    save_file(tensors, FOLDER / "weight_norm.safetensors", metadata={"format": "pt", "torch": torch.__version__})


def main() -> None:
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (name, settings) in enumerate(NETWORKS.items()):
        write_network(name, settings, seed)
    write_names()
    write_weight_norm()


if __name__ == "__main__":
    main()
