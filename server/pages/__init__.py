"""What a browser loads: the pages, their languages, their headers and the static files.

The front door for server/app.py: `routes(context)`, `SecurityHeaders` around the whole
application, and `exception_handlers(context)` for what went wrong in kind words.
"""

from server.pages.context import Context
from server.pages.guidelines import GUIDELINES_VERSION
from server.pages.headers import SecurityHeaders
from server.pages.helplines import HELPLINES, Helpline, read_helplines, stale_helplines
from server.pages.views import exception_handlers, routes

__all__ = [
    "GUIDELINES_VERSION",
    "HELPLINES",
    "Context",
    "Helpline",
    "SecurityHeaders",
    "exception_handlers",
    "read_helplines",
    "routes",
    "stale_helplines",
]
