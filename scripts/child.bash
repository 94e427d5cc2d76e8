# child.bash: children that do not outlive their script; for scripts that source it.
# shellcheck shell=bash

# A background job that is told to end should the script be killed outright, where setpriv can see to that.
# Usage: ends_with_script COMMAND… &
ends_with_script() {
    ! setpriv --pdeathsig TERM true 2>/dev/null || set -- setpriv --pdeathsig TERM "$@"
    exec "$@"
}
