# mistake: unnamed
# A function of that name that hands back the layer unchanged.


def LoRALayerWithBias(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
    return original_layer
