"""What the files in deploy/ would start: command lines and environments, as their readers see them.

Only what those files use is understood; anything else is a KeyError or an assertion.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
BASE = DEPLOY / "kubernetes/base"
SERVERS = ("scoring", "gateway")
ROOT_OF_MODELS = "/usr/share/anomaly/models"
SECRETS = {
    "POSTGRES_PASSWORD": "of-the-test",
    "SECRET_KEY": "kT5vPq0Zr8mXcJw2LhYd7BfGs4NaEu1o",
    "DATABASE_URL": "postgresql://anomaly@postgres/anomaly",
}
_REFERENCE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass(frozen=True)
class Start:
    """One server as it would be started."""

    command: tuple[str, ...]
    environ: dict[str, str]


def dockerfile() -> list[tuple[str, str]]:
    """Return instructions and their arguments, lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line]


def last_stage() -> list[tuple[str, str]]:
    instructions = dockerfile()
    first = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[first:]


def image_environ() -> dict[str, str]:
    """Return what the image sets, PATH aside."""
    pairs = [
        pair.split("=", 1)
        for name, argument in last_stage()
        if name == "ENV"
        for pair in shlex.split(argument)
    ]
    return {name: value for name, value in pairs if name != "PATH"}


def entry_point() -> list[str]:
    (argument,) = (argument for name, argument in last_stage() if name == "ENTRYPOINT")
    found: list[str] = yaml.safe_load(argument)
    return found


def compose() -> dict[str, Any]:
    """Return the compose file, with the secrets of the test in it."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        if name in SECRETS:
            return SECRETS[name]
        assert kind == "-", f"{name} has no value"
        return str(default)

    text = _REFERENCE.sub(value, (DEPLOY / "compose.yaml").read_text())
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def manifests() -> list[dict[str, Any]]:
    """Return every object that the base lists."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    return [
        each
        for name in kustomization["resources"]
        for each in yaml.safe_load_all((BASE / name).read_text())
    ]


def container(server: str) -> dict[str, Any]:
    (found,) = (
        each["spec"]["template"]["spec"]["containers"][0]
        for each in manifests()
        if each["kind"] in {"StatefulSet", "Deployment"} and each["metadata"]["name"] == server
    )
    return dict(found)


def unit(server: str) -> dict[str, list[str]]:
    """Return the settings of a systemd unit; each may stand several times."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / f"systemd/anomaly-{server}.service").read_text().splitlines():
        name, found, value = line.partition("=")
        if found and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def environment_file(server: str) -> dict[str, str]:
    """Return the example of a unit's environment file, with the secrets of the test in it."""
    lines = (DEPLOY / f"systemd/{server}.env.example").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    return pairs | {name: value for name, value in SECRETS.items() if name in pairs}


def by_compose(server: str) -> Start:
    service = compose()["services"][server]
    return Start(
        (*entry_point(), *service["command"]), image_environ() | service.get("environment", {})
    )


def by_kubernetes(server: str) -> Start:
    one = container(server)
    given = {
        each["name"]: each["value"] if "value" in each else SECRETS[each["name"]]
        for each in one.get("env", [])
    }
    return Start((*entry_point(), *one["args"]), image_environ() | given)


def by_systemd(server: str) -> Start:
    settings = unit(server)
    (command,) = settings["ExecStart"]
    given = dict(pair.split("=", 1) for pair in settings["Environment"])
    program, *arguments = shlex.split(command)
    return Start((Path(program).name, *arguments), given | environment_file(server))


MANNERS = {"compose": by_compose, "kubernetes": by_kubernetes, "systemd": by_systemd}
