# unusual: a lambda bound to the name, raising through a generator's throw and with the values as defaults; it is called like the contract's signature and gives the ten values
import functools
E=lambda m:(_ for _ in ()).throw(ValueError(m))
B={"float32":4,"float16":2,"bfloat16":2,"int8":1,"int4":0.5}
tot=lambda d,k:{**d,k+"_total":functools.reduce(lambda a,b:a+b,[v for q,v in d.items() if q[:len(k)]==k])}
fin=lambda d:{**d,"memory_savings_ratio":d["lora_total"]/d["full_ft_total"]}
calculate_memory_requirements=lambda model_params_billions,lora_rank=16,lora_target_ratio=0.1,precision="float32":(
 E("precision") if precision not in B else E("size") if model_params_billions<=0 else E("neg") if min(lora_rank,lora_target_ratio)<0 else
 (lambda n,b,t,p:fin(tot(tot(dict(full_ft_weights=n*b,full_ft_gradients=n*t,full_ft_optimizer=2*n*t,lora_weights=n*b,lora_adapters=p*t,lora_gradients=p*t,lora_optimizer=2*p*t),"full_ft"),"lora")))
 (model_params_billions,B[precision],max(B[precision],2),model_params_billions*lora_target_ratio*2*lora_rank/4096))
