# The host's devices and disks. Given: DISK, the major and minor number of the disk that the host's
# root is on, if it has one.
try() { local what=$1; shift; "$@" >/dev/null 2>&1 && echo "broken: $what"; }
work=$(mktemp -d)

made=0
for device in "b ${DISK[*]} disk" 'b 7 0 loop' 'c 1 1 mem' 'c 1 2 kmem' 'c 1 4 port' 'c 1 11 kmsg' \
    'c 10 237 loop-control' 'c 10 232 kvm' 'c 10 229 fuse' 'c 10 200 tun' 'c 10 236 device-mapper'; do
    set -- $device
    [ $# = 4 ] || continue
    path=$work/$4
    # A device file alone is no harm, and usually not even that can be made.
    mknod "$path" "$1" "$2" "$3" 2>/dev/null || continue
    made=$((made + 1))
    try "reading the device $4" dd if="$path" of=/dev/null bs=512 count=1
    try "opening the device $4" bash -c ': <"$1"' - "$path"
    try "opening the device $4 for writing" bash -c ': >>"$1"' - "$path"
done
echo "saw: $made device files could be made, none opened"

while IFS= read -r -d '' device; do
    [ -b "$device" ] && echo "broken: the block device $device"
done < <(find /dev -print0)
for device in mem kmem kmsg port kvm fuse loop-control; do
    [ -e "/dev/$device" ] && echo "broken: /dev/$device"
done

truncate -s 16M "$work/disk"
mke2fs -q -F "$work/disk" 2>/dev/null
mkdir "$work/at"
try 'mounting a file by a loop device' mount -o loop "$work/disk" "$work/at"
# Without a file losetup only guesses a name; with one it has to open a device.
try 'a loop device' losetup --find --show "$work/disk"
try 'mounting a file' mount -t ext4 "$work/disk" "$work/at"
for disk in $(awk 'NR > 2 { print $4 }' /proc/partitions); do
    try "mounting the host's $disk" mount -r "/dev/$disk" "$work/at"
done
for kind in debugfs tracefs devtmpfs securityfs efivarfs pstore configfs; do
    try "mounting $kind" mount -t $kind $kind "$work/at"
    umount "$work/at" 2>/dev/null
done
try "the kernel's log" dmesg
rm -rf "$work"
echo done
