"""Rooms in memory: replicas of their logs, and the one way to change them."""
