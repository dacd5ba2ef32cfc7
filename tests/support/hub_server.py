"""A Hugging Face Hub on loopback, in memory, for the real clients to push to and pull from.

    with serve_hub() as hub:
        hub.url, hub.tokens["somebody"]          # give them to a client as HF_ENDPOINT and HF_TOKEN
        hub.interfere = refuse                   # async (Request) -> Response or None, asked before every request
        hub.interfere = failing(503, "/commit/", times=2)     # ready-made: failing, slow, cut_upload, cut_download
        hub.stop(); hub.start()                  # the server is down, and back at the same address

The clients read HF_ENDPOINT when they are imported, so they run in processes of their own (`client_environment`). Large
files go the LFS way, as there is no server of Xet here. What the clients call was read off them with huggingface_hub
2.4, datasets 5.2, transformers 5.23 and timm 1.0.31.
"""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import hashlib
import json
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Interference = Callable[[Request], Awaitable[Response | None]]

LFS_PATTERNS = ("*.safetensors", "*.bin", "*.pt", "*.parquet", "*.onnx", "*.npz", "*.zip", "*.gz")
LFS_BYTES = 10 << 20
ATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS).encode()
KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
"""The types of repository, by what addresses call them; the addresses of a model's files leave `models/` out."""


class HubError(Exception):
    """A refusal; the clients turn `code` (the header X-Error-Code) into an exception of their own."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {}) | headers


@dataclass(frozen=True)
class StoredFile:
    """A file of a commit; one in LFS is known by the SHA-256 of its content, any other by its Git object id."""

    content: bytes
    lfs: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        """What Git itself holds of a file in LFS."""
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n"
        return text.encode()

    @property
    def git_id(self) -> str:
        blob = self.pointer if self.lfs else self.content
        return hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()

    def describe(self, path: str) -> dict[str, Any]:
        """The file as the tree listing shows it."""
        lfs = {"oid": self.sha256, "size": len(self.content), "pointerSize": len(self.pointer)}
        entry = {"type": "file", "path": path, "oid": self.git_id, "size": len(self.content)}
        return entry | ({"lfs": lfs} if self.lfs else {})


@dataclass(frozen=True)
class Commit:
    sha: str
    title: str
    date: str
    files: dict[str, StoredFile]

    def folders(self) -> set[str]:
        return {str(folder) for path in self.files for folder in Path(path).parents} - {"."}


@dataclass
class Repository:
    kind: str
    name: str
    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)  # of a Space

    def __post_init__(self) -> None:
        self.add_commit("main", {".gitattributes": StoredFile(ATTRIBUTES)}, "initial commit")

    def add_commit(self, branch: str, files: dict[str, StoredFile], title: str) -> Commit:
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        commit = Commit(secrets.token_hex(20), title, date, files)
        self.commits[commit.sha] = commit
        self.branches[branch] = commit.sha
        return commit

    def find(self, revision: str) -> Commit:
        """The commit that a branch, tag or commit id means."""
        short = re.sub("^refs/(heads|tags)/", "", revision)
        sha = self.branches.get(short) or self.tags.get(short) or short
        if sha not in self.commits:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[sha]

    def describe(self, commit: Commit) -> dict[str, Any]:
        """The answer of the repository's own address."""
        about = {
            "_id": self.name,
            "id": self.name,
            "author": self.name.partition("/")[0],
            "sha": commit.sha,
            "lastModified": commit.date,
            "createdAt": commit.date,
            "private": self.private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": path} for path in sorted(commit.files)],
        }
        return about | ({"modelId": self.name} if self.kind == "model" else {})


class Hub:
    """The server and all that it holds; tests may look into it and change it at any time."""

    def __init__(self, *users: str) -> None:
        self.tokens = {user: f"hf_{secrets.token_hex(17)}" for user in users}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.roles: dict[str, str] = {}
        """What the Hub says of a user's token: read, write or fineGrained. Of the others it says nothing."""
        self.organisations: dict[str, list[str]] = {}
        """Those of a user, who may write in their names too."""
        self.interfere: Interference | None = None
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def store_url(self) -> str:
        """Where files in LFS lie: under another host name, as the clients expect of a redirect away from the Hub."""
        return f"http://localhost:{self._port}/lfs"

    def start(self) -> None:
        """Listen on a free port; after `stop`, on the same one."""
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        settings = uvicorn.Config(create_app(self), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the loopback Hub did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Close the port: from now on connections are refused. Does nothing if it is closed."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=20)
            self._server = None

    def user_of(self, request: Request) -> str | None:
        """Whose token the request carries, None for no token; an unknown token is refused."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        user = next((user for user, known in self.tokens.items() if known == token), None)
        if token and user is None:
            raise HubError(401, "Invalid credentials in Authorization header")
        return user

    def check_writer(self, request: Request, owner: str) -> None:
        user = self.user_of(request)
        if user is None:
            raise HubError(401, "Invalid username or password.")
        if self.roles.get(user) == "read" or owner not in (user, *self.organisations.get(user, [])):
            raise HubError(403, f"You don't have the rights to write to the namespace {owner}.")

    def find(self, request: Request) -> Repository:
        """The repository that a request's address names, if the request may know of it and do what it asks for."""
        address = request.path_params
        kind = KINDS.get(address.get("folder", "models"), "")
        owner, name = address["owner"], address["name"]
        repository = self.repositories.get((kind, f"{owner}/{name}"))
        user = self.user_of(request)
        if repository is None or (repository.private and user != owner):
            # The Hub does not tell a stranger whether a private repository exists.
            raise HubError(404 if user else 401, "Repository not found", "RepoNotFound")
        reads = request.method in ("GET", "HEAD") or "/paths-info/" in request.url.path
        if not reads:
            self.check_writer(request, owner)
        return repository


@contextmanager
def serve_hub(*users: str) -> Iterator[Hub]:
    """A running Hub that knows `users`, each with a token that may write."""
    hub = Hub(*users)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def client_environment(hub: Hub, home: Path) -> dict[str, str]:
    """Environment variables that turn a client process to `hub`, with `home` for its cache; they hold no token."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_ASSETS_CACHE": os.environ["HF_ASSETS_CACHE"],
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_OFFLINE": "0",
    }


def create_app(hub: Hub) -> ASGIApp:
    """The Hub's addresses, as far as the clients call them."""
    app = FastAPI()

    @app.middleware("http")
    async def record(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        interference = await hub.interfere(request) if hub.interfere else None
        response = interference if interference is not None else await call_next(request)
        hub.requests.append(f"{request.method} {request.url.path} {response.status_code}")
        return response

    @app.exception_handler(HubError)
    async def refuse(request: Request, error: HubError) -> Response:
        return JSONResponse({"error": str(error)}, error.status, error.headers)

    _add_accounts(app, hub)
    _add_reading(app, hub)
    _add_writing(app, hub)
    _add_large_files(app, hub)
    _add_spaces(app, hub)

    async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
        """Let an interference break the connection off, which no server means an application to do."""
        cycle: Any = getattr(receive, "__self__", None)
        await app(scope | {"connection": getattr(cycle, "transport", None)}, receive, send)

    return with_connection


def _add_accounts(app: FastAPI, hub: Hub) -> None:
    @app.get("/api/whoami-v2")
    async def whoami(request: Request) -> dict[str, Any]:
        user = hub.user_of(request)
        if user is None:
            raise HubError(401, "Invalid username or password.")
        orgs = [{"type": "org", "name": name, "roleInOrg": "write"} for name in hub.organisations.get(user, [])]
        said = {"type": "user", "id": user, "name": user, "fullname": user, "orgs": orgs}
        token = {"type": "access_token", "accessToken": {"displayName": user, "role": hub.roles.get(user)}}
        return said | ({"auth": token} if user in hub.roles else {})

    @app.post("/api/validate-yaml")
    async def validate(request: Request) -> Response:
        sent = await request.json()
        errors, warnings = check_card(sent["content"], sent.get("repoType") or "model")
        listed = {"errors": [{"message": m} for m in errors], "warnings": [{"message": m} for m in warnings]}
        return JSONResponse(listed, 400 if errors else 200)

    @app.post("/api/repos/create")
    async def create(request: Request) -> Response:
        wanted = await request.json()
        owner = wanted.get("organization") or hub.user_of(request) or ""
        hub.check_writer(request, owner)
        kind, name = wanted.get("type") or "model", f"{owner}/{wanted['name']}"
        url = f"{hub.url}/{'' if kind == 'model' else kind + 's/'}{name}"
        if (kind, name) in hub.repositories:
            return JSONResponse({"error": f"You already created this {kind} repo", "url": url}, 409)
        private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
        hub.repositories[kind, name] = Repository(kind, name, private)
        return JSONResponse({"url": url, "name": name, "id": name})


def _add_reading(app: FastAPI, hub: Hub) -> None:
    """What a repository tells of itself, and its files."""
    api, found = "/api/{folder}/{owner}/{name}", Depends(hub.find)

    @app.get(api)
    @app.get(api + "/revision/{revision:path}")
    async def about(revision: str = "main", repository: Repository = found) -> dict[str, Any]:
        return repository.describe(repository.find(revision))

    @app.get(api + "/refs")
    async def references(repository: Repository = found) -> dict[str, Any]:
        def listed(names: dict[str, str], folder: str) -> list[dict[str, str]]:
            return [{"name": n, "ref": f"refs/{folder}/{n}", "targetCommit": sha} for n, sha in names.items()]

        tags, branches = listed(repository.tags, "tags"), listed(repository.branches, "heads")
        return {"branches": branches, "tags": tags, "converts": []}

    @app.get(api + "/tree/{revision}")
    @app.get(api + "/tree/{revision}/{path:path}")
    async def tree(
        revision: str, path: str = "", recursive: bool = False, repository: Repository = found
    ) -> list[dict[str, Any]]:
        commit = repository.find(revision)
        parent = path.strip("/") or "."
        entries = [file.describe(name) for name, file in sorted(commit.files.items())]
        entries += [describe_folder(folder) for folder in sorted(commit.folders())]
        below = [entry for entry in entries if parent in map(str, Path(entry["path"]).parents)]
        if not below:
            raise HubError(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit.sha})
        return [entry for entry in below if recursive or str(Path(entry["path"]).parent) == parent]

    @app.post(api + "/paths-info/{revision}")
    async def describe_paths(request: Request, revision: str, repository: Repository = found) -> list[dict[str, Any]]:
        commit, form = repository.find(revision), parse_qs((await request.body()).decode())
        paths = [path.strip("/") for path in form.get("paths", [])]
        files = [commit.files[path].describe(path) for path in paths if path in commit.files]
        return files + [describe_folder(path) for path in paths if path in commit.folders()]

    @app.api_route("/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
    @app.api_route("/{folder}/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
    async def resolve(request: Request, revision: str, path: str, repository: Repository = found) -> Response:
        commit = repository.find(revision)
        headers = {"X-Repo-Commit": commit.sha}
        if path not in commit.files:
            raise HubError(404, "Entry not found", "EntryNotFound", **headers)
        file = commit.files[path]
        headers["ETag"] = f'"{file.git_id}"'
        if not file.lfs:
            return send(request, file.content, headers)
        linked = {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content))}
        return Response(status_code=302, headers=headers | linked | {"Location": f"{hub.store_url}/{file.sha256}"})


def _add_writing(app: FastAPI, hub: Hub) -> None:
    """How a repository changes."""
    api, found = "/api/{folder}/{owner}/{name}", Depends(hub.find)

    @app.post(api + "/branch/{branch}")
    async def add_branch(request: Request, branch: str, repository: Repository = found) -> dict[str, Any]:
        if branch in repository.branches:
            raise HubError(409, f"Reference already exists: {branch}")
        wanted = json.loads(await request.body() or b"{}")
        repository.branches[branch] = repository.find(wanted.get("startingPoint") or "main").sha
        return {}

    @app.post(api + "/tag/{revision}")
    async def add_tag(request: Request, revision: str, repository: Repository = found) -> dict[str, Any]:
        tag = (await request.json())["tag"]
        if tag in repository.tags:
            raise HubError(409, f"Tag already exists: {tag}")
        repository.tags[tag] = repository.find(revision).sha
        return {}

    @app.post(api + "/preupload/{revision}")
    async def choose_upload(request: Request, revision: str, repository: Repository = found) -> dict[str, Any]:
        commit = repository.find(revision)
        answers = []
        for file in (await request.json())["files"]:
            large = file["size"] > LFS_BYTES or any(fnmatch.fnmatch(file["path"], p) for p in LFS_PATTERNS)
            known = commit.files.get(file["path"])
            answer = {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
            # With the id of what is there, the client leaves out files that have not changed.
            answers.append(answer | ({"oid": known.sha256 if known.lfs else known.git_id} if known else {}))
        return {"files": answers, "commitOid": commit.sha}

    @app.post(api + "/commit/{branch}")
    async def commit(request: Request, branch: str, repository: Repository = found) -> dict[str, Any]:
        steps = [json.loads(line) for line in (await request.body()).splitlines() if line.strip()]
        parent = repository.find(branch)
        files, title = dict(parent.files), ""
        for key, value in ((step["key"], step["value"]) for step in steps):
            if key == "header":
                title = value["summary"]
                if value.get("parentCommit", parent.sha) != parent.sha:
                    raise HubError(412, "A commit has happened since. Please refresh and try again.")
            elif key == "file":
                files[value["path"]] = StoredFile(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                if value["oid"] not in hub.objects:
                    raise HubError(400, f"The LFS object of {value['path']} was not uploaded.")
                files[value["path"]] = StoredFile(hub.objects[value["oid"]], lfs=True)
            elif key in ("deletedFile", "deletedFolder"):
                gone = value["path"].rstrip("/")
                files = {p: f for p, f in files.items() if p != gone and not p.startswith(gone + "/")}
            else:
                raise HubError(400, f"This Hub knows no commit step {key!r}.")
        made = repository.add_commit(branch, files, title)  # all of it or, after an error above, nothing
        url = f"{hub.url}/{repository.name}/commit/{made.sha}"
        return {"success": True, "commitOid": made.sha, "commitUrl": url, "hookOutput": ""}


def _add_spaces(app: FastAPI, hub: Hub) -> None:
    """What only a Space has."""

    @app.post("/api/spaces/{owner}/{name}/variables")
    async def set_variable(request: Request, owner: str, name: str) -> dict[str, Any]:
        hub.check_writer(request, owner)
        repository = hub.repositories.get(("space", f"{owner}/{name}"))
        if repository is None:
            raise HubError(404, "Repository not found", "RepoNotFound")
        sent = await request.json()
        repository.variables[sent["key"]] = sent["value"]
        return {key: {"value": value, "updatedAt": None} for key, value in repository.variables.items()}


def _add_large_files(app: FastAPI, hub: Hub) -> None:
    """The LFS store: the batch address tells where to put an object, and `resolve` redirects to it."""

    @app.post("/{owner}/{name}.git/info/lfs/objects/batch", dependencies=[Depends(hub.find)])
    @app.post("/{folder}/{owner}/{name}.git/info/lfs/objects/batch", dependencies=[Depends(hub.find)])
    async def plan(request: Request) -> Response:
        objects = []
        for wanted in (await request.json())["objects"]:
            store = f"{hub.url}/lfs/{wanted['oid']}"
            actions = {"upload": {"href": store, "header": {}}, "verify": {"href": f"{store}/verify", "header": {}}}
            # An object without actions is one that the store has.
            objects.append(wanted | ({} if wanted["oid"] in hub.objects else {"actions": actions}))
        return JSONResponse({"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json")

    @app.put("/lfs/{sha256}")
    async def put(request: Request, sha256: str) -> Response:
        content = await request.body()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise HubError(400, "The content does not have this SHA-256.")
        hub.objects[sha256] = content
        return Response()

    @app.post("/lfs/{sha256}/verify")
    async def verify(request: Request, sha256: str) -> dict[str, Any]:
        hub.check_writer(request, hub.user_of(request) or "")
        if len(hub.objects.get(sha256, b"")) != (await request.json())["size"]:
            raise HubError(404, "The object is not there, or of another size.")
        return {}

    @app.api_route("/lfs/{sha256}", methods=["GET", "HEAD"])
    async def get(request: Request, sha256: str) -> Response:
        if sha256 not in hub.objects:
            raise HubError(404, "There is no such object.")
        return send(request, hub.objects[sha256], {"ETag": f'"{sha256}"'})


LICENSES = {"apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "bsd-3-clause", "ofl-1.1", "other", "unknown"}
"""Of the Hub's list, which is longer, those that a card of ours may name."""

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def check_card(content: str, kind: str) -> tuple[list[str], list[str]]:
    """Errors and warnings about a card's metadata, read by huggingface_hub's own classes, with the Hub's rules added.

    kind: model, dataset or space. A model-index must be whole, a licence and a task must be ones that the Hub knows.
    """
    from huggingface_hub import DatasetCardData, ModelCardData, RepoCard, SpaceCardData

    try:
        data = RepoCard(content, ignore_metadata_errors=False).data.to_dict()
        if not data:
            return [], ["empty or missing yaml metadata in repo card"]
        read = {"model": ModelCardData, "dataset": DatasetCardData, "space": SpaceCardData}[kind]
        read(**data, ignore_metadata_errors=False)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"], []
    errors = [f'"license" must be one of the Hub\'s, not {data["license"]}'] if _unknown_licence(data) else []
    for name in ("tags", "datasets", "language", "configs"):
        if not isinstance(data.get(name, []), list | str):
            errors.append(f'"{name}" must be a list')
    if kind == "model":
        errors += _check_model(data)
    elif kind == "space":
        colours = {data.get("colorFrom"), data.get("colorTo")} - {None}
        errors += [f'"colorFrom" and "colorTo" must be of {sorted(COLOURS)}'] if colours - COLOURS else []
        errors += ['"short_description" is longer than 60'] if len(data.get("short_description") or "") > 60 else []
        errors += ['"sdk" must be given'] if not data.get("sdk") else []
    return errors, []


def _unknown_licence(data: dict[str, Any]) -> bool:
    found = data.get("license")
    return bool(set([found] if isinstance(found, str) else found or []) - LICENSES)


def _check_model(data: dict[str, Any]) -> list[str]:
    from huggingface_hub.repocard_data import model_index_to_eval_results

    errors = []
    named = data.get("datasets") or []
    for name in [named] if isinstance(named, str) else named:
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", str(name)):
            errors.append(f'"datasets" must name data sets of the Hub, not {name}')
    for result in model_index_to_eval_results(data["model-index"])[1] if "model-index" in data else []:
        if not isinstance(result.metric_value, int | float) or not result.dataset_type:
            errors.append(f'"model-index" has a metric without a number or a data set: {result.metric_type}')
    return errors


# --- trouble -----------------------------------------------------------------------------------------------------


def failing(status: int, part: str = "", times: int | None = None, **headers: str) -> Interference:
    """Answer requests whose address contains `part` with `status`, the first `times` of them or all.

    `headers` are written with _ for -, as in Retry_After="1".
    """
    counted = {"left": times}

    async def interfere(request: Request) -> Response | None:
        if part not in request.url.path or counted["left"] == 0:
            return None
        if counted["left"] is not None:
            counted["left"] -= 1
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return JSONResponse({"error": f"Status {status} for a test"}, status, named)

    return interfere


def slow(seconds: float, part: str = "", method: str | None = None) -> Interference:
    """Answer requests whose address contains `part` only after some time, or never if that is long enough.

    method: only those of this one, such as PUT.
    """

    async def interfere(request: Request) -> None:
        if part in request.url.path and method in (None, request.method):
            await asyncio.sleep(seconds)

    return interfere


def cut_upload(part: str = "/lfs/", after: int = 1000, times: int | None = None) -> Interference:
    """Break the connection off when `after` bytes of what a request sends have come."""
    counted = {"left": times}

    async def interfere(request: Request) -> Response | None:
        if part not in request.url.path or request.method not in ("POST", "PUT") or counted["left"] == 0:
            return None
        if counted["left"] is not None:
            counted["left"] -= 1
        come = 0
        async for chunk in request.stream():
            come += len(chunk)
            if come >= after:
                break
        request.scope["connection"].abort()
        return Response()

    return interfere


def cut_download(hub: Hub, after: int = 1000, times: int | None = None) -> Interference:
    """Break the connection off when `after` bytes of an object of the LFS store have been sent."""
    counted = {"left": times}

    async def interfere(request: Request) -> Response | None:
        sha256 = request.url.path.removeprefix("/lfs/")
        if request.method != "GET" or sha256 not in hub.objects or counted["left"] == 0:
            return None
        if counted["left"] is not None:
            counted["left"] -= 1
        return _CutResponse(send(request, hub.objects[sha256], {"ETag": f'"{sha256}"'}), after)

    return interfere


class _CutResponse(Response):
    """The head of another response and the first bytes of its body; the server then closes the connection."""

    def __init__(self, whole: Response, after: int) -> None:
        self.whole, self.after, self.status_code, self.background = whole, after, whole.status_code, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": self.status_code, "headers": self.whole.raw_headers}
        await send(head)
        await send({"type": "http.response.body", "body": bytes(self.whole.body)[: self.after], "more_body": True})
        await asyncio.sleep(0.1)  # so that the bytes are on their way
        scope["connection"].abort()


def describe_folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "oid": hashlib.sha1(path.encode()).hexdigest(), "size": 0}


def send(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    """The content, or what `Range` asks for of it; for HEAD only its length."""
    headers = headers | {"Accept-Ranges": "bytes"}
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(len(content))})
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not wanted:
        return Response(content, headers=headers, media_type="application/octet-stream")
    start, stop = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1) + 1
    if start >= len(content):
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return Response(content[start:stop], 206, headers, media_type="application/octet-stream")
