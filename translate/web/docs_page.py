"""The page /docs: the OpenAPI document for people, without scripts."""

from __future__ import annotations

from html import escape
from typing import Any

from translate.web.openapi import document
from translate.web.problems import KINDS

EXAMPLE = "curl --data-binary @photo.jpg 'http://127.0.0.1:8000/v1/convert?style=anime&strength=0.8' -o drawn.jpg"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>translate: the interface</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/app.css">
</head>
<body class="docs">
<main>
<p><a href="/">Back to the photos</a></p>
<h1>The interface</h1>
<p>{description} The same as data: <a href="/openapi.json">openapi.json</a>.</p>
<pre>{example}</pre>
{operations}
<h2>Problems</h2>
<p>Errors are problem documents (RFC 9457). Their <code>type</code> is one of these:</p>
<dl>{problems}</dl>
</main>
</body>
</html>
"""


def docs_page() -> str:
    """The page as HTML."""
    data = document()
    operations = [
        _operation(method, path, operation)
        for path, methods in data["paths"].items()
        for method, operation in methods.items()
    ]
    problems = [
        f'<dt id="{kind}"><code>{kind}</code> {about.status:d}</dt>'
        f"<dd>{escape(about.title)}; {escape(about.remedy)}.</dd>"
        for kind, about in KINDS.items()
    ]
    return PAGE.format(
        description=escape(data["info"]["description"]),
        example=escape(EXAMPLE),
        operations="\n".join(operations),
        problems="\n".join(problems),
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(map(_parameter, operation.get("parameters", ())))
    answers = ", ".join(sorted(operation["responses"]))
    return (
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}. "
        f"<small>Answers: {escape(answers)}</small></p>"
        + (f"<dl>{parameters}</dl>" if parameters else "")
        + "</section>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    limits = [str(schema["type"])]
    limits += [" | ".join(schema["enum"])] if "enum" in schema else []
    limits += [f"{name} {schema[name]}" for name in ("minimum", "maximum", "default") if name in schema]
    about = escape(parameter.get("description", f"in the address: the {parameter['name']}"))
    return (
        f"<dt><code>{escape(parameter['name'])}</code> <small>{escape(', '.join(limits))}</small></dt><dd>{about}</dd>"
    )
