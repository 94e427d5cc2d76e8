#!/usr/bin/env bats
# scripts/report: one page of a result. What a browser makes of it is seen in tests/browser.
# bats file_tags=plain

setup() {
    load lib
    command -v jq >/dev/null || skip "jq is not installed"
    export LESSONS=$BATS_TEST_TMPDIR/none.html
    RESULT=$BATS_TEST_TMPDIR/result
    mkdir "$RESULT"
    cp -r "$ROOT/tests/fixtures/report/." "$RESULT"
    cd "$BATS_TEST_TMPDIR" || return
}

# Usage: edit FILE FILTER: the result's file through that jq filter.
edit() {
    jq "$2" "$RESULT/$1" >"$RESULT/$1.new"
    mv "$RESULT/$1.new" "$RESULT/$1"
}

page_says() {
    grep -qF -- "$1" "$RESULT/report.html" || {
        echo "'$1' does not stand in the page"
        return 1
    }
}

# The first sentence of the page, without its tags.
lead() {
    sed -n 's/.*<p class="lead">\(.*\)<\/p>.*/\1/p' "$RESULT/report.html" | sed 's/<[^>]*>//g'
}

@test "report: one file, which names no other but by anchors" {
    "$ROOT/scripts/report" "$RESULT"
    run ! grep -oE '(src|href|srcset)="[^#d"][^"]*"' "$RESULT/report.html"
    # The sources of the models, which it shows, speak of URLs; its style and scripts do not.
    run ! grep -qE 'url\(|@import|fetch\(|XMLHttpRequest' <(sed '/<section id="models"/,/<\/section>/d' "$RESULT/report.html")
    run ! compgen -G "$RESULT/*.part"
    page_says "default-src 'none'"
}

@test "report: the answer is the verdicts', turned where they are" {
    rm -r "$RESULT/charts"
    "$ROOT/scripts/report" "$RESULT"
    lead
    [[ $(lead) == "async and threads: no difference in time seen above 31.1 %."* ]]
    [[ $(lead) == *" processes take 1.38× (1.31 to 1.46) and sequential 45.6× (45.1 to 46.4) the time of async." ]]

    # Above the floor, or above the widest interval where that is wider.
    edit summary.json '.pairs |= map(.verdict = "no difference seen" | .ratio += {median: 1, low: 0.99, high: 1.01})'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "No difference in time seen above 31.1 % between async, threads, processes and sequential." ]]
    edit summary.json '.pairs |= map(.ratio.low = 0.5)'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "No difference in time seen above 100 % between async, threads, processes and sequential." ]]

    edit summary.json '.pairs |= map(.verdict = "too few rounds to decide")'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "Too few rounds to decide between async, threads, processes and sequential." ]]

    edit summary.json '.pairs |= map(.verdict = "not decided: no two processors" | .noise_floor = {ratio: 1.5})'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "Not decided: no two processors between async, threads, processes and sequential." ]]

    edit summary.json '.pairs |= map(.verdict = "no difference seen" | .ratio.low = 0.99)'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "No difference in time seen above 50 % between async"* ]]

    edit summary.json '.cells |= map(.verdict = "invalid" | .reasons = ["round 1 (visit 0001): doctored"])'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "No"*"nothing to compare"* || $(lead) == *"Nothing was timed"* || $(lead) == *"nothing to compare"* ]]
    page_says '73 of 73 cells are invalid'
    page_says 'doctored'
}

@test "report: a folder is no name of a page, and one that is not there is said" {
    mkdir elsewhere
    run "$ROOT/scripts/report" "$RESULT" elsewhere
    [ "$status" -eq 2 ]
    [ "$output" = "report: elsewhere is a folder: name the page in it" ]
    nothing_in elsewhere
    run "$ROOT/scripts/report" "$RESULT" nowhere/page.html
    [ "$status" -eq 1 ]
    [ "$output" = "report: there is no folder for nowhere/page.html" ]
    # Where the page's part cannot be made, whatever the reason.
    # shellcheck disable=SC2016  # for the other shell
    run bash -c 'mkdir "page.html.$$.part" && exec "$@"' bash "$ROOT/scripts/report" "$RESULT" page.html
    [ "$status" -eq 1 ]
    [ "$output" = "report: $(compgen -G 'page.html.*.part') cannot be written" ]
    rmdir page.html.*.part
}

@test "report: the lessons' page is found, whatever its folder is called" {
    mkdir 'a #1?%41 b'
    echo page >'a #1?%41 b/lessons.html'
    LESSONS='a #1?%41 b/lessons.html' "$ROOT/scripts/report" "$RESULT"
    page_says '<a href="../a%20%231%3F%2541%20b/lessons.html">Lessons</a>'
}

@test "report: no figure is written with an exponent" {
    edit summary.json '(.cells[] | select(.lane == "async")) |= (.voluntary_switches_per_fetch = {median: 0.0000123, low: 0.0000001, high: 0.00012}
        | .involuntary_switches_per_fetch = {median: 0, low: 0, high: 0})'
    "$ROOT/scripts/report" "$RESULT"
    page_says '<span class="figure">0.0000123</span>'
    run ! grep -q '<span class="figure">[^<]*e-' "$RESULT/report.html"
}

@test "report: latency is compared at a common rate, and only told at a rate of each model's own" {
    edit summary.json "$(<"$RESULT/open-loop.jq")"
    "$ROOT/scripts/report" "$RESULT"
    sed 's/<[^>]*>//g' "$RESULT/report.html" >"$RESULT/text"
    grep -qx 'variant commonLowest p99 latency: async. threads: 2× (1.6 to 2.5) the p99 latency of async.' "$RESULT/text"
    grep -qx 'variant 50 %Each at its own rate, so not compared. p99 from the due time: async 2 ms and threads 4 ms.' "$RESULT/text"
}

@test "report: a lane of another build is held against its own alone, under the base's name" {
    rm -r "$RESULT/charts"
    edit summary.json "$(<"$RESULT/builds.jq")"
    edit metadata.json '.base = {commit: "0123456789abcdef", build: "build/base"}'
    "$ROOT/scripts/report" "$RESULT"
    [[ $(lead) == "async and threads: no difference in time seen above 31.1 %."* ]]
    sed 's/<[^>]*>//g' "$RESULT/report.html" >"$RESULT/text"
    local differ
    differ=$(jq '[.pairs[] | select(.family == "builds")] | length' "$RESULT/summary.json")
    [ "$differ" -gt 0 ]
    grep -qF " is commit 0123456789ab, run in the same rounds and held against the lane of its name alone. $differ of $differ comparisons differ; in 0 no difference was seen." "$RESULT/text"
    grep -qx 'total-time: async (BASE) takes 2 times as long as async (1.9 to 2.1; p = 0.002)' "$RESULT/text"
    # Nowhere among the models: no receipt, no guess, no sentence without a comparison.
    run ! grep -q 'Not compared' "$RESULT/text"
    run ! grep -q 'value="async (BASE)"' "$RESULT/report.html"
    [ "$(grep -c '<th scope="row"><span class="swatch async"></span>async (BASE)' "$RESULT/report.html")" -eq \
        "$(jq '[.cells[] | select(.against != null)] | length' "$RESULT/summary.json")" ] # in the ledger
}

@test "report: what a result says is never markup" {
    rm -r "$RESULT/charts"
    edit metadata.json '.urls = "\"><img src=x onerror=alert(1)>.txt" | .machine.cpu = "<script>alert(2)</script>"'
    edit summary.json '(.. | strings | select(. == "threads")) |= "threads<b onclick=alert(3)>"
        | .notes += ["</section><script>alert(4)</script>"]
        | .cells[0].verdict = "invalid" | .cells[0].reasons = ["</td><script>alert(5)</script>"]'
    sed -i 's/^threads,/threads<\/script><script>alert(6)<\/script>,/' "$RESULT"/data/*.csv
    "$ROOT/scripts/report" "$RESULT"
    run ! grep -E '<script>alert|<img src=x|<b onclick' "$RESULT/report.html"
    page_says '&lt;script&gt;alert(2)'
    page_says '&lt;/section&gt;&lt;script&gt;alert(4)'
    page_says 'threads\u003c/script\u003e'
}

@test "report: what a folder lacks is left out, and what it must have is asked for" {
    rm -r "$RESULT/charts" "$RESULT/data"
    "$ROOT/scripts/report" "$RESULT"
    page_says 'id="answer"'
    run ! grep -q 'id="replay"' "$RESULT/report.html"
    rm "$RESULT/metadata.json" "$RESULT/report.html"
    run "$ROOT/scripts/report" "$RESULT"
    [ "$status" -eq 2 ]
    [[ $output == *"metadata.json is missing"* ]]
    echo '{"schema": "other/1"}' >"$RESULT/metadata.json"
    run "$ROOT/scripts/report" "$RESULT"
    [ "$status" -eq 2 ]
    [[ $output == *"schema 'other/1', where 'waitbench-metadata/1' is wanted"* ]]
    echo '{' >"$RESULT/metadata.json"
    run "$ROOT/scripts/report" "$RESULT"
    [ "$status" -eq 2 ]
    run "$ROOT/scripts/report" "$RESULT/nowhere"
    [ "$status" -eq 2 ]
    run "$ROOT/scripts/report"
    [ "$status" -eq 2 ]
    [ ! -e "$RESULT/report.html" ]
}

@test "report: what is cut off is named, and shown as no figure and no picture" {
    local rows='model,memory_kib_per_worker,memory_kib_per_worker_low,memory_kib_per_worker_high,valid
threads,39.4,38,40,1
async,777,776,778,0'
    head -c 1000 "$ROOT/tests/fixtures/report/charts/total-time.svg" >"$RESULT/charts/total-time.svg"
    # Of one that has its end the dark one has not.
    cp "$ROOT/tests/fixtures/report/charts/total-time.svg" "$RESULT/charts/other.svg"
    head -c 1000 "$RESULT/charts/other.svg" >"$RESULT/charts/other-dark.svg"
    printf '%s\n' "$rows" >"$RESULT/data/bill.csv"
    run "$ROOT/scripts/report" "$RESULT"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[0]}" = "report: $RESULT/charts/total-time.svg is cut off and left out: scripts/charts/draw makes it again" ]
    [ "${lines[1]}" = "report: $RESULT/charts/other-dark.svg is cut off and left out: scripts/charts/draw makes it again" ]
    page_says 'class="on-light" alt="Chart other'
    run ! grep -q 'class="on-dark" alt="Chart other' "$RESULT/report.html"
    run ! grep -q 'Chart total-time' "$RESULT/report.html"
    page_says '<span class="figure">39.4 KiB</span>'
    run ! grep -q '777 KiB' "$RESULT/report.html"
    rm -r "$RESULT/charts" "$RESULT/report.html"
    # Within a figure, behind one, and where a line has lost some.
    for cut in "${rows%,1*}" "${rows%,0}" "${rows%,778,0}
"; do
        printf '%s' "$cut" >"$RESULT/data/bill.csv"
        run "$ROOT/scripts/report" "$RESULT"
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ $output == "report: the page could not be made from $RESULT: data/bill.csv"* ]]
        [ ! -e "$RESULT/report.html" ]
        run ! compgen -G "$RESULT/*.part"
    done
}

@test "report: without a tool that it needs there is no page, and where the search path leads elsewhere there is" {
    rm -r "$RESULT/charts"
    mkdir tools
    local tool
    for tool in bash env dirname jq awk sha256sum realpath mktemp rm cat tail sed make mv; do
        ln -s "$(command -v "$tool")" tools/
    done
    PATH=$PWD/tools run "$ROOT/scripts/report" "$RESULT"
    [ "$status" -eq 1 ]
    [[ $output == 'report: base64 is missing '* ]]
    [ ! -e "$RESULT/report.html" ]
    # cd would go there, and say where it went.
    mkdir -p elsewhere/scripts
    (cd "$ROOT" && CDPATH=$BATS_TEST_TMPDIR/elsewhere:. scripts/report "$RESULT")
    [ -s "$RESULT/report.html" ]
}

@test "report: ended by a signal, it leaves nothing" {
    rm -r "$RESULT/charts"
    mkdir without
    # shellcheck disable=SC2016  # the inner shell's
    printf '#!/bin/sh\ncase "$*" in *page.jq*) touch "%s/half" && exec sleep 60 ;; esac\nexec "%s" "$@"\n' \
        "$PWD" "$(command -v jq)" >without/jq
    chmod +x without/jq
    PATH=$PWD/without:$PATH setsid "$ROOT/scripts/report" "$RESULT" 3>&- &
    wait_for test -e half
    compgen -G "$RESULT/report.html.*.part"
    kill -TERM -- "-$!"
    wait $! || true
    run ! compgen -G "$RESULT/*.part"
}

@test "report: two that make one page at one time do not write into each other's" {
    rm -r "$RESULT/charts"
    mkdir slow
    # shellcheck disable=SC2016  # the inner shell's
    printf '#!/bin/sh\ncase "$*" in *page.jq*) touch "%s/half"; until [ -e "%s/go" ] || [ ! -e "%s/half" ]; do sleep 0.05; done ;; esac\nexec "%s" "$@"\n' \
        "$PWD" "$PWD" "$PWD" "$(command -v jq)" >slow/jq
    chmod +x slow/jq
    PATH=$PWD/slow:$PATH "$ROOT/scripts/report" "$RESULT" 3>&- &
    wait_for test -e half
    "$ROOT/scripts/report" "$RESULT"
    cp "$RESULT/report.html" page.html
    touch go
    wait $!
    cmp page.html "$RESULT/report.html"
    run ! compgen -G "$RESULT/*.part"
}

@test "report: the replay shows who fetched something, and is not there where nobody did" {
    rm -r "$RESULT/charts"
    local rows=model,lane,index,phase,start_s,end_s$'\n'threads,,,cpu,0.001,0.002$'\n'
    printf '%sasync,0,1,waiting,0.001,0.002\n' "$rows" >"$RESULT/data/timeline.csv"
    "$ROOT/scripts/report" "$RESULT"
    [ "$(sed -n 's/.*id="replay-data">\(.*\)<\/script>.*/\1/p' "$RESULT/report.html" | jq -c '[.models[].name]')" = '["async"]' ]
    printf '%s' "$rows" >"$RESULT/data/timeline.csv"
    "$ROOT/scripts/report" "$RESULT"
    run ! grep -q 'id="replay"\|href="#replay"' "$RESULT/report.html"
}

@test "report: lines and branches are counted by the rule that the page states" {
    "$ROOT/scripts/report" "$RESULT"
    # By hand: lines that hold more than blanks and comment; if, for, while, case, ?, && and ||.
    cat >"$BATS_TEST_TMPDIR/sample.c" <<'END'
/* if (this) counts, it is wrong:
   while (so && too) */

int f(int a) // for nothing
{
    const char *s = "if (a || b) // ?";
    char c = '?';
    for (int i = 0; i < a && a; i++)
        if (i) c = a ? 'x' : '"';
    switch (a) { case 1: return 0; default: return c || s; }
}
END
    # shellcheck source=/dev/null
    run bash -c "source <(sed '/^main /d' '$ROOT/scripts/report'); cd '$BATS_TEST_TMPDIR'; count_code sample.c sample.c"
    # Twice: nothing of one file is counted in the next.
    [ "$output" = "sample.c 8 6"$'\n'"sample.c 8 6" ]
    page_says 'sequential/sequential.c, '
}

@test "report: p99 is the open loop's where there is one, else the visits'" {
    rm -r "$RESULT/charts"
    mkdir -p "$RESULT"/raw/000{1,2,3}
    # Three visits of the cell that the rates are from: its median is 7 ms.
    jq -c 'select(.cell == "rate-by-concurrency/async/concurrency=64" and .round <= 3) | .visit = .round' \
        "$ROOT/tests/fixtures/report/plan.jsonl" >"$RESULT/plan.jsonl"
    [ "$(wc -l <"$RESULT/plan.jsonl")" -eq 3 ]
    local visit
    for visit in 1:5 2:90 3:7; do
        echo "{\"latency_ms\": {\"p99\": ${visit#*:}}}" >"$RESULT/raw/000${visit%:*}/run.json"
    done
    "$ROOT/scripts/report" "$RESULT"
    page_says 'data-title="p99, one fetch, closed loop"><span class="figure">7 ms<'
    printf 'model,load,p99_ms,p99_ms_low,p99_ms_high,valid\nasync,50,11.5,11,12,1\nasync,90,99,,,0\n' >"$RESULT/data/latency.csv"
    "$ROOT/scripts/report" "$RESULT"
    page_says 'data-title="p99, open loop, from the due time"><span class="figure">11.5 ms<'
}

@test "report: links the lessons' page where there is one" {
    rm -r "$RESULT/charts" "$RESULT/data"
    mkdir "$BATS_TEST_TMPDIR/lessons"
    echo x >"$BATS_TEST_TMPDIR/lessons/lessons.html"
    LESSONS=$BATS_TEST_TMPDIR/lessons/lessons.html "$ROOT/scripts/report" "$RESULT"
    page_says 'href="../lessons/lessons.html"'
    "$ROOT/scripts/report" "$RESULT"
    run ! grep -q 'lessons.html' "$RESULT/report.html"
}
