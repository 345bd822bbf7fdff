"""Disks that fill up or become read-only."""

from tests.disks import disk, remount, small_disk

__all__ = ["disk", "remount", "small_disk"]
