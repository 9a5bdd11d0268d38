"""Look for secrets, as they are or encoded, in all that Paddock has stored or said."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from django.db import connection


def spellings(secret: str) -> set[bytes]:
    """Return a secret as text, quoted for addresses, in hexadecimal, and in base64 at each alignment."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), quote_plus(secret).encode(), plain.hex().encode()}
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            # Characters at both ends depend on the bytes around the secret.
            inner = encode(bytes(before) + plain)[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6]
            found.add(inner)
    return found


def find_traces(secrets: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Return the places that hold one of the secrets in one of its spellings."""
    wanted = {spelling for secret in secrets for spelling in spellings(secret)}
    return [place for place, content in places.items() if any(each in content for each in wanted)]


def stored_rows() -> dict[str, bytes]:
    """Return the content of each table of the database."""
    with connection.cursor() as cursor:
        return {f"table {name}": _rows(cursor, name) for name in connection.introspection.table_names(cursor)}


def _rows(cursor: object, table: str) -> bytes:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # type: ignore[attr-defined]
    # JSON escapes slashes nowhere and quotes as \"; keys have neither.
    return "\n".join(str(value) for row in cursor.fetchall() for value in row).encode()  # type: ignore[attr-defined]


def stored_files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each file below the folders, with its content."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"file {path}", path.read_bytes()
