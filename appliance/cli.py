"""``boothkit``: finds the command in appliance/commands and shows errors to the person who called it."""

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from appliance import commands
from appliance.errors import BoothkitError, Problem


class LazyGroup(click.Group):
    """Commands are modules of appliance.commands; only the one that is called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command word."""
        return sorted(module.name for module in iter_modules(commands.__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that word."""
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"appliance.commands.{name}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="boothkit", prog_name="boothkit")
def boothkit() -> None:
    """The box that runs a pop-up: till, door, footfall, power, and a journal that can be proved."""


def main(argv: list[str] | None = None) -> Any:
    """The console script. Exit code 0 fine, 1 the thing checked is not fine, 2 usage or configuration."""
    try:
        code = boothkit.main(argv, standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BoothkitError as error:
        click.echo(f"boothkit: {error}\n  {error.remedy}", err=True)
        code = 2
    except Problem as problem:
        remedy = f"\n  {problem.remedy}" if problem.remedy else ""
        click.echo(f"boothkit: {problem.detail}{remedy}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
