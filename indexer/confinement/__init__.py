"""Processes that read what strangers wrote: bounded, and cut off from everything else."""
