"""Spreadsheets: reading with limits, writing flat in memory, resources on django-import-export, imports in two steps.

Reading is done by calamine, writing by XlsxWriter; import-export's resources stand in between (docs/adr/0005).
"""

from cms.spreadsheets.imports import Column, ImportKind, get_import, import_kinds, register_import
from cms.spreadsheets.reading import (
    Grid,
    SpreadsheetError,
    Table,
    cell_name,
    read_grids,
    read_rows,
    read_table,
    sheet_names,
)
from cms.spreadsheets.resources import BaseResource
from cms.spreadsheets.widgets import (
    CodeWidget,
    LookupWidget,
    StrictDateWidget,
    StrictDecimalWidget,
    StrictIntegerWidget,
    TextWidget,
    YesNoWidget,
)
from cms.spreadsheets.writing import Sheet, write_csv, write_xlsx

__all__ = [
    "BaseResource",
    "CodeWidget",
    "Column",
    "Grid",
    "ImportKind",
    "LookupWidget",
    "Sheet",
    "SpreadsheetError",
    "StrictDateWidget",
    "StrictDecimalWidget",
    "StrictIntegerWidget",
    "Table",
    "TextWidget",
    "YesNoWidget",
    "cell_name",
    "get_import",
    "import_kinds",
    "read_grids",
    "read_rows",
    "read_table",
    "register_import",
    "sheet_names",
    "write_csv",
    "write_xlsx",
]
