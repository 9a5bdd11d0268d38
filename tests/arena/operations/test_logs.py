from __future__ import annotations

import json
import logging
import sys

from arena.operations.logs import JsonLines


def _line(**fields: object) -> dict[str, object]:
    record = logging.LogRecord("arena.runs", logging.WARNING, __file__, 1, "job %s\nfailed", (7,), None)
    for name, value in fields.items():
        setattr(record, name, value)
    text = JsonLines().format(record)
    assert "\n" not in text
    read: dict[str, object] = json.loads(text)
    return read


def test_a_record_is_one_line_of_json() -> None:
    line = _line()
    assert line["level"] == "WARNING"
    assert line["logger"] == "arena.runs"
    assert line["message"] == "job 7\nfailed"
    assert str(line["time"]).endswith("+00:00")
    assert "exception" not in line


def test_a_record_of_an_exception_holds_its_traceback() -> None:
    try:
        raise ValueError("zebra")
    except ValueError:
        line = _line(exc_info=sys.exc_info())
    assert "ValueError: zebra" in str(line["exception"])


def test_fields_of_a_request_are_kept_and_objects_written_as_text() -> None:
    assert _line(status_code=503, request=object()).get("status_code") == 503
    assert _line(job=ValueError("x"))["job"] == "x"
