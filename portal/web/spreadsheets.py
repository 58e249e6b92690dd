"""Lists as CSV files that every spreadsheet opens rightly, and that run nothing in it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context

from portal.formats import spreadsheet_text

BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for something else
LINES_AT_A_TIME = 200


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Send a list as an attachment, line by line as it is read."""
    response = Response(stream_with_context(_lines(header, rows)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([spreadsheet_text(cell) for cell in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow([spreadsheet_text(cell) for cell in row])
        if number % LINES_AT_A_TIME == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
