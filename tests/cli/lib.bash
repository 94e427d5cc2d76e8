# What the command-line tests share: `load lib` in a .bats file.
#
#   BUILD             where the programs are: WAITBENCH_BUILD of the environment, or `build`
#   MODELS            the models to test: those of WAITBENCH_MODELS, or all that the Makefile names
#   again             true where another stage runs this test in full: a sanitizer's, an ordinary
#                     user's. What is tried many times over need not be, there
#   origin_start …    an origin of the test's own, on a free port, with these further options;
#                     sets ORIGIN_PID, ORIGIN_PORT and ORIGIN=http://127.0.0.1:PORT
#                     ORIGIN_WRAP is what it is run by, as (prlimit --nofile=128)
#   origin_stop       ends it (SIGTERM) and returns its exit status; harmless without one
#   origin_says WANT… whether its statistics are these: requests=5 404=1 'open_peak<=3' (404 by status)
#   origin_reset      begins them anew
#   run_says WANT…    the same of run.json, a model's summary, by the names within: ok=5 digest=4a67…
#   figure NAME       the value of one name in run.json, into FIGURE
#   nothing_in FOLDER true if it is there and empty
#   has_line FILE LINE  is there such a line in it, whole?
#   told_to_end PID   tells it to end (SIGTERM) and waits; its exit status into status
#   is_gone PID       whether that process has ended; who has not been waited for has, too
#   no_origin_in FOLDER  whether no origin is left whose port file is in there
#   wait_for COMMAND… repeats COMMAND until it succeeds, for WAIT_SECONDS (20) at most
#
# A test file that starts an origin calls origin_stop in its teardown.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# Without a process: this is done anew for every test. bats loads by absolute paths.
ROOT=${BASH_SOURCE[0]%/tests/cli/*}
BUILD=${WAITBENCH_BUILD:-$ROOT/build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
if [[ -z ${WAITBENCH_MODELS:-} ]]; then
    IFS= read -rd '' WAITBENCH_MODELS <"$ROOT/Makefile" || true
    WAITBENCH_MODELS=${WAITBENCH_MODELS#*$'\nMODELS '*:= } WAITBENCH_MODELS=${WAITBENCH_MODELS%%$'\n'*}
fi
# shellcheck disable=SC2034  # for the tests
read -ra MODELS <<<"$WAITBENCH_MODELS"
ORIGIN_WRAP=()

# What bats starts beside the tests' own: in a shell as large as a test's, each process that need not be
# is several milliseconds. A bats that knows these names no longer is slower, and no worse.
# The command that `run` runs, in place of the subshell that it runs it in.
bats_merge_stdout_and_stderr() {
    if [[ $1 == */* && -z ${keep_empty_lines-} ]]; then exec "$@" 2>&1; else "$@" 2>&1; fi
}
# bats notes the whole stack before every command (a trap on DEBUG), to name the line of one that fails: it
# takes longer than most of the commands. Bash 5 still knows the stack when one has failed (ERR); only a
# teardown that fails, and a test that calls exit or return, are named without their line.
if ((BASH_VERSINFO[0] >= 5)) && declare -F bats_check_status_from_trap bats_capture_stack_trace >/dev/null; then
    bats_error_trap() {
        bats_check_status_from_trap
        [[ -z ${BATS_DEBUG_LAST_STACK_TRACE_IS_VALID-} ]] || return 0
        [[ ${FUNCNAME[1]} != bats_perform_test ]] || return 0 # the test itself returned
        bats_capture_stack_trace
        BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
    }
    trap - DEBUG
    # shellcheck disable=SC2034  # for bats
    BATS_DEBUG_LAST_STACK_TRACE=("1 teardown $BATS_TEST_SOURCE") \
        BATS_DEBUG_LASTLAST_STACK_TRACE=("1 $BATS_TEST_NAME $BATS_TEST_SOURCE")
fi
# When a test began, for --timing, without `date`.
get_mills_since_epoch() {
    local microseconds=${EPOCHREALTIME//[!0-9]/}
    echo "${microseconds%???}"
}

again() {
    [[ ${WAITBENCH_STAGE:-plain} != plain ]]
}

# Usage: wait_for COMMAND [ARGUMENT…]
wait_for() {
    local deadline=$((SECONDS + ${WAIT_SECONDS:-20})) pipe=$BATS_FILE_TMPDIR/nobody-writes tries=0
    # To read there is to sleep, without a process for it.
    [[ -p $pipe ]] || mkfifo "$pipe"
    until "$@"; do
        if ((SECONDS >= deadline)); then
            echo "waited ${WAIT_SECONDS:-20} s in vain for: $*" >&2
            return 1
        fi
        # What has not come at once may take a while, and asking takes it longer.
        if ((++tries < 10)); then read -rt 0.01 <>"$pipe" || true; else read -rt 0.05 <>"$pipe" || true; fi
    done
}

# Usage: told_to_end PID, a job of this shell
told_to_end() {
    status=0
    kill -TERM "$1"
    wait "$1" || status=$?
}

is_gone() {
    ! grep -qs '^State:.[^Z]' "/proc/$1/status"
}

no_origin_in() {
    ! pgrep -f "origin --port=0 --port-file=$1" >/dev/null
}

# Usage: has_line FILE LINE: is there such a line in it, whole? Without a process.
has_line() {
    [[ $'\n'$(<"$1")$'\n' == *$'\n'"$2"$'\n'* ]]
}

# The origin has written its port file, or it has died and will not.
origin_settled() {
    [[ -s $1 ]] || ! kill -0 "$2" 2>/dev/null
}

# Usage: origin_start [OPTION…]; its standard error goes to ORIGIN_ERRORS.
origin_start() {
    origin_stop || true
    local port_file
    port_file=$(mktemp -u "${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/origin-port.XXXXXX")
    ORIGIN_ERRORS=$port_file.errors
    # Descriptor 3 is bats' own: a server that kept it open would hold bats up.
    "${ORIGIN_WRAP[@]}" "$BUILD/origin" --port=0 --port-file="$port_file" "$@" 2>"$ORIGIN_ERRORS" 3>&- &
    ORIGIN_PID=$!
    wait_for origin_settled "$port_file" "$ORIGIN_PID" || true
    if [[ ! -s $port_file ]]; then
        echo "the origin did not start: $(<"$ORIGIN_ERRORS")" >&2
        origin_stop || true
        return 1
    fi
    ORIGIN_PORT=$(<"$port_file")
    # shellcheck disable=SC2034  # for the tests
    ORIGIN=http://127.0.0.1:$ORIGIN_PORT
}

# Usage: origin_stop
origin_stop() {
    local status=0
    [[ -n ${ORIGIN_PID:-} ]] || return 0
    kill -TERM "$ORIGIN_PID" 2>/dev/null || true
    wait "$ORIGIN_PID" || status=$?
    ORIGIN_PID=
    return "$status"
}

# Asks the origin, by the shell's own means: what comes is in ANSWER. Usage: origin_ask METHOD PATH
origin_ask() {
    local connection
    exec {connection}<>"/dev/tcp/127.0.0.1/${ORIGIN##*:}" || return
    printf '%s %s HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n' "$1" "$2" >&"$connection"
    IFS= read -rd '' -u "$connection" ANSWER || true
    exec {connection}>&-
    [[ $ANSWER == 'HTTP/1.1 2'* ]]
}

origin_reset() {
    origin_ask POST /stats/reset
}

# Usage: figure_in JSON NAME: the value of that name, which is in it once, into FIGURE; null without one.
figure_in() {
    FIGURE=null
    [[ $1 =~ \"$2\":\ ?\"?([^\",}[:space:]]*) ]] || return 0
    FIGURE=${BASH_REMATCH[1]}
}

# Usage: figures_say JSON WANT…: each WANT is NAME=VALUE, NAME<=NUMBER or NAME>=NUMBER. Without a process:
# jq costs more than many a run that it would be asked about.
figures_say() {
    local want bad=0
    for want in "${@:2}"; do
        figure_in "$1" "${want%%[<>=]*}"
        case $want in
            *'<='*) [[ $FIGURE == [0-9]* ]] && ((FIGURE <= ${want#*=})) && continue ;;
            *'>='*) [[ $FIGURE == [0-9]* ]] && ((FIGURE >= ${want#*=})) && continue ;;
            *) [[ $FIGURE == "${want#*=}" ]] && continue ;;
        esac
        bad=1
        # Who waits for it does not want to read of it each time.
        [[ ${FUNCNAME[2]} == wait_for ]] || echo "not $want, but $FIGURE"
    done
    return $bad
}

origin_says() {
    origin_ask GET /stats && figures_say "$ANSWER" "$@"
}

run_says() {
    local json
    IFS= read -rd '' json <run.json || true
    figures_say "$json" "$@"
}

figure() {
    local json
    IFS= read -rd '' json <run.json || true
    figure_in "$json" "$1"
}

nothing_in() {
    [[ -d $1 ]] && ! compgen -G "$1/*" && ! compgen -G "$1/.[!.]*"
}

# Standard input, which is C, as NAME.so, for LD_PRELOAD. Usage: make_preload NAME
make_preload() {
    "${CC:-cc}" -shared -fPIC -D_GNU_SOURCE -x c -o "$1.so" -
}
