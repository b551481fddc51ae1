"""What the application hands to the controllers about the queue, by name and type."""

from litestar.di import NamedDependency

from gateway.services.assignment import AssignmentService
from gateway.services.bulk import BulkService
from gateway.services.case_files import CaseService
from gateway.services.suppressions import SuppressionService

Assignment = NamedDependency[AssignmentService]
Bulk = NamedDependency[BulkService]
Suppressions = NamedDependency[SuppressionService]
CaseFiles = NamedDependency[CaseService]
