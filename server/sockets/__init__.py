"""Live sockets: what comes in over a WebSocket and what goes out to screens."""
