"""Metrics that no script has logged: what its processes take, sampled while they run.

What shows or compares the metrics of a run leaves them out, unless asked for one by name.
"""

from __future__ import annotations

CPU_PERCENT, MEMORY_BYTES = "system/cpu_percent", "system/memory_rss_bytes"
GPU_PERCENT, GPU_MEMORY_BYTES = "system/gpu_percent", "system/gpu_memory_bytes"
SAMPLED = (CPU_PERCENT, MEMORY_BYTES, GPU_PERCENT, GPU_MEMORY_BYTES)
