"""Multilayer perceptrons over one flat parameter row per seed, [S, P], and ensembles of them, [S, E, P]."""

import itertools
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from taxon.networks.initialisers import Initialiser, xavier_uniform, zeros
from taxon.operators.functional import apart

LayerNorm = Literal["none", "first", "everywhere"]

# What a network that is made now rounds the factors of its hidden layers' products to; None leaves them as they are.
FACTORS: ContextVar[torch.dtype | None] = ContextVar("FACTORS", default=None)


class Features(Protocol):
    """Fixed functions of an input: [S, ..., O] -> [S, ..., F], with F = size(O)."""

    def size(self, inputs: int) -> int:
        """F for inputs of O numbers."""

    def __call__(self, x: Tensor) -> Tensor:
        """[S, ..., O] -> [S, ..., F]."""


class Trunk(Protocol):
    """What a head stands over: a function of an input and a row of parameters."""

    size: int
    outputs: int

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., O] -> [S, ..., outputs]."""


class Mlp:
    """Linear layers with an activation between them; its layers are views of one flat row.

    `layer_norm`: "first" makes the first hidden layer Linear -> LayerNorm -> tanh and leaves the activation to the
    others (Hoffman et al. 2020; Furuta et al. 2021, code); "everywhere" makes every hidden layer
    Linear -> LayerNorm -> activation. `head_init` and `head_bias` default to those of the hidden layers. Two sizes
    make a linear function. With `features` the first layer reads features(x); the first size is still that of x.

    A network keeps the FACTORS that it was made under, for its hidden layers alone: what comes out, which losses and
    targets read, is a product of unrounded factors, and so is all of a linear function.

    A row holds, layer by layer, weight [in, out], bias [out] and, where the layer is normalised, gain [out] and
    offset [out].
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[Tensor], Tensor],
        layer_norm: LayerNorm = "none",
        weight_init: Initialiser | None = None,
        bias_init: Initialiser = zeros,
        head_init: Initialiser | None = None,
        head_bias: Initialiser | None = None,
        features: Features | None = None,
    ) -> None:
        weight_init = weight_init or xavier_uniform()
        hidden = len(sizes) - 2
        self.factors = FACTORS.get()
        self.features = features
        self.outputs = sizes[-1]
        self.shapes = list(itertools.pairwise([features.size(sizes[0]) if features else sizes[0], *sizes[1:]]))
        self.normalised = [
            k < hidden and layer_norm != "none" and (k == 0 or layer_norm == "everywhere") for k in range(hidden + 1)
        ]
        self.activations = [torch.tanh if layer_norm == "first" and k == 0 else activation for k in range(hidden)]
        self.initialisers = [(weight_init, bias_init)] * hidden + [(head_init or weight_init, head_bias or bias_init)]
        self.splits: list[int] = []
        for (fan_in, fan_out), normalised in zip(self.shapes, self.normalised, strict=True):
            self.splits += [fan_in * fan_out, fan_out] + 2 * [fan_out] * normalised
        self.size = sum(self.splits)

    def init(self, generator: torch.Generator) -> Tensor:
        """One fresh row: [P]."""
        parts = []
        for (fan_in, fan_out), normalised, (weight, bias) in zip(
            self.shapes, self.normalised, self.initialisers, strict=True
        ):
            parts += [weight(fan_in, fan_out, generator).flatten(), bias(fan_in, fan_out, generator)]
            if normalised:
                parts += [torch.ones(fan_out), torch.zeros(fan_out)]
        return torch.cat(parts)

    def read(self, x: Tensor) -> Tensor:
        """What the first layer sees of an input: [S, ..., in] -> [S, ..., F]."""
        return self.features(x) if self.features else x

    def apply(self, flat: Tensor, x: Tensor) -> Tensor:
        """flat [S, P], x [S, ..., in] -> [S, ..., out]; the middle axes are a batch."""
        parts = iter(torch.split(flat, self.splits, -1))
        y = self.read(x).reshape(x.shape[0], math.prod(x.shape[1:-1]), self.shapes[0][0])
        for k, shape in enumerate(self.shapes):
            weight, bias = next(parts).reshape(flat.shape[0], *shape), next(parts)
            if self.factors is not None and k < len(self.activations):
                y = rounded_affine(y, weight, bias, self.factors)
            else:
                y = affine(y, weight, bias)
            if self.normalised[k]:
                y = F.layer_norm(y, shape[1:]) * next(parts).unsqueeze(1) + next(parts).unsqueeze(1)
            if k < len(self.activations):
                y = self.activations[k](y)
        return y.reshape(*x.shape[:-1], self.outputs)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x weight + bias for every seed: [S, N, in], [S, in, out], [S, out] -> [S, N, out].

    Run eagerly on the CPU, each seed has a product of its own: a BLAS library's batched product orders its sums
    otherwise than its single one, and a seed must come out bit for bit the same alone as among others. For the same
    reason the factors of the gradient's product, dy weight^T, lie in memory of their own (`apart`), and a single
    output, which BLAS would take as a matrix-vector product, is a plain sum; compiled, that is fused with what
    surrounds it, where the batched product takes seven times as long as the single ones.
    """
    if x.device.type == "cpu" and weight.shape[-1] == 1:
        return (x * weight.transpose(1, 2)).sum(-1, keepdim=True) + bias.unsqueeze(1)
    if x.device.type != "cpu" or torch.compiler.is_compiling():
        return torch.baddbmm(bias.unsqueeze(1), x, weight)
    rows = zip(bias.unbind(), x.unbind(), weight.unbind(), strict=True)
    if not torch.is_grad_enabled():
        return torch.stack([torch.addmm(b, y, w) for b, y, w in rows])
    return torch.stack([apart(torch.addmm(b, y, apart(w))) for b, y, w in rows])


def rounded_affine(x: Tensor, weight: Tensor, bias: Tensor, factors: torch.dtype) -> Tensor:
    """x weight + bias with x and weight rounded to `factors`: [S, N, in], [S, in, out], [S, out] -> [S, N, out].

    The type of the bias comes out. Kernels for bfloat16 add the products up in float32 and round each sum once; the
    bias is added after that. The gradient's products, dy weight^T and x^T dy, have rounded factors, too: dy is rounded
    for them, and they once; the bias's gradient is the sum of dy itself. As in `affine` each seed has products of its
    own in eager execution on the CPU.
    """
    x, weight = x.to(factors), weight.to(factors)
    if x.device.type != "cpu" or torch.compiler.is_compiling():
        product = torch.bmm(x, weight)
    else:
        product = torch.stack([torch.mm(y, w) for y, w in zip(x.unbind(), weight.unbind(), strict=True)])
    return product.to(bias.dtype) + bias.unsqueeze(1)


def ensemble_apply(network: Mlp, flat: Tensor, x: Tensor) -> Tensor:
    """Every member on the same input: flat [S, E, P], x [S, ..., in] -> [S, E, ..., out]."""
    seeds, members = flat.shape[:2]
    repeated = x.unsqueeze(1).expand(seeds, members, *x.shape[1:]).flatten(0, 1)
    output = network.apply(flat.flatten(0, 1), repeated)
    return output.reshape(seeds, members, *output.shape[1:])


def ensemble_init(network: Mlp, generator: torch.Generator, members: int) -> Tensor:
    """One fresh row per member: [E, P]."""
    return torch.stack([network.init(generator) for _ in range(members)])
