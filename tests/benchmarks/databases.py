"""Throw-away databases for benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


@contextmanager
def scratch_database(server_url: str) -> Iterator[str]:
    """Make an empty PostgreSQL database on the server that the URL names and give its URL; drop it afterwards.

    Gives nothing for an empty URL: then SQLite in the benchmark's folder is used.
    """
    if not server_url:
        yield ""
        return
    parts = urlsplit(server_url)
    name = f"portal_bench_{os.getpid()}"
    maintenance = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
