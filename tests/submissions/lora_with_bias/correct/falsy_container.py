# the layer is also a container: its length is the number of active directions, so a fresh one is falsy; state_dict has only what is trained
import inspect

import torch
from torch import nn

CONFIG = inspect.signature(
    lambda original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False: None  # noqa: ARG005
)


class LoRALayerWithBias(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        config = CONFIG.bind(*args, **kwargs)
        config.apply_defaults()
        self.config = dict(config.arguments)
        base = self.base = self.config.pop("original_layer")
        base.requires_grad_(False)
        if base.bias is not None:
            base.bias.requires_grad_(bool(self.config["train_bias"]))
        self.lora_A = nn.Parameter(torch.rand(self.config["rank"], base.in_features) - 0.5)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, self.config["rank"]))
        self.register_state_dict_post_hook(keep_trained)
        self.register_load_state_dict_post_hook(forgive_frozen)

    @property
    def scaling(self):
        return self.config["alpha"] / self.config["rank"]

    def forward(self, x):
        d = nn.functional.dropout(x, p=self.config["dropout"], training=self.training)
        return self.base(x) + torch.tensordot(torch.tensordot(d, self.lora_A, ([-1], [1])), self.lora_B, ([-1], [1])) * self.scaling

    def __len__(self):
        """How many of the rank-one terms do something."""
        return int(self.lora_B.detach().any(dim=0).sum())

    def __getitem__(self, i):
        return self.lora_B[:, i], self.lora_A[i]

    def __iter__(self):
        return (self[i] for i in range(len(self.lora_A)))

    def __contains__(self, tensor):
        return any(tensor is p for p in self.parameters())


def keep_trained(module, state, prefix, local_metadata):
    """A checkpoint is for the adapter. The pretrained weights are on the disk already."""
    for name, p in module.named_parameters():
        if not p.requires_grad:
            state.pop(prefix + name, None)


def forgive_frozen(module, incompatible_keys):
    incompatible_keys.missing_keys[:] = [
        key for key in incompatible_keys.missing_keys if not key.endswith(("base.weight", "base.bias"))
    ]
