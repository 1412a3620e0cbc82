"""Measurements. Each module prints one table and writes its figures into ``bench/results/``; docs/performance.md."""
