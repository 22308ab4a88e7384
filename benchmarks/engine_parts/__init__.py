"""What `benchmarks/engine.py` measures, one part a file."""
