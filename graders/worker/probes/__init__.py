"""The worker's side of each exercise: do and look, never compare."""
