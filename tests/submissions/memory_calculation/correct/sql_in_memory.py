# one SQL statement, run by an SQLite database in memory; CHECK constraints find the wrong arguments
import sqlite3

_SCHEMA = """
CREATE TABLE width (precision TEXT PRIMARY KEY, b REAL NOT NULL);
INSERT INTO width VALUES ('float32', 4), ('float16', 2), ('bfloat16', 2), ('int8', 1), ('int4', 0.5);
CREATE TABLE question (
    n REAL CHECK (n > 0), r REAL CHECK (r >= 0), ratio REAL CHECK (ratio >= 0),
    precision TEXT NOT NULL REFERENCES width
);
"""
_QUERY = """
WITH base  AS (SELECT n, n * ratio * 2 * r / 4096 AS p, b, max(b, 2) AS t FROM question NATURAL JOIN width),
     parts AS (SELECT n * b AS full_ft_weights, n * t AS full_ft_gradients, 2 * n * t AS full_ft_optimizer,
                      n * b + n * t + 2 * n * t AS full_ft_total,
                      n * b AS lora_weights, p * t AS lora_adapters, p * t AS lora_gradients, 2 * p * t AS lora_optimizer,
                      n * b + p * t + p * t + 2 * p * t AS lora_total FROM base)
SELECT *, lora_total / full_ft_total AS memory_savings_ratio FROM parts
"""


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(_SCHEMA)
        database.execute("PRAGMA foreign_keys = ON")
        database.row_factory = sqlite3.Row
        row = (float(model_params_billions), float(lora_rank), float(lora_target_ratio), str(precision))
        database.execute("INSERT INTO question VALUES (?, ?, ?, ?)", row)
        return dict(database.execute(_QUERY).fetchone())
    except sqlite3.IntegrityError as error:
        raise ValueError(f"wrong argument: {error}") from None
    finally:
        database.close()
