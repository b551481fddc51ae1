"""What the application hands to the controllers about people, by name and type."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.domain.pagination import LIMIT_MAX
from gateway.services.logins import LoginService
from gateway.services.oidc import OidcLogins
from gateway.services.passwords import Passwords
from gateway.services.people import PeopleService

Logins = NamedDependency[LoginService]
ProviderLogins = NamedDependency[OidcLogins]
People = NamedDependency[PeopleService]
PasswordHashing = NamedDependency[Passwords]
RedirectUrl = NamedDependency[str]

PAGE_MAX = 100_000
Page = Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
