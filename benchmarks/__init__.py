"""Figures beside baselines of the same run: `python -m benchmarks`, explained in README.md."""
