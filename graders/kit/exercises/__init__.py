"""What the kit records of each exercise: a `recorded()` in each file here, found by listing the folder."""
