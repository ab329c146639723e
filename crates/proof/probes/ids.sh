# Whose ids this is run with.
for map in uid_map gid_map; do
    while read -r inside outside count; do
        echo "saw: $map $inside $outside $count"
        # Below lie the host's own accounts; all of the host's ids in one line is its own namespace.
        [ "$outside" -ge 65536 ] || echo "broken: $map has the host's id $outside"
        [ "$count" -le 65536 ] || echo "broken: $map has $count ids"
    done </proc/self/$map
done
[ "$(stat -c %u /proc/sys/kernel)" = 65534 ] || echo 'broken: the host root is an id of this machine'
# A namespace below cannot have more than its parent.
coproc BELOW { exec unshare --user bash -c 'echo here; read -r _'; }
read -r _ <&"${BELOW[0]}"
for map in '0 0 4294967295' '0 65536 1' '70000 70000 1'; do
    { echo "$map" >/proc/$BELOW_PID/uid_map; } 2>/dev/null && echo "broken: the map '$map' was taken"
done
echo >&"${BELOW[1]}"
echo done
