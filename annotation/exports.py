"""A version's rows as bytes in the formats that trainers read. Pure, and streamed where the format allows it."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.rows import canonical

Row = dict[str, Any]
SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}
CSV_COLUMNS = ("id", "instruction", "input", "output", "metadata", "messages")


def alpaca_row(row: Row) -> Row:
    """`{instruction, input, output}`; what came before the last question is the `history` that trainers know."""
    turns = row["messages"]
    system = turns[0]["content"] if turns[0]["role"] == "system" else ""
    spoken = [turn["content"] for turn in turns if turn["role"] != "system"]
    made = {"instruction": spoken[-2], "input": "", "output": spoken[-1]}
    if system:
        made["system"] = system
    if len(spoken) > 2:
        made["history"] = [[spoken[i], spoken[i + 1]] for i in range(0, len(spoken) - 2, 2)]
    return {"id": row["id"], **made, "metadata": row["metadata"]}


def sharegpt_row(row: Row) -> Row:
    turns = [{"from": SHAREGPT[turn["role"]], "value": turn["content"]} for turn in row["messages"]]
    return {"id": row["id"], "conversations": turns, "metadata": row["metadata"]}


def _array(rows: Iterable[Row]) -> Iterator[bytes]:
    before = "["
    for row in rows:
        yield f"{before}\n{canonical(row)}".encode()
        before = ","
    yield b"[]\n" if before == "[" else b"\n]\n"


def alpaca(rows: Iterable[Row]) -> Iterator[bytes]:
    return _array(map(alpaca_row, rows))


def sharegpt(rows: Iterable[Row]) -> Iterator[bytes]:
    return _array(map(sharegpt_row, rows))


def messages(rows: Iterable[Row]) -> Iterator[bytes]:
    for row in rows:
        yield f"{canonical(row)}\n".encode()


def as_csv(rows: Iterable[Row]) -> Iterator[bytes]:
    """With a byte order mark: without it spreadsheets garble Chinese."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(CSV_COLUMNS)
    yield b"\xef\xbb\xbf"
    for row in rows:
        flat = alpaca_row(row)
        cells = [flat["id"], flat["instruction"], flat["input"], flat["output"]]
        writer.writerow([*map(_cell, cells), canonical(row["metadata"]), canonical(row["messages"])])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _cell(text: str) -> str:
    """A spreadsheet runs cells that begin like a formula; a leading quote keeps them text."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def parquet(rows: Iterable[Row]) -> Iterator[bytes]:
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("id", pa.string()), ("messages", pa.list_(turn)), ("metadata", pa.string())])
    plain = [{**row, "metadata": canonical(row["metadata"])} for row in rows]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(plain, schema=schema), buffer)
    yield buffer.getvalue()


FORMATS: dict[str, tuple[Callable[[Iterable[Row]], Iterator[bytes]], str, str]] = {
    "alpaca": (alpaca, "json", "application/json"),
    "sharegpt": (sharegpt, "json", "application/json"),
    "messages": (messages, "jsonl", "application/x-ndjson"),
    "csv": (as_csv, "csv", "text/csv; charset=utf-8"),
    "parquet": (parquet, "parquet", "application/vnd.apache.parquet"),
}
"""Name → how it is written, the file's suffix, its media type."""
