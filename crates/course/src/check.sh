# What every check and answer script begins with. It runs by bash beside the student's machine:
#
#   /machine     the machine's files, read only: chroot is not needed, `cat /machine/etc/hosts` is
#   docker       talks to the machine's engine; curl to localhost reaches its published ports
#   /events      what the engine has reported since the machine began
#
# The verdict goes to descriptor 3, which is the real standard output. What a script prints goes to
# standard error, for its author to read: no output of a command can pass for a verdict.
exec 3>&1 1>&2

# fail ID: the exercise is not done; show the student the feedback ID.
fail() {
  printf 'fail %s\n' "$1" >&3
  exit 1
}

# A command that is not there is the author's slip, not the student's.
command_not_found_handle() {
  printf 'broken command not found: %s\n' "$1" >&3
  return 127
}

# running NAME: a container of this name runs.
running() {
  [ "$(docker inspect --type container --format '{{.State.Running}}' "$1")" = true ]
}

# image NAME [IMAGE]: with one name, the engine has this image; with two, the container NAME was
# made from an image of this name, whatever its tag.
image() {
  if [ $# -eq 1 ]; then
    docker image inspect --format '{{.Id}}' "$1" >/dev/null
    return
  fi
  local made_from
  made_from=$(docker inspect --type container --format '{{.Config.Image}}' "$1") || return
  made_from=${made_from%%@*}
  made_from=${made_from#docker.io/}
  made_from=${made_from#library/}
  if [ "$made_from" = "$2" ] || [ "$made_from" = "$2:${made_from##*:}" ]; then
    return
  fi
  # By its id, or under a name of the student's own: the same image all the same.
  local of_container of_image
  of_container=$(docker inspect --type container --format '{{.Image}}' "$1") || return
  of_image=$(docker image inspect --format '{{.Id}}' "$2") || return
  [ "$of_container" = "$of_image" ]
}

# published NAME HOSTPORT CONTAINERPORT: the container's port (TCP) is published as HOSTPORT, on
# every address of the machine or on localhost.
published() {
  local ports
  ports=$(docker inspect --type container --format \
    "{{range (index .NetworkSettings.Ports \"$3/tcp\")}}{{println .HostPort}}{{end}}" "$1") || return
  grep -qxF -- "$2" <<<"$ports"
}

# volume NAME [CONTAINER PATH]: the volume exists; and is mounted in CONTAINER at PATH.
volume() {
  docker volume inspect --format '{{.Name}}' "$1" >/dev/null || return
  [ $# -eq 1 ] && return
  local mounts
  mounts=$(docker inspect --type container --format \
    '{{range .Mounts}}{{println .Type .Name .Destination}}{{end}}' "$2") || return
  grep -qxF -- "volume $1 $3" <<<"$mounts"
}

# network NAME [CONTAINER]: the network exists; and CONTAINER is attached to it.
network() {
  docker network inspect --format '{{.Name}}' "$1" >/dev/null || return
  [ $# -eq 1 ] && return
  local networks
  networks=$(docker inspect --type container --format \
    '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$2") || return
  grep -qxF -- "$1" <<<"$networks"
}

# file PATH [TEXT]: the machine has this file; and TEXT occurs in it. A link may lead to it as long as
# it does so within the machine seen from here: one to an absolute path leads out, and counts as none.
file() {
  local path
  path=$(realpath --canonicalize-existing -- "/machine/${1#/}") || return
  case $path in
    /machine/*) ;;
    *) return 1 ;;
  esac
  [ -f "$path" ] || return
  [ $# -eq 1 ] || grep -qF -- "$2" "$path"
}

# http URL [TEXT]: the address answers with success; and TEXT occurs in the answer.
http() {
  local answer
  answer=$(curl --fail --silent --show-error --location --max-time 3 --max-filesize 1000000 -- "$1") || return
  [ $# -eq 1 ] || grep -qF -- "$2" <<<"$answer"
}

# event ACTION [KEY=VALUE]...: the engine has reported such an event since the machine began, as
# `docker events` shows them: `event die container=box exitCode=137`, `event pull name=nginx:latest`.
#
#   ACTION   up to a colon: the engine's `exec_create: sh -c date` is an exec_create
#   KEY      container, image, network, volume: the event is about the one of this name or id;
#            name: whatever it is about has this name or id;
#            anything else, such as exitCode: an attribute of the event
#
# Each line of the file is one event, in JSON. `any` is true as soon as one line fits.
event() {
  jq --null-input --exit-status '
    $ARGS.positional[0] as $action
    | [$ARGS.positional[1:][] | split("=") | {key: .[0], value: (.[1:] | join("="))}] as $wanted
    | def is_about($value): .Actor.ID == $value or .Actor.Attributes.name == $value;
      def fits($key; $value):
        if $key == "name" or $key == .Type then is_about($value)
        else .Actor.Attributes[$key] == $value end;
      any(inputs;
        . as $event
        | (.Action | split(":")[0]) == $action
        and all($wanted[]; . as $one | $event | fits($one.key; $one.value)))
  ' --args "$@" </events/engine.jsonl
}
