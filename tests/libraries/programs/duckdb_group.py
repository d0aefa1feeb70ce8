"""Groups and sums by DuckDB."""

from collections.abc import Callable

import duckdb


def prepare(setting: int | None = None) -> Callable[[], object]:
    connection = duckdb.connect(config={"threads": setting} if setting else {})
    connection.execute("CREATE TABLE numbers AS SELECT range % 1000 AS key, range * 0.5 AS value FROM range(3000000)")
    query = "SELECT key, sum(sin(value)), stddev(value) FROM numbers GROUP BY key"
    return lambda: connection.execute(query).fetchall()
