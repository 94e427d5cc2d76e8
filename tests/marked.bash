# marked.bash: processes are found, and ended, by a mark in their environment, whoever their parent is by then;
# for what runs tests. Who starts them sets WAITBENCH_TEST.
# shellcheck shell=bash

# The processes that carry this mark, a regular expression, as `PID COMMAND` lines. Usage: marked MARK
marked() {
    local pid
    while IFS=/ read -r _ _ pid _; do
        # A zombie has ended: whoever inherits it reaps it.
        if [[ -d /proc/$pid ]] && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; then
            echo "$pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" || true)"
        fi
    done < <(grep -lzxE "WAITBENCH_TEST=$1" /proc/[0-9]*/environ 2>/dev/null)
}

# Usage: end_marked MARK
end_marked() {
    local pid
    while read -r pid _; do
        kill -KILL "$pid" 2>/dev/null || true
    done < <(marked "$1")
}
