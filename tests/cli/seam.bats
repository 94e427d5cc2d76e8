#!/usr/bin/env bats
# The seam between models, driver and libcurl, as the objects' undefined symbols show it.
# bats file_tags=plain

setup() {
    load lib
    OBJ=$BUILD/obj
}

# The symbols that objects take from elsewhere, `OBJECT takes SYMBOL` lines. Usage: taken OBJECT…
taken() {
    ls "$@" >/dev/null || return 1
    nm --print-file-name --undefined-only --format=posix "$@" |
        sed -n "s|^$OBJ/||; s|^\([^:]*\): \([^ ]*\) .*|\1 takes \2|p"
}

# Fails, and says which, if an object takes a symbol that matches. Usage: takes_none PATTERN OBJECT…
takes_none() {
    local all
    all=$(taken "${@:2}") || return 1
    ! grep -E " takes ($1)\$" <<<"$all"
}

# The models' own objects: all of their folders but what serves them as a library.
model_objects() {
    find "$OBJ"/{sequential,processes,threads,async,hybrid,coroutines} -name '*.o' 2>/dev/null |
        grep -v -e '/transfers\.o$' -e '/loop[^/]*\.o$'
}

driver_objects() {
    find "$OBJ/common/driver" -name '*.o'
}

PRINTING='(v?f?|v?d)printf|__(v?f?|v?d)printf_chk|f?puts|f?putc|putchar|perror|write|fwrite|stdout|stderr|v?(warn|err)x?'

@test "the check sees what it looks for: the transfers do take libcurl" {
    run takes_none 'curl_.*' "$OBJ/common/transfer.o"
    [ "$status" -eq 1 ]
    [[ $output == *"common/transfer.o takes curl_easy_init"* ]]
    run takes_none 'curl_.*' "$OBJ/no-such.o"
    [ "$status" -eq 1 ]
}

@test "each model is there to be looked at" {
    for model in "${MODELS[@]}"; do
        model_objects | grep -q "/$model/$model.o\$"
    done
}

@test "no model prints" {
    mapfile -t objects < <(model_objects)
    takes_none "$PRINTING" "${objects[@]}"
}

@test "no model parses a command line, reads or writes JSON, or sees libcurl" {
    mapfile -t objects < <(model_objects)
    takes_none 'argp_parse|argp_help|getopt.*|json_.*|curl_.*|exit' "${objects[@]}"
}

@test "libcurl is seen by two files" {
    mapfile -t objects < <(find "$OBJ" -name '*.o' -not -path '*/tests/*' -not -path '*/lessons/*' -not -path '*/mistakes/*' |
        grep -v -e '/common/transfer\.o$' -e '/async/transfers\.o$')
    [ "${#objects[@]}" -gt 10 ]
    takes_none 'curl_.*' "${objects[@]}"
}

@test "the driver makes no thread, polls nothing and knows no model's insides" {
    mapfile -t objects < <(driver_objects)
    takes_none 'pthread_.*|p?poll|p?select|epoll_.*|io_uring_.*|uv_.*|loop_.*|transfers?_(open|fetch|begin|start).*|run_(take|ready|part|lost).*' \
        "${objects[@]}"
}

@test "the driver forks for the progress line only" {
    mapfile -t objects < <(driver_objects | grep -v '/progress\.o$')
    takes_none 'v?fork|clone|posix_spawn.*|wait(pid|id|[34])?' "${objects[@]}"
}

@test "shared memory has no name that could be left behind" {
    mapfile -t objects < <(find "$OBJ/common" "$OBJ/async" "$OBJ/processes" "$OBJ/threads" -name '*.o')
    takes_none 'shm_open|shmget|sem_open|mq_open|semget|mkstemp|tmpfile' "${objects[@]}"
}

@test "a driver takes one model, its own" {
    for model in "${MODELS[@]}"; do
        [ "$(taken "$OBJ/common/driver/main-$model.o" | grep '_model$')" = "common/driver/main-$model.o takes ${model}_model" ]
    done
    mapfile -t others < <(driver_objects | grep -v '/main-[a-z]*\.o$')
    takes_none '.*_model' "${others[@]}"
}

@test "the loop's backends wait each in one way, and async.c in none" {
    takes_none 'p?select|p?poll|epoll_.*|io_uring_.*|uv_.*' "$OBJ/async/async.o" \
        "$OBJ/coroutines/coroutines.o" "$OBJ/async/transfers.o" "$OBJ/async/loop.o"
    takes_none 'p?poll|epoll_.*|io_uring_.*|uv_.*' "$OBJ/async/loop_select.o"
    takes_none 'p?select|epoll_.*|io_uring_.*|uv_.*' "$OBJ/async/loop_poll.o"
    takes_none 'p?select|p?poll|io_uring_.*|uv_.*' "$OBJ/async/loop_epoll.o"
    takes_none 'p?select|p?poll|epoll_.*|uv_.*' "$OBJ/async/loop_uring.o"
    takes_none 'p?select|p?poll|epoll_.*|io_uring_.*' "$OBJ/async/loop_libuv.o"
}

@test "no model includes a header of the driver or of libcurl" {
    cd "$ROOT"
    run ! grep -rnE '#include ["<](common/driver/|curl/|jansson)' --include='*.[ch]' \
        sequential processes threads hybrid coroutines
    run ! grep -nE '#include ["<](common/driver/|curl/|jansson)' async/async.c async/loop*.[ch]
}

@test "each model's own file fits on a few screens: 150 lines of 80 columns" {
    cd "$ROOT"
    for model in "${MODELS[@]}"; do
        length=$(wc -l <"$model/$model.c")
        echo "$model/$model.c: $length lines"
        [ "$length" -le 150 ]
        run ! grep -nP '^.{81,}' "$model/$model.c"
    done
}
