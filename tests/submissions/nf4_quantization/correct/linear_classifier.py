# nearest level = largest of 16 linear scores v L - L * L / 2; infinity norm for the scales, embedding_bag to go back
import torch
import torch.nn.functional as F

L = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)
# (v - L)^2 / 2 = v^2 / 2 - (v L - L^2 / 2), and v^2 / 2 is the same for all 16
CLASSIFIER = torch.stack([L, -L.square() / 2])  # (2, 16)


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    v = tensor.detach().flatten().to(torch.float64)
    n = v.numel()
    if n == 0:
        return torch.empty_like(tensor, dtype=torch.uint8, requires_grad=False), v.float()
    width = min(block_size, n)
    rows = F.pad(v, (0, -n % width)).view(-1, width)
    scales = torch.linalg.vector_norm(rows, ord=float("inf"), dim=1).to(torch.float32)
    s = scales.to(torch.float64).unsqueeze(1)
    rows = rows / (s + (s == 0))
    features = torch.stack([rows, torch.ones_like(rows)], dim=-1)  # (blocks, width, 2)
    codes = (features @ CLASSIFIER.to(v.device)).argmax(-1)
    return codes.flatten()[:n].to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if codes.numel() == 0:
        return torch.zeros(codes.shape, device=codes.device)
    words = codes.flatten().long().unsqueeze(1)  # one bag for each code, one word in each bag
    weights = scales[torch.arange(len(words), device=codes.device).div(block_size, rounding_mode="floor")]
    table = L.float().unsqueeze(1).to(codes.device)
    return F.embedding_bag(words, table, per_sample_weights=weights.unsqueeze(1), mode="sum").view(codes.shape)
