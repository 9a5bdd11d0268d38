"""Files that people upload: read only for those who may, within limits, into temporary files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from arena.errors import Problem, answer_problem
from arena.organising.permissions import allowed

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class TooMuch(RequestDataTooBig):
    """Upload with more files or bytes than its page takes; the message says how many it takes."""


class Quota(TemporaryFileUploadHandler):
    """Upload handler that counts files and bytes before it writes them to temporary files."""

    def __init__(self, request: HttpRequest, most_files: int, most_bytes: int) -> None:
        super().__init__(request)
        self.files_left, self.bytes_left = most_files, most_bytes
        self.says = f"files must be at most {most_files}, of {most_bytes / 2**20:g} MiB together; got more."
        self.made: list[TemporaryUploadedFile] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Django's
        """Count a file, or raise TooMuch."""
        self.files_left -= 1
        if self.files_left < 0:
            raise TooMuch(self.says)
        super().new_file(*args, **kwargs)
        self.made.append(self.file)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Count the bytes and write them, or raise TooMuch."""
        self.bytes_left -= len(raw_data)
        if self.bytes_left < 0:
            raise TooMuch(self.says)
        super().receive_data_chunk(raw_data, start)

    def discard(self) -> None:
        """Delete all files: Django forgets those before the one that was refused."""
        for file in self.made:
            file.close()


def takes_files(action: str, *, most_files: int, most_bytes: int) -> Callable[[View[P]], View[P]]:
    """Decorate a view whose address ends in `/upload/`: ask the role before a byte of the body is read.

    Args:
        action: the action that the person must be allowed.
        most_files: largest number of files in one request.
        most_bytes: largest number of bytes of all files in one request.
    """

    def decorate(view: View[P]) -> View[P]:
        protected = csrf_protect(view)

        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            quota = Quota(request, most_files, most_bytes)
            request.upload_handlers = [quota]
            try:
                return protected(request, *args, **kwargs)
            except (TooMuch, TooManyFilesSent) as error:
                quota.discard()
                told = f"{error} Nothing was stored. Send fewer or smaller ones."
                return answer_problem(request, Problem(413, "These files are too many or too large", told))

        # The token is in the body, which only the inner view reads.
        return csrf_exempt(allowed(action)(answer))  # type: ignore[arg-type]

    return decorate
