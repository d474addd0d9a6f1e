# style: Spanish identifiers, accents, demonstration and asserts run at import without a main guard
import torch
import torch.nn as nn
from lab import SimpleTransformerBlock, generate_synthetic_data

MÓDULOS_DE_ATENCIÓN = ["q_proj", "k_proj", "v_proj", "o_proj"]


class CapaLoRA(nn.Module):
    """Una capa lineal congelada más una corrección de rango bajo."""

    def __init__(self, capa_original, rango, alfa):
        super().__init__()
        self.capa_original = capa_original
        self.escala = alfa / rango
        self.lora_A = nn.Parameter(torch.randn(rango, capa_original.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(capa_original.out_features, rango))

    def forward(self, entrada):
        corrección = entrada @ self.lora_A.T @ self.lora_B.T
        return self.capa_original(entrada) + self.escala * corrección


def congelar(modelo):
    for parámetro in modelo.parameters():
        parámetro.requires_grad = False


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    objetivos = MÓDULOS_DE_ATENCIÓN if target_modules is None else target_modules
    congelar(model)
    for nombre, módulo in list(model.named_modules()):
        if isinstance(módulo, nn.Linear) and any(objetivo in nombre for objetivo in objetivos):
            *camino, hoja = nombre.split(".")
            padre = model.get_submodule(".".join(camino))
            setattr(padre, hoja, CapaLoRA(módulo, rank, alpha))
    return model


def contar(modelo):
    return sum(p.numel() for p in modelo.parameters() if p.requires_grad)


def compare_target_modules(target_configs, n_epochs=50):
    resultados = {}
    for objetivos in target_configs:
        torch.manual_seed(1492)
        modelo = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        modelo = add_lora_to_model_selective(modelo, 8, 16, objetivos)
        optimizador = torch.optim.AdamW([p for p in modelo.parameters() if p.requires_grad], lr=1e-3)
        pérdidas = []
        for época in range(n_epochs):
            optimizador.zero_grad()
            pérdida = nn.functional.l1_loss(modelo(x), y)
            pérdida.backward()
            optimizador.step()
            pérdidas.append(pérdida.item())
        resultados["+".join(objetivos)] = {
            "target_modules": objetivos,
            "trainable_params": contar(modelo),
            "losses": pérdidas,
            "final_loss": pérdidas[-1],
        }
    return resultados


# --- demostración ---
modelo = SimpleTransformerBlock(d_model=32, n_heads=4)
x = torch.randn(2, 5, 32)
antes = modelo(x)
add_lora_to_model_selective(modelo, rank=2, alpha=4, target_modules=["q_proj", "v_proj"])
assert torch.allclose(antes, modelo(x), atol=1e-6)
assert contar(modelo) == 2 * 2 * (32 + 32), contar(modelo)
print([n for n, p in modelo.named_parameters() if p.requires_grad])
for clave, r in compare_target_modules([["q_proj"], ["v_proj", "o_proj"]], n_epochs=1).items():
    print(f"{clave:20s} {r['trainable_params']:8d} {r['final_loss']:.4f}")
