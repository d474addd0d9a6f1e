"""The judge's side of each exercise: one file each, found by listing this folder."""
