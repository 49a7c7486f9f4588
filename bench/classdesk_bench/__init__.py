"""Benchmarks of classdesk beside the stock stack, in a test world. See bench/README.md."""
