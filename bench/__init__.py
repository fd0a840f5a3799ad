"""Benchmarks and the validation table; nothing of the product imports them."""
