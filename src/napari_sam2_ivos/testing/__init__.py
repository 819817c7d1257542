"""Synthetic movies with ground truth, a fake segmenter and measures of quality.

Shipped, so that tests, docs, benchmarks and other programs use the same ones.
"""
