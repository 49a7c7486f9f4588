# shellcheck shell=bash
# Start-up files that end the shell, such as a ~/.bashrc with `exit 1`, shall not cost the learner each terminal.

classdesk_rescue() {
  local status=$? command=$BASH_COMMAND why
  trap - EXIT
  if [[ " ${FUNCNAME[*]} " == *" source "* ]]; then
    why='One of your start-up files (~/.bash_profile, ~/.profile or ~/.bashrc) ends the shell. This one continues without them.'
  elif [[ $- == *e* && $status != 0 && ! $command =~ ^(exit|logout)( |$) ]]; then
    # Each mistyped command would close the window, before its message could be read.
    why='“set -e”, perhaps in one of your start-up files, ended the shell at this command. This one continues without it.'
  else
    return "$status" # somebody wants to leave
  fi
  printf '\n%s\n' "$why" >&2
  exec bash --noprofile --rcfile /etc/bash.bashrc -i
}
trap classdesk_rescue EXIT
