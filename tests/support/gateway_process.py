"""The gateway as a process of its own, and the commands beside it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx

from tests.support.product import wait_for

ANOMALY = Path(sys.executable).parent / "anomaly"
LOG = "gateway.log"
# Runs one more gateway, with changes of its environment.
Start = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@asynccontextmanager
async def serving(tmp_path: Path, **environ: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a gateway and yield a client of it; what it logs goes to `tmp_path/gateway.log`."""
    data_dir = tmp_path / "data"
    with (tmp_path / LOG).open("wb") as log:
        running = await asyncio.create_subprocess_exec(
            ANOMALY,
            "gateway",
            env=os.environ | {"DATA_DIR": str(data_dir), "PORT": "0"} | environ,
            stderr=log,
        )
    try:
        runtime = data_dir / "gateway.json"
        await asyncio.to_thread(wait_for, "gateway.json", runtime.exists)
        port = json.loads(runtime.read_bytes())["port"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def run(
    data_dir: Path, *arguments: str, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    return subprocess.run(
        [ANOMALY, *arguments],
        env=os.environ | {"DATA_DIR": str(data_dir), "PORT": "0"} | environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
