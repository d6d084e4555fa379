#!/bin/sh
# The judge of "two commands on a bare machine": an empty Debian 12, a clean copy of HEAD, both commands, their times.
#
#   tests/system/bare_debian.sh [--keep] [--worktree] [--chroot] [--setup-only | --only COMMAND]
#
#   --keep        leave the machine in build/bare/root to look around in
#   --worktree    copy the files as they are, committed or not
#   --chroot      enter it by chroot instead of making it the root of its mount namespace; both must do
#   --setup-only  nothing but the set-up of each command, twice
#   --only        nothing but this command
#
# Run as root where debootstrap is installed. The machine has mount, process, name and IPC namespaces of its own, and a
# network of its own behind a masquerading router as long as it lives; the host's sources of packages (apt, pip) and its
# trusted certificates are copied, nothing else. The first run fetches Debian's base once and keeps it.
set -eu
cd "$(dirname "$0")/../.."
project=$(pwd -P)
bare=$project/build/bare
root=$bare/root
copy=head keep=no phase=all enter=pivot command=
while [ $# -gt 0 ]; do
    case $1 in
    --keep) keep=yes ;;
    --worktree) copy=worktree ;;
    --chroot) enter=chroot ;;
    --setup-only) phase=setup ;;
    --only) phase=only command=$2 && shift ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done
[ "$(id -u)" -eq 0 ] || { echo "bare_debian: needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "bare_debian: needs debootstrap (apt-get install debootstrap)" >&2; exit 1; }
mkdir -p "$bare"

# --- an empty machine ----------------------------------------------------------------------------

# The first Debian archive that this host uses.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z+]*:[^ ]*\).*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' | head -n 1
}

if [ ! -s "$bare/base.tar" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase bookworm "$root" "$(mirror)" >"$bare/debootstrap.log" 2>&1 ||
        { tail -n 5 "$bare/debootstrap.log" >&2; exit 1; }
    tar -C "$root" -cf "$bare/base.tar.part" . && mv "$bare/base.tar.part" "$bare/base.tar"
fi
rm -rf "$root"
mkdir -p "$root"
tar -C "$root" -xf "$bare/base.tar"

# copy_in PATH...: from the host, where it exists.
copy_in() {
    for path; do
        [ -e "$path" ] || continue
        mkdir -p "$root$(dirname "$path")"
        cp -aL "$path" "$root$(dirname "$path")/"
    done
}
rm -f "$root/etc/apt/sources.list"
copy_in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/preferences.d \
    /etc/apt/keyrings /etc/pip.conf "$HOME/.config/pip" "$HOME/.pip" /usr/local/share/ca-certificates \
    /etc/ssl/certs/ca-certificates.crt
# pip may be told of folders with packages (an index keeps its files beside simple/); they are shown, not copied.
folders=$({ python3 -m pip config list 2>/dev/null; env | grep '^PIP_'; } | grep -E 'find.links|index.url' -i |
    grep -oE "(file://)?/[^ '\\\\]+" | sed 's#^file://##; s#/simple/*$##' | grep -v '^//' | sort -u)

mkdir -p "$root/opt/hydria"
if [ $copy = head ]; then
    git archive HEAD | tar -x -C "$root/opt/hydria"
else
    tar -c --exclude=./build --exclude=./.venv --exclude=./.git --exclude=__pycache__ --exclude='./.*_cache' . |
        tar -x -C "$root/opt/hydria"
fi

# --- a network of its own ------------------------------------------------------------------------

netns=bare-debian
router=198.51.100
forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
cleanup() {
    ip link del bare-host 2>/dev/null || true
    ip netns del $netns 2>/dev/null || true
    nft delete table ip bare_debian 2>/dev/null || true
    echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
    [ $keep = yes ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
ip netns add $netns
ip link add bare-host type veth peer name eth0 netns $netns
ip addr add $router.1/30 dev bare-host
ip link set bare-host up
ip -n $netns link set lo up
ip -n $netns addr add $router.2/30 dev eth0
ip -n $netns link set eth0 up
ip -n $netns route add default via $router.1
nft -f - <<RULES
table ip bare_debian {
    chain out { type nat hook postrouting priority srcnat; ip saddr $router.0/30 masquerade; }
}
RULES
echo 1 >/proc/sys/net/ipv4/ip_forward

# --- both commands -------------------------------------------------------------------------------

cat >"$root/judge" <<'JUDGE'
set -u
[ ! -d /.host ] || { umount -l /.host && rmdir /.host; } || exit 1
cd /opt/hydria
for command in git make curl sudo python3 haproxy; do
    if command -v $command >/dev/null; then echo "bare_debian: not bare, it has $command" >&2; exit 1; fi
done

# timed COMMAND...
timed() {
    echo "bare_debian: $*"
    began=$(date +%s%N)
    "$@" </dev/null
    outcome=$?
    echo "bare_debian: '$*' ended with $outcome after $((($(date +%s%N) - began) / 1000000)) ms"
    [ $outcome -eq 0 ] || exit 1
}

# Processes other than this one and its pipes, namespaces, and links other than the machine's own.
left() {
    ps -eo args= | grep -v -e '^/bin/sh /judge' -e '^ps ' -e '^grep ' -e '^sed '
    ip netns list | sed 's/^/namespace /'
    ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | grep -v -x -e lo -e eth0 -e 'ifb[01]' | sed 's/^/link /'
}

case $1 in
setup)
    timed scripts/setup.sh --client
    timed scripts/setup.sh --client
    timed scripts/setup.sh --dev --client
    timed scripts/setup.sh --dev --client
    timed .venv/bin/python -c 'import hydria'
    ;;
only)
    # shellcheck disable=SC2086
    timed $2
    ;;
all)
    timed ./quickstart
    timed ./quickstart
    timed ./run-tests
    timed ./quickstart --down --purge
    timed ./quickstart --down --purge
    ;;
esac
found=$(left)
[ -z "$found" ] || { printf 'bare_debian: left behind:\n%s\n' "$found" >&2; exit 1; }
JUDGE

cat >"$bare/start" <<'START'
set -eu
root=$1 phase=$2 enter=$3 command=$4
shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
for folder; do
    [ ! -d "$folder" ] || { mkdir -p "$root$folder" && mount --bind -o ro "$folder" "$root$folder"; }
done
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount --rbind /dev "$root/dev"
[ ! -d /sys/fs/cgroup ] || mount --rbind "/sys/fs/cgroup" "$root/sys/fs/cgroup"
hostname bare-debian
# A stranger's environment: nothing but where packages come from and whom to trust.
env | grep -E '^(PIP_|SSL_)|_CA_BUNDLE=|^(https?|no)_proxy=' -i >"$root/tmp/environment" || true
set --
while IFS= read -r line; do set -- "$@" "$line"; done <"$root/tmp/environment"
cd "$root"
# In a mere chroot, whoever enters a mount namespace that was made inside finds the host's root there.
[ $enter = chroot ] || { mkdir -p .host && pivot_root . .host; }
exec env -i HOME=/root TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" \
    chroot . /bin/sh /judge "$phase" "$command"
START

# sysfs shows the network it was mounted in, so it is mounted after entering the network; `ip netns exec` hides cgroups.
# shellcheck disable=SC2086
nsenter --net=/run/netns/$netns unshare --mount --pid --fork --kill-child --ipc --uts \
    sh "$bare/start" "$root" $phase $enter "$command" $folders
echo "bare_debian: passed"
