"""Processes of the portal that can be killed and started again at once (`-m tests.benchmarks.faults_server PORT`).

Loading the portal takes seconds, and a kill needs a fresh start each time. So one process loads it and does nothing
else; what is killed are its children, forked for each start: the web server as deployed (master and workers, in a group
of their own) and the processes that run a job. Commands come by lines: `web` and `work N` are answered with the pid,
`end PID` waits until that child is gone and is answered with the pid as well.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path


def serve_web(port: int) -> None:
    """Be the web server, with the options of the one-command mode."""
    from gunicorn.app.wsgiapp import WSGIApplication

    from cms.serving import web_command

    sys.argv = ["gunicorn", *web_command("127.0.0.1", port, workers=2, threads=4)[3:]]
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


def work(number: int) -> None:
    """Run one of the jobs."""
    from tests.benchmarks import faults_world

    world = json.loads((Path(os.environ["PORTAL_VAR_DIR"]) / "world.json").read_text(encoding="utf-8"))
    faults_world.work(number, world)


def _forked(act: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    # What the child prints must not be taken for an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        act()
    finally:
        os._exit(0)


def main(port: int) -> None:
    """Load the portal and do what the lines say until they end."""
    import cms.wsgi  # noqa: F401 -- this is what takes its time

    print("loaded", flush=True)  # noqa: T201 -- the answer
    for line in sys.stdin:
        name, *rest = line.split()
        if name == "web":
            pid = _forked(partial(serve_web, port))
        elif name == "work":
            pid = _forked(partial(work, int(rest[0])))
        else:
            pid = int(rest[0])
            os.waitpid(pid, 0)
        print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
