#!/bin/sh
# Finds a Python that is new enough and starts the set-up of one make target with it: tools/setup/run.sh demo|test
set -eu
cd "$(dirname "$0")/../.."
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        PYTHONDONTWRITEBYTECODE=1 exec "$python" -m tools.setup.bootstrap "$@"
    fi
done
echo "mumei needs Python 3.11 or newer, and ${PYTHON:-python3} is not. Debian 12 and Ubuntu 24.04 have it:" >&2
echo "install the package python3 there; elsewhere name one, for example: make $1 PYTHON=/opt/python3.12/bin/python3" >&2
exit 3
