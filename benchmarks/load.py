"""Many visitors at once: how long each waits, whether each gets their own answer, and what it costs in memory.

    python -m benchmarks.load [--visitors 1 10 50 100] [--seconds 60] [--pause 2]
    python -m benchmarks.load --requests 10000

Starts the page on a free port of this machine and visits it as browsers do: one event a pen-up, its answer over the
event stream. Each visitor draws, waits for the answer, pauses (half to one and a half times --pause, as long as the
next stroke takes a hand) and draws again; one picture in ten is an uploaded photo of a character and one in twenty a
photographed page of two lines. All pictures differ, and every answer is compared with what the recognizer says of
the same picture without a server: the glyph that the model saw, the labels and their scores, or the page's text.
So an answer that belongs to another visitor is seen as such. A visitor who finds the queue full and is told so
counts as busy, and comes back after the pause.

Glyphs of different visitors do not share batches: a glyph takes the network less than a millisecond of one core, an
answer takes the page some 50 ms, so that waiting for company could save one per cent.

The first command prints one JSON object for each number of visitors, times in milliseconds. The second has ten
visitors ask without a pause, and prints the server's resident memory as the requests go by. The visitors are one
process on the same cores: `visitors_cpu` says what share of one core they took, `server_cpu` what the page took.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image

from benchmarks.hands import font_hand, strokes
from benchmarks.server import serve
from emnist_hf import Recognizer
from emnist_hf.data.compose import compose
from emnist_hf.data.conditions import photo
from emnist_hf.data.pad import Pad
from emnist_hf.page.draw import PREFIX
from emnist_hf.page.files import image_url
from emnist_hf.page.language import translate
from emnist_hf.page.limits import BUSY

SKETCH, PHOTO, PAGE = "sketch", "photo", "page"
SHARES = {SKETCH: 0.85, PHOTO: 0.10, PAGE: 0.05}
"""What visitors ask for."""
KINDS = {SKETCH: 240, PHOTO: 48, PAGE: 24}
"""How many pictures of each kind there are; no two are the same."""
WORDS = ("TEN", "RED", "HENS", "RUN", "HOME", "ACE", "HERB", "NEAR", "TRAM", "BEAN", "HARE", "MANE")
LANGUAGE = "de"
"""Of the visitors; the page says in it that it is busy."""
PATIENCE = 120
"""Seconds after which an answer that has not come is an error."""


@dataclass(frozen=True)
class Picture:
    """What a visitor sends, as a PNG, and the answer to it: glyph as a data URL and scores, or text."""

    kind: str
    png: bytes
    glyph: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass
class Tally:
    """What came of the requests."""

    times: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    counts: Counter[str] = field(default_factory=Counter)
    first_trouble: str = ""

    def trouble(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        self.first_trouble = self.first_trouble or f"{kind}: {text[:300]}"


# --- pictures and their answers ---


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _drawn(kind: str, number: int) -> bytes:
    """A character as the pad sends it, or as a phone would photograph it; no two numbers give the same."""
    if kind == SKETCH:
        return _png(Image.fromarray(Pad(280, 14).draw(strokes(number))))
    return _png(Image.fromarray(photo(strokes(number), Pad(320, 12), np.random.default_rng(number))))


def _page(number: int) -> bytes:
    rng = random.Random(number)
    lines = [" ".join(rng.sample(WORDS, 3)), " ".join(rng.sample(WORDS, 2))]
    return _png(Image.fromarray(compose(lines, font_hand("patrick-hand"), seed=number).picture))


def pictures(recognizer: Recognizer, kinds: dict[str, int]) -> dict[str, list[Picture]]:
    """So many of each kind, with their answers. Two that could be taken for each other are not both kept."""
    kept: dict[str, list[Picture]] = {}
    for kind, count in kinds.items():
        seen: dict[str, Picture] = {}
        for number in range(count):
            picture = _with_answer(recognizer, kind, _page(number) if kind == PAGE else _drawn(kind, number))
            seen.setdefault(picture.text or picture.glyph, picture)
        kept[kind] = list(seen.values())
    return kept


def _with_answer(recognizer: Recognizer, kind: str, png: bytes) -> Picture:
    if kind == PAGE:
        return Picture(kind, png, text=recognizer.read(png).text)
    found = recognizer.examine(png)
    scores = {prediction.label: prediction.score for prediction in found.predictions}
    return Picture(kind, png, image_url(Image.fromarray(found.glyph)), scores)


def objection(picture: Picture, outputs: Any) -> str:
    """Why this is not the answer to the picture, or nothing."""
    if picture.text:
        return "" if picture.text in list(_strings(outputs)) else f"the text is not {picture.text!r}"
    if not any(picture.glyph in text for text in _strings(outputs)):
        return "the model saw another picture"
    told = next((d["confidences"] for d in _objects(outputs) if d.get("confidences")), [])
    scores = {entry["label"]: entry["confidence"] for entry in told}
    if scores.keys() != picture.scores.keys() or any(abs(scores[k] - v) > 1e-3 for k, v in picture.scores.items()):
        return f"the scores are {scores}, not {picture.scores}"
    return ""


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


# --- visitors ---


@dataclass(frozen=True)
class Event:
    """An event of the page: its number and the inputs after the first as the page opens with them."""

    number: int
    others: list[Any]


def find_events(config: dict[str, Any]) -> dict[str, Event]:
    """The events that answer a drawing and an upload, by the kind of picture."""
    parts = {part["id"]: part["props"] for part in config["components"]}
    found = {}
    for event in config["dependencies"]:
        name = parts[event["inputs"][0]].get("elem_id") if event["inputs"] else None
        if name in ("pad", "picture") and len(event["inputs"]) > 1:
            found[name] = Event(event["id"], [parts[part].get("value") for part in event["inputs"][1:]])
    return {SKETCH: found["pad"], PHOTO: found["picture"], PAGE: found["picture"]}


@dataclass(frozen=True)
class Site:
    """The page under test, and what to ask of it."""

    http: httpx.AsyncClient
    events: dict[str, Event]
    pictures: dict[str, list[Picture]]


async def ask(site: Site, picture: Picture, session: str) -> Any:
    """The outputs that the page gives for a picture. Raises `httpx.HTTPStatusError` where it is refused."""
    if picture.kind == SKETCH:
        value: Any = PREFIX + base64.b64encode(picture.png).decode("ascii")
    else:
        stored = await site.http.post("/gradio_api/upload", files={"files": ("photo.png", picture.png, "image/png")})
        value = {"path": stored.raise_for_status().json()[0], "meta": {"_type": "gradio.FileData"}}
    event = site.events[picture.kind]
    body = {"data": [value, *event.others], "fn_index": event.number, "session_hash": session}
    joined = await site.http.post("/gradio_api/queue/join", json=body)
    number = joined.raise_for_status().json()["event_id"]
    stream = site.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": session})
    async with stream as reply:
        async for line in reply.aiter_lines():
            if not line.startswith("data:"):
                continue
            message = json.loads(line[5:])
            if message["msg"] == "process_completed" and message["event_id"] == number:
                if not message["success"]:
                    raise RuntimeError(json.dumps(message["output"]))
                return message["output"]["data"]
    raise RuntimeError("the stream ended without an answer")


async def one_request(site: Site, session: str, rng: random.Random, tally: Tally) -> None:
    kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
    picture = rng.choice(site.pictures[kind])
    start = time.perf_counter()
    try:
        outputs = await asyncio.wait_for(ask(site, picture, session), PATIENCE)
    except httpx.HTTPStatusError as error:
        honest = error.response.status_code == 429 and error.response.json()["detail"] == translate(BUSY, LANGUAGE)
        tally.counts["busy"] += honest
        if not honest:
            tally.trouble("errors", error.response.text)
        return
    except (httpx.HTTPError, RuntimeError, TimeoutError) as error:
        tally.trouble("errors", f"{type(error).__name__} {error}")
        return
    tally.times[kind].append(1000 * (time.perf_counter() - start))
    if wrong := objection(picture, outputs):
        tally.trouble("wrong", wrong)


async def crowd(site: Site, visitors: int, seconds: float, pause: float) -> Tally:
    """So many visitors for so long."""
    tally, end = Tally(), time.perf_counter() + seconds

    async def visitor(number: int) -> None:
        rng, session = random.Random(f"{visitors} {number}"), f"visitor-{visitors}-{number}"
        await asyncio.sleep(rng.uniform(0, pause))  # nobody arrives at the stroke of the clock
        while time.perf_counter() < end:
            await one_request(site, session, rng, tally)
            await asyncio.sleep(pause * rng.uniform(0.5, 1.5))

    await asyncio.gather(*(visitor(number) for number in range(visitors)))
    return tally


# --- what is measured ---


def summary(tally: Tally) -> dict[str, Any]:
    """Counts, and median and 95th percentile by kind, in milliseconds."""
    found: dict[str, Any] = {"answers": sum(map(len, tally.times.values()))}
    found |= {kind: tally.counts[kind] for kind in ("wrong", "errors", "busy")}
    for kind, times in tally.times.items():
        if len(times) > 1:
            p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
            found[kind] = {"count": len(times), "p50_ms": round(statistics.median(times)), "p95_ms": round(p95)}
    return found | ({"first_trouble": tally.first_trouble} if tally.first_trouble else {})


def server_process() -> psutil.Process:
    """The page that `serve` started."""
    return next(child for child in psutil.Process().children() if "app.py" in child.cmdline())


def megabytes(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 2**20, 1)


async def by_visitors(site: Site, process: psutil.Process, levels: list[int], seconds: float, pause: float) -> None:
    await crowd(site, 2, 3, 0.1)  # the first requests of a page load what later ones find loaded
    for visitors in levels:
        clock, own, its = time.perf_counter(), time.process_time(), sum(process.cpu_times()[:2])
        tally = await crowd(site, visitors, seconds, pause)
        wall = time.perf_counter() - clock
        found = {"visitors": visitors, "seconds": round(wall, 1), "pause": pause} | summary(tally)
        found["answers_per_second"] = round(found["answers"] / wall, 1)
        found["server_cpu"] = round((sum(process.cpu_times()[:2]) - its) / wall, 2)
        found["visitors_cpu"] = round((time.process_time() - own) / wall, 2)
        print(json.dumps(found | {"server_mb": megabytes(process)}), flush=True)


async def by_requests(site: Site, process: psutil.Process, requests: int) -> None:
    """Memory as so many requests go by: after the first 500, then at twenty points."""
    tally, done = Tally(), 0
    marks = sorted({min(500, requests), *(round(x) for x in np.linspace(0, requests, 21)[1:])})
    memory: dict[str, float] = {}

    async def visitor(number: int) -> None:
        nonlocal done
        rng = random.Random(number)
        while done < requests:
            done += 1
            await one_request(site, f"memory-{number}", rng, tally)
            while marks and done >= marks[0]:
                memory[str(marks.pop(0))] = megabytes(process)

    start = time.perf_counter()
    await asyncio.gather(*(visitor(number) for number in range(10)))
    first, last = memory[str(min(500, requests))], megabytes(process)
    found = {"requests": requests, "seconds": round(time.perf_counter() - start)} | summary(tally)
    print(json.dumps(found | {"server_mb": memory, "growth": round(last / first - 1, 4)}), flush=True)


async def run(arguments: argparse.Namespace, url: str, kept: dict[str, list[Picture]]) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"accept-language": LANGUAGE, "x-gradio-user": "app"}  # as the page in a browser asks
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits, headers=headers) as http:
        config = (await http.get("/config")).json()
        site, process = Site(http, find_events(config), kept), server_process()
        if arguments.requests:
            await by_requests(site, process, arguments.requests)
        else:
            await by_visitors(site, process, arguments.visitors, arguments.seconds, arguments.pause)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--visitors",
        type=int,
        nargs="+",
        default=[1, 10, 50, 100],
        help="how many at once, by turns (default: 1 10 50 100)",
    )
    parser.add_argument("--seconds", type=float, default=60, help="for each number of visitors (default: %(default)s)")
    parser.add_argument(
        "--pause", type=float, default=2, help="seconds between an answer and the next pen-up (default: %(default)s)"
    )
    parser.add_argument(
        "--requests", type=int, default=0, help="measure memory over so many requests instead (default: 0, for not)"
    )
    parser.add_argument(
        "--pictures",
        type=float,
        default=1,
        help="share of the pictures to make; fewer start sooner (default: %(default)s)",
    )
    arguments = parser.parse_args()
    kinds = {kind: max(4, round(count * arguments.pictures)) for kind, count in KINDS.items()}
    kept = pictures(Recognizer.from_pretrained(), kinds)
    with serve() as url:
        asyncio.run(run(arguments, url, kept))


if __name__ == "__main__":
    main()
