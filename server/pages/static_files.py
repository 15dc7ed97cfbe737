"""Static files, read and compressed once, under an address that changes when they change.

`/static/<version>/js/door.js`: the version is a hash of all files, so what is below it may
be kept for ever, and modules that import each other by relative paths stay of one kind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.pages.document import Document
from server.pages.modules import all_imports, imports_of, without_comments

STATIC: Final = Path(__file__).resolve().parents[2] / "web" / "static"

# Only these kinds are served: declarations, licences and sources stay at home.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
# Comments are a sixth of what our style sheets weigh, and more of the modules.
STYLE_COMMENTS: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
WITHOUT_COMMENTS: Final[Mapping[str, Callable[[str], str]]] = {
    ".css": lambda sheet: STYLE_COMMENTS.sub("", sheet),
    ".js": without_comments,
}
FOR_EVER: Final = "max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
# A picture opened by itself is a page, and could run what is in it.
PICTURE_POLICY: Final = "default-src 'none'"


class StaticFiles:
    """All static files in memory; nothing that a request says reaches the file system."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._documents = {
            path.relative_to(folder).as_posix(): Document.of(
                self._read(path), MEDIA_TYPES[path.suffix]
            )
            for path in sorted(folder.rglob("*"))
            if path.suffix in MEDIA_TYPES
        }
        self.imports = imports_of(self._documents)
        tags = "".join(f"{name} {each.etag}\n" for name, each in self._documents.items())
        self.version = hashlib.sha256(tags.encode()).hexdigest()[:12]

    @staticmethod
    def _read(path: Path) -> bytes:
        # What others have packed stays as it is: WebAssembly inside of it looks like anything.
        if path.suffix not in WITHOUT_COMMENTS or "vendor" in path.parts:
            return path.read_bytes()
        return WITHOUT_COMMENTS[path.suffix](path.read_text(encoding="utf-8")).encode()

    def address(self, name: str) -> str:
        """Return where a browser finds a file.

        Raises KeyError for a file that is not there: a template with a typing error.
        """
        if name not in self._documents:
            raise KeyError(f"There is no static file {name}.")
        return f"/static/{self.version}/{name}"

    def modules(self, name: str) -> list[str]:
        """Return where a module and all that it imports are found, itself first."""
        return [self.address(each) for each in all_imports(self.imports, name)]

    async def serve(self, request: Request) -> Response:
        """Answer `/static/{version}/{name}`; an old version gets today's file, unkept."""
        document = self._documents.get(request.path_params["name"])
        if document is None:
            raise HTTPException(404)
        fresh = request.path_params["version"] == self.version
        headers = {
            "cache-control": FOR_EVER if fresh else ASK_AGAIN,
            # Without a charset, seventy times a visit: modules are UTF-8, and so is what a page
            # in UTF-8 asks for.
            "content-type": document.media_type,
        }
        if document.media_type == "image/svg+xml":
            headers["content-security-policy"] = PICTURE_POLICY
        return document.answer(request, headers, tagged=not fresh)
