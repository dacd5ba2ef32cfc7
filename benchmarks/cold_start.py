"""How long the first answer takes, from the start of the process.

    python -m benchmarks.cold_start [--runs 5] [--make]

Times `python -m emnist_hf classify PICTURE` as a whole, and `python app.py` (with --make, `make app` in an installed
environment) until its page is there and until `/recognize_image` has answered. Prints one JSON object: seconds of clock
and of processor, medians, and how busy the machine was. The first run of each fills the cache of the disk and does not
count, but for --runs 0, where it is the only one.
The aims: 2.5 s for classify, 10 s for the page's first answer.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import httpx

from benchmarks.server import ROOT, SECONDS, serve

PICTURE = ROOT / "emnist_hf" / "page" / "examples" / "marker.png"
ANSWER = "3"


def processor_seconds() -> float:
    """Of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def time_classify() -> dict[str, float]:
    clock, processor = time.perf_counter(), processor_seconds()
    command = [sys.executable, "-m", "emnist_hf", "classify", str(PICTURE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    spent = {"seconds": time.perf_counter() - clock, "processor_seconds": processor_seconds() - processor}
    if json.loads(done.stdout)["labels"][0]["label"] != ANSWER:
        raise RuntimeError(f"classify answered {done.stdout}")
    return spent


def ask(http: httpx.Client) -> str:
    """What the page takes the picture for, asked as a program would."""
    with PICTURE.open("rb") as file:
        (path,) = http.post("/gradio_api/upload", files={"files": ("marker.png", file)}).json()
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = {"data": [picture, None, 1, "tangerine", "black", "white"]}
    event = http.post("/gradio_api/call/recognize_image", json=body).json()["event_id"]
    stream = http.get(f"/gradio_api/call/recognize_image/{event}").text
    return str(json.loads(stream.rpartition("data: ")[2])[0]["label"])


def time_page(command: list[str]) -> dict[str, float]:
    clock, processor = time.perf_counter(), processor_seconds()
    with serve(command) as url, httpx.Client(base_url=url, timeout=SECONDS) as http:
        served = time.perf_counter() - clock
        label = ask(http)
        answered = time.perf_counter() - clock
    if label != ANSWER:
        raise RuntimeError(f"the page answered {label}")
    used = processor_seconds() - processor
    return {"seconds_to_page": served, "seconds": answered, "processor_seconds": used}


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each, beside the first (default: %(default)s)")
    parser.add_argument("--make", action="store_true", help="start the page by `make app`")
    options = parser.parse_args()
    runs, warm_up = range(max(0, options.runs) + 1), min(1, max(0, options.runs))
    command = ["make", "app"] if options.make else [sys.executable, "app.py"]
    report = {
        "runs": len(runs) - warm_up,
        "classify": medians([time_classify() for _ in runs][warm_up:]),
        "page": medians([time_page(command) for _ in runs][warm_up:]),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
