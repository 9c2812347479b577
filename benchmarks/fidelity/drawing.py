"""Weights and biases of a layer as a row's initialisers draw them. It needs torch alone: the peer's process uses it."""

import math
from typing import Any

import torch
from torch import Tensor, nn


def weights(shape: Any, drawn: dict[str, Any]) -> Tensor:
    """A layer's weights [out, in]."""
    fan_out, fan_in = shape
    weight = torch.empty(fan_out, fan_in)
    match drawn["kind"]:
        case "xavier_uniform":
            return nn.init.xavier_uniform_(weight, drawn["gain"])
        case "orthogonal":
            return nn.init.orthogonal_(weight, drawn["gain"])
        case "uniform":
            return nn.init.uniform_(weight, -drawn["bound"], drawn["bound"])
        case "variance_scaling":
            fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[drawn["mode"]]
            deviation = math.sqrt(drawn["scale"] / fan)
            if drawn["distribution"] == "normal":
                return nn.init.normal_(weight, 0.0, deviation)
            return nn.init.uniform_(weight, -math.sqrt(3) * deviation, math.sqrt(3) * deviation)
    raise ValueError(f"no weights are drawn by {drawn['kind']}")


def biases(layer: nn.Linear, drawn: dict[str, Any]) -> Tensor:
    """A layer's biases [out]."""
    if drawn["kind"] == "zeros":
        return torch.zeros_like(layer.bias)
    bound = 1 / math.sqrt(layer.in_features)
    return nn.init.uniform_(torch.empty_like(layer.bias), -bound, bound)
