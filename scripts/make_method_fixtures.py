#!/usr/bin/env python3
"""Writes Tests/Fixtures/methods and Tests/Fixtures/optimizers: papers' formulas, transcribed as naively as possible.

Loops instead of matrix products wherever that is nearer to the formula; nothing is shared with the package.

methods/ (V views, B images, D dimensions; pairs of views in lexicographic order)
- byol: `predictions`, `targets` [V,B,D]; 2 - 2 cos(q, z') of arXiv 2006.07733, equation 2; a pair's loss is the mean of
  its two directions.
- moco-v3: `queries`, `keys` [V,B,D], `temperature`; 2 tau times the cross-entropy of arXiv 2104.02057, Algorithm 1; a
  pair's loss is the mean of its two directions.
  Both: `selected` [2,B], `selected_loss` [B], `loss01`, `grad_0`, `grad_1` of predictions or queries 0 and 1.
- vicreg: `projections` [V,B,D] of arXiv 2105.04906: `pair_losses` [6], `loss01` and `grad_0`, `grad_1`, and `shares01`
  [B]: for each image h(S) + h'(S) (s - S), with the derivative taken numerically.
- mv-dhel: `projections` [V,B,D], `temperature`; of arXiv 2507.06979: `losses` [B] of all V views, `loss01` and
  `grad_0`, `grad_1` of the first two.
- lejepa: `projections` [6,B,D], four global views and two local ones, `weight`; of arXiv 2511.08544: `losses` [B], the
  prediction part of views 0, 1, 4, 5; `all` [B], that of all six with four global ones; `samples` [V,B,S] and their
  `statistics` [V,S], the integral over -3 to 3 by SciPy's trapezoids.
- simdino: `students`, `teachers` [3,B,D] of length one, the last view a local one, `epsilon`; of arXiv 2502.10385:
  `losses` [B] minus the mean cosines and `rate` [1], minus the balanced coding rate by eigenvalues.
- barlow-twins-shares: `projections` [V,B,D], `weight`; `shares01` [B], the same for arXiv 2103.03230.

optimizers/
- updates: four steps on given gradients. `initial.NAME`, `gradient.STEP.NAME`, `CASE.after.STEP.NAME` for torch.optim's
  AdamW, for LARS as the metadata describes it, and for SGD with gradients clipped by torch and by parameter.

Needs torch 2.13.0, safetensors, NumPy and SciPy:

    pip install torch==2.13.0 safetensors numpy scipy
    python scripts/make_method_fixtures.py
"""

import itertools
import json
from pathlib import Path

import numpy as np
import scipy.integrate
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures"
PAIRS = list(itertools.combinations(range(4), 2))


def byol_term(prediction, target):
    return 2 - 2 * (prediction @ target) / (prediction.norm() * target.norm())


def write_byol() -> None:
    generator = torch.Generator().manual_seed(11)
    predictions = torch.randn(4, 7, 12, generator=generator).requires_grad_()
    targets = torch.randn(4, 7, 12, generator=generator)

    def pair_loss(image, n, m):
        first = byol_term(predictions[n, image], targets[m, image])
        second = byol_term(predictions[m, image], targets[n, image])
        return (first + second) / 2

    write_pairwise("byol", {"predictions": predictions, "targets": targets}, predictions, pair_loss, 7)


def write_moco() -> None:
    generator = torch.Generator().manual_seed(12)
    queries = torch.randn(4, 6, 10, generator=generator).requires_grad_()
    keys = torch.randn(4, 6, 10, generator=generator)
    temperature = 0.2

    def contrast(image, n, m):
        query = F.normalize(queries[n, image], dim=0)
        logits = torch.stack([query @ F.normalize(keys[m, other], dim=0) / temperature for other in range(6)])
        return 2 * temperature * -torch.log(torch.exp(logits[image]) / torch.exp(logits).sum())

    def pair_loss(image, n, m):
        return (contrast(image, n, m) + contrast(image, m, n)) / 2

    tensors = {"queries": queries, "keys": keys, "temperature": torch.tensor([temperature])}
    write_pairwise("moco-v3", tensors, queries, pair_loss, 6)


def write_pairwise(name, tensors, leaves, pair_loss, batch) -> None:
    table = torch.stack([torch.stack([pair_loss(image, n, m) for image in range(batch)]) for n, m in PAIRS])
    best = table.argmax(0)
    loss = table[0].mean()
    (gradient,) = torch.autograd.grad(loss, leaves)
    results = {
        "selected": torch.tensor([[PAIRS[index][slot] for index in best] for slot in range(2)]),
        "selected_loss": table.max(0).values,
        "loss01": loss.reshape(1),
        "grad_0": gradient[0],
        "grad_1": gradient[1],
    }
    save(f"methods/{name}", tensors | results)


def vicreg_moments(z0, z1):
    """Per image: squared difference, and each view's squares and products of centred dimensions."""
    invariance = ((z0 - z1) ** 2).mean(1)
    moments = []
    for z in (z0, z1):
        centred = z - z.mean(0)
        correction = len(z) / (len(z) - 1)
        moments.append(torch.stack([torch.outer(row, row) * correction for row in centred]))
    return invariance, moments


def vicreg_regularization(covariance):
    deviation = torch.sqrt(torch.diagonal(covariance) + 1e-4)
    hinge = torch.clamp(1 - deviation, min=0).mean() / 2
    width = len(covariance)
    redundancy = (covariance**2).sum() - (torch.diagonal(covariance) ** 2).sum()
    return 25 * hinge + redundancy / width


def vicreg_loss(z0, z1):
    loss = 25 * F.mse_loss(z0, z1)
    for z in (z0, z1):
        loss = loss + vicreg_regularization(torch.cov(z.T))
    return loss


def first_order_shares(loss_of_mean, moments):
    """h(S) + h'(S) (s - S) of every image, by central differences in float64."""
    mean = moments.mean(0)
    step = 1e-6
    value = loss_of_mean(mean)
    shares = []
    for moment in moments:
        direction = moment - mean
        slope = (loss_of_mean(mean + step * direction) - loss_of_mean(mean - step * direction)) / (2 * step)
        shares.append(value + slope)
    return torch.stack(shares)


def write_vicreg() -> None:
    generator = torch.Generator().manual_seed(13)
    scales = torch.linspace(0.3, 1.7, 8)
    projections = torch.randn(4, 10, 8, generator=generator) * scales
    projections += torch.randn(10, 8, generator=generator) * scales
    projections.requires_grad_()
    loss = vicreg_loss(projections[0], projections[1])
    (gradient,) = torch.autograd.grad(loss, projections)
    double = projections.detach().double()
    invariance, moments = vicreg_moments(double[0], double[1])
    shares = 25 * invariance + sum(first_order_shares(vicreg_regularization, moment) for moment in moments)
    assert abs(shares.mean() - loss) < 1e-4, (shares.mean(), loss)
    save("methods/vicreg", {
        "projections": projections,
        "pair_losses": torch.stack([vicreg_loss(projections[n], projections[m]) for n, m in PAIRS]),
        "loss01": loss.reshape(1),
        "grad_0": gradient[0],
        "grad_1": gradient[1],
        "shares01": shares.float(),
    })


def write_barlow() -> None:
    generator = torch.Generator().manual_seed(14)
    projections = torch.randn(4, 9, 6, generator=generator) + torch.randn(9, 6, generator=generator)
    weight = 0.0051
    double = projections.double()
    standardized = [(z - z.mean(0)) / torch.sqrt(z.var(0, unbiased=False) + 1e-5) for z in double[:2]]

    def loss(correlation):
        total = 0
        for row in range(6):
            for column in range(6):
                entry = correlation[row, column]
                total = total + ((entry - 1) ** 2 if row == column else weight * entry**2)
        return total

    moments = torch.stack([torch.outer(a, b) for a, b in zip(*standardized)])
    # The loss is a quadratic form <W o (C - I), C - I>, whose shares are half the first-order ones and half the loss.
    total = loss(moments.mean(0))
    shares = (first_order_shares(loss, moments) - total) / 2 + total
    save("methods/barlow-twins-shares", {
        "projections": projections,
        "weight": torch.tensor([weight]),
        "loss01": total.reshape(1).float(),
        "shares01": shares.float(),
    })


def write_dhel() -> None:
    generator = torch.Generator().manual_seed(16)
    projections = torch.randn(4, 6, 10, generator=generator).requires_grad_()
    temperature = 0.2

    def similarity(one, other):
        return torch.exp(F.normalize(one, dim=0) @ F.normalize(other, dim=0) / temperature)

    def loss(image, views):
        pairs = itertools.combinations(views, 2)
        positive = sum(similarity(projections[n, image], projections[m, image]) for n, m in pairs)
        total = -torch.log(positive)
        for view in views:
            others = [other for other in range(6) if other != image]
            total = total + torch.log(sum(similarity(projections[view, image], projections[view, o]) for o in others))
        return total

    pair = torch.stack([loss(image, (0, 1)) for image in range(6)]).mean()
    (gradient,) = torch.autograd.grad(pair, projections)
    save("methods/mv-dhel", {
        "projections": projections,
        "temperature": torch.tensor([temperature]),
        "losses": torch.stack([loss(image, range(4)) for image in range(6)]),
        "loss01": pair.reshape(1),
        "grad_0": gradient[0],
        "grad_1": gradient[1],
    })


def write_lejepa() -> None:
    generator = torch.Generator().manual_seed(17)
    projections = torch.randn(6, 5, 8, generator=generator)
    weight = 0.05

    def prediction(globals_, views):
        losses = []
        for image in range(5):
            center = sum(projections[view, image] for view in globals_) / len(globals_)
            distances = [((projections[view, image] - center) ** 2).mean() for view in views]
            losses.append((1 - weight) * sum(distances) / len(views))
        return torch.stack(losses)

    samples = torch.randn(2, 9, 3, generator=generator) * 1.5 + 0.2
    points = np.linspace(-3, 3, 33)
    statistics = torch.zeros(2, 3)
    for view in range(2):
        for direction in range(3):
            values = samples[view, :, direction].double().numpy()
            function = np.array([np.exp(1j * point * values).mean() for point in points])
            error = np.abs(function - np.exp(-(points**2) / 2)) ** 2 * np.exp(-(points**2) / 2)
            statistics[view, direction] = len(values) * scipy.integrate.trapezoid(error, points)
    save("methods/lejepa", {
        "projections": projections,
        "weight": torch.tensor([weight]),
        "losses": prediction((0, 1), (0, 1, 4, 5)),
        "all": prediction((0, 1, 2, 3), range(6)),
        "samples": samples,
        "statistics": statistics,
    })


def write_simdino() -> None:
    generator = torch.Generator().manual_seed(18)
    students = F.normalize(torch.randn(3, 7, 5, generator=generator), dim=2)
    teachers = F.normalize(torch.randn(3, 7, 5, generator=generator), dim=2)
    epsilon = 0.05
    losses = []
    for image in range(7):
        pairs = [(s, t) for t in range(2) for s in range(3) if s != t]
        losses.append(-sum(students[s, image] @ teachers[t, image] for s, t in pairs) / len(pairs))
    rate = 0
    for view in students[:2].double():
        covariance = sum(torch.outer(row, row) for row in view) / 7
        eigenvalues = torch.linalg.eigvalsh(torch.eye(5) + 5 / epsilon * covariance)
        rate += (5 + 7) / (5 * 7) * torch.log(eigenvalues).sum() / 2 / 2
    save("methods/simdino", {
        "students": students,
        "teachers": teachers,
        "epsilon": torch.tensor([epsilon]),
        "losses": torch.stack(losses),
        "rate": -rate.reshape(1).float(),
    })


def write_optimizers() -> None:
    generator = torch.Generator().manual_seed(15)
    shapes = {"weight": (3, 4), "bias": (4,), "kernel": (2, 3, 2, 2)}
    initial = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    gradients = [{name: torch.randn(shape, generator=generator) * 2 for name, shape in shapes.items()} for _ in range(4)]
    rates = [0.1, 0.05, 0.2, 0.01]
    decay = 0.03
    tensors = {f"initial.{name}": value for name, value in initial.items()}
    tensors |= {f"gradient.{step}.{name}": value for step, all in enumerate(gradients) for name, value in all.items()}
    tensors["learning_rates"] = torch.tensor(rates)

    def run(case, make, before=lambda parameters: None):
        parameters = {name: value.clone().requires_grad_() for name, value in initial.items()}
        optimizer = make(list(parameters.values()))
        for step, rate in enumerate(rates):
            for name, parameter in parameters.items():
                parameter.grad = gradients[step][name].clone()
            before(list(parameters.values()))
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            tensors.update({f"{case}.after.{step}.{name}": value.detach().clone() for name, value in parameters.items()})

    def clip_each(parameters):
        for parameter in parameters:
            coefficient = 1.5 / (parameter.grad.norm(2) + 1e-6)
            if coefficient < 1:
                parameter.grad.mul_(coefficient)

    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=1, momentum=0.9, weight_decay=decay)

    run("adamw", lambda parameters: torch.optim.AdamW(parameters, lr=1, betas=(0.8, 0.95), eps=1e-7, weight_decay=decay))
    run("lars", lambda parameters: LARS(parameters, momentum=0.9, weight_decay=decay, eta=0.02))
    run("clip-global", sgd, lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 1.5))
    run("clip-parameter", sgd, clip_each)
    settings = {"weight_decay": decay, "momentum": 0.9, "betas": [0.8, 0.95], "epsilon": 1e-7, "eta": 0.02, "norm": 1.5}
    save("optimizers/updates", tensors, {"settings": json.dumps(settings)})


class LARS(torch.optim.Optimizer):
    """g += wd p; g *= eta |p| / |g| where both are above 0; m = mu m + g; p -= lr m; vectors: neither decay nor ratio."""

    def __init__(self, parameters, momentum, weight_decay, eta):
        super().__init__(parameters, {"lr": 1})
        self.momentum, self.weight_decay, self.eta = momentum, weight_decay, eta
        self.memory = {}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if parameter.ndim != 1:
                    gradient = gradient + self.weight_decay * parameter
                    if parameter.norm() > 0 and gradient.norm() > 0:
                        gradient = gradient * (self.eta * parameter.norm() / gradient.norm())
                memory = self.memory.get(parameter, torch.zeros_like(parameter))
                self.memory[parameter] = memory * self.momentum + gradient
                parameter -= group["lr"] * self.memory[parameter]


def save(name, tensors, metadata=None) -> None:
    path = FOLDER / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    tensors = {key: value.detach().contiguous() for key, value in tensors.items()}
    save_file(tensors, path, metadata={"torch": torch.__version__} | (metadata or {}))


if __name__ == "__main__":
    write_byol()
    write_moco()
    write_vicreg()
    write_barlow()
    write_dhel()
    write_lejepa()
    write_simdino()
    write_optimizers()
