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

/usr/bin/apptainer exec --pid --ipc --contain --home /home/ada:/home/ada --pwd /home/ada --bind /scratch:/scratch --bind /data:/data:ro /var/lib/classdesk/image /opt/classdesk/bin/classdesk-session
status=$?
printf 'classdesk: the session ended with status %s\n' "$status"
((status == 0)) || send_last_words
exit "$status"
