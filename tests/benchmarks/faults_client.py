"""A contributor whose server dies: does one act over HTTP and notes only what was acknowledged."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tests.benchmarks.faults_world import ACTS
from tests.factories.files import pdf_bytes

TOKEN = "b" * 32
__all__ = ["ACTS", "Client"]


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        """An acknowledgement is the redirect itself."""


class Client:
    """One person with one form and one act."""

    def __init__(self, base_url: str, world: dict[str, Any], act: str, number: int) -> None:
        self.base_url, self.kind, self.codes = base_url, act, world["codes"]
        self.person = world[act][number]
        self.submission = self.person["submission"]
        self.form = f"{base_url}/lam-viec/ho-so/{self.submission}/"
        self.acknowledged: list[dict[str, Any]] = []

    def act(self) -> None:
        """Do the act; a server that dies in between ends it."""
        try:
            getattr(self, f"_{self.kind}")()
        except (HTTPException, URLError, OSError):
            return

    def _autosave(self) -> None:
        """Save leaf after leaf for a moment, as fast as the answers come."""
        end = time.monotonic() + 1.0
        versions: dict[str, int] = {}
        while time.monotonic() < end:
            for code in self.codes:
                text = uuid.uuid4().hex
                data = {
                    f"{code}-points": "1",
                    f"{code}-explanation": text,
                    f"{code}-version": str(versions.get(code, 0)),
                }
                status, body, _place = self._post(f"tieu-chi/{code}/tu-luu/", urlencode(data).encode())
                if status == 200:
                    versions[code] = json.loads(body)["version"]
                    self._note(key=f"{self.submission}|{code}", version=versions[code], text=text)

    def _upload(self) -> None:
        content = pdf_bytes(text=uuid.uuid4().hex)
        status, _body, _place = self._post_file(f"tieu-chi/{self.codes[0]}/minh-chung/", "a.pdf", content)
        if status == 302:
            self._note(sha256=hashlib.sha256(content).hexdigest())

    def _send(self) -> None:
        status, _body, place = self._post("gui-di/", b"")
        if status == 302 and place.endswith("/bien-nhan/"):
            self._note(submission=self.submission)

    def _workbook(self) -> None:
        status, _body, place = self._post_file("bang-tinh/", "a.xlsx", Path(self.person["file"]).read_bytes())
        if status == 302:
            status, _body, _place = self._post(place, b"")
            if status == 302:
                self._note(submission=self.submission)

    def _note(self, **what: Any) -> None:
        self.acknowledged.append({"act": self.kind, **what})

    def _post_file(self, path: str, name: str, content: bytes) -> tuple[int, bytes, str]:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        return self._post(path, body, f"multipart/form-data; boundary={mark}")

    def _post(self, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> tuple[int, bytes, str]:
        url = f"{self.base_url}{path}" if path.startswith("/") else self.form + path
        headers = {
            "Cookie": f"sessionid={self.person['session']}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Type": kind,
            "Accept": "application/json" if "tu-luu" in path else "text/html",
            "Accept-Language": "vi",
        }
        request = Request(url, data=body, headers=headers)  # noqa: S310 -- our own address
        try:
            with build_opener(_NoRedirect).open(request, timeout=30) as answer:
                return answer.status, answer.read(), ""
        except HTTPError as error:
            return error.code, error.read(), error.headers.get("Location", "")
