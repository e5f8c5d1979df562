"""The one lock between answering and closing: whoever writes answers holds the survey as it is until the commit."""

from __future__ import annotations

from django.db import connection

from submissions.models import Survey


def hold(survey_id: int) -> Survey:
    """Return the survey as it is now and keep it so until the transaction ends; many may hold it at once.

    Closing waits for all who hold it, and who comes later sees that it is closed. PostgreSQL takes a shared lock on
    the row, which Django does not offer; on SQLite a writing transaction is alone anyway.
    """
    if connection.vendor != "postgresql":
        return Survey.objects.get(pk=survey_id)
    table = connection.ops.quote_name(Survey._meta.db_table)
    rows = Survey.objects.raw(f"SELECT * FROM {table} WHERE id = %s FOR SHARE", [survey_id])  # noqa: S608 -- our table
    return next(iter(rows))
