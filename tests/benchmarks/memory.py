"""Memory of processes, read from the kernel."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_megabytes() -> float:
    """Return the largest resident size that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_megabytes(pid: int) -> float:
    """Return the resident size of a process now; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024


def family_megabytes(pid: int) -> float:
    """Return the resident size of a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text(encoding="ascii").split()]
    except OSError:
        below = []
    return resident_megabytes(pid) + sum(family_megabytes(child) for child in below)
