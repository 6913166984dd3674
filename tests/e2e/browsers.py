"""The browser of the tests of pages, and the sizes in which these are looked at."""

import os
import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1360, "height": 900}


def installed_browser():
    """The browser of the system; nothing for playwright's own, which scripts/setup installs where it is missing."""
    found = (os.environ.get("CHROMIUM"), *map(shutil.which, BROWSERS))
    return next((path for path in found if path), None)


@contextmanager
def started():
    with sync_playwright() as playwright:
        try:
            # Containers do not let the browser make a sandbox of its own; it opens nothing but our own pages.
            browser = playwright.chromium.launch(executable_path=installed_browser(), args=["--no-sandbox"])
        except Exception as error:
            pytest.fail(f"no browser starts, which the tests of pages need: run scripts/setup\n{error}")
        yield browser
        browser.close()
