#!/usr/bin/env bats
# What the documents say is so: their commands run, their links lead somewhere.
# bats file_tags=plain
#
# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    COMMANDS=$ROOT/tests/cli/docs.commands
}

teardown() {
    origin_stop
}

documents() {
    find "$ROOT" \( -name .git -o -name node_modules -o -path "$ROOT/build" \
        -o -path "$ROOT/results/*-*" \) -prune -o -name '*.md' -print
}

# The lines of the documents' ```sh blocks.
shown() {
    awk 'FNR == 1 { inside = 0 } /^ *```sh *$/ { inside = 1; next } /^ *```/ { inside = 0 } inside' "$@" |
        sed -e 's/^ *//' -e '/^\(#.*\)\{0,1\}$/d'
}

# What the table holds: `HOW | COMMAND` lines.
table() {
    grep -v '^#' "$COMMANDS"
}

@test "the blocks of commands are found, indented ones too" {
    cd "$BATS_TEST_TMPDIR" || return
    printf '%s\n' 'text' '```sh' 'one' '# no' '```' 'no' '   ```sh' '   two --x' '   ```' '```' 'no' '```' >some.md
    [ "$(shown some.md | tr '\n' ' ')" = "one two --x " ]
}

@test "every command that a document shows is in the table, and the table has no other" {
    mapfile -t files < <(documents)
    shown "${files[@]}" | sort -u >"$BATS_TEST_TMPDIR/shown"
    table | sed 's/^[^|]* | //' | sort -u >"$BATS_TEST_TMPDIR/listed"
    diff "$BATS_TEST_TMPDIR/shown" "$BATS_TEST_TMPDIR/listed"
}

@test "the table of defences in docs/faults.md is the list of mutations" {
    # shellcheck disable=SC2016  # no variables, but backquotes of Markdown
    diff <("$ROOT/tests/mutations" --list | cut -d'|' -f1,2) \
        <(sed -nE 's/^\| (.*) \| `([^`]+)` \| `(cli|unit|fuzz|thread)\/.*/\1|\2/p' "$ROOT/docs/faults.md")
}

@test "each mutation still fits: its edit changes its file" {
    local name file edit rest rows=0
    while IFS='|' read -r name file edit rest; do
        [[ $(sed -e "$edit" "$ROOT/$file") != "$(<"$ROOT/$file")" ]] || { echo "stale: $name: $rest" && false; }
        ((++rows))
    done < <(sed -n "/^list() {/,/^}/p" "$ROOT/tests/mutations" | grep '|')
    [ "$rows" -eq "$("$ROOT/tests/mutations" --list | grep -c .)" ]
}

@test "whoever is said to run a command does" {
    table | grep -v '^here |' | while IFS= read -r line; do
        how=${line%% | *}
        grep -qF -e "${how#*: }" "$ROOT/${how%%: *}" || { echo "not so: $line" && exit 1; }
    done
}

@test "the commands that nothing else runs" {
    mkdir "$BATS_TEST_TMPDIR/copy"
    cd "$BATS_TEST_TMPDIR/copy" || return
    tar -c -C "$ROOT" --exclude=./build --exclude='./results/*-*' --exclude=./.git --exclude=node_modules . | tar -x
    mkdir build
    tar -c -C "$BUILD" --exclude='./sanitize-*' . | tar -x -C build
    origin_start
    echo "$ORIGIN/item/1" >urls.txt
    table | sed -n 's/^here | //p' >commands
    [ "$(wc -l <commands)" -gt 3 ]
    while IFS= read -r command; do
        # The port that a document names is a reader's; the test's is another.
        command=${command//127.0.0.1:8080/127.0.0.1:$ORIGIN_PORT}
        echo "$command"
        DEPS=no bash -euo pipefail -c "$command" </dev/null
    done <commands
}

@test "every link from one document to a file of ours leads somewhere" {
    mapfile -t files < <(documents)
    grep -oHE '\]\([^)]+\)' "${files[@]}" | while IFS= read -r line; do
        document=${line%%:*} target=${line#*:](}
        target=${target%)} target=${target%%#*}
        [[ $target =~ ^(https?:|mailto:|$) || -e ${document%/*}/$target ]] ||
            echo "${document#"$ROOT"/} links to $target"
    done >"$BATS_TEST_TMPDIR/broken"
    cat "$BATS_TEST_TMPDIR/broken"
    [ ! -s "$BATS_TEST_TMPDIR/broken" ]
}

@test "each program that is installed has a page that man reads without a warning" {
    command -v help2man man >/dev/null || skip "there is no help2man or man here"
    [ -w "$ROOT" ] || skip "the sources cannot be written to"
    DESTDIR="$BATS_TEST_TMPDIR/the root"
    touch "$BATS_TEST_TMPDIR/the" # which is no part of it
    make --no-print-directory -C "$ROOT" install DESTDIR="$DESTDIR" PREFIX=/usr
    for program in "$DESTDIR"/usr/bin/waitbench-*; do
        name=${program##*/}
        page=$DESTDIR/usr/share/man/man1/$name.1
        text=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>"$BATS_TEST_TMPDIR/warned")
        [ "$(<"$BATS_TEST_TMPDIR/warned")" = '' ]
        [[ $text =~ $'\n '\ *"$name"\ +-\ +[a-z] ]]
        [[ $text == *$'\nDESCRIPTION'* ]]
        "$program" --help >/dev/null
    done
    # Where a program leaves its options to its subcommands, they are in its page as well.
    text=$(LC_ALL=C.UTF-8 MANWIDTH=80 man -l "$DESTDIR/usr/share/man/man1/waitbench-benchstat.1")
    for name in $("$DESTDIR/usr/bin/waitbench-benchstat" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
        [[ $text == *$'\n'"${name^^}"$'\n'* ]]
        while read -r option; do
            [[ $text == *"$option"* ]] || { echo "$name $option"; false; }
        done < <("$DESTDIR/usr/bin/waitbench-benchstat" "$name" --help | grep -oE -- '--[a-z-]+')
    done
    [ -e "$DESTDIR/usr/bin/waitbench-async" ]
    make --no-print-directory -C "$ROOT" uninstall DESTDIR="$DESTDIR" PREFIX=/usr
    [ -z "$(find "$DESTDIR" -type f)" ]
    [ -e "$BATS_TEST_TMPDIR/the" ]
}
