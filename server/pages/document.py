"""Something that is the same for everybody: bytes, compressed once, with their ETag."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from starlette.requests import Request
from starlette.responses import Response

# Fonts and pictures are compressed already; a few bytes gain nothing.
COMPRESSIBLE: Final = ("text/", "application/json", "image/svg+xml")
WORTH_COMPRESSING: Final = 500


@dataclass(frozen=True, slots=True)
class Document:
    """A body ready to be sent, plain or compressed."""

    body: bytes
    compressed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, media_type: str) -> Self:
        """Make one: the slow part, done once."""
        compressed = None
        if media_type.startswith(COMPRESSIBLE) and len(body) > WORTH_COMPRESSING:
            compressed = gzip.compress(body, 9, mtime=0)
        # Told with each of seventy files to a phone: as short as tells versions of one apart.
        etag = hashlib.sha256(body).hexdigest()[:10]
        return cls(body, compressed, media_type, etag)

    def answer(
        self,
        request: Request,
        headers: Mapping[str, str],
        *,
        status_code: int = 200,
        tagged: bool = True,
    ) -> Response:
        """Send what the browser does not have yet, in the form that it can read.

        Not `tagged`: it is never asked for again, as its address names the version.
        """
        fits = "gzip" in request.headers.get("accept-encoding", "")
        zipped = self.compressed if fits else None
        # Two forms of one document are two representations: their tags differ.
        etag = f'"{self.etag}{"-z" if zipped else ""}"'
        sent = {**headers, "etag": etag} if tagged else {**headers}
        vary = [headers.get("vary", ""), "Accept-Encoding" if self.compressed else ""]
        if any(vary):
            sent["vary"] = ", ".join(part for part in vary if part)
        known = request.headers.get("if-none-match", "")
        if status_code == 200 and etag in (tag.strip() for tag in known.split(",")):
            return Response(status_code=304, headers=sent)
        if zipped:
            sent["content-encoding"] = "gzip"
        return Response(zipped or self.body, status_code, headers=sent, media_type=self.media_type)
