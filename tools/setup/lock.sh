#!/bin/sh
# Makes both lock files anew from pyproject.toml. Run by `make lock`; needs uv, which the development environment has.
#
# demo.txt   what running mumei needs, and the tools that build it; nothing that has no wheel
# dev.txt    the same versions, pyscard (source only on Linux), linters and test tools
#
# One resolution serves every platform and every Python from 3.11 on. Versions already pinned stay unless
# UPGRADE=1 is set. No index is named, so each user's own pip configuration decides where the files come from.
set -eu
cd "$(dirname "$0")/../.."
uv=${UV:-.venv/bin/uv}
locks=tools/setup/locks

compile() {
    output=$1
    shift
    "$uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --custom-compile-command "make lock" --output-file "$output" "$@"
}

compile "$locks/demo.txt" ${UPGRADE:+--upgrade} --group build --only-binary :all:
compile "$locks/dev.txt" ${UPGRADE:+--upgrade} --constraints "$locks/demo.txt" --group build --group dev \
    --extra pcsc --only-binary :all: --no-binary pyscard
