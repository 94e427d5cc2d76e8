# there.bash: a path on the command line is of the folder where the script was started; for scripts that source it
# before they go to the project's.
# shellcheck shell=bash

there=$PWD

# A path that was given where this was started, as it is called from here. Usage: from_here VARIABLE
from_here() {
    local -n path=$1
    [[ -z $path || $path == /* || $there == "$PWD" ]] || path=$there/$path
}
