"""Benchmarks: how much of what the machine can do is left when every promise is kept."""
