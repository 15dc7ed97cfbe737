"""The processes: a parent that owns the socket and the store, and equal workers."""
