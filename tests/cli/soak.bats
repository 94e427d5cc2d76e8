#!/usr/bin/env bats
# scripts/soak: what leaks, and what is lost track of, over many runs.
# bats file_tags=plain,slow

setup() {
    load lib
    SOAK=$ROOT/scripts/soak
    export WAITBENCH_BUILD=$BUILD
    cd "$BATS_TEST_TMPDIR" || return
    mkdir kept
}

teardown() {
    [ ! -s left ] || kill "$(<left)" 2>/dev/null || true
    rm -f "/dev/shm/soak-flaw.$BATS_ROOT_PID"
}

# Samples of 100 runs in which nothing grows, each $1 as an awk statement changes it.
samples() {
    echo 'second,descriptors,processes,pss_anon_kib,pss_kib'
    awk -v OFS=, "BEGIN { for (i = 1; i <= 100; i++) { d = 12; p = 1; m = 500 + i * 7 % 13; f = 0; $1; print 20 * i, d, p, m, m + f } }"
}

@test "two runs, one with a killed worker, are accounted for" {
    echo "another's" >soak.md.part
    run "$SOAK" --runs=2 --models=processes,async --kill-every=0 --long-every=9999 --write="$PWD/soak.md" --keep="$PWD/kept"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'2 runs, 800 URLs, 1 workers killed'* ]]
    [[ $output == *'is accounted for exactly once'* ]]
    [ "$(cat soak.md)" = "$output" ]
    run ! compgen -G 'soak.md.*.part'
    [ "$(<soak.md.part)" = "another's" ]
    [ "$(wc -l <kept/runs.csv)" -eq 3 ]
    grep -q '^[12],processes,400,39[56],[01],1,$' kept/runs.csv
}

# A `$1` in ./build that is what is read from standard input; the others are what they are.
instead_of() {
    mkdir build
    ln -s "$BUILD"/* build/
    rm "build/$1"
    cat >"build/$1"
    chmod +x "build/$1"
}

# Four long runs of a model, each as $1 as an awk statement changes what it holds at last, of $2 lanes.
long_runs() {
    awk -v OFS=, -v lanes="${2:-16}" "BEGIN {
        print \"run,model,lanes,requests,descriptors,kib\"
        for (i = 1; i <= 4; i++) {
            n = 30000 * i; d = 24 + i % 3; k = 3600
            print i, \"async\", lanes, n, d, k
            n += 16000 + i; $1; print i, \"async\", lanes, n, d, k
        }
    }"
}

@test "a model that drops a record, doubles one, or leaves a process behind is caught" {
    instead_of async <<'END'
#!/usr/bin/env bash
flaw=$(head -n 1 "$FLAWS")
sed -i 1d "$FLAWS"
[[ $flaw != hang ]] || exec sleep 300
for option in "$@"; do
    [[ $option != --records=* ]] || records=${option#*=}
    [[ $option != --json=* ]] || json=${option#*=}
done
# As planned, but for the flaw.
{ echo index,outcome,rest && sed 's/$/,/' "${records%/*}/plan"; } >"$records"
echo '{"workers":{"lost":0}}' >"$json"
case $flaw in
drop) sed -i '/^17,/d' "$records" ;;
double) sed -i 's/^17,.*/&\n&/' "$records" ;;
wrong) sed -i 's/^17,[a-z_]*/17,refused/' "$records" ;;
lose) sed -i 's/^\(1[78]\),[a-z_]*/\1,worker_lost/' "$records" ;;
die) echo '{"workers":{"lost":3}}' >"$json" ;;
leave) sleep 60 >/dev/null 2>&1 3>&- & echo $! >"$LEFT" ;;
share) : >"$SHARED" ;;
esac
END
    local shared=/dev/shm/soak-flaw.$BATS_ROOT_PID
    local flawed=(env WAITBENCH_BUILD="$PWD/build" FLAWS="$PWD/flaws" LEFT="$PWD/left" SHARED="$shared" "$SOAK")
    printf '%s\n' drop double wrong lose die leave share >flaws
    run "${flawed[@]}" --runs=7 --models=async
    rm "$shared"
    echo "$output"
    [ "$status" -eq 1 ]
    grep '^- run ' <<<"$output" >told
    while IFS= read -r words; do
        grep -qF -e "- run $words" told
    done <<END
1, async: URL 17 is not recorded
2, async: URL 17 is recorded twice
3, async: URL 17 is refused; not 
4, async: 2 URLs were lost with the workers of 0 lanes
5, async: 3 lanes lost a worker that nobody killed
6, async: 1 processes are left of it
7, async: /dev/shm keeps $shared
END
    [ "$(wc -l <told)" -eq 7 ]
    echo hang >flaws
    run "${flawed[@]}" --runs=1 --models=async --limit=1
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'- run 1, async: was not done after 1 s'* ]]
}

@test "a long run is accounted for, and sampled with all its processes" {
    run "$SOAK" --runs=1 --models=hybrid --long-every=0 --long=200 --keep="$PWD/kept"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'1 runs, 200 URLs, '* && $output == *' long runs are too few |'* ]]
    cat kept/models.csv
    # Its processes together hold more than a connection for each lane. On a busy machine it may be over first.
    awk -F, 'NR > 1 { bad += $1 != 1 || $2 != "hybrid" || $3 != 16 || $4 < (NR == 2 ? 40 : 200) || $5 < 16 || $6 < 100 }
        END { exit NR > 3 || bad }' kept/models.csv
}

@test "a model is caught one of whose processes leaks while it fetches" {
    # It fetches a fifth, and one of its processes grows once the first sample is made, until the second one is.
    instead_of async <<'END'
#!/usr/bin/env bash
for option in "$@"; do
    case $option in
    --input=*) read -r url <"${option#*=}" ;;
    --records=*) option=${option#*=} && models=${option%/*}/models.csv ;;
    esac
done
# Without a process, which would share the memory of its parent while that is read.
exec 9<> <(:)
until_lines() {
    until mapfile -t rows <"$models" && ((${#rows[@]} >= $1)); do read -rt 0.02 -u 9; done
}
lines=$(wc -l <"$models")
fetch() { setsid curl -s "${url%/item/*}/item/[$1]" >/dev/null; }
(
    until_lines $((lines + 1))
    for ((i = 0; i < 100; i++)); do exec {fd}</dev/null; done
    text=$(head -c 4000000 /dev/zero | tr '\0' x)
    fetch 21-100
    until_lines $((lines + 2))
    : "$text"
) &
fetch 1-20
wait
END
    run env WAITBENCH_BUILD="$PWD/build" "$SOAK" --runs=3 --models=async --long-every=0 --long=100
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *'| async | 3 | '*' | grows: descriptors, memory |'* ]]
}

@test "what grows is told from what does not, and an unaccounted URL from none" {
    echo 'run,model,urls,fetched,lost,killed,problem' >kept/runs.csv
    echo '1,async,400,396,0,0,' >>kept/runs.csv
    samples '' >kept/samples.csv
    long_runs '' >kept/models.csv
    run "$SOAK" --judge=kept
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '| no growth |' <<<"$output")" -eq 4 ]
    while IFS='|' read -r change name; do
        samples "$change" >kept/samples.csv
        run "$SOAK" --judge=kept
        echo "$change: $output"
        [ "$status" -eq 1 ]
        [ "$(grep '| grows |' <<<"$output" | cut -d'|' -f2)" = " $name " ]
    done <<'END'
d += int(i / 10)|descriptors of the origin
p += i > 60|processes
m += 2 * i|PSS of the origin, its own memory, KiB
END
    # Of a file that fewer and fewer others use, one has a growing share, and no leak.
    samples 'f += 2 * i' >kept/samples.csv
    run "$SOAK" --judge=kept
    [ "$status" -eq 0 ]
    samples '' >kept/samples.csv
    # A model: 8 bytes a fetch, or a descriptor for each 500. Not: what its lanes may differ by, or one run of four.
    while IFS='|' read -r change lanes verdict; do
        long_runs "$change" "$lanes" >kept/models.csv
        run "$SOAK" --judge=kept
        echo "$change: $output"
        [ "$status" -eq $((${#verdict} > 9)) ]
        [[ $output == *"| async | 4 | "*" | $verdict |"* ]]
    done <<'END'
k += 125 + i|16|grows: memory
d += 32|16|grows: descriptors
d += 5; k += 8|1|grows: descriptors, memory
d += 14 + i % 3; k += 60 + i|16|no growth
d += i == 2 ? 99 : 0; k += i == 2 ? 999 : 0|16|no growth
END
    long_runs '' >kept/models.csv
    echo '2,async,400,395,0,0,URL 7 is recorded twice' >>kept/runs.csv
    run "$SOAK" --judge=kept
    [ "$status" -eq 1 ]
    [[ $output == *'- run 2, async: URL 7 is recorded twice'* ]]
}

@test "what could not be judged or written is no soak without a finding" {
    echo 'run,model,urls,fetched,lost,killed,problem' >kept/runs.csv
    echo 'second,descriptors,processes,pss_anon_kib,pss_kib' >kept/samples.csv
    long_runs '' | head -n 5 >kept/models.csv
    run "$SOAK" --judge=kept
    [ "$status" -eq 3 ]
    [ "$output" = "soak: no run was made: $PWD/kept/runs.csv holds none" ]
    echo '1,async,400,396,0,0,' >>kept/runs.csv
    run "$SOAK" --judge=kept
    [ "$(grep -c '| unknown: 0 samples are too few |' <<<"$output")" -eq 4 ]
    [[ $output == *'| unknown: 2 long runs are too few |'* ]]
    # A report that does not fit takes the one before with it as little as any other output.
    unshare --mount --propagation private true 2>/dev/null || skip "mounting needs root"
    # shellcheck disable=SC2016  # the inner shell's
    run unshare --mount --propagation private bash -c '
        mount -t tmpfs -o size=8k none /mnt && echo old >/mnt/soak.md
        cat /dev/zero >/mnt/fill 2>&-
        "$1" --runs=1 --models=sequential --write=/mnt/soak.md 2>&1 | tail -n 1
        echo "status ${PIPESTATUS[0]}"
        ls -A /mnt && cat /mnt/soak.md' bash "$SOAK"
    echo "$output"
    [[ $output == *"soak: --write=/mnt/soak.md: not written
status 3
fill
soak.md
old" ]]
}

@test "what the soak does not understand is refused" {
    for wrong in --minutes=0 --runs=x --models=else --keep=nowhere --judge=nowhere --long=5 --long-every=x --else; do
        run "$SOAK" "$wrong"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
}
