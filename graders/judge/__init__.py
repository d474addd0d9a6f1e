"""TRUSTED: searches for counterexamples, makes the box and reads what comes out of it."""
