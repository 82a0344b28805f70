#!/usr/bin/env python3
"""Writes Tests/Fixtures/safetensors/types.safetensors with the safetensors package: one tensor of every type.

Needs torch, safetensors and NumPy:

    pip install torch==2.13.0 safetensors numpy
    python scripts/make_safetensors_fixtures.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "safetensors"

NUMBERS = [0.0, 1.0, -2.5, 0.333251953125]
INTEGERS = [0, 1, -2, 100]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    tensors = {
        "bool": torch.tensor([True, False, True]),
        "uint8": torch.tensor([0, 1, 255], dtype=torch.uint8),
        "int8": torch.tensor(INTEGERS, dtype=torch.int8),
        "int16": torch.tensor(INTEGERS, dtype=torch.int16),
        "int32": torch.tensor(INTEGERS, dtype=torch.int32),
        "int64": torch.tensor([*INTEGERS, 2**62], dtype=torch.int64),
        "float16": torch.tensor(NUMBERS, dtype=torch.float16),
        "bfloat16": torch.tensor([*NUMBERS[:3], 3.140625], dtype=torch.bfloat16),
        "float32": torch.tensor([[*NUMBERS[:3]], [1e-45, 3.4e38, float("inf")]], dtype=torch.float32),
        "float64": torch.tensor(NUMBERS, dtype=torch.float64),
        "scalar": torch.tensor(42.5),
        "empty": torch.zeros(0, 3),
        'a "quoted" näme\\\n': torch.tensor([7], dtype=torch.int64),
    }
    save_file(tensors, FOLDER / "types.safetensors", metadata={"format": "pt", "note": "naïve “text”\twith a tab"})


if __name__ == "__main__":
    main()
