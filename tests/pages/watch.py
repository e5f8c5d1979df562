"""Listens to a browser page and remembers what no user should meet."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Response

# Chromium says these of a plain 404 or 403 that a test provokes; the test itself looks at the answer.
HARMLESS = ("Failed to load resource: the server responded with a status of 4",)


class Watch:
    """Script errors, content security policy refusals and answers of 500 or more of one page."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", self._on_console)
        page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(HARMLESS):
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"answer {response.status}: {response.url}")
