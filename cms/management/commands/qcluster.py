"""The worker: django-q2's cluster, and a watch over it that ends it where it takes nothing any more."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.db import DatabaseError, close_old_connections

from django_q.cluster import Cluster
from django_q.management.commands import qcluster

from cms import clock
from cms.jobs.watchdog import START_AGAIN, is_stuck

logger = logging.getLogger("portal.jobs")
_LOOK_EVERY_SECONDS = 30.0


class Command(qcluster.Command):
    """`manage.py qcluster`; ends with code 75 for whoever supervises it to start it again."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Start the cluster and stay until it ends."""
        if options.get("run_once"):
            super().handle(*args, **options)
            return
        if options.get("cluster_name"):
            os.environ["Q_CLUSTER_NAME"] = options["cluster_name"]
        began = clock.now()
        cluster = Cluster()
        cluster.start()
        looked = time.monotonic()
        while cluster.sentinel is not None and cluster.sentinel.is_alive():
            time.sleep(0.5)
            if time.monotonic() - looked < _LOOK_EVERY_SECONDS:
                continue
            looked = time.monotonic()
            if self._is_stuck(began):
                logger.critical("worker takes nothing any more", extra={"event": "worker_stuck"})
                self.stderr.write("The worker takes nothing any more and ends, to be started again.")
                # Its processes wait for ever and would let nobody end in order; the supervisor ends the group.
                os._exit(START_AGAIN)

    def _is_stuck(self, began: Any) -> bool:
        try:
            return is_stuck(since=began)
        except DatabaseError:
            logger.exception("the watch over the worker could not read the database", extra={"event": "worker_watch"})
            return False
        finally:
            close_old_connections()
