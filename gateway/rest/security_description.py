"""What the description of the API says about showing who one is."""

from litestar.openapi.spec import Components, SecurityRequirement, SecurityScheme

_NAME = "bearer"
SECURITY_COMPONENTS = Components(
    security_schemes={
        _NAME: SecurityScheme(
            type="http",
            scheme="bearer",
            description="The access token of a login, or a service token.",
        )
    }
)


def security_of(*, login_required: bool) -> list[SecurityRequirement]:
    """Return what an operation needs that says nothing else about it."""
    needed: SecurityRequirement = {_NAME: []}
    return [needed] if login_required else [{}, needed]
