"""serve the API: items sent and read over HTTP, questions decided, health and figures."""

import threading

import click

from pilotage.cli.call import Call, pass_call

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command(
    epilog="Examples:\n\n  pilotage serve\n\n  pilotage serve --host 0.0.0.0 --port 8443 "
    "--behind-proxy"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8080, show_default=True)
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it speaks TLS.")
@pass_call
def serve(call: Call, *, host: str, port: int, behind_proxy: bool) -> None:
    """Serve the JSON API of this home until told to stop; the worker runs beside it.

    Its document stands at /openapi.json. Tokens travel with each request, so that anything but
    this machine's own address needs a proxy that speaks TLS.
    """
    if host not in LOOPBACK and not behind_proxy:
        raise click.UsageError(
            f"--host {host} is reached from elsewhere, and tokens would travel in the clear; put a "
            "proxy that speaks TLS in front and add --behind-proxy, or leave --host out"
        )
    from console.app import make
    from console.app import serve as serve_app
    from pilotage.web import Web

    web = Web(call.wired)
    app = make(web)
    # A worker that fell silent cannot say so; whoever serves sees it.
    threading.Thread(target=web.watch_forever, name="pilotage-watch", daemon=True).start()
    call.stay()
    call.say(f"serving {call.wired.home.folder} at http://{host}:{port}/api/v1; Ctrl-C stops it")
    serve_app(app, host=host, port=port)
