# unusual: factors in an nn.ParameterDict behind properties, frozen things in buffers, state-dict hooks rename the keys, extra state
import torch
from torch import nn


def _frozen_bias(layer, train):
    if layer.bias is None or train:
        return None
    return layer.bias.detach().clone()


class LoRALayerWithBias(nn.Module):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__()
        self.theta = nn.ParameterDict(
            {
                "lora_A": nn.Parameter(torch.randn(rank, original_layer.in_features) * 0.1),
                "lora_B": nn.Parameter(torch.zeros(original_layer.out_features, rank)),
            }
        )
        if train_bias and original_layer.bias is not None:
            self.theta["bias"] = nn.Parameter(original_layer.bias.detach().clone())
        self.register_buffer("W0", original_layer.weight.detach().clone())
        self.register_buffer("b0", _frozen_bias(original_layer, train_bias))
        self.register_buffer("scaling", torch.tensor(float(alpha) / rank, dtype=torch.float64), persistent=False)
        self.hyper = {"rank": rank, "alpha": alpha}
        self.drop = nn.Dropout(dropout)
        self.register_state_dict_post_hook(self._shorten)
        self.register_load_state_dict_pre_hook(self._lengthen)

    @property
    def lora_A(self) -> nn.Parameter:
        return self.theta["lora_A"]

    @property
    def lora_B(self) -> nn.Parameter:
        return self.theta["lora_B"]

    @staticmethod
    def _shorten(module, state, prefix, local_metadata):
        for key in [k for k in state if k.startswith(prefix + "theta.")]:
            state[key.replace("theta.", "", 1)] = state.pop(key)

    @staticmethod
    def _lengthen(module, state, prefix, *_):
        for key in ("lora_A", "lora_B", "bias"):
            if prefix + key in state:
                state[prefix + "theta." + key] = state.pop(prefix + key)

    def get_extra_state(self):
        return dict(self.hyper)

    def set_extra_state(self, state):
        self.hyper.update(state)

    def forward(self, x):
        b = self.theta["bias"] if "bias" in self.theta else self.b0
        y = torch.matmul(x, self.W0.mT)
        if b is not None:
            y = y + b
        up = torch.tensordot(self.drop(x), self.lora_A, dims=([-1], [1]))
        up = torch.tensordot(up, self.lora_B, dims=([-1], [1]))
        return y + self.scaling.to(y.dtype) * up
