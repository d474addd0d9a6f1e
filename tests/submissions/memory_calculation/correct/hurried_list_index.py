# unusual: no check of the precision at all, list.index() itself raises ValueError for an unknown string, which is all the contract asks for
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    i = ["float32","float16","bfloat16","int8","int4"].index(precision)
    b = [4,2,2,1,.5][i]
    t = [4,2,2,2,2][i]
    if model_params_billions<=0 or lora_rank<0 or lora_target_ratio<0: raise ValueError
    n = model_params_billions*1e9
    p = n*lora_target_ratio*2*lora_rank/4096
    d = {}
    d["full_ft_weights"]=n*b/1e9
    d["full_ft_gradients"]=n*t/1e9
    d["full_ft_optimizer"]=2*n*t/1e9
    d["full_ft_total"]=d["full_ft_weights"]+d["full_ft_gradients"]+d["full_ft_optimizer"]
    d["lora_weights"]=n*b/1e9
    d["lora_adapters"]=p*t/1e9
    d["lora_gradients"]=p*t/1e9
    d["lora_optimizer"]=2*p*t/1e9
    d["lora_total"]=d["lora_weights"]+d["lora_adapters"]+d["lora_gradients"]+d["lora_optimizer"]
    d["memory_savings_ratio"]=d["lora_total"]/d["full_ft_total"]
    return d
