# Tries what must not work, as root of a machine: HOST_DISK (major minor of the host's disk) comes
# before this. Prints what worked.
broken() { echo "worked: $*"; }
try() { local what=$1; shift; "$@" >/dev/null 2>&1 && broken "$what"; }

# The kernel's own knobs.
for knob in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug \
    /proc/sys/kernel/panic /proc/sys/kernel/randomize_va_space /proc/sys/vm/overcommit_memory \
    /proc/sys/vm/drop_caches /proc/sys/fs/file-max /proc/sys/fs/binfmt_misc/register \
    /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run /sys/power/state \
    /sys/module/kernel/parameters/panic /sys/kernel/security/lockdown; do
    [ -e "$knob" ] || continue
    value=$(cat "$knob" 2>/dev/null)
    try "writing $knob" bash -c 'printf "%s\n" "$1" >"$2"' - "${value:-0}" "$knob"
done
# "h" only prints what other letters would do.
try "sysrq" bash -c 'echo h >/proc/sysrq-trigger'
try "the kernel's log" dmesg
try "a clock" date -s @1000000000
try "another host's name" bash -c 'echo x >/proc/sys/kernel/domainname && [ "$(cat /proc/1/root/proc/sys/kernel/domainname)" = x ] && false'

# Devices.
for device in "b $HOST_DISK disk" "b 7 0 loop" "c 1 1 mem" "c 1 2 kmem" "c 1 4 port" "c 1 11 kmsg" "c 10 237 loop-control" "c 10 229 fuse" "c 10 200 tun"; do
    set -- $device
    name=${!#}
    rm -f "/tmp/$name"
    # Making one is no harm by itself; but usually even that fails.
    mknod "/tmp/$name" ${device% *} 2>/dev/null || continue
    try "reading device $name" dd if="/tmp/$name" of=/dev/null bs=512 count=1
    try "opening device $name" bash -c ': <"$1"' - "/tmp/$name"
    rm -f "/tmp/$name"
done
for device in /dev/*; do
    [ -b "$device" ] && broken "a block device $device"
done
for device in mem kmem kmsg port fuse; do
    [ -e "/dev/$device" ] && broken "/dev/$device"
done

# Mounts.
truncate -s 16M /tmp/disk
mke2fs -q -F /tmp/disk 2>/dev/null
mkdir -p /tmp/at
try "mounting a loop" mount -o loop /tmp/disk /tmp/at
# Without a file losetup only guesses a name, by looking around; with one it has to open a device.
try "a loop device" losetup --find --show /tmp/disk
try "mounting a disk" mount -t ext4 /tmp/disk /tmp/at
try "mounting debugfs" mount -t debugfs debugfs /tmp/at
try "mounting tracefs" mount -t tracefs tracefs /tmp/at
try "mounting the host's devices" mount -t devtmpfs devtmpfs /tmp/at
rm -rf /tmp/disk /tmp/at

# Limits, where they are and on a mount of one's own.
mkdir -p /tmp/groups
raise() {
    local file
    for file in memory.limit_in_bytes memory.memsw.limit_in_bytes memory.max memory.swap.max memory.high \
        pids.max cpu.cfs_quota_us cpu.max cpuset.cpus devices.allow; do
        for path in "$1/$file" "$1"/*/"$file"; do
            # Groups that were made below are the machine's own, on whichever mount they are seen.
            case ${path#"$1"/} in docker/*|init/*|system.slice/*) continue ;; esac
            [ -e "$path" ] || continue
            for value in -1 max 1000000000000 "a *:* rwm" 0-1; do
                try "raising $path to $value" bash -c 'echo "$1" >"$2"' - "$value" "$path"
            done
        done
    done
}
raise /sys/fs/cgroup
for controller in memory pids cpu devices; do
    if mount -t cgroup -o "$controller" cgroup /tmp/groups 2>/dev/null; then
        raise /tmp/groups
        [ -e /tmp/groups/release_agent ] && try "a release agent" bash -c 'echo /x >/tmp/groups/release_agent'
        umount /tmp/groups
    fi
done
rmdir /tmp/groups

# System calls that reach the host.
try "modules" modprobe dummy
grep -q '^Seccomp:.2' /proc/self/status || broken "no seccomp"
[ "$(awk 'NR == 1 { print $2 }' /proc/self/uid_map)" -ge 1000000000 ] || broken "the host's ids"
# What an unmapped id owns stays its own: the host's root is nobody here.
[ "$(stat -c %u /proc/sys/kernel)" = 65534 ] || broken "the host's root is root here"
echo tried
