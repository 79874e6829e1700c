#!/usr/bin/env bash
# Proves `make demo` and `make test` on a machine that has nothing: a new Debian in a folder (debootstrap), with only
# git, make and python3 beyond the base system. Run as root on Debian or Ubuntu with debootstrap installed:
#
#     tools/setup/prove_fresh_machine.sh [--setup-only]
#
# The committed state (HEAD) is cloned into it, and the test vectors beside the clone. Of the host it takes the Debian
# mirror, the name resolution and pip's settings, and nothing of /usr. Every step is expected to end as said, else the
# proof ends there. With --setup-only the demo and the tests themselves are not started.
#
# SUITE (bookworm), MIRROR (the host's own), KEEP=1 (leave the folder), BASE (a folder to copy instead of debootstrap).
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=${SUITE:-bookworm}
setup_only=no
[ "${1:-}" = --setup-only ] && setup_only=yes

say() { printf '\n## %s\n' "$*"; }

# --- outside: make the folder, then go on in namespaces of our own, where every mount and process ends with us ------
if [ -z "${PROOF_ROOT:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "debootstrap and chroot need root" >&2; exit 3; }
    PROOF_ROOT=$(mktemp -d /var/tmp/fresh-machine.XXXXXX)
    export PROOF_ROOT
    [ -n "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$PROOF_ROOT"' EXIT
    if [ -n "${BASE:-}" ]; then
        cp -a "$BASE/." "$PROOF_ROOT/"
    else
        mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$')}
        say "a new Debian $suite"
        debootstrap --variant=minbase --include=git,make,python3 "$suite" "$PROOF_ROOT" "$mirror" >/dev/null
    fi
    unshare --mount --pid --fork --kill-child --propagation private "${BASH_SOURCE[0]}" "$@"
    exit
fi

# --- inside: the fresh machine ---------------------------------------------------------------------------------------
root=$PROOF_ROOT
chmod 755 "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
{ apt-config dump | grep '^Acquire::' || true; } >"$root/etc/apt/apt.conf.d/99of-the-host"
rm -rf "$root"/var/lib/apt/lists/*
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
settings=()
certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
if [ -n "$certificates" ]; then # beside the package's own bundle, which its installation would write anew
    install -D -m 644 "$certificates" "$root/etc/ssl/of-the-host.pem"
    settings+=(PIP_CERT=/etc/ssl/of-the-host.pem)
fi
for name in PIP_INDEX_URL PIP_DEFAULT_TIMEOUT http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || settings+=("$name=${!name}")
done

chroot "$root" useradd --create-home visitor
vectors=${MUMEI_VECTORS:-$project/../shared/vectors}
for home in root home/visitor; do
    git clone --quiet --no-local "$project" "$root/$home/mumei"
    if [ -d "$vectors" ]; then
        mkdir -p "$root/$home/shared"
        cp -r "$vectors" "$root/$home/shared/vectors"
    fi
done
chroot "$root" chown -R visitor: /home/visitor

# Put before a command: a network of its own, in which only loopback is up (0x8914 SIOCSIFFLAGS, 0x49 up and running).
no_network=(unshare --net python3 -c '
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH22x", b"lo", 0x49))
os.execvp(sys.argv[1], sys.argv[1:])')

enter() { # home command...: run it in that home's clone, with a clean set of variables
    local home=$1
    shift
    "${network[@]}" chroot "$root" env -i -C "$home/mumei" HOME="$home" LANG=C.UTF-8 "${settings[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
}
as_root() { enter /root "$@"; }
as_visitor() { enter /home/visitor setpriv --reuid visitor --regid visitor --init-groups "$@"; }

expect() { # passes|fails "words that must be printed" command...
    local outcome=$1 words=$2 started=$SECONDS log=$root/tmp/step.log ended=passes
    shift 2
    "$@" >"$log" 2>&1 || ended=fails
    sed 's/^/    /' "$log"
    echo "    ($((SECONDS - started)) s)"
    [ "$ended" = "$outcome" ] || { echo "NOT PROVEN: it $ended, and should not have" >&2; exit 1; }
    [ -z "$words" ] || grep -q -e "$words" "$log" || { echo "NOT PROVEN: '$words' was not said" >&2; exit 1; }
}

demo=(make demo)
test=(env CI=true .ci/run)
demo_says=ACCEPT
test_says=' passed'
if [ "$setup_only" = yes ]; then
    demo=(tools/setup/run.sh demo)
    test=(tools/setup/run.sh test)
    demo_says=
    test_says=
fi

network=()
say "without root, without python3-venv: make demo names the one package"
expect fails python3-venv as_visitor make demo
say "without root: make test says what to install and why"
expect fails libpcsclite-dev as_visitor make test
say "root: make demo installs python3-venv and runs, without compiler and pyscard"
expect passes "$demo_says" as_root "${demo[@]}"
[ ! -e "$root/usr/bin/gcc" ] || { echo "NOT PROVEN: a compiler was installed for the demo" >&2; exit 1; }
say "without root: make demo, now that python3-venv is there"
expect passes "$demo_says" as_visitor "${demo[@]}"
say "root: the set-up of make test"
expect passes mumei as_root make ready

network=("${no_network[@]}")
say "without root: make demo a second time, the network cut"
expect passes "$demo_says" as_visitor "${demo[@]}"
say "root: make test under CI, the network cut: the second run needs none, and the tests only loopback"
expect passes "$test_says" as_root "${test[@]}"
say "root: make demo still works beside it"
expect passes "$demo_says" as_root "${demo[@]}"
say proven
