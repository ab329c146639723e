# Looks for a token, everywhere: TOKEN and ROOTS come before this. Prints where it was found.
# The token is in no argument, or this would find itself.
shopt -s nullglob
mine=$$
for process in /proc/[0-9]*; do
    [ "${process#/proc/}" = "$mine" ] && continue
    while IFS= read -r -d '' word; do
        [[ $word == *"$TOKEN"* ]] && echo "process $process"
    done 2>/dev/null <"$process/cmdline"
    while IFS= read -r -d '' word; do
        [[ $word == *"$TOKEN"* ]] && echo "environment $process"
    done 2>/dev/null <"$process/environ"
done
words() { printf '%s\n' "$TOKEN"; }
for root in "${ROOTS[@]}"; do
    find "$root" \( -path /proc -o -path /sys -o -path /h/proc -o -path /h/sys \) -prune -o -print 2>/dev/null |
        grep -F -f <(words) | sed 's/^/name /'
    # Small files only: the token lies in such ones.
    find "$root" \( -path /proc -o -path /sys -o -path /h/proc -o -path /h/sys \) -prune -o \
        -type f -size -64k -newermt '-1 hour' -print0 2>/dev/null |
        xargs -0 -r grep -l -F -s -f <(words) -- | sed 's/^/content /'
done
# By its path on the host, through every door there is.
for door in "" /proc/1/root /proc/self/root /proc/[0-9]*/root /proc/[0-9]*/cwd /proc/[0-9]*/fd/*; do
    [ -n "${HOST_FILE-}" ] && [ -e "$door$HOST_FILE" ] && echo "path $door$HOST_FILE"
done
echo looked
