"""Take the screenshots of the guides from a portal that runs with the demonstration data.

    python docs/screenshots.py http://127.0.0.1:8000 [NAME ...]

Each shot signs in with its own account and goes to a screen by its address or by links, as a person would. Pictures are
1280 pixels wide and written to docs/images/ with few colours, so that they stay small.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
PASSWORD = "Chi-so-2026!"  # noqa: S105 -- the printed password of the demonstration
CHROMIUM = os.environ.get("PORTAL_CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT, COLOURS = 1280, 860, 128


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, where it starts, and which links are followed from there (CSS selectors)."""

    name: str
    user: str
    path: str
    follow: tuple[str, ...] = ()


SHOTS = (
    Shot("home", "", "/"),
    Shot("ranking", "", "/ket-qua/cap-bo-2024-minh-hoa/"),
    Shot("unit", "", "/ket-qua/cap-bo-2024-minh-hoa/don-vi/bo-tu-phap/"),
    Shot("criterion", "", "/ket-qua/cap-bo-2024-minh-hoa/tieu-chi/1.1.2/"),
    Shot("methodology", "", "/bo-tieu-chi/bo-tieu-chi-cap-bo/"),
    Shot("plan", "", "/ke-hoach/ke-hoach-bac-kan-2023/"),
    Shot("guidance", "", "/huong-dan/huong-dan-bo-noi-vu-2023/"),
    Shot("login", "", "/tai-khoan/dang-nhap/"),
    Shot("contributor-forms", "donvi", "/lam-viec/ho-so/"),
    Shot("contributor-overview", "donvi", "/lam-viec/ho-so/", ("main a[href*='/lam-viec/ho-so/']",)),
    Shot(
        "contributor-form",
        "donvi",
        "/lam-viec/ho-so/",
        ("main a[href*='/lam-viec/ho-so/']", "a[href*='/linh-vuc/']"),
    ),
    Shot("contributor-library", "donvi", "/lam-viec/minh-chung/"),
    Shot("leader-review", "lanhdao", "/lam-viec/ho-so/", ("main a[href*='/lam-viec/ho-so/']", "a[href$='/ra-soat/']")),
    Shot("secretariat-rounds", "thuongtruc", "/lam-viec/dot/"),
    Shot("secretariat-round", "thuongtruc", "/lam-viec/dot/bac-kan-2023-minh-hoa/"),
    Shot("secretariat-assignments", "thuongtruc", "/lam-viec/dot/bac-kan-2023-minh-hoa/phan-cong/"),
    Shot("appraiser-queue", "thamdinh", "/lam-viec/tham-dinh/bac-kan-2023-minh-hoa/"),
    Shot(
        "appraiser-leaf",
        "thamdinh",
        "/lam-viec/tham-dinh/bac-kan-2023-minh-hoa/",
        ("main table a[href*='/lam-viec/tham-dinh/bac-kan-2023-minh-hoa/']",),
    ),
    Shot("editor-pages", "bientap", "/admin/pages/"),
    Shot("administrator-admin", "quantri", "/admin/"),
)


def main(base: str, names: list[str]) -> None:
    """Take all shots, or those named."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages: dict[str, Page] = {}
        for shot in SHOTS:
            if names and shot.name not in names:
                continue
            if shot.user not in pages:
                pages[shot.user] = _signed_in(browser, base, shot.user)
            _take(pages[shot.user], base, shot)
        browser.close()


def _signed_in(browser: Browser, base: str, user: str) -> Page:
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="vi-VN").new_page()
    if user:
        page.goto(f"{base}/tai-khoan/dang-nhap/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_load_state("networkidle")
    return page


def _take(page: Page, base: str, shot: Shot) -> None:
    page.goto(f"{base}{shot.path}")
    for selector in shot.follow:
        page.locator(selector).first.click()
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
    target = IMAGES / f"{shot.name}.png"
    picture.save(target, optimize=True)
    sys.stdout.write(f"{shot.name}: {page.url} {target.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2:])
