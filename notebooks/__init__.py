"""The notebooks' sources, in jupytext's percent format, and what makes notebooks of them."""
