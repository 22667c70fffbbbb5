"""`translate diagnose`: what is wrong with a training run, and what to try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from translate.commands.terminal import quiet_onnxruntime, require_page_name, say
from translate.errors import printable


def diagnose(
    run: Annotated[Path, typer.Argument(help="folder of a run, as `translate train --out` wrote it")],
    reference: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="run of a smaller network on the same pictures, to tell why it underfits"),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="DIR", help="pictures to be converted: compare them to those trained on")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="page to write, .html: verdicts and curves")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="everything as JSON on standard output")] = False,
) -> None:
    """Find faults in a run's log, such as underfitting, overfitting and collapse, with evidence and remedies."""
    require_page_name(output)
    from translate.diagnose.diagnosis import diagnose as judge
    from translate.diagnose.run_metrics import read_run
    from translate.diagnose.verdict import MEANINGS

    if test is not None:
        quiet_onnxruntime()
    metrics = read_run(run)
    diagnosis = judge(metrics, reference=None if reference is None else read_run(reference), test=test)
    if output is not None:
        from translate.diagnose.report import write_page

        write_page(metrics, diagnosis, output)
        say(f"wrote {output}")
    if as_json:
        from translate.diagnose.report import as_dict

        typer.echo(json.dumps(as_dict(metrics, diagnosis), indent=2))
        return
    for verdict in diagnosis.verdicts:
        typer.echo(f"{verdict.case} ({verdict.confidence:.0%}): {MEANINGS[verdict.case]}")
        for label, texts in (("evidence", verdict.evidence), ("try", verdict.remedies)):
            for text in texts:
                typer.echo(f"  {label}: {printable(text)}")
    for fault in diagnosis.not_judged:
        typer.echo(f"not judged: {fault.case}: {printable(fault.reason)}")
