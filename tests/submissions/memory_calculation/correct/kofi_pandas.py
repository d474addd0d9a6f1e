# who: Kofi, data analyst, imports his usual packages by reflex; unusual: matplotlib and pandas imported at the top (placeholders while graded), used in the demo only
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

B = {'float32': 4, 'float16': 2, 'bfloat16': 2, 'int8': 1, 'int4': 0.5}

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision='float32'):
    if precision not in B.keys():
        raise ValueError('precision must be one of: ' + ', '.join(B))
    if model_params_billions <= 0:
        raise ValueError('model_params_billions must be > 0')
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError('lora_rank and lora_target_ratio must be >= 0')

    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    b = B[precision]
    t = np.max([b, 2])

    full = {'full_ft_weights': N*b, 'full_ft_gradients': N*t, 'full_ft_optimizer': 2*N*t}
    full['full_ft_total'] = np.sum(list(full.values()))
    lora = {'lora_weights': N*b, 'lora_adapters': P*t, 'lora_gradients': P*t, 'lora_optimizer': 2*P*t}
    lora['lora_total'] = np.sum(list(lora.values()))

    d = {k: v / 1e9 for k, v in {**full, **lora}.items()}
    d['memory_savings_ratio'] = d['lora_total'] / d['full_ft_total']
    return d


def plot():
    df = pd.DataFrame({p: calculate_memory_requirements(7, precision=p) for p in B})
    df.loc[['full_ft_total', 'lora_total']].T.plot.bar()
    plt.ylabel('GB')
    plt.show()


if __name__ == '__main__':
    plot()
