"""`translate serve`: a page to drop photos on, and an interface for programs."""

from __future__ import annotations

from typing import Annotated

import typer

from translate.commands.conversion_options import Device
from translate.commands.terminal import quiet_onnxruntime, say
from translate.errors import ExitCode
from translate.style.catalogue import list_styles, named_styles

ACCESS, BOUNDS, STYLES = "Access", "Bounds", "Styles"
MB = 1_000_000


def serve(
    host: Annotated[
        str,
        typer.Option(help="address to listen at; one that other machines reach needs --token", rich_help_panel=ACCESS),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one", rich_help_panel=ACCESS)] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TRANSLATE_TOKEN",
            show_envvar=False,
            help="that requests have to carry, 16 characters or more; better given as TRANSLATE_TOKEN, as other users "
            "see command lines",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="a name by which it is reached (repeatable)", rich_help_panel=ACCESS),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="a site whose pages may use it, such as https://photos.example (repeatable)",
            rich_help_panel=ACCESS,
        ),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="believe a proxy on this machine who the client is, by X-Forwarded-For",
            rich_help_panel=ACCESS,
        ),
    ] = False,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            metavar="NAME|FILE",
            help="a style to offer (repeatable); default: all shipped",
            rich_help_panel=STYLES,
        ),
    ] = None,
    warm_styles: Annotated[
        int, typer.Option(min=1, help="styles held in memory at a time", rich_help_panel=STYLES)
    ] = 4,
    device: Device = "auto",
    int8: Annotated[
        bool,
        typer.Option(
            "--int8/--no-int8", help="on CPUs, use the int8 variants of shipped styles", rich_help_panel=STYLES
        ),
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="pictures converted at a time; default: the cores, up to 4", rich_help_panel=BOUNDS),
    ] = None,
    queue: Annotated[int, typer.Option(min=0, help="requests that may wait", rich_help_panel=BOUNDS)] = 32,
    timeout: Annotated[
        float, typer.Option(min=1, help="seconds for one request, with its waiting", rich_help_panel=BOUNDS)
    ] = 120.0,
    max_body: Annotated[int, typer.Option(min=1, help="MB of one picture's file", rich_help_panel=BOUNDS)] = 64,
    max_video: Annotated[int, typer.Option(min=1, help="MB of one video", rich_help_panel=BOUNDS)] = 1000,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="refuse pictures with more pixels", rich_help_panel=BOUNDS)
    ] = 50_000_000,
    max_disk: Annotated[
        int, typer.Option(min=1, help="MB of files that jobs hold at a time", rich_help_panel=BOUNDS)
    ] = 4000,
    keep: Annotated[
        float, typer.Option(min=0.1, help="minutes that a finished job is kept", rich_help_panel=BOUNDS)
    ] = 10.0,
    jobs_per_client: Annotated[
        int, typer.Option(min=1, help="jobs kept for one address at a time", rich_help_panel=BOUNDS)
    ] = 8,
) -> None:
    """Serve a page to drop photos on, and an HTTP interface, described at /docs.

    Exit codes: 2 the command cannot be carried out as given; 3 a style, the device or the address cannot be used.
    """
    from translate.web.server import make_server
    from translate.web.settings import ServeSettings

    quiet_onnxruntime()
    given = {} if workers is None else {"workers": workers}
    settings = ServeSettings(
        host=host,
        port=port,
        token=token,
        allowed_hosts=tuple(name.lower() for name in allow_host or ()),
        origins=tuple(origin or ()),
        behind_proxy=behind_proxy,
        styles=named_styles(style) if style else list_styles(),
        warm_styles=warm_styles,
        device=device,
        int8=int8,
        queue=queue,
        timeout=timeout,
        max_body=max_body * MB,
        max_video=max_video * MB,
        max_pixels=max_pixels,
        max_disk=max_disk * MB,
        keep=keep * 60,
        jobs_per_client=jobs_per_client,
        **given,
    )
    server = make_server(settings, on_start=_announce)
    try:
        server.run()
    except KeyboardInterrupt:  # raised again by uvicorn after it has stopped
        raise typer.Exit(ExitCode.OK) from None
    except SystemExit:
        raise typer.Exit(ExitCode.UNUSABLE) from None  # uvicorn has said that it cannot listen there


def _announce(host: str, port: int) -> None:
    say(f"translate serves at http://{f'[{host}]' if ':' in host else host}:{port}/ (Ctrl+C stops it)")
