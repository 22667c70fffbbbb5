"""docs/serve.md names only tests and options that exist."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

from tests.helpers.paths import DATA, ROOT
from translate.web.server import HEADER_SECONDS, MAX_CONNECTIONS, MAX_HEADER_BYTES
from translate.web.settings import ServeSettings

TEXT = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "web").glob("test_*.py"))
SURFACE = json.loads((DATA / "cli-surface.json").read_text(encoding="utf-8"))


def test_each_threat_has_a_test_that_exists() -> None:
    rows = TEXT.partition("## Security")[2].partition("Not guarded")[0].strip().splitlines()[2:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        for name in named:
            assert f"def {name}(" in TESTS, name


def test_the_options_exist() -> None:
    settings = [about for command in ("serve", "watch", "page", "convert") for about in SURFACE[command].values()]
    known = {option for about in settings for option in about["options"]}
    ours = re.sub(
        r"^(.*curl |podman|python -m http|RUN|HEALTHCHECK|    -e|    --tmpfs).*$", "", TEXT, flags=re.MULTILINE
    )
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", ours)) - {"--device"}
    assert used <= known, used - known


def test_the_defaults_are_those_of_the_code() -> None:
    defaults: dict[str, Any] = {field.name: field.default for field in fields(ServeSettings)}
    assert f"| {defaults['max_body'] // 10**6} MB |" in TEXT
    assert f"| {defaults['max_video'] // 10**6} MB |" in TEXT
    assert f"| {defaults['max_pixels'] // 10**6} million |" in TEXT
    assert f"the cores up to 4; {defaults['queue']} |" in TEXT
    assert f"| {defaults['timeout']:g} s |" in TEXT
    assert f"| {defaults['jobs_per_client']}, {defaults['files_per_job']}, {defaults['jobs']} |" in TEXT
    assert f"| {defaults['max_disk'] // 10**6} MB |" in TEXT
    slow = f"{HEADER_SECONDS:g} s; {defaults['stall']:g} s; {defaults['slowest'] // 1000} kB/s"
    assert f"| {slow} |" in TEXT
    assert f"| 100; {MAX_HEADER_BYTES // 1000} kB; {MAX_CONNECTIONS} |" in TEXT
