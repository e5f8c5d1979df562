"""Names of jobs and the functions behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from cms.jobs.context import JobContext

JobFunction = Callable[..., None]


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A registered job. `max_attempts` counts starts, so that a job that kills its worker is given up in the end."""

    name: str
    title: str | Promise
    function: JobFunction
    max_attempts: int = 3

    def call(self, context: JobContext, arguments: dict[str, Any]) -> None:
        """Run the job's function."""
        self.function(context, **arguments)


_jobs: dict[str, JobSpec] = {}


def job(name: str, *, title: str | Promise, max_attempts: int = 3) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the job of this name ("<app>.<verb_object>")."""

    def register(function: JobFunction) -> JobFunction:
        known = _jobs.get(name)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"The job {name!r} is registered already.")
        _jobs[name] = JobSpec(name=name, title=title, function=function, max_attempts=max_attempts)
        return function

    return register


def get_job(name: str) -> JobSpec:
    """Return the job of this name; raises `LookupError`."""
    try:
        return _jobs[name]
    except KeyError:
        raise LookupError(f"There is no job {name!r}.") from None


def jobs() -> list[JobSpec]:
    """Return all registered jobs by name."""
    return [_jobs[name] for name in sorted(_jobs)]
