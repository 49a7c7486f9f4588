# shellcheck shell=bash
# What all scripts of cluster/ share: the places of the installation and a few small helpers. Sourced, never run.

umask 022

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034  # these are for the scripts that source this file
{
  HERE=$REPO/cluster
  SOFTWARE=/opt/classdesk            # venv and proxy: links to versions beside them
  COMMAND=/usr/local/bin/classdesk   # a link, so that an administrator can type what the docs say
  CONFIG=/etc/classdesk
  STATE=/var/lib/classdesk
  UNDO=$STATE/undo                   # what `make purge` has to know
  LOGS=/var/log/classdesk
  RUN=/run/classdesk
  SLURM_CONF=/etc/slurm/slurm.conf   # sbatch is called through sudo, which passes no SLURM_CONF: the default place it is
  MARKER='# Written by classdesk (make up).'
  ACCOUNTS=(instructor learner01 learner02 learner03 learner04)
  LEARNERS=classdesk-users
  SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  PYTHON=/usr/bin/python3
}
PATH=$SYSTEM_PATH:$PATH              # cron and minimal shells lack sbin

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

need_root() {
  [[ $(id -u) -eq 0 ]] || die "this needs root, but runs as $(id -un). Run: sudo make $1   (or become root first)"
}

# Our scripts run each other; a sentence where this copy's file system runs no programs.
need_exec() {
  [[ -x $REPO/cluster/up ]] ||
    die "no program in $REPO may be run, as on a file system that is mounted noexec. Clone it somewhere else, for example in /root."
}

# What both commands of the README need of the machine beside root; a sentence where it is not allowed, before anything is changed.
need_namespaces() {
  type -P mount >/dev/null || die "the command mount is missing. Run: apt-get install --no-install-recommends mount"
  local how="Start the container with --privileged, or take a virtual machine."
  unshare --mount --pid --fork mount -t tmpfs none /mnt 2>/dev/null ||
    die "root may not mount file systems here, as in a plain container (CAP_SYS_ADMIN is missing). $how"
  setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user true 2>/dev/null ||
    die "ordinary users may not make user namespaces here, which open the desktop image. $how On a machine of its own: sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0"
}

# What the tests need besides: an overlay file system, for a view of the machine that leaves no trace.
need_overlay() {
  unshare --mount sh -c 'mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
    mount -t overlay -o "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root' 2>/dev/null ||
    die "this machine mounts no overlay file system over its root, which the tests run in. Load the kernel's module overlay, or take another file system than overlay for the container's root (a volume)."
}

# render TEMPLATE NAME=VALUE…: the template with every @NAME@ replaced.
render() {
  local text pair
  text=$(<"$1")
  shift
  for pair in "$@"; do
    text=${text//"@${pair%%=*}@"/"${pair#*=}"}
  done
  printf '%s\n' "$text"
}

# install_text FILE MODE: standard input becomes FILE, in one move; succeeds with 0 when it changed, 1 when it was the same.
install_text() {
  local new
  mkdir -p "$(dirname "$1")"
  new=$(mktemp "$1.XXXXXX")
  cat >"$new"
  chmod "$2" "$new"
  if cmp -s "$new" "$1"; then
    rm -f "$new"
    return 1
  fi
  mv -f "$new" "$1"
}

# digest PATH…: one hash over names and contents of these files and folders, without what Python caches.
digest() {
  find "$@" -type f -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# wait_for SECONDS COMMAND…: true as soon as the command is, false after that time.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# ended PID: true when a process has ended, also where nobody takes its status: a container's first process may not.
ended() {
  local state
  state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) || return 0
  [[ -z $state || $state == Z* ]]
}

# Our supervisord, when it runs.
supervisor_pid() {
  local pid
  pid=$(cat "$RUN/supervisord.pid" 2>/dev/null) || return 1
  [[ -r /proc/$pid/cmdline ]] && grep -qz supervisord "/proc/$pid/cmdline" && printf '%s\n' "$pid"
}

control() {
  "$SOFTWARE/venv/bin/supervisorctl" -c "$CONFIG/supervisord.conf" "$@"
}

program_state() {
  control status "$1" 2>/dev/null | awk '{print $2}'
}

# start_program NAME: starts it or finds it running; on failure shows the end of its log.
start_program() {
  local said
  [[ $(program_state "$1") == RUNNING ]] && return
  if ! said=$(control start "$1" 2>&1) || [[ $(program_state "$1") != RUNNING ]]; then
    printf '%s\n' "$said"
    tail -n 15 "$LOGS/$1.log" 2>/dev/null || true
    die "$1 does not start; its log is $LOGS/$1.log"
  fi
}

# Is the Slurm of this machine ours to run (or is there none yet)?
slurm_is_ours() {
  [[ ! -e $SLURM_CONF ]] || grep -qF "$MARKER" "$SLURM_CONF"
}

munge_answers() {
  munge -n 2>/dev/null | unmunge >/dev/null 2>&1
}

# The bind address of the site file as "HOST PORT"; nothing when there is no site file.
site_address() {
  [[ -r $CONFIG/site.toml ]] || return 0
  "$PYTHON" -I - "$CONFIG/site.toml" <<'PY'
import sys, tomllib, urllib.parse
try:
    with open(sys.argv[1], "rb") as file:
        url = tomllib.load(file).get("hub", {}).get("bind_url", "http://127.0.0.1:8000")
except tomllib.TOMLDecodeError as error:
    sys.exit(f"error: {sys.argv[1]} is not valid TOML: {error}")
parts = urllib.parse.urlsplit(str(url))
print(parts.hostname or "127.0.0.1", parts.port or 8000)
PY
}

# The address that a browser can open, for a bind address HOST PORT.
browser_address() {
  local host=$1
  if [[ $host == 0.0.0.0 || $host == '::' ]]; then
    host=$(hostname -I 2>/dev/null | awk '{print $1}')
  fi
  [[ $host == *:* ]] && host="[$host]"
  printf 'http://%s:%s/\n' "${host:-127.0.0.1}" "$2"
}

# hub_answers HOST PORT: does the hub, behind its proxy, answer?
hub_answers() {
  local host=$1
  [[ $host == 0.0.0.0 ]] && host=127.0.0.1
  [[ $host == '::' ]] && host=::1
  "$PYTHON" -I - "$host" "$2" <<'PY'
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=2)
connection.request("GET", "/hub/health")
sys.exit(connection.getresponse().status != 200)
PY
}
