"""System packages that `make demo` and `make test` need: which are missing, and how they get installed.

Presence is decided by the file that is used, not by the package database: a reader service or a Python built
from source is as good as the package. Installation is for Debian and Ubuntu, through apt-get.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.setup.console import SetupError, stage

_ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
_INCLUDE_FOLDERS = ("/usr/include", "/usr/local/include")
_POSTGRESQL = Path("/usr/lib/postgresql")
# Debian would make and start a database of its own on installation: said before it, unless somebody said otherwise.
_SETTINGS = "/etc/postgresql-common"
_NO_CLUSTER = (
    f"mkdir -p {_SETTINGS}; cd {_SETTINGS};"
    " test -e createcluster.conf || echo 'create_main_cluster = false' >createcluster.conf"
)
_JAPANESE_FONT = "/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf"
_READER_CONFIGURATIONS = ("/etc/reader.conf.d/vpcd", "/usr/local/etc/reader.conf.d/vpcd")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """A Debian package, the reason it is needed, and a look whether its work is already done.

    ``before``: a shell's line to run as root before it is installed.
    """

    name: str
    purpose: str
    is_present: Callable[[], bool]
    before: str = ""


def _has_program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_ADMIN_FOLDERS}") is not None


def _has_header(name: str) -> Callable[[], bool]:
    return lambda: any(Path(folder, name).exists() for folder in _INCLUDE_FOLDERS)


def _has_ensurepip() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def _has_python_header() -> bool:
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def _has_virtual_reader() -> bool:
    return any(Path(path).exists() for path in _READER_CONFIGURATIONS)


def _has_postgresql() -> bool:
    # Debian keeps the server's programs off the path, one folder a version.
    return any(_POSTGRESQL.glob("*/bin/initdb"))


def _of_this_python(suffix: str) -> str:
    """Name the package of the running interpreter: Debian's default one, or a second version beside it."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    default = Path("/usr/bin/python3").resolve().name
    return f"python3-{suffix}" if default in ("python3", f"python{version}") else f"python{version}-{suffix}"


def for_demo() -> tuple[SystemPackage, ...]:
    """What the demo needs beyond git, make and Python: pip inside a virtual environment, and nothing else."""
    return (
        SystemPackage(
            name=_of_this_python("venv"),
            purpose="pip for the virtual environment (Debian ships Python without it)",
            is_present=_has_ensurepip,
        ),
    )


def for_test() -> tuple[SystemPackage, ...]:
    """What the test run needs: a compiler for pyscard, and a real PC/SC service with a virtual reader."""
    return (
        *for_demo(),
        SystemPackage(
            name=_of_this_python("dev"),
            purpose="Python's headers, to compile pyscard",
            is_present=_has_python_header,
        ),
        SystemPackage(name="gcc", purpose="the compiler for pyscard", is_present=_has_program("gcc")),
        SystemPackage(
            name="libc6-dev",
            purpose="the C library's headers, to compile pyscard",
            is_present=_has_header("stdio.h"),
        ),
        SystemPackage(name="swig", purpose="writes pyscard's C wrapper", is_present=_has_program("swig")),
        SystemPackage(
            name="libpcsclite-dev",
            purpose="PC/SC headers and library, to compile pyscard",
            is_present=_has_header("PCSC/winscard.h"),
        ),
        SystemPackage(
            name="pcscd", purpose="the PC/SC service that the tests talk to", is_present=_has_program("pcscd")
        ),
        SystemPackage(
            name="vsmartcard-vpcd",
            purpose="the reader without hardware that the software card sits in",
            is_present=_has_virtual_reader,
        ),
        SystemPackage(
            name="openpace",
            purpose="another program that reads and makes our certificates (cvc-print, cvc-create)",
            is_present=_has_program("cvc-print"),
        ),
        SystemPackage(
            name="postgresql",
            purpose="the database that several offices share; the tests start their own server",
            is_present=_has_postgresql,
            before=_NO_CLUSTER,
        ),
        SystemPackage(
            name="fonts-ipafont-gothic",
            purpose="the Japanese font that letters carry",
            is_present=Path(_JAPANESE_FONT).exists,
        ),
    )


def ensure(wanted: Sequence[SystemPackage]) -> None:
    """Install what is missing of `wanted`; does nothing, and asks for nothing, when nothing is.

    Raises SetupError when packages are missing and there is no apt-get, no right to use it, or it fails.
    """
    missing = [package for package in wanted if not package.is_present()]
    if not missing:
        return
    names = [package.name for package in missing]
    if shutil.which("apt-get") is None:
        raise SetupError(
            _what_to_install(missing, "this machine has no apt-get. Install their equivalents, then")
        )
    prefix = _privileges()
    if prefix is None:
        command = f"    sudo apt-get install --no-install-recommends {' '.join(names)}"
        way_out = (
            f"installing them needs root, which sudo does not give unasked here. Run\n{command}\nand then"
        )
        raise SetupError(_what_to_install(missing, way_out))
    stage("system packages", f"installing {' '.join(names)}")
    _install(prefix, names, [package.before for package in missing if package.before])
    importlib.invalidate_caches()
    if still_missing := [package for package in missing if not package.is_present()]:
        raise SetupError(_what_to_install(still_missing, "apt-get found nothing to do. Reinstall them, then"))


def _privileges() -> list[str] | None:
    """Return the command prefix that makes us root, [] if we are, None if there is no way without asking."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    return ["sudo", "-n"] if _attempt(["sudo", "-n", "true"]).returncode == 0 else None


def _install(prefix: list[str], names: list[str], before: list[str]) -> None:
    for line in before:
        attempt = _attempt([*prefix, "sh", "-c", line])
        if attempt.returncode != 0:
            raise SetupError(f"{attempt.stdout}\nthis failed (its words are above): {line}")
    settings = ["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "UCF_FORCE_CONFFOLD=1"]
    apt_get = [*prefix, "env", *settings, "apt-get"]
    apt_get += ["-q", "-o", "DPkg::Lock::Timeout=120"]
    install = [*apt_get, "install", "-y", "--no-install-recommends", *names]
    # A fresh image has no package lists and an old one has stale lists; only then is the slow update needed.
    if _attempt(install).returncode == 0:
        return
    stage("system packages", "the package lists are missing or old: apt-get update")
    for command in ([*apt_get, "update"], install):
        attempt = _attempt(command)
        if attempt.returncode != 0:
            raise SetupError(f"{attempt.stdout}\nthis failed (its words are above): {' '.join(command)}")


def _attempt(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run without input, both outputs kept in order; they are shown only if the attempt was the last one."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _what_to_install(missing: Sequence[SystemPackage], way_out: str) -> str:
    width = max(len(package.name) for package in missing)
    lines = [f"    {package.name:<{width}}  {package.purpose}" for package in missing]
    return "\n".join(["missing system packages:", *lines, f"{way_out} run the same make target again."])
