# who: Rosa, computational linguist, thinks in regular expressions, Spanish comments; unusual: one compiled pattern for all targets, template block copied with deepcopy
import copy
import re

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

POR_DEFECTO = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _patron(objetivos):
    # lista vacia -> un patron que nunca coincide
    if len(objetivos) == 0:
        return re.compile(r"(?!)")
    alternativas = "|".join(re.escape(o) for o in objetivos)
    return re.compile(rf"(?:^|\.)(?:{alternativas})$")


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    patron = _patron(POR_DEFECTO if target_modules is None else target_modules)
    model.requires_grad_(False)
    capas = {nombre: capa for nombre, capa in model.named_modules() if isinstance(capa, nn.Linear) and patron.search(nombre)}
    for nombre, capa in capas.items():
        padre, hijo = re.fullmatch(r"(?:(.*)\.)?([^.]+)", nombre).groups(default="")
        setattr(model.get_submodule(padre), hijo, LoRALayer(capa, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(5)
    plantilla = SimpleTransformerBlock()          # todos parten de aqui
    datos = generate_synthetic_data()
    resultados = {}
    for objetivos in target_configs:
        torch.manual_seed(6)
        bloque = copy.deepcopy(plantilla)
        bloque = add_lora_to_model_selective(bloque, 8, 16, objetivos)
        x, y = datos
        entrenables = [p for p in bloque.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(entrenables, lr=1e-3)
        perdidas = []
        for _ in range(n_epochs):
            perdida = nn.functional.mse_loss(bloque(x), y)
            opt.zero_grad()
            perdida.backward()
            opt.step()
            perdidas.append(perdida.detach().item())
        resultados["+".join(objetivos)] = {
            "target_modules": objetivos,
            "trainable_params": sum(p.numel() for p in entrenables),
            "losses": perdidas,
            "final_loss": perdidas[-1],
        }
    return resultados
