"""What the application hands to the controller of rules, by name and type."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.rest.schemas.rules import FILE_LENGTH_MAX
from gateway.services.rules import RuleService

Rules = NamedDependency[RuleService]
RuleFile = Annotated[
    str,
    QueryParameter(
        max_length=FILE_LENGTH_MAX, description="name of a file; the first one when left out"
    ),
]
