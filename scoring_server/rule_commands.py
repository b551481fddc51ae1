"""The commands `anomaly rules`; they import late what they need."""

import json
import os
import sys
from pathlib import Path

import click

from scoring_server.command_options import json_option
from scoring_server.config import load_config

_path_argument = click.argument(
    "path", type=click.Path(path_type=Path, exists=True), required=False
)


@click.group()
def rules() -> None:
    """Check, list and try user rules, and show the names that they may use."""


@rules.command()
@_path_argument
@json_option
def check(*, path: Path | None, machine_readable: bool) -> None:
    """Check the rules in PATH, a folder or one file; RULES_DIR when left out.

    Ends with 1 when something is wrong, and says where and what is allowed there.
    """
    from scoring_server.rules.rule_set import RulesError, RuleSet

    try:
        found = RuleSet(_texts(path))
    except RulesError as error:
        if machine_readable:
            click.echo(json.dumps({"faults": [fault._asdict() for fault in error.faults]}))
        else:
            for fault in error.faults:
                click.echo(str(fault), err=True)
        raise SystemExit(1) from None
    live = sum(rule.mode == "live" for rule in found.rules)
    if machine_readable:
        told = {"faults": [], "rules": len(found.rules), "live": live, "sha256": found.sha256}
        click.echo(json.dumps(told))
    else:
        click.echo(f"{len(found.rules)} rules and lists, {live} live, {found.sha256}")


@rules.command("list")
@_path_argument
@json_option
def list_rules(*, path: Path | None, machine_readable: bool) -> None:
    """List the rules in PATH, a folder or one file; RULES_DIR when left out."""
    from scoring_server.rules.rule_set import RuleSet

    lines = [
        {
            "name": rule.name,
            "mode": rule.mode,
            "then": rule.weight or rule.action,
            "code": rule.code,
            "when": " ".join(rule.when.split()) or f"{rule.entity} among {len(rule.ids)} listed",
            "place": f"{rule.file}:{rule.place.line}",
        }
        for rule in RuleSet(_texts(path)).rules
    ]
    if machine_readable:
        click.echo(json.dumps(lines))
        return
    for line in lines:
        then = str(line["then"])
        click.echo(f"{line['mode']:<6} {then:<7} {line['name']}: {line['when']} ({line['place']})")
    if not lines:
        click.echo("no rules")


@rules.command()
@_path_argument
@click.option(
    "--data-dir", type=click.Path(path_type=Path, exists=True), help="DATA_DIR when left out."
)
@json_option
def backtest(*, path: Path | None, data_dir: Path | None, machine_readable: bool) -> None:
    """Show what the rules in PATH would have hit among all recorded transactions.

    PATH is a folder or one file; RULES_DIR when left out. Needs no server, may run beside one, and
    changes nothing.
    """
    import msgspec

    from scoring_server.engine.rule_backtest import backtest_rules, count_events
    from scoring_server.rules.rule_set import RuleSet

    directory = data_dir or load_config(os.environ).data_dir
    found = RuleSet(_texts(path))
    with click.progressbar(
        length=count_events(directory), label="events", file=sys.stderr, hidden=machine_readable
    ) as bar:
        told = backtest_rules(found, directory, bar.update)
    if machine_readable:
        click.echo(msgspec.json.encode(told))
        return
    click.echo(
        f"{told.transactions} transactions, {told.frauds} known frauds, {told.skipped} skipped; "
        f"{told.alerts_without} alerts without the rules, {told.alerts_with} with the live ones"
    )
    click.echo(f"{'rule':<32} mode        hits   alerted precision  recall")
    for rule in told.rules:
        click.echo(
            f"{rule.rule:<32} {rule.mode:<6} {rule.hits:>9} {rule.alerted:>9} "
            f"{_share(rule.precision):>9} {_share(rule.recall):>7}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


@rules.command()
@click.argument("part", default="")
def names(*, part: str) -> None:
    """Show the names that a condition may use and that hold PART, with what they mean."""
    from scoring_server.catalogue import FEATURES
    from scoring_server.rules.names import ENTITIES, TRANSACTION_FIELDS

    lines = [(name, "", field.kind, field.meaning) for name, field in TRANSACTION_FIELDS.items()]
    lines += [(name, "id", entity.kind, entity.meaning) for name, entity in ENTITIES.items()]
    lines += [(f.name, f.unit, f.kind, f.meaning) for f in FEATURES.values() if f.name != "amount"]
    for name, unit, kind, meaning in lines:
        if part in name:
            about = "" if kind == "both" else f"; {kind}s"
            click.echo(f"{name:<28} {meaning}{about}{f' [{unit}]' if unit else ''}")


def _texts(path: Path | None) -> dict[str, str]:
    from scoring_server.rules.rule_set import read_texts

    if path is not None and path.is_file():
        return {path.name: path.read_text("utf-8")}
    return read_texts(path or load_config(os.environ).rules_dir)
