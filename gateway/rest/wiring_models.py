"""What the application hands to the controller of models, by name and type."""

from litestar.di import NamedDependency

from gateway.services.models import ModelService

Models = NamedDependency[ModelService]
