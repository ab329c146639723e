# Control groups: what of them can be written, and whether any limit can be raised.

# What the host hands over: moving processes and making groups below. On v2 the kernel has the list;
# on v1 it is cgroups(7)'s.
delegated() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        grep -qxF "${1##*/}" /sys/kernel/cgroup/delegate
    else
        case ${1##*/} in cgroup.procs | tasks | cgroup.clone_children) ;; *) return 1 ;; esac
    fi
}

# Groups that were made below are the machine's own, on whichever mount they are seen: only the
# group itself is looked at.
look() {
    local file value
    for file in "$1"/*; do
        [ -f "$file" ] || continue
        files=$((files + 1))
        delegated "$file" && continue
        { : >>"$file"; } 2>/dev/null && echo "broken: $file opens for writing"
    done
    for file in memory.limit_in_bytes memory.memsw.limit_in_bytes memory.kmem.limit_in_bytes memory.max \
        memory.swap.max memory.high pids.max cpu.cfs_quota_us cpu.max cpu.shares cpu.weight cpuset.cpus \
        devices.allow io.max release_agent; do
        [ -e "$1/$file" ] || continue
        for value in -1 max 1000000000000 'a *:* rwm' 0-1; do
            { echo "$value" >"$1/$file"; } 2>/dev/null && echo "broken: $1/$file took $value"
        done
    done
}

files=0
v2=$([ -e /sys/fs/cgroup/cgroup.controllers ] && echo yes)
if [ "$v2" ]; then
    look /sys/fs/cgroup
else
    for group in /sys/fs/cgroup/*/; do look "${group%/}"; done
fi

# The limits themselves.
total=$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)
limit() { cat "/sys/fs/cgroup/$1" 2>/dev/null || cat "/sys/fs/cgroup/$2" 2>/dev/null; }
memory=$(limit memory/memory.limit_in_bytes memory.max)
processes=$(limit pids/pids.max pids.max)
echo "saw: memory $memory, processes $processes"
[ "$memory" != max ] && [ "${memory:-0}" -gt 0 ] && [ "$memory" -lt "$total" ] || echo 'broken: no limit of memory'
[ "$processes" != max ] && [ "${processes:-0}" -gt 0 ] || echo 'broken: no limit of processes'

# A mount of one's own, of each controller, in these and in fresh namespaces (CVE-2022-0492).
own() {
    local controller at
    at=$(mktemp -d)
    for controller in $(awk '!/^#/ { print $1 }' /proc/cgroups); do
        mount -t cgroup -o "$controller" cgroup "$at" 2>/dev/null || continue
        mounts=$((mounts + 1))
        look "$at"
        umount "$at"
    done
    if mount -t cgroup2 cgroup2 "$at" 2>/dev/null; then
        mounts=$((mounts + 1))
        [ "$v2" ] && look "$at"
        umount "$at"
    fi
    rmdir "$at"
}
mounts=0
own
export -f own look delegated
unshare --user --map-root-user --mount --cgroup bash -c "files=0 mounts=0 v2=$v2; own" 2>/dev/null
echo "saw: $files files, $mounts mounts of one's own"
[ "$files" -gt 10 ] || echo "untried: only $files files in /sys/fs/cgroup"
echo done
