"""How soon the pages of a running console can be used, in Chromium.

    python -m tests.load.measure_console http://127.0.0.1:8000

opens each page some times with an empty cache and prints, in milliseconds from the click: the first
byte, the first paint, and when everything that the page asked for is there. The gateway must need
no login.
"""

import argparse
import asyncio
import shutil
import statistics
import sys

from playwright.async_api import Browser, async_playwright

PAGES = ("/", "/queue", "/analytics")
TIMES = 7
# When the page's own requests have ended; the stream of live events never does.
_FIGURES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const others = performance.getEntriesByType("resource").map((each) => each.responseEnd);
  const there = Math.max(page.domContentLoadedEventEnd, ...others);
  return [page.responseStart, paint?.startTime ?? 0, there];
}"""


async def measure(browser: Browser, url: str) -> list[float]:
    """Return first byte, first paint and all there, of one visit."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#connection[data-state=open]").wait_for()
    # Nothing more is asked for when all that was asked for is drawn.
    for chart in await page.locator(".chart").all():
        await chart.locator("canvas, .empty").first.wait_for()
    found: list[float] = await page.evaluate(_FIGURES)
    await context.close()
    return found


async def main() -> None:
    """Measure all pages and print medians and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("url")
    url = parser.parse_args().url
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False
        )
        for path in PAGES:
            visits = [await measure(browser, url + path) for _ in range(TIMES)]
            columns = list(zip(*visits, strict=True))
            named = zip(("first byte", "first paint", "all there"), columns, strict=True)
            texts = [
                f"{name} {statistics.median(values):.0f} (slowest {max(values):.0f})"
                for name, values in named
            ]
            sys.stdout.write(f"{path:12} " + ", ".join(texts) + "\n")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
