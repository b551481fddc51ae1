"""The `anomaly` command: gathers the sub-commands that each package declares as an entry point.

A package whose commands cannot be imported costs its own commands only: the others still run, above
all `anomaly doctor`, which says what is wrong.
"""

import ctypes
import os
import signal
import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import click

from scoring_server.errors import ScoringError

ENTRY_POINT_GROUP = "anomaly.commands"
# prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1
# The thread that drives the completion queue polls the sockets itself then, instead of being woken
# by the threads of gRPC: a sixth less of the processor's time for each call.
SERVER_GRPC_EXPERIMENTS = "-event_engine_listener,-event_engine_client"


class AnomalyGroup(click.Group):
    """A group that tells which commands are missing because their package failed to import.

    Attributes:
        faults: entry point name -> why its commands could not be loaded.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults: dict[str, str] = {}

    def add_entry_point(self, entry_point: EntryPoint) -> None:
        """Add the commands of one package, or remember why that is impossible."""
        try:
            commands: list[click.Command] = entry_point.load()
        except Exception as error:  # noqa: BLE001 - one broken package must not take the others away
            self.faults[entry_point.name] = f"{type(error).__name__}: {error}"
            return
        for command in commands:
            known = self.commands.get(command.name or "")
            if isinstance(known, click.Group) and isinstance(command, click.Group):
                # Two packages may share a group: what models are, and what a server uses.
                for name, sub_command in command.commands.items():
                    known.add_command(sub_command, name)
            else:
                self.add_command(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; when it is unknown, name the packages that failed as well."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if not self.faults:
                raise
            raise click.UsageError(
                f"{error.format_message()}\n{self._fault_text()}", ctx
            ) from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, and what could not be loaded."""
        super().format_epilog(ctx, formatter)
        if self.faults:
            formatter.write_paragraph()
            formatter.write_text(self._fault_text())

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a mistake of the caller is one line, not a traceback."""
        try:
            return super().invoke(ctx)
        except ScoringError as error:
            raise click.ClickException(error.message) from error

    def _fault_text(self) -> str:
        faults = "; ".join(f"{name} ({fault})" for name, fault in sorted(self.faults.items()))
        return f"Commands missing because their package failed to load: {faults}"


@click.group(
    cls=AnomalyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `anomaly up`; when something is odd, `anomaly doctor` says what.",
)
@click.version_option(version("anomaly"), prog_name="anomaly")
@click.option("--stop-with-parent", type=int, hidden=True)
def anomaly(*, stop_with_parent: int | None) -> None:
    """Score transactions as they happen, and work the alerts.

    Everything is configured by environment variables; docs/configuration.md lists them.
    """
    if stop_with_parent and sys.platform == "linux":
        # So that nothing is left behind when `anomaly up` itself is killed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != stop_with_parent:
            # It died before we asked, and nobody will tell us.
            raise SystemExit(1)


def main() -> None:
    """Run the command line."""
    if "serve" in sys.argv[1:]:
        # Now, because gRPC core reads it when any of the packages below loads it.
        os.environ.setdefault("GRPC_EXPERIMENTS", SERVER_GRPC_EXPERIMENTS)
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda found: found.name):
        anomaly.add_entry_point(entry_point)
    anomaly(prog_name="anomaly")


if __name__ == "__main__":
    main()
