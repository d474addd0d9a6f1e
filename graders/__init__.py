"""loralab's grader: a trusted judge asks, an untrusted worker runs, the report tells."""

__version__ = "0.1.0"
