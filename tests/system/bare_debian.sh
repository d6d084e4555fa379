#!/bin/sh
# The judge of "two commands on a bare machine": an empty Debian, a clean copy of HEAD, both commands, their times.
#
#   tests/system/bare_debian.sh [--release NAME] [--keep] [--worktree] [--chroot] [--setup-only | --only COMMAND]
#
#   --release     bookworm (Debian 12) or trixie (13); without it one after the other
#   --keep        leave the machine in build/bare/NAME to look around in
#   --worktree    copy the files as they are, committed or not
#   --chroot      enter it by chroot instead of making it the root of its mount namespace; both must do
#   --setup-only  nothing but the set-up of each command, twice
#   --only        nothing but this command
#
# Run as root where debootstrap is installed. The machine has mount, process, name and IPC namespaces of its own, and a
# network of its own behind a masquerading router as long as it lives; the host's sources of packages (apt, pip) and its
# trusted certificates are copied, nothing else. The first run fetches Debian's base once and keeps it. Several may run
# side by side, one for each release and copy of the project.
set -eu
cd "$(dirname "$0")/../.."
project=$(pwd -P)
bare=$project/build/bare
case " $* " in
*" --release "*) ;;
*)
    for release in bookworm trixie; do tests/system/bare_debian.sh --release $release "$@" || exit; done
    exit 0
    ;;
esac
copy=head keep=no phase=all enter=pivot command='' release=''
while [ $# -gt 0 ]; do
    case $1 in
    --release) release=${2-} && shift ;;
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
case $release in bookworm | trixie) ;; *) echo "bare_debian: --release is bookworm or trixie" >&2; exit 2 ;; esac
root=$bare/$release
mkdir -p "$bare"
exec 7>"$bare/$release.lock"
flock -n 7 || { echo "bare_debian: another run uses $root" >&2; exit 1; }

# --- an empty machine ----------------------------------------------------------------------------

# The first Debian archive that this host uses.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z+]*:[^ ]*\).*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' | head -n 1
}

base=$bare/$release.tar
if [ ! -s "$base" ]; then
    rm -rf "$root"
    # A debootstrap older than the release makes it as it makes the newest.
    script=/usr/share/debootstrap/scripts/$release
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase "$release" "$root" "$(mirror)" "$script" >"$bare/$release.log" 2>&1 ||
        { tail -n 5 "$bare/$release.log" >&2; exit 1; }
    tar -C "$root" -cf "$base.part" . && mv "$base.part" "$base"
fi
rm -rf "$root"
mkdir -p "$root"
tar -C "$root" -xf "$base"

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
# The host's archive holds the other releases too.
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
find "$root/etc/apt" -path '*sources.list*' -type f -exec sed -i "s/\b$own\b/$release/g" {} +
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

# Every run has names of its own, and the first four addresses that no other run uses.
netns=bare-$$
link=bare$$
slot=0
while exec 8>"/run/bare_debian.$slot.lock" && ! flock -n 8; do slot=$((slot + 1)); done
[ $slot -lt 64 ] || { echo "bare_debian: 64 runs are too many" >&2; exit 1; }
router=198.51.100.$((4 * slot + 1))
inside=198.51.100.$((4 * slot + 2))

# The first of several runs makes the host forward packets, the last one leaves it as the first found it.
forwarding=/proc/sys/net/ipv4/ip_forward
exec 9>>/run/bare_debian.forwarding
forward() {
    if flock -n -x 9; then [ -s /run/bare_debian.forwarding ] || cat $forwarding >/run/bare_debian.forwarding; fi
    flock -s 9
    echo 1 >$forwarding
}
forward_as_before() {
    flock -n -x 9 || return 0
    cat /run/bare_debian.forwarding >$forwarding
    : >/run/bare_debian.forwarding
}

cleanup() {
    ip link del $link 2>/dev/null || true
    ip netns del $netns 2>/dev/null || true
    nft delete table ip bare_debian_$$ 2>/dev/null || true
    forward_as_before
    [ $keep = yes ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
ip netns add $netns
ip link add $link type veth peer name eth0 netns $netns
ip addr add $router/30 dev $link
ip link set $link up
ip -n $netns link set lo up
ip -n $netns addr add $inside/30 dev eth0
ip -n $netns link set eth0 up
ip -n $netns route add default via $router
nft -f - <<RULES
table ip bare_debian_$$ {
    chain out { type nat hook postrouting priority srcnat; ip saddr $inside masquerade; }
}
RULES
forward

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
    timed ./quickstart --down --purge --yes
    timed ./quickstart --down --purge --yes
    ;;
esac
found=$(left)
[ -z "$found" ] || { printf 'bare_debian: left behind:\n%s\n' "$found" >&2; exit 1; }
JUDGE

cat >"$bare/$release.start" <<'START'
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
    sh "$bare/$release.start" "$root" $phase $enter "$command" $folders 7>&- 8>&- 9>&-
echo "bare_debian: passed on $release"
