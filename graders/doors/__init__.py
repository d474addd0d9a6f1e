"""Thin: somebody's format -> grade(), Report -> theirs."""
