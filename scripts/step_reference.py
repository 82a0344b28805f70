"""Training steps in PyTorch's eager style, one for each line of standard input; started by scripts/bench-step.

The procedure of the published code: forward every view without gradients in training mode, compute the loss of each
choice one after the other, copy the hardest views into new batches, forward those again with gradients, update.
"""
import json
import random
import resource
import sys
import time
from pathlib import Path

import bench_peers  # noqa: F401  Makes torchvision load beside any torch.
import torch
import torch.nn.functional as F
import torchvision.transforms
from PIL import Image
from torch import nn


def network(work: dict) -> nn.Module:
    net = getattr(torchvision.models, work["model"])(zero_init_residual=True)
    if work["stem"] == "cifar":
        net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        net.maxpool = nn.Identity()
    width = net.fc.in_features
    net.fc = nn.Identity()
    sizes = [width] + [work["hidden"]] * (work["layers"] - 1) + [work["output"]]
    layers: list[nn.Module] = []
    for place, (first, second) in enumerate(zip(sizes, sizes[1:])):
        is_last = place == len(sizes) - 2
        layers += [nn.Linear(first, second, bias=False), nn.BatchNorm1d(second, affine=not is_last)]
        if not is_last:
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(net, *layers)


class SimSiam:
    def __init__(self, work: dict, layout: torch.memory_format) -> None:
        self.work, self.loaded = work, None
        self.encoder = network(work).to(memory_format=layout)
        out = work["output"]
        self.predictor = nn.Sequential(
            nn.Linear(out, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(inplace=True), nn.Linear(512, out))
        parameters = [*self.encoder.parameters(), *self.predictor.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, weight_decay=5e-4)
        self.views = [
            torch.randn(work["batch"], 3, work["size"], work["size"]).contiguous(memory_format=layout) for _ in range(8)]

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        z = self.encoder(images)
        return self.predictor(z).float(), z.detach().float()

    @torch.no_grad()
    def select(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        predictions, targets = (part.chunk(len(views)) for part in self.encode(torch.cat(views)))
        best = torch.full((len(views[0]),), float("inf"))
        chosen = [torch.empty_like(views[0]), torch.empty_like(views[0])]
        for first in range(len(views)):
            for second in range(first + 1, len(views)):
                similarity = (F.cosine_similarity(predictions[first], targets[second])
                              + F.cosine_similarity(predictions[second], targets[first])) / 2
                better = similarity < best
                best = torch.where(better, similarity, best)
                for slot, view in zip(chosen, (first, second)):
                    slot[better] = views[view][better]
        return chosen

    def loss(self, views: list[torch.Tensor]) -> torch.Tensor:
        (p1, z1), (p2, z2) = self.encode(views[0]), self.encode(views[1])
        return -(F.cosine_similarity(p1, z2).mean() + F.cosine_similarity(p2, z1).mean()) / 2

    def batch(self) -> list[torch.Tensor]:
        if self.loaded is None:
            data = Decoded(self.work["images"], self.work["size"], views=4)
            self.loaded = iter(torch.utils.data.DataLoader(
                data, self.work["batch"], shuffle=True, num_workers=2, drop_last=True))
        return next(self.loaded)

    def step(self, rule: str) -> None:
        drawn = self.batch() if rule.startswith("whole ") else self.views
        views = drawn[:2] if rule.endswith("plain") else self.select(drawn[:4])
        loss = self.loss(views)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if not loss.item() < float("inf"):
            sys.exit("the loss is no number")


class Decoded(torch.utils.data.Dataset):
    """Views of images that are held decoded, as torchvision makes them from PIL."""

    def __init__(self, folder: str, size: int, views: int, repeats: int = 1000) -> None:
        paths = sorted(Path(folder).iterdir())
        self.images = [Image.open(path).convert("RGB") for path in paths]
        self.views, self.repeats = views, repeats
        t = torchvision.transforms
        blur = [t.RandomApply([t.GaussianBlur(9, (0.1, 2.0))], 0.5)] if size > 100 else []
        self.transform = t.Compose([
            t.RandomResizedCrop(size, (0.2, 1.0)), t.RandomHorizontalFlip(),
            t.RandomApply([t.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8), t.RandomGrayscale(0.2), *blur, t.ToTensor(),
            t.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])

    def __len__(self) -> int:
        return len(self.images) * self.repeats

    def __getitem__(self, index: int) -> list[torch.Tensor]:
        image = self.images[index % len(self.images)]
        return [self.transform(image) for _ in range(self.views)]


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Student(nn.Module):
    """ViT-S/16 with DINO's head."""

    def __init__(self, size: int, prototypes: int, width: int = 384, depth: int = 12, heads: int = 6) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, (size // 16) ** 2, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Sequential(
            nn.Linear(width, 2048), nn.GELU(), nn.Linear(2048, 2048), nn.GELU(), nn.Linear(2048, 256))
        self.last = nn.utils.parametrizations.weight_norm(nn.Linear(256, prototypes, bias=False))

    def backbone(self, images: torch.Tensor) -> torch.Tensor:
        x = self.patches(images).flatten(2).transpose(1, 2)
        side, now = int(self.positions.shape[1] ** 0.5), int(x.shape[1] ** 0.5)
        positions = self.positions
        if now != side:
            grid = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
            positions = F.interpolate(grid, size=(now, now), mode="bicubic").flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x + positions], 1)
        return self.norm(self.blocks(x))[:, 0]

    def forward(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        sizes = sorted({view.shape[-1] for view in views}, reverse=True)
        features = torch.cat([self.backbone(torch.cat([v for v in views if v.shape[-1] == size])) for size in sizes])
        return list(self.last(F.normalize(self.head(features), dim=-1)).float().chunk(len(views)))


class DINO:
    def __init__(self, work: dict, layout: torch.memory_format) -> None:
        self.work = work
        self.student, self.teacher = (
            Student(work["size"], work["prototypes"]).to(memory_format=layout) for _ in range(2))
        self.teacher.load_state_dict(self.student.state_dict())
        self.teacher.requires_grad_(False)
        self.center = torch.zeros(1, work["prototypes"])
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=1e-4, weight_decay=0.04)
        self.globals, self.locals = (
            [torch.randn(work["batch"], 3, size, size).contiguous(memory_format=layout) for _ in range(count)]
            for size, count in ((work["size"], work["globals"]), (work["local_size"], work["locals"])))

    def terms(self, student: list[torch.Tensor], teacher: list[torch.Tensor]) -> torch.Tensor:
        total, count = 0, 0
        for t, target in enumerate(teacher):
            for s, output in enumerate(student):
                if s != t:
                    total = total + torch.sum(-target * F.log_softmax(output / 0.1, dim=-1), dim=-1)
                    count += 1
        return total / count

    def targets(self, views: list[torch.Tensor]) -> list[torch.Tensor]:
        return [F.softmax((output - self.center) / 0.04, dim=-1) for output in self.teacher(views)]

    @torch.no_grad()
    def select(self) -> list[torch.Tensor]:
        work = self.work
        student, teacher = self.student(self.globals + self.locals), self.targets(self.globals)
        best = torch.zeros(work["batch"])
        chosen = [torch.empty_like(view) for view in self.globals[:2] + self.locals[:work["used_locals"]]]
        for _ in range(64):  # The published search: so many random choices.
            pair = sorted(random.sample(range(work["globals"]), 2))
            locals_ = random.sample(range(work["locals"]), work["used_locals"])
            outputs = [student[v] for v in pair] + [student[work["globals"] + v] for v in locals_]
            loss = self.terms(outputs, [teacher[v] for v in pair])
            better = loss > best
            best = torch.where(better, loss, best)
            for slot, view in zip(chosen, [self.globals[v] for v in pair] + [self.locals[v] for v in locals_]):
                slot[better] = view[better]
        return chosen

    def step(self, rule: str) -> None:
        views = self.globals[:2] + self.locals[:self.work["used_locals"]] if rule == "plain" else self.select()
        with torch.no_grad():
            outputs = self.teacher(views[:2])
            targets = [F.softmax((output - self.center) / 0.04, dim=-1) for output in outputs]
        loss = self.terms(self.student(views), targets).mean()
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 3.0)
        self.optimizer.step()
        with torch.no_grad():
            for ours, theirs in zip(self.teacher.parameters(), self.student.parameters()):
                ours.mul_(0.996).add_(theirs, alpha=0.004)
            self.center = self.center * 0.9 + torch.cat(outputs).mean(0, keepdim=True) * 0.1
        if not loss.item() < float("inf"):
            sys.exit("the loss is no number")


def main() -> None:
    work, style = json.loads(sys.argv[1]), sys.argv[2]
    torch.manual_seed(0)
    torch.set_num_threads(work["threads"])
    layout = torch.channels_last if style == "same" else torch.contiguous_format
    method = {"simsiam": SimSiam, "dino": DINO}[work["method"]](work, layout)
    use_bf16 = style == "same" and work["precision"] == "bf16"
    for line in sys.stdin:
        with torch.autocast("cpu", torch.bfloat16, enabled=use_bf16):
            start = time.perf_counter()
            method.step(line.strip())
            elapsed = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        print(json.dumps({"seconds": elapsed, "peak_bytes": peak}), flush=True)


main()
