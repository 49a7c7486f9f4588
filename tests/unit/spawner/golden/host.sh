#!/bin/bash
# A classdesk session. Rendered by classdesk_spawner; options of the job are arguments of sbatch.
set -uo pipefail
home=/home/ada

# Keep the logs of the last five sessions in the home. Where it is full or read-only, go on without.
log_directory="$home/.local/state/classdesk"
log="$log_directory/session-${SLURM_JOB_ID:-0}.log"
learners_umask=$(umask)
umask 077
if /bin/mkdir -p -- "$log_directory" 2>/dev/null && : 2>/dev/null >"$log"; then
  exec >"$log" 2>&1
  cd / && /usr/bin/find "$log_directory" -maxdepth 1 -name 'session-*.log' -printf '%T@ %p\0' |
    /usr/bin/sort -zrn | /usr/bin/tail -zn +6 | /usr/bin/cut -zd' ' -f2- | /usr/bin/xargs -0r /bin/rm -f --
fi
umask "$learners_umask"
printf 'classdesk: job %s on %s\n' "${SLURM_JOB_ID:-?}" "${SLURMD_NODENAME:-?}"

# What a session submits itself must not inherit this job's submission (see sbatch(1), INPUT ENVIRONMENT VARIABLES).
unset SBATCH_EXPORT SLURM_EXPORT_ENV SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID MAIL

CLASSDESK_INTERFACE=desktop
CLASSDESK_END=$(($(/bin/date +%s) + 10800))
export CLASSDESK_INTERFACE CLASSDESK_END

exec /usr/bin/unshare --user --map-current-user --pid --fork --kill-child --mount-proc --wd /home/ada /opt/classdesk/bin/classdesk-session
