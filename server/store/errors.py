"""What can go wrong between a worker and its store.

    StoreError
    ├── LogUnavailable   no answer: whether the step was done is not known
    └── StoreRefused     an answer: nothing was stored, and why

Both are infrastructure: never shown to a person as a refusal of theirs.
"""

from __future__ import annotations

from typing import Final

from redis import exceptions as redis_errors


class StoreError(Exception):
    """A step on the store that did not come back as done."""


class LogUnavailable(StoreError):  # noqa: N818
    """The store did not answer in time; the outcome is unknown.

    Asking again with the same command ids finds out, and nothing else does.
    """


class StoreRefused(StoreError):  # noqa: N818
    """The store answered that it cannot write: out of memory, read-only, no disk.

    `reason` is the store's own word for it and holds nothing that people said.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Translated:
    """What `translated` returns; nothing is kept in it, so one serves all."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        """Translate."""
        match error:
            case redis_errors.ClusterDownError():
                # A refusal, but one that ends by itself in seconds, like a store that starts.
                raise LogUnavailable(str(error)) from error
            case redis_errors.ResponseError():
                raise StoreRefused(str(error).split("\n", 1)[0]) from error
            case redis_errors.RedisError() | OSError():
                raise LogUnavailable(str(error) or type(error).__name__) from error


_TRANSLATED: Final = _Translated()


def translated() -> _Translated:
    """Turn the client library's errors into the two of this module, in a `with` block.

    Raises:
        LogUnavailable: for everything that leaves the outcome open.
        StoreRefused: when the store answered with an error.
    """
    return _TRANSLATED
