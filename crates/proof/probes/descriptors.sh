# Where open files and working folders lead. Given: FILES, files of the host; TINY, 1 where there is
# an engine with the image `tiny`.
up=../../../../../../../../../../../..
folders=0
for descriptor in /proc/[0-9]*/fd/* /proc/[0-9]*/cwd; do
    [ -d "$descriptor/." ] || continue
    folders=$((folders + 1))
    for file in "${FILES[@]}"; do
        [ -e "$descriptor/$up$file" ] && echo "broken: $descriptor leads to the host"
    done
done
# What this program itself was started with.
for descriptor in /proc/$$/fd/*; do
    case $(readlink "$descriptor") in
    pipe:* | /dev/null | /dev/pts/* | socket:*) ;;
    *) [ "${descriptor##*/}" = 255 ] || echo "broken: started with $(readlink "$descriptor")" ;;
    esac
done
# CVE-2024-21626: a working folder that is one of runc's own open files.
if [ "${TINY[0]}" = 1 ]; then
    for number in {3..12}; do
        docker run --rm -w "/proc/self/fd/$number" tiny bash -c '
            for file in "${@:2}"; do [ -e "$1$file" ] && echo "broken: -w /proc/self/fd leads to the host"; done
            ' - "$up" "${FILES[@]}" 2>/dev/null &
    done
    wait
fi
echo "saw: $folders open folders and working folders"
echo done
