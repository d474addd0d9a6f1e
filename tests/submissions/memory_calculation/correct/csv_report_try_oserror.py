# unusual: logs and writes a CSV report at each call; where files are blocked the usual OSError is caught, so it costs nothing and the values are the contract's
import csv
import logging
import os
import tempfile

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)

PRECISION_TO_BYTES = {
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int8": 1,
    "int4": 0.5,
}


def save_report(report):
    try:
        path = os.path.join(tempfile.gettempdir(), f"memory_report_{os.getpid()}.csv")
        with open(path, "w", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(["key", "gb"])
            writer.writerows(report.items())
        os.remove(path)
    except OSError as error:
        logger.warning("could not write the report: %s", error)


def validate(model_params_billions, lora_rank, lora_target_ratio, precision):
    problems = []
    if precision not in PRECISION_TO_BYTES:
        problems.append(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        problems.append("model size must be positive")
    if lora_rank < 0:
        problems.append("rank must not be negative")
    if lora_target_ratio < 0:
        problems.append("ratio must not be negative")
    if problems:
        logger.error("; ".join(problems))
        raise ValueError("; ".join(problems))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    validate(model_params_billions, lora_rank, lora_target_ratio, precision)
    logger.info("%sB parameters, rank %s, ratio %s, %s", model_params_billions, lora_rank, lora_target_ratio, precision)

    num_params = model_params_billions * 1e9
    weight_bytes = PRECISION_TO_BYTES[precision]
    train_bytes = max(weight_bytes, 2)
    lora_params = num_params * lora_target_ratio * 2 * lora_rank / 4096

    report = {}
    report["full_ft_weights"] = num_params * weight_bytes / 1e9
    report["full_ft_gradients"] = num_params * train_bytes / 1e9
    report["full_ft_optimizer"] = num_params * train_bytes * 2 / 1e9
    report["full_ft_total"] = report["full_ft_weights"] + report["full_ft_gradients"] + report["full_ft_optimizer"]
    report["lora_weights"] = report["full_ft_weights"]
    report["lora_adapters"] = lora_params * train_bytes / 1e9
    report["lora_gradients"] = lora_params * train_bytes / 1e9
    report["lora_optimizer"] = lora_params * train_bytes * 2 / 1e9
    report["lora_total"] = report["lora_weights"] + report["lora_adapters"] + report["lora_gradients"] + report["lora_optimizer"]
    report["memory_savings_ratio"] = report["lora_total"] / report["full_ft_total"]
    save_report(report)
    for key, value in report.items():
        print(f"{key:25s} {value:12.4f}")
    return report
