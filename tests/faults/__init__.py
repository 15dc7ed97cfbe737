"""Faults: what must hold while processes die, lines break and disks fill."""
