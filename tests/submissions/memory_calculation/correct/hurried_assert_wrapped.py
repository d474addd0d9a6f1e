# unusual: asserts and a bare dict lookup, everything that goes wrong is turned into ValueError by one except; the contract's bad arguments all end in ValueError
def calculate_memory_requirements(model_params_billions,
                                  lora_rank=16,
                                  lora_target_ratio=0.1,
                                  precision="float32"):
  try:
    assert model_params_billions > 0
    assert lora_rank >= 0
    assert not lora_target_ratio < 0
    bytes = {'float32':4,'float16':2,'bfloat16':2,'int8':1,'int4':0.5}[precision]
    train = bytes if bytes > 2 else 2
    GB = 1e9
    params = model_params_billions * GB
    lora = params * lora_target_ratio * (2 * lora_rank / 4096)
    out = dict()
    for key, val in (("full_ft_weights", params*bytes), ("full_ft_gradients", params*train), ("full_ft_optimizer", params*train*2),
                     ("lora_weights", params*bytes), ("lora_adapters", lora*train), ("lora_gradients", lora*train), ("lora_optimizer", lora*train*2)):
      out[key] = val/GB
    out["full_ft_total"] = sum(list(out.values())[:3])
    out["lora_total"] = sum(list(out.values())[3:7])
    out["memory_savings_ratio"] = out["lora_total"]/out["full_ft_total"]
    print("memory:", out)
    return out
  except Exception as e:
    raise ValueError("something is wrong with the arguments: %r" % e)
