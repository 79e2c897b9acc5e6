"""What localexp promises about speed and size, measured against floors and peers: ``python -m benchmarks``."""
