"""Read a provider's list of jobs to its end: a lost job may stand on any page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generators.adapters.errors import ServerFault
from generators.adapters.provider import Body, Call, Send

MOST_PAGES = 50


def read_pages(
    send: Send,
    path: str,
    query: Mapping[str, str | int],
    *,
    page: str,
    size: str,
    rows: str,
    per_page: int = 100,
) -> Iterator[Body]:
    """Yield the rows of all pages of a list.

    Args:
        send: Sends a call.
        path: Path of the list.
        query: What is asked for, besides the page.
        page: Name of the query's field for the page's number, which starts at 1.
        size: Name of the query's field for the rows of a page.
        rows: Name of the answer's field with the rows.
        per_page: Rows of a page.

    Raises:
        ServerFault: The list does not end within `MOST_PAGES`.
    """
    for number in range(1, MOST_PAGES + 1):
        found = send(Call("GET", path, query={**query, page: number, size: per_page}))[rows]
        yield from found
        if len(found) < per_page:
            return
    raise ServerFault(f"The provider's list must end within {MOST_PAGES} pages; it does not.")
