"""The pages and where they are found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from server.pages.context import Context
from server.pages.headers import page_headers
from server.pages.languages import chosen, keep, language_of
from server.pages.static_files import StaticFiles
from server.pages.templates import Templates

View = Callable[[Request], Awaitable[Response]]

# On a shared computer the next person must not find these by going back.
UNKEPT: Final = "no-store"
# Urgent support is kept: opened once, it opens again without a connection.
KEPT: Final = "private, max-age=86400"

# Address -> template, caching. None of them holds anything of a person or a session.
PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "/": ("landing.html", UNKEPT),
    "/join": ("door.html", UNKEPT),
    "/room/{session}": ("room.html", UNKEPT),
    "/ended": ("ended.html", UNKEPT),
    "/help": ("help.html", KEPT),
    "/timetable": ("timetable.html", KEPT),
}


class Pages:
    """Answers with pages in the language of the reader."""

    def __init__(self, context: Context, static: StaticFiles) -> None:
        self.static = static
        self._context = context
        self._templates = Templates(context, static)

    def show(self, request: Request, name: str, caching: str, *, status: int = 200) -> Response:
        """Answer with one page."""
        language = language_of(request)
        headers = {
            "cache-control": caching,
            "content-language": language,
            "vary": "Accept-Language, Cookie",
        }
        document = self._templates.page(name, language)
        response = document.answer(request, headers, status_code=status)
        if chosen(request):
            keep(response, language, secure=self._context.secure)
        return response

    def view(self, name: str, caching: str) -> View:
        """Return the endpoint of a page."""

        async def endpoint(request: Request) -> Response:
            return self.show(request, name, caching)

        return endpoint


@cache
def pages_of(context: Context) -> Pages:
    """Return the pages of a configuration: read and rendered once a process."""
    return Pages(context, StaticFiles())


def routes(context: Context) -> list[BaseRoute]:
    """Return everything that a browser loads."""
    pages = pages_of(context)
    found: list[BaseRoute] = [
        Route(path, pages.view(name, caching)) for path, (name, caching) in PAGES.items()
    ]
    found.append(Route("/static/{version}/{name:path}", pages.static.serve))
    found.append(Route("/robots.txt", robots))
    return found


async def robots(request: Request) -> Response:
    """Keep rooms out of search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


# What a program is told by a path without an endpoint: code and sentence by status.
PROGRAM_ERRORS: Final = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that kind of request."),
}


def exception_handlers(context: Context) -> dict[Any, Callable[..., Awaitable[Response]]]:
    """Return what to show when there is no such page, or when something broke.

    Programs get the error body of the contract, people a page in kind words.
    """
    pages = pages_of(context)

    async def on_http_error(request: Request, error: HTTPException) -> Response:
        if _for_programs(request):
            code, message = PROGRAM_ERRORS.get(error.status_code, PROGRAM_ERRORS[404])
            return _error(code, message, error.status_code, error.headers)
        name = "not_found.html" if error.status_code == 404 else "error.html"
        response = pages.show(request, name, UNKEPT, status=error.status_code)
        response.headers.update(error.headers or {})
        return response

    async def on_defect(request: Request, error: Exception) -> Response:
        if _for_programs(request):
            message = "Something went wrong here. Please try again."
            response = _error("broken", message, 500)
        else:
            response = pages.show(request, "error.html", UNKEPT, status=500)
        # Starlette answers defects outside of every middleware, SecurityHeaders included.
        response.headers.update(page_headers(context.public_url))
        return response

    return {HTTPException: on_http_error, Exception: on_defect}


def _for_programs(request: Request) -> bool:
    path = request.url.path
    return path.startswith(("/api/", "/ws/")) or path in ("/healthz", "/readyz")


def _error(
    code: str, message: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    kept = {"cache-control": "no-store", **(headers or {})}
    return JSONResponse({"error": code, "message": message}, status, headers=kept)
