"""The server: rooms kept in a log, sockets, pages, and the processes that carry them."""
