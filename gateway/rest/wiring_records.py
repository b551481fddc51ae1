"""What the controllers of feedback and records take and need, by name and type."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from gateway.domain.pagination import CURSOR_LENGTH_MAX
from gateway.rest import encoded_slash
from gateway.services.entities import EntityService
from gateway.services.exports import ExportService
from gateway.services.feedback import FeedbackService
from gateway.services.receipts import ReceiptService
from gateway.services.records import RecordsService

FeedbackReading = NamedDependency[FeedbackService]
Exports = NamedDependency[ExportService]
Receipts = NamedDependency[ReceiptService]
Records = NamedDependency[RecordsService]
Entities = NamedDependency[EntityService]

# Ids hold no control characters, and PostgreSQL could not even be asked for some of them.
_NO_CONTROL = r"^[^\x00-\x1f\x7f]*\Z"
_ID_LENGTH_MAX = 64

# Restored by handlers whose ids may hold a slash.
PathId = Annotated[str, PathParameter(pattern=encoded_slash.PATTERN)]
IdFilter = Annotated[
    str, QueryParameter(max_length=_ID_LENGTH_MAX, pattern=_NO_CONTROL, description="the whole id")
]
Cursor = Annotated[
    str,
    QueryParameter(max_length=CURSOR_LENGTH_MAX, description="`next_cursor` of the page before"),
]
