#!/bin/sh
# Make this machine ready: Debian packages, .venv from a lock; the openstack client, a Keystone, tempest and the reference on
# demand; for developers also the haproxy of the other Debian.
#
#   scripts/setup.sh [--dev] [--openstack] [--config FILE] [--client] [--keystone] [--tempest] [--reference]
#
# What the settings file asks for (Keystone, RabbitMQ, headers of proxies) is installed too; --openstack installs it anyway.
# Safe to repeat: what is already right is left alone, so a second run takes well under two seconds.
# Everything the steps print goes to build/setup.log; its end is shown when a step fails.
set -u
umask 022
LC_ALL=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL PATH
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP

root=$(cd "$(dirname "$0")/.." && pwd -P)
log=$root/build/setup.log
packages="python3 python3-venv haproxy nftables iproute2 runit openssl iputils-ping procps ca-certificates util-linux"
servers="postgresql mariadb-server rabbitmq-server" # tests start their own, in folders of their own
checkers="systemd" # tests let it verify a unit; nothing of it runs
policy=/usr/sbin/policy-rc.d
config=/etc/hydria/hydria.conf
lock=controller
developer=no
client=no
keystone=no
tempest=no
reference=no
tty=no
child=
policy_is_ours=no
[ -t 1 ] && tty=yes

# --- telling -------------------------------------------------------------------------------------

# refuse WHY REMEDY: one line each, and out.
refuse() {
    printf 'setup: %s\n  remedy: %s\n' "$1" "$2" >&2
    exit 1
}

# failed WHAT REMEDY: like refuse, with the end of the log.
failed() {
    printf 'setup: %s failed\n  remedy: %s\n  the end of %s:\n' "$1" "$2" "$log" >&2
    sed '/^$/d' "$log" | tail -n 12 | cut -c 1-200 | sed 's/^/    /' >&2
    exit 1
}

# step TITLE REMEDY COMMAND...: run it with its output in the log, showing that time passes.
step() {
    title=$1 remedy=$2
    shift 2
    began=$(date +%s)
    printf '\n== %s\n' "$title" >>"$log"
    [ $tty = yes ] || printf '  %s ...\n' "$title"
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    if [ $tty = yes ]; then
        while kill -0 $child 2>/dev/null; do
            printf '\r  ... %s  %ss ' "$title" $(($(date +%s) - began))
            sleep 0.2
        done
        printf '\r\033[K'
    fi
    wait $child
    outcome=$?
    child=
    [ $outcome -eq 0 ] || failed "$title" "$remedy"
    if [ $tty = yes ]; then
        printf '  done  %s  %ss\n' "$title" $(($(date +%s) - began))
    else
        printf '    done in %s s\n' $(($(date +%s) - began))
    fi
}

tidy() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ $policy_is_ours = no ] || rm -f "$policy"
}

# --- Debian --------------------------------------------------------------------------------------

must_be_root() {
    [ "$(id -u)" -eq 0 ] || refuse "this needs root (it makes network namespaces and installs packages)" \
        "run it as root, for example from 'su -'"
}

must_be_debian() {
    ID='' VERSION_ID='' VERSION_CODENAME=''
    # shellcheck disable=SC1091
    [ ! -r /etc/os-release ] || . /etc/os-release
    command -v apt-get >/dev/null && [ "$ID" = debian ] ||
        refuse "this machine is not Debian (it says '${ID:-nothing}')" "use Debian 12 or later"
    # Debian's testing and unstable carry no number: they are newer.
    [ "${VERSION_ID:-99}" -ge 12 ] ||
        refuse "this is Debian $VERSION_ID" "use Debian 12 or later"
}

must_have_room() {
    case $root in *[[:space:]]*)
        refuse "the folder '$root' has a blank in its name" "move it, for example to /opt/hydria" ;;
    esac
    [ ${#root} -le 100 ] || refuse "the name of the folder $root is too long for scripts" "move it, for example to /opt/hydria"
    { mkdir -p "$root/build" && touch "$log"; } 2>/dev/null ||
        refuse "$root/build cannot be written" "make the folder writable, or copy it to a disk that is"
    [ -x "$root/.venv/bin/python" ] && return
    free=$(df -Pk "$root" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge 700000 ] ||
        refuse "$((free / 1024)) MB are free on the disk of $root, 700 MB are needed" "free some space"
}

missing_packages() {
    for package in $packages; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

install_packages() {
    # Lists may be missing (a fresh image) or too old to name files that still exist: then fetch them and try again.
    ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 && apt install --no-install-recommends "$@" && return
    apt update && apt install --no-install-recommends "$@"
}

# A package must not start its daemon here, now or at the next boot: Hydria runs haproxy by itself, in namespaces.
disable_service() {
    if command -v systemctl >/dev/null; then systemctl disable "$1"; fi
    if command -v update-rc.d >/dev/null; then update-rc.d "$1" disable; fi
    return 0
}

# service_of PACKAGE: what its daemon is called.
service_of() {
    case $1 in mariadb-server) echo mariadb ;; *) echo "$1" ;; esac
}

debian_packages() {
    wanted=$(missing_packages)
    [ -n "$wanted" ] || return 0
    if [ ! -e $policy ]; then
        policy_is_ours=yes
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
    fi
    # shellcheck disable=SC2086
    step "Debian packages ($(echo $wanted | wc -w) are missing)" "check the network and /etc/apt/sources.list*, then run this again" \
        install_packages $wanted
    [ $policy_is_ours = no ] || rm -f $policy
    policy_is_ours=no
    # What was not here before us is named when everything is removed.
    echo "$wanted" >>"$root/build/packages"
    for package in haproxy $servers; do
        case " $wanted" in *" $package "*) disable_service "$(service_of "$package")" >>"$log" 2>&1 ;; esac
    done
}

must_have_versions() {
    found=$(haproxy -v 2>/dev/null | sed -n 's/^HAProxy version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # shellcheck disable=SC2086
    set -- ${found:-0 0}
    [ $(($1 * 100 + $2)) -ge 206 ] ||
        refuse "haproxy $1.$2 is too old ($(command -v haproxy || echo missing))" "install haproxy 2.6 or later (Debian 12 has it)"
    /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        refuse "/usr/bin/python3 is older than 3.11" "use Debian 12 or later"
}

# What haproxy is told must suit the one of every Debian that is supported; this machine has one of them.
other_haproxies() {
    for release in bookworm trixie; do
        [ "$release" != "$VERSION_CODENAME" ] || continue
        [ "$root/build/haproxy/$release/haproxy" -nt "$root/scripts/haproxy" ] ||
            step "haproxy of $release" "check the network and /etc/apt/sources.list*, then run this again" \
                "$root/scripts/haproxy" "$release"
    done
}

# --- Python --------------------------------------------------------------------------------------

# fingerprint LOCKFILE: what an environment made from it depends on.
fingerprint() {
    printf '%s %s ' "$root" "$(readlink -f /usr/bin/python3)"
    sha256sum <"$1" | cut -d' ' -f1
}

# is_made ENVIRONMENT LOCK: does it hold what the lock says?
is_made() {
    [ -x "$1/bin/python" ] && grep -qxF "$2 $(fingerprint "$root/requirements/$2.txt")" "$1/made-from" 2>/dev/null
}

# A folder that was moved, or whose Python has gone, cannot be mended: its scripts name the old place.
new_environment() {
    "$1/bin/python" -m pip --version 2>/dev/null && grep -qF -- "-m venv $1" "$1/pyvenv.cfg" ||
        /usr/bin/python3 -m venv --clear "$1"
}

# fill ENVIRONMENT LOCK [PACKAGE]: that package there is as source only.
fill() {
    new_environment "$1" && rm -f "$1/made-from" &&
        "$1/bin/python" -m pip --no-input --disable-pip-version-check install --progress-bar off \
            --require-hashes --only-binary :all: ${3:+--no-binary "$3"} -r "$root/requirements/$2.txt" &&
        printf '%s %s\n' "$2" "$(fingerprint "$root/requirements/$2.txt")" >"$1/made-from"
}

# make_environment LOCK: the lock of developers holds all of the others', and that with OpenStack's parts all of the controller's.
make_environment() {
    for larger in openstack dev; do
        [ "$1" != dev ] && is_made "$root/.venv" $larger && return
    done
    is_made "$root/.venv" "$1" ||
        step "Python packages (requirements/$1.txt)" "check the network and pip's configuration, then run this again" \
            fill "$root/.venv" "$1"
}

# What the settings file asks for; one that cannot be read is told by the command that needs it.
asked_for() {
    [ -e "$config" ] && [ $lock = controller ] || return 0
    for larger in openstack dev; do
        ! is_made "$root/.venv" $larger || return 0
    done
    PYTHONPATH=$root "$root/.venv/bin/python" -c '
import pathlib, sys
from hydria import configuration
print(configuration.lock(configuration.read(pathlib.Path(sys.argv[1]))))' "$config" 2>>"$log"
}

python_environment() {
    make_environment $lock
    [ "$(asked_for)" != openstack ] || make_environment openstack
    [ $client = no ] || is_made "$root/build/client" client ||
        step "openstack client (requirements/client.txt)" "check the network and pip's configuration, then run this again" \
            fill "$root/build/client" client
    [ $keystone = no ] || is_made "$root/build/keystone" keystone ||
        step "Keystone (requirements/keystone.txt)" "check the network and pip's configuration, then run this again" \
            fill "$root/build/keystone" keystone
    [ $tempest = no ] || is_made "$root/build/tempest" tempest ||
        step "tempest (requirements/tempest.txt)" "check the network and pip's configuration, then run this again" \
            fill "$root/build/tempest" tempest
    [ $reference = no ] || is_made "$root/build/reference" reference ||
        step "the reference (requirements/reference.txt)" "check the network and pip's configuration, then run this again" \
            fill "$root/build/reference" reference simplegeneric
}

# The project is not copied into the environment: a path file points here, so an edit is live and no network is needed.
link_project() {
    for packages_folder in "$root"/.venv/lib/python3*/site-packages; do
        printf '%s\n' "$root" >"$packages_folder/hydria.pth"
    done
    cat >"$root/.venv/bin/hydria" <<COMMAND
#!$root/.venv/bin/python
"""The hydria command."""
import sys

from hydria.main import cli

sys.exit(cli())
COMMAND
    chmod 755 "$root/.venv/bin/hydria"
}

compile_project() {
    # Processes start from compiled files even where they may not write them.
    "$root/.venv/bin/python" -m compileall -q "$root/hydria"
}

# --- all of it -----------------------------------------------------------------------------------

while [ $# -gt 0 ]; do
    case $1 in
    --dev) developer=yes lock=dev packages="$packages $servers $checkers" ;;
    --openstack) [ $lock = dev ] || lock=openstack ;;
    --config)
        [ $# -gt 1 ] || refuse "--config needs a file" "scripts/setup.sh --config FILE"
        config=$2 && shift
        ;;
    --client) client=yes packages="$packages curl" ;; # the pages ask with it
    --keystone) keystone=yes ;;
    --tempest) tempest=yes ;;
    --reference) reference=yes ;;
    *)
        refuse "unknown argument '$1'" \
            "scripts/setup.sh [--dev] [--openstack] [--config FILE] [--client] [--keystone] [--tempest] [--reference]"
        ;;
    esac
    shift
done

trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

must_be_root
must_be_debian
must_have_room
# Two at a time would write the same files: the second waits.
exec 9>"$root/build/setup.lock"
flock -w 900 9 || refuse "another set-up has been running for 15 minutes" "wait for it or end it, then run this again"
date >"$log"
debian_packages
must_have_versions
[ $developer = no ] || other_haproxies
python_environment
link_project
compile_project >>"$log" 2>&1 9>&- || failed "compiling the project" "see the log"
