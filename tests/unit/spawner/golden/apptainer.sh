#!/bin/bash
# A classdesk session. Rendered by classdesk_spawner; options of the job are arguments of sbatch.
# A class is hundreds of these at the same moment: what bash can do itself needs no program.
set -uo pipefail
home=/home/ada

# The session's variables came as one, a line each, and are no longer needed so (see slurm/environment.py).
declare -n packed=CLASSDESK_ENVIRONMENT
set -f
IFS=$'\n'
for line in ${packed:-}; do
  value=${line#*=}
  printf -v value '%b' "${value//%/\\x}"
  export "${line%%=*}=$value"
done
set +f
unset IFS line value packed
unset -n packed

home_is_open=true
cd -- "$home" 2>/dev/null || home_is_open=false
cd /

# Keep the logs of the last five sessions in the home. Where it is full or read-only, log to a file without a name.
log_directory="$home/.local/state/classdesk"
log="$log_directory/session-${SLURM_JOB_ID:-0}.log"
learners_umask=$(umask)
umask 077
if $home_is_open && { [[ -d $log_directory ]] || /bin/mkdir -p -- "$log_directory"; } 2>/dev/null && printf 'classdesk\n' 2>/dev/null >"$log"; then
  logs=("$log_directory"/session-*.log)
  if ((${#logs[@]} > 5)); then
    /usr/bin/find "$log_directory" -maxdepth 1 -name 'session-*.log' -printf '%T@ %p\0' |
      /usr/bin/sort -zrn | /usr/bin/tail -zn +6 | /usr/bin/cut -zd' ' -f2- | /usr/bin/xargs -0r /bin/rm -f --
  fi
  exec >>"$log" 2>&1
else
  log=$(/bin/mktemp) && exec >>"$log" 2>&1 && /bin/rm -f -- "$log"
fi
umask "$learners_umask"
printf 'classdesk: job %s on %s\n' "${SLURM_JOB_ID:-?}" "${SLURMD_NODENAME:-?}"

# What a session submits itself must not inherit this job's submission (see sbatch(1), INPUT ENVIRONMENT VARIABLES).
unset SBATCH_EXPORT SLURM_EXPORT_ENV SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID MAIL

printf -v now '%(%s)T' -1
# The name of the node's time zone: some programs read no file. A copy has the name of the file that it was made of.
zone=$(/usr/bin/readlink -f /etc/localtime)
[[ $zone == */zoneinfo/* || ! -r /etc/timezone ]] || read -r zone </etc/timezone
if [[ $zone == /etc/localtime ]]; then
  zone=$(/usr/bin/find /usr/share/zoneinfo/ '(' -name posix -o -name right ')' -prune -o -type f \
    -size "$(/usr/bin/stat -c %s "$zone")c" -exec /usr/bin/cmp -s "$zone" '{}' ';' -print -quit)
fi
export CLASSDESK_INTERFACE=desktop
export CLASSDESK_END=$((now + 10800))
export CLASSDESK_MEMORY=2048
export CLASSDESK_TIME_ZONE="${zone##*/zoneinfo/}"

# Tells the hub why a session failed: the end of its log, over bash's own sockets, as the node may have no other client.
send_last_words() {
  local body
  [[ ${JUPYTERHUB_API_URL:-} =~ ^http://([^/:]+):([0-9]+)(/.*)$ ]] || return 0
  body="{\"log\": \"$(/usr/bin/tail -c 1500 /proc/$$/fd/1 | /usr/bin/base64 -w0)\"}"
  exec 8<>"/dev/tcp/${BASH_REMATCH[1]}/${BASH_REMATCH[2]}" || return 0
  printf 'POST %s/classdesk/last-words HTTP/1.1\r\nHost: %s\r\nAuthorization: token %s\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
    "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}" "${JUPYTERHUB_API_TOKEN:-}" "${#body}" "$body" >&8
  /usr/bin/timeout 5 /bin/cat <&8 >/dev/null
}

# Said here in plain words: each runtime would say it in its own.
if ! $home_is_open; then
  facts="it does not exist"
  [[ ! -e $home ]] || facts=$(/usr/bin/stat -c 'it belongs to %U and has mode %a' -- "$home")
  printf "classdesk: the home directory %s cannot be opened here: %s\n" "$home" "$facts"
  send_last_words
  exit 1
fi

# Also for the jobs that are submitted in the session.
IFS= read -r -d '' open_image <<'CLASSDESK_OPEN_IMAGE'
# Opens the desktop image on a node: for a session, and for the jobs that are submitted in one. Its own text is in
# $open_image, so that it can be handed on.

# A directory of the door's, which only this account can enter; $door is empty where there is none.
door=$( { /bin/mktemp -d /tmp/classdesk-door-XXXXXXXX || /bin/mktemp -d /dev/shm/classdesk-door-XXXXXXXX; } 2>/dev/null)
resolv_conf=/etc/resolv.conf
export CLASSDESK_DOOR=/run/classdesk
if [[ -n $door ]]; then
  printf '%s\n' "$open_image" >"$door/open-image"
  /usr/bin/python3 -IS - "$door" /usr/bin "${CLASSDESK_PORTS:-}" 0<<'CLASSDESK_DOOR' &
(node_door.py)
CLASSDESK_DOOR
  door_keeper=$!
fi

# Slurm tells all processes of a job to end, while this is at work, too.
close_image() {
  if [[ -n $door ]]; then
    kill "$door_keeper"
    while kill -0 "$door_keeper"; do wait "$door_keeper"; done
  fi
  (
    trap '' TERM
    exec /bin/rm -rf -- ${scratch:+"$scratch"} ${door:+"$door"}
  )
} 2>/dev/null

# A directory on the node's disk, as the session's own /tmp is memory. What killed sessions have left has no lock.
scratch=
for place in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
  file_system=$(/usr/bin/stat --file-system --format=%T -- "$place" 2>/dev/null)
  [[ ${file_system:-none} != @(none|tmpfs|ramfs) ]] || continue
  # A younger one may not be locked yet.
  /usr/bin/find "$place" -maxdepth 1 -name "classdesk-scratch-$UID-*" -uid "$UID" -mmin +1 \
    -exec /usr/bin/flock --nonblock {} /bin/rm -rf -- {} \; 2>/dev/null
  scratch=$(/bin/mktemp -d -- "$place/classdesk-scratch-$UID-XXXXXXXX") && exec 13<"$scratch" && /usr/bin/flock 13
  [[ -z $scratch ]] || break
done
export CLASSDESK_SCRATCH="${scratch:+/var/tmp}"
# Its own /tmp has no more than 64 MB in most places (sessiondir max size).
if [[ -n $scratch ]] && /bin/mkdir -- "$scratch/.tmp"; then
  binds=$scratch:/var/tmp,$scratch/.tmp:/tmp
  export APPTAINER_BIND="${APPTAINER_BIND:+$APPTAINER_BIND,}$binds"
fi

# Directories of lesson packs, of the learner's classes and of the site: one that cannot be read must not cost the session.
export CLASSDESK_LESSONS='/run/lessons/srv/a class'"'"'s/lessons:/run/lessons/srv/lessons:/opt/classdesk/lessons'
lessons=()
for place in '/srv/a class'"'"'s/lessons' /srv/lessons; do
  [[ ! -d $place || ! -r $place || ! -x $place ]] || lessons+=("$place")
done
for place in ${lessons[@]+"${lessons[@]}"}; do
  export APPTAINER_BIND="${APPTAINER_BIND:+$APPTAINER_BIND,}$place:/run/lessons$place:ro"
done
# What Slurm gives, by the names of its versions.
gpus=${SLURM_JOB_GPUS:-}${SLURM_STEP_GPUS:-}${SLURM_GPUS_ON_NODE:-}${CUDA_VISIBLE_DEVICES:-}${ROCR_VISIBLE_DEVICES:-}
gpus=${gpus//NoDevFiles/}

# As its options --nv and --rocm.
if [[ -n $gpus ]]; then
  [[ ! -e /dev/nvidiactl ]] || export APPTAINER_NV=1
  [[ ! -e /dev/kfd ]] || export APPTAINER_ROCM=1
fi

# open_session [COMMAND…]: runs the session, by another command that is put before.
open_session() {
  "$@" /usr/bin/apptainer exec --pid --ipc --contain --home /home/ada:/home/ada --pwd /home/ada --bind ''"$door"':/run/classdesk:ro' --bind /scratch:/scratch --bind /data:/data:ro /var/lib/classdesk/image /opt/classdesk/bin/classdesk-session
}

# shellcheck disable=SC2317 # jobs call it
# open_for_job COMMAND ARGUMENT…: runs it in the image. Signals that reach only this shell are handed on (run_job.py).
open_for_job() {
  local name status keeper
  export CLASSDESK_DIRECTORY=$PWD
  # The learner's own, as it was where the job was submitted; not the image's.
  export APPTAINERENV_PATH=$PATH
  cd /
  if [[ -n $door ]] && /usr/bin/mkfifo "$door/signals"; then
    exec 9<>"$door/signals"
  else
    exec 9>/dev/null
  fi
  for name in HUP INT QUIT USR1 USR2 TERM; do
    # shellcheck disable=SC2064
    trap "echo $name >&9" "$name"
  done
  (
    trap '' HUP INT QUIT USR1 USR2 TERM
    exec 9>&-
    exec /usr/bin/apptainer exec --pid --ipc --contain --home /home/ada:/home/ada --pwd /home/ada --bind ''"$door"':/run/classdesk:ro' --bind /scratch:/scratch --bind /data:/data:ro /var/lib/classdesk/image /opt/classdesk/bin/run-job "$@"
  ) 0<&0 &
  keeper=$!
  while kill -0 "$keeper" 2>/dev/null; do
    wait "$keeper"
    status=$?
  done
  wait "$keeper"
  status=$?
  close_image
  exit "$status"
}
CLASSDESK_OPEN_IMAGE
eval "$open_image"

# A network of the session's own: what its programs bind to 127.0.0.1, other accounts of the node cannot reach, and
# port 8787 is free for each. pasta (Debian: passt) connects it with what is outside; the server's socket is the node's,
# and comes through the door.

not_begun=97
resolver=198.18.0.2

# May this node's users have one? Says why not.
own_network_is_allowed() {
  local why=''
  if [[ ! -x /usr/bin/pasta ]]; then
    why="/usr/bin/pasta is not installed"
  elif ((UID == 0)); then
    why="root has the node's network"
  elif ! { : <>/dev/net/tun; } 2>/dev/null; then
    why="/dev/net/tun is not open to users"
  elif [[ -z $door ]]; then
    why="there is no directory for the door"
  fi
  [[ -z $why ]] || printf 'classdesk: the session shares the network of the node: %s\n' "$why"
  [[ -z $why ]]
}

# A resolver on the node's own 127.0.0.1 has another address in there.
use_own_resolver() {
  if /bin/grep -Eqs '^[[:blank:]]*nameserver[[:blank:]]+(127\.|::1)' /etc/resolv.conf; then
    resolv_conf=$door/resolv.conf
    /bin/grep -Ev '^[[:blank:]]*nameserver' /etc/resolv.conf >"$resolv_conf"
    echo "nameserver $resolver" >>"$resolv_conf"
  fi
}

# shellcheck disable=SC2317 # called by another function
# in_own_network COMMAND…: runs it there. Returns $not_begun if that cannot be made.
in_own_network() {
  local keeper network status=$not_begun
  # It waits for the way out, and is then the command; $0 is the door.
  # shellcheck disable=SC2016
  /usr/bin/unshare --user --map-current-user --net -- /bin/bash -pc '
    for ((look = 0; look < 500; look++)); do
      while read -r _ to _; do
        [[ $to != 00000000 ]] || { : >"$0/own-network"; exec "$@"; }
      done </proc/net/route
      read -rt 0.01 <> <(:)
    done
    exit 97' "$door" "$@" &
  keeper=$!
  while kill -0 "$keeper" 2>/dev/null && [[ /proc/$keeper/ns/net -ef /proc/self/ns/net ]]; do
    read -rt 0.005 <> <(:)
  done
  connect_network "$keeper" &
  network=$!
  while kill -0 "$keeper" 2>/dev/null; do
    if $asked_to_end; then
      wait "$keeper"
      continue
    fi
    wait -n "$keeper" "$network"
    status=$?
    if kill -0 "$network" 2>/dev/null || $asked_to_end; then
      continue
    elif [[ ! -e $door/own-network ]]; then
      kill "$keeper"
      break
    fi
    # The command goes on, and gets its way out again.
    /bin/sleep 1
    connect_network "$keeper" &
    network=$!
  done 2>/dev/null
  if [[ -e $door/own-network ]]; then
    wait "$keeper"
    status=$?
  else
    printf "classdesk: the session shares the network of the node: pasta ended with status %s\n" "$status"
    status=$not_begun
  fi
  kill "$network" 2>/dev/null
  wait "$network" "$keeper" 2>/dev/null
  return "$status"
}

# shellcheck disable=SC2317 # called by another function
# connect_network PID: is the way out of a process's network, until it is ended.
connect_network() {
  local options=(--foreground --quiet --config-net)
  # An address that no site uses (RFC 2544), so that the node's own is outside, too; and no way to the node's 127.0.0.1 …
  options+=(-a 198.18.0.10 -n 24 -g 198.18.0.1 --no-map-gw -t none -u none -U none)
  # … but to the hub, where it is on this machine, and to the resolver.
  if [[ ${JUPYTERHUB_API_URL:-} =~ ^https?://(127\.[0-9.]+|localhost|\[::1\]):([0-9]+)/ ]]; then
    options+=(-T "${BASH_REMATCH[2]}")
  else
    options+=(-T none)
  fi
  [[ $resolv_conf == /etc/resolv.conf ]] || options+=(--dns-forward "$resolver")
  exec /usr/bin/pasta "${options[@]}" "$1"
}

# A signal that reaches this shell, too, reaches the session: there is something left to do after its end.
asked_to_end=false
trap asked_to_end=true TERM
status=$not_begun
if own_network_is_allowed; then
  use_own_resolver
  open_session in_own_network
  status=$?
fi
if ((status == not_begun)); then
  resolv_conf=/etc/resolv.conf
  open_session
  status=$?
fi
printf 'classdesk: the session ended with status %s\n' "$status"
close_image
((status == 0)) || $asked_to_end || send_last_words
exit "$status"
