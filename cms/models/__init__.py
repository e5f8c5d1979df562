"""Models of the foundation."""

from cms.models.approvals import FourEyesTask
from cms.models.files import StoredFile
from cms.models.jobs import JobRun, WorkerHeartbeat
from cms.models.memberships import Membership
from cms.models.pages import BasePage, HomePage, SectionPage, TextPage
from cms.models.units import Unit, UnitAttribute, UnitGroup, UnitSuccession, UnitTier
from cms.models.users import User
from cms.reference_index import leave_out

__all__ = [
    "BasePage",
    "FourEyesTask",
    "HomePage",
    "JobRun",
    "Membership",
    "SectionPage",
    "StoredFile",
    "TextPage",
    "Unit",
    "UnitAttribute",
    "UnitGroup",
    "UnitSuccession",
    "UnitTier",
    "User",
    "WorkerHeartbeat",
]

leave_out(JobRun, Membership, StoredFile)
