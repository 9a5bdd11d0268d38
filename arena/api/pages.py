"""Pages of a list: `limit` and `offset` in, `items` and `count` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from ninja import Schema
from pydantic import Field

LARGEST = 500
"""Most items on one page."""
Item = TypeVar("Item")
Listed = TypeVar("Listed")


class PageQuery(Schema):
    """Which page."""

    limit: int = Field(100, ge=1, le=LARGEST, description="Most items to return")
    offset: int = Field(0, ge=0, le=2**31 - 1, description="Items to pass over")


class Page(Schema, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    count: int = Field(description="Items on all pages together")


def page_of(
    listed: Sequence[Listed], page: PageQuery, show: Callable[[Listed], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of a list, of which only the items on it are shown."""
    shown = listed[page.offset : page.offset + page.limit]
    return {"items": [show(item) for item in shown], "count": len(listed)}
