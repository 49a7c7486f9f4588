# shellcheck shell=sh
# For every shell of a session: `module` in interactive and log-in shells, and a hint where the course's commands are not loaded.
if [ -n "${BASH_VERSION-}" ] && [ -z "${CLASSDESK_SHELL-}" ]; then
  CLASSDESK_SHELL=1 # not exported: each shell sets itself up once

  # Programs of a GPU's driver, where the session has one.
  [ ! -d /run/classdesk-gpu/bin ] || PATH="$PATH:/run/classdesk-gpu/bin"

  # Where modules are; a site that binds its own into the session says so by MODULEPATH.
  export MODULEPATH="${MODULEPATH:-/opt/modules/Core}"
  # A pager would take what is typed next for its own commands.
  export LMOD_PAGER="${LMOD_PAGER:-none}"
  export LMOD_PACKAGE_PATH="${LMOD_PACKAGE_PATH:-/etc/lmod}"
  if ! command -v module >/dev/null 2>&1 && [ -r /usr/share/lmod/lmod/init/bash ]; then
    # shellcheck source=/dev/null
    . /usr/share/lmod/lmod/init/bash
  fi

  case $- in
    *i*)
      # shellcheck source=desktop_image/rootfs/etc/profile.d/classdesk-rescue.bash
      . /etc/profile.d/classdesk-rescue.bash
      ;;
  esac

  # Terminals of JupyterLab and of the interface Terminal.
  if [ -z "${DISPLAY-}" ]; then
    classdesk_no_screen() {
      printf '%s opens a window, and there is no screen here. %s\n' "$1" "$2" >&2
      return 1
    }
    pluma() { classdesk_no_screen pluma "Edit with:  nano ${1-FILE}"; }
    for _program in feh eom caja firefox firefox-esr; do
      eval "$_program() { classdesk_no_screen $_program 'Start a session with the interface Desktop.'; }"
    done
    unset _program
  fi

  # What is not there, and what is.
  classdesk_instead() {
    printf '%s is not installed. Type:  %s\n' "$1" "$2" >&2
  }

  # Beginners type it; it is there as vi.
  if ! type vim >/dev/null 2>&1; then
    vim() { vi "$@"; }
  fi

  command_not_found_handle() {
    case $1 in
      python | pip | pip3 | virtualenv | dask)
        printf '%s: not loaded yet. Type this first:  module load python\n' "$1" >&2
        ;;
      ipython | jupyter)
        printf '%s is not part of this course. Type:  module load python   and then  python\n' "$1" >&2
        ;;
      tree) classdesk_instead tree 'ls -R' ;;
      htop | btop) classdesk_instead "$1" top ;;
      emacs | gedit | code) classdesk_instead "$1" 'pluma FILE' ;;
      apt | apt-get | sudo) printf '%s: nothing can be installed for everyone here. For Python packages:  pip install NAME\n' "$1" >&2 ;;
      *)
        printf 'bash: %s: command not found\n' "$1" >&2
        ;;
    esac
    return 127
  }
fi
