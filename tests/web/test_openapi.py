"""The document says what the routes take and answer."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from translate.convert.conversion import ConvertRequest
from translate.web.app import ROUTES
from translate.web.openapi import document
from translate.web.parameters import PARAMETERS
from translate.web.problems import KINDS

DOCUMENT = document()


def test_every_route_is_documented_and_nothing_else() -> None:
    routes = {
        (re.sub(r":\w+}", "}", route.path), method.lower())
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}


def test_names_in_addresses_are_parameters() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_the_parameters_are_settings_of_a_conversion() -> None:
    settings = {field.name for field in fields(ConvertRequest)}
    assert {parameter.setting for parameter in PARAMETERS} <= settings
    defaults = ConvertRequest(inputs=())
    for parameter in PARAMETERS:
        if "default" in parameter.schema:
            assert getattr(defaults, parameter.setting) == parameter.schema["default"]


def test_references_lead_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return (
                [value["$ref"]] if "$ref" in value else [one for inner in value.values() for one in references(inner)]
            )
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_answers_have_the_documented_shape(client: TestClient, photo: Path) -> None:
    def check(value: Any, schema: dict[str, Any]) -> None:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        types: dict[str, Any] = {
            "string": str,
            "integer": int,
            "number": (int, float),
            "boolean": bool,
            "null": type(None),
        }
        types |= {"object": dict, "array": list}
        assert any(isinstance(value, types[kind]) for kind in kinds), (value, schema)
        assert value in schema.get("enum", [value])
        if isinstance(value, dict):
            assert set(value) == set(schema["properties"])
            for name, inner in value.items():
                check(inner, schema["properties"][name])
        for inner in value if isinstance(value, list) else ():
            check(inner, schema["items"])

    schemas = DOCUMENT["components"]["schemas"]
    check(client.get("/v1/styles").json(), schemas["Styles"])
    job = client.post("/v1/jobs?style=tiny").json()
    check(job, schemas["Job"])
    check(client.post(f"/v1/jobs/{job['id']}/files?name=a.jpg", content=photo.read_bytes()).json(), schemas["File"])
    check(client.get(f"/v1/jobs/{job['id']}").json(), schemas["Job"])
    check(client.get("/no/such").json(), schemas["Problem"])


def test_docs_show_it_all(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == DOCUMENT
    text = client.get("/docs").text
    for path in DOCUMENT["paths"]:
        assert path in text
    for kind in KINDS:
        assert f'id="{kind}"' in text
    assert "<script" not in text and "http://" not in text.replace("http://127.0.0.1:8000", "")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_they_are_there_without_scripts_of_others(client: TestClient, path: str) -> None:
    assert "unsafe-inline" not in client.get(path).headers["content-security-policy"]
