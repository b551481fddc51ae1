"""What the application hands to the controllers."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
