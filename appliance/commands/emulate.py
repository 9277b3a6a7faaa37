"""``boothkit emulate``: one emulated device by itself, for a box, a driver or a test to talk to."""

import errno
import functools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from appliance.commands._common import Box, common
from appliance.errors import BoothkitError
from drivers.uri import Uri

HOST = "127.0.0.1"


class CannotListen(BoothkitError):
    """The port or the name of an emulated device cannot be had."""

    remedy = "Choose another one with --tcp or --link."


@click.group()
def command() -> None:
    """One emulated device, until Ctrl-C. It listens on this machine only."""


def _where(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``tcp`` and ``link``, exactly one of them set, beside what every command takes."""

    def any_free(_ctx: click.Context, _parameter: click.Parameter, port: int | None) -> int | None:
        if port != 0:
            return port
        with socket.create_server((HOST, 0)) as probe:
            found: int = probe.getsockname()[1]
            return found

    def either(ctx: click.Context, _parameter: click.Parameter, link: Path | None) -> Path | None:
        if (link is None) == (ctx.params.get("tcp") is None):
            raise click.UsageError("Name either --tcp PORT or --link PATH.")
        if link is not None and link.exists() and not link.is_symlink():
            raise click.UsageError(f"{link} is something else; --link makes a symbolic link there.")
        return link

    @functools.wraps(function)
    def without_box(_box: Box, **options: Any) -> None:
        function(**options)

    tcp = click.option(
        "--tcp",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        is_eager=True,
        callback=any_free,
        help="A port of 127.0.0.1; 0 = any free one.",
    )
    link = click.option(
        "--link", type=click.Path(path_type=Path), metavar="PATH", callback=either, help="A pty with this name."
    )
    return tcp(link(common(without_box)))


def _uri(tcp: int | None, link: Path | None, *, scheme: str = "serial", options: dict[str, str] | None = None) -> Uri:
    """Where it is, as the configuration's ``[devices]`` wants it."""
    if tcp is not None:
        return Uri("tcp", HOST, tcp, options=options or {})
    return Uri(scheme, path=str(Path(link or "").absolute()))


def _say_ready(name: str, uri: Uri) -> None:
    click.echo(json.dumps({"ready": True, name: str(uri)}))


def _serve(uri: Uri, serve: Callable[[], None]) -> None:
    try:
        serve()
    except BrokenPipeError:
        return  # nobody reads on: `boothkit emulate … | head`
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(f"{uri}: something listens there already") from error
        raise CannotListen(f"{uri}: {error.strerror}") from error


@command.command()
@_where
def printer(tcp: int | None, link: Path | None) -> None:
    """A receipt printer; what it prints is shown as it is cut."""
    from drivers.emulators.printer import PrinterEmulator, Slip, serve

    uri = _uri(tcp, link)

    def ready(_printer: PrinterEmulator) -> None:
        _say_ready("printer", uri)

    def show(slip: Slip) -> None:
        codes = [f"[QR] {payload}" for payload in slip.qr]
        kicks = ["[drawer]"] * slip.drawer_kicks
        click.echo("\n".join([slip.text, *codes, *kicks, f"--8<-- {slip.id}"]))

    _serve(uri, lambda: serve(tcp, link, ready, show))


@command.command()
@_where
def scanner(tcp: int | None, link: Path | None) -> None:
    """A code scanner; each line of standard input is a code that it reads."""
    from drivers.emulators.scanner import serve

    uri = _uri(tcp, link)
    _serve(uri, lambda: serve(link or tcp or 0, 0, lambda: _say_ready("scanner", uri)))


@command.command()
@_where
@click.option(
    "--recording",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Send these recorded bytes over and over at line speed, in place of its own values.",
)
def vedirect(tcp: int | None, link: Path | None, recording: Path | None) -> None:
    """A solar charger with a battery monitor that says its values each second."""
    from drivers.emulators.vedirect import serve

    uri = _uri(tcp, link, scheme="vedirect", options={"driver": "vedirect"})
    _serve(uri, lambda: serve(link or tcp or 0, lambda: _say_ready("vedirect", uri), recording=recording))


@command.command()
@_where
def epever(tcp: int | None, link: Path | None) -> None:
    """A solar charge controller that answers questions over Modbus RTU as unit 1."""
    from drivers.emulators.epever import serve

    uri = _uri(tcp, link, scheme="epever", options={"driver": "epever"})
    _serve(uri, lambda: serve(link or tcp or 0, lambda: _say_ready("epever", uri)))


@command.command()
@click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where the tree of files is made."
)
@click.option("--volts", type=float, default=13.2, show_default=True, help="At the battery.")
@click.option("--amps", type=float, default=-1.4, show_default=True, help="Positive while it is charged.")
@common
def hwmon(_box: Box, root: Path, volts: float, amps: float) -> None:
    """A current sensor (INA226) as the kernel shows it under /sys."""
    from drivers.emulators.sysfs import HwmonEmulator

    _stand("hwmon", f"hwmon://ina226?root={root.absolute()}", HwmonEmulator(root, volts=volts, amps=amps))


@command.command("power-supply")
@click.option(
    "--root", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where the tree of files is made."
)
@click.option("--volts", type=float, default=13.2, show_default=True, help="At the battery.")
@click.option("--amps", type=float, default=-1.4, show_default=True, help="Positive while it is charged.")
@click.option("--soc", type=float, default=82, show_default=True, help="State of charge in percent.")
@common
def power_supply(_box: Box, root: Path, volts: float, amps: float, soc: float) -> None:
    """A battery with its gauge as the kernel shows it under /sys."""
    from drivers.emulators.sysfs import PowerSupplyEmulator

    emulator = PowerSupplyEmulator(root, volts=volts, amps=amps, soc=soc)
    _stand("power-supply", f"power-supply://BAT0?root={root.absolute()}", emulator)


class _Standing(Protocol):
    def start(self) -> None: ...

    def close(self) -> None: ...


def _stand(name: str, uri: str, emulator: _Standing) -> None:
    """Files that stay until a signal ends it, and then go."""
    from drivers.emulators.port import lines_until_terminated

    parsed = Uri.parse(uri)

    def stay() -> None:
        emulator.start()
        try:
            lines_until_terminated(None, lambda _line: None, lambda: _say_ready(name, parsed))
        finally:
            emulator.close()

    _serve(parsed, stay)
