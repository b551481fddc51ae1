"""Options that several commands have."""

import click

DEFAULT_TARGET = "127.0.0.1:50051"

target_option = click.option(
    "--target",
    default=DEFAULT_TARGET,
    envvar="SCORING_TARGET",
    show_default=True,
    help="host:port of the scoring server.",
)
json_option = click.option("--json", "machine_readable", is_flag=True, help="Print JSON.")
