"""From the key that commits a case to the next case on the screen, in a real browser.

Settings: 64 px cells, 512 px films and 128 px lesions with outline and gallery, on localhost and
with 50 ms round trips emulated. The time runs from the key event's own time stamp to the frame
after the canvas was painted. Layout shift is the sum of all shifts, those right after a key
included. JavaScript is what reading loads of ours, gzipped file by file (`js_gz_bytes`), and the
same after zoom, outline and gallery were opened (`js_gz_opened_bytes`).

    python -m benchmarks.reading [--quick] [--json]
"""

import argparse
import gzip
import json
import shutil
import time
from typing import Any

import numpy as np

from benchmarks.scratch import Site, scratch_site

CASES = {"quick": 20, "full": 210}
PACE_MS = {"quick": 120, "full": 300}  # a reader looks at an image at least this long
KINDS = {"cells_64": "cells", "films_512": "films", "lesions_128": "lesions"}
BESIDE = ("+", "o", "g")  # zoom, outline, gallery: scripts that come on demand
RTT_MS = {"localhost": 0, "rtt_50ms": 50}

WATCH = """() => {
  const page = document.documentElement, bench = { key: 0, times: [], shift: 0 };
  window.bench = bench;
  addEventListener("keydown", (event) => { bench.key = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (bench.key) bench.times.push(performance.now() - bench.key);
    bench.key = 0;
  }).observe(page, { attributeFilter: ["data-painted"] });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) bench.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
NEXT = """(old) => document.documentElement.dataset.painted !== old
  || document.querySelector("dialog[open]")"""


def measure(site: Site, browser: Any, study: str, rtt_ms: int, mode: str) -> dict[str, float]:
    """Read cases in one setting; return its numbers."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": site.cookies[study][0], "url": site.url}])
    page = context.new_page()
    scripts: dict[str, bytes] = {}
    page.on("response", lambda answer: _keep_script(scripts, answer))
    foreign: list[str] = []
    page.on("request", lambda ask: foreign.append(ask.url) if _is_foreign(ask.url, site) else None)
    if rtt_ms:
        network = {"offline": False, "latency": rtt_ms, "downloadThroughput": -1}
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {**network, "uploadThroughput": -1})
    page.goto(f"{site.url}/read/{study}/")
    page.wait_for_function("() => document.documentElement.dataset.painted")
    page.wait_for_load_state("networkidle")
    page.evaluate(WATCH)
    _read(page, CASES[mode], PACE_MS[mode])
    page.wait_for_function("() => document.documentElement.dataset.pending === '0'")
    found, loaded = page.evaluate("() => bench"), _weigh(scripts)
    for key in BESIDE:
        page.keyboard.press(key)
        page.wait_for_timeout(5 * rtt_ms + 200)
    opened = _weigh(scripts)
    context.close()
    times = np.array(found["times"])
    return {
        "cases": len(times),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "max_ms": round(float(times.max()), 2),
        "layout_shift": round(found["shift"], 5),
        "js_gz_bytes": loaded,
        "js_gz_opened_bytes": opened,
        "third_party_requests": len(foreign),
    }


def _read(page: Any, cases: int, pace_ms: int) -> None:
    """Answer cases, plausible and implausible in turn, at a reader's pace."""
    for place in range(cases):
        before = page.evaluate("() => document.documentElement.dataset.painted")
        page.keyboard.press("2" if place % 2 else "j")
        page.keyboard.press("Enter")
        page.wait_for_function(NEXT, arg=before)
        if page.evaluate("() => document.querySelector('dialog[open]') !== null"):
            page.keyboard.press("Enter")  # the offered break
            page.evaluate("() => { bench.key = 0; }")
            page.wait_for_function("(old) => document.documentElement.dataset.painted !== old",
                                   arg=before)  # fmt: skip
        page.wait_for_timeout(pace_ms)


def _keep_script(scripts: dict[str, bytes], answer: Any) -> None:
    if answer.url.split("?")[0].endswith(".js"):
        scripts[answer.url] = answer.body()


def _weigh(scripts: dict[str, bytes]) -> int:
    return sum(len(gzip.compress(body, 9)) for body in scripts.values())


def _is_foreign(url: str, site: Site) -> bool:
    return not url.startswith((site.url, "data:", "blob:"))


def run(quick: bool) -> dict[str, Any]:
    """Return the numbers of every setting, and the worst of them."""
    from playwright.sync_api import sync_playwright

    mode, began = ("quick" if quick else "full"), time.monotonic()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    cases = 2 * CASES[mode] + 10
    settings: dict[str, Any] = {}
    with (
        scratch_site(readers=1, cases=cases, studies=list(KINDS.values()), database="") as site,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for kind, study in KINDS.items():
            for link, rtt_ms in RTT_MS.items():
                settings[f"{kind}_{link}"] = measure(site, browser, study, rtt_ms, mode)
        browser.close()
    worst = {
        name: max(found[name] for found in settings.values())
        for name in (
            "p50_ms",
            "p95_ms",
            "layout_shift",
            "js_gz_bytes",
            "js_gz_opened_bytes",
            "third_party_requests",
        )
    }
    return {**worst, "settings": settings, "seconds": round(time.monotonic() - began, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Key to next case painted, in a real browser.")
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="one line of JSON, last on stdout")
    options = parser.parse_args()
    found = run(options.quick)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
