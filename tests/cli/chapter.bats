#!/usr/bin/env bats
# docs/concurrency.md and docs/errata.md: what they quote is kept, what they name is there.
# bats file_tags=plain

setup() {
    load lib
    cd "$ROOT" || return 1
}

# Rows of the table of figures: PLACE<tab>FIGURE<tab>VALUE.
quoted() {
    awk -F' *[|] *' '/measured: begin/ {on = 1} /measured: end/ {on = 0}
        on && NF == 6 && $2 != "what" && $2 !~ /^-+$/ {print $3 "\t" $4 "\t" $5}' docs/concurrency.md
}

@test "every figure that the chapter quotes is the one that is kept" {
    [ "$(quoted | wc -l)" -gt 20 ]
    scripts/chapter --check
}

@test "a figure that is not the one that is kept is found, and written anew" {
    copy=$BATS_TEST_TMPDIR/concurrency.md
    sed 's/^\(| .* | time-by-count.csv | sequential,[0-9]* | \).* |$/\1 1.23 s |/' docs/concurrency.md >"$copy"
    run ! cmp -s docs/concurrency.md "$copy"
    CHAPTER=$copy run scripts/chapter --check
    [ "$status" -eq 1 ]
    [[ "$output" == *"1.23 s"* ]]
    CHAPTER=$copy scripts/chapter
    cmp docs/concurrency.md "$copy"
    [ "$(find "$BATS_TEST_TMPDIR" -type f | wc -l)" -eq 1 ]
}

@test "every figure that it names is one of that lesson or of that table" {
    local -A judged=()
    while IFS=$'\t' read -r place figure _; do
        case $place in
        *.csv) grep -q "^$figure," "results/sample/data/$place" ;;
        *) # What the lesson judges is asked of it once.
            [[ -v judged[$place] ]] || judged[$place]=$'\n'$("$BUILD/lessons/$place" --judge=- --json \
                <<<'{"figures": []}' | jq -r '.judged[]')$'\n'
            [[ $figure == environment || ${judged[$place]} == *$'\n'"$figure"$'\n'* ]] ||
            grep -qF "\"$figure\"" lessons/"$place"/*.c ;;
        esac || { echo "not there: $place: $figure" && exit 1; }
    done < <(quoted)
}

# A folder of results with every lesson's JSON that the table names, each figure 1234.5 s.
results_of_lessons() {
    local name text
    while IFS=$'\t' read -r name text; do
        echo "$text" >"$1/$name.json"
    done < <(quoted | jq -Rnr '[inputs | split("\t") | select(.[0] | endswith(".csv") | not)] | group_by(.[0])[]
        | .[0][0] as $name | {name: $name, environment: {cpu: "a cpu", processors: 2, kernel: "6.1"},
            figures: map({name: .[1], value: 1234.5, unit: "s"})} | "\($name)\t\(tojson)"')
    mkdir "$1/charts"
    sed -n 's/^<!-- chart: \([a-z-]*\): .*/\1/p' docs/concurrency.md | while read -r name; do
        [[ -e $1/$name.json ]] || echo '{"figures": []}' >"$1/$name.json"
        echo "<svg/>" >"$1/charts/$name.svg"
    done
}

@test "--keep copies what a run of the lessons found, and the table says it" {
    mkdir "$BATS_TEST_TMPDIR/found"
    results_of_lessons "$BATS_TEST_TMPDIR/found"
    cd "$BATS_TEST_TMPDIR" || return
    mkdir sample
    cp -r "$ROOT/results/sample/data" sample/
    cp "$ROOT/docs/concurrency.md" .
    mkdir sample/lessons
    echo "another's" >sample/lessons/await-race.json.new
    CHAPTER=$PWD/concurrency.md "$ROOT/scripts/chapter" --keep="$PWD/found" --sample="$PWD/sample"
    [ "$(<sample/lessons/await-race.json.new)" = "another's" ]
    rm sample/lessons/await-race.json.new
    [ "$(grep -c '| – |$' concurrency.md)" -eq 0 ]
    grep -q '^| .* | switch-cost | environment | a cpu, 2 processors, Linux 6.1 |$' concurrency.md
    grep -q '^| .* | creation-cost | a thread | 123[45] s |$' concurrency.md
    CHAPTER=$PWD/concurrency.md "$ROOT/scripts/chapter" --check --sample="$PWD/sample"
    # Each chart that has a place is shown there, once, however often it is written anew.
    CHAPTER=$PWD/concurrency.md "$ROOT/scripts/chapter" --sample="$PWD/sample"
    [ "$(grep -c '^<!-- chart: ' concurrency.md)" -ge 7 ]
    [ "$(grep -A1 '^<!-- chart: ' concurrency.md | grep -c '^!\[.*\](../results/sample/lessons/[a-z-]*.svg)$')" -eq \
        "$(grep -c '^<!-- chart: ' concurrency.md)" ]
    [ "$(grep -c 'sample/lessons/time-slicing.svg' concurrency.md)" -eq 1 ]
    # One that is missing is named, and the document stays as it is.
    cp concurrency.md before
    rm found/await-race.json
    CHAPTER=$PWD/concurrency.md run "$ROOT/scripts/chapter" --keep="$PWD/found" --sample="$PWD/sample"
    [ "$status" -eq 1 ]
    [[ "$output" == *"await-race.json: make lesson-await-race"* ]]
    cmp before concurrency.md
    # A figure that has lost its name is named, too.
    jq '.figures = []' sample/lessons/await-race.json >aside
    mv aside sample/lessons/await-race.json
    CHAPTER=$PWD/concurrency.md run "$ROOT/scripts/chapter" --check --sample="$PWD/sample"
    [ "$status" -eq 1 ]
    [[ "$output" == *"has no figure 'no await between: lost'"* ]]
    cmp before concurrency.md
}

# Usage: document_of FIGURE…: concurrency.md whose table names these rows of x.csv, in the folder that is current.
document_of() {
    {
        echo '<!-- measured: begin -->'
        printf '| so long | x.csv | %s | – |\n' "$@"
        echo '<!-- measured: end -->'
    } >concurrency.md
}

@test "what is kept and is no number is no figure, and a thousand has its digits" {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p sample/data
    printf '%s\n' model,count,median_s async,1,999.7 async,2,invalid async,3,0.00001234 async,4,999.4 async,5,-999.5 \
        async,6,1e-3 async,7,nan >sample/data/x.csv
    document_of async,1 async,3 async,4 async,5 async,6
    CHAPTER=$PWD/concurrency.md "$ROOT/scripts/chapter" --sample="$PWD/sample"
    [ "$(sed -n 's/^| so long .* | \(.*\) |$/\1/p' concurrency.md)" = $'1000 s\n1.23e-05 s\n999 s\n-1000 s\n0.001 s' ]
    for row in async,2=invalid async,7=nan model,count=median_s; do
        document_of async,1 "${row%=*}"
        cp concurrency.md before
        CHAPTER=$PWD/concurrency.md run "$ROOT/scripts/chapter" --sample="$PWD/sample"
        echo "$output"
        [ "$status" -eq 1 ]
        [ "$output" = "chapter: $PWD/sample/data/x.csv: row ${row%=*} is no number: '${row#*=}'" ]
        cmp before concurrency.md
    done
    [ -z "$(find . -name 'concurrency.md.*')" ]
}

@test "a folder of kept results is one of where it was started" {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir -p results/sample/data
    printf '%s\n' model,count,median_s async,1,7 >results/sample/data/x.csv
    document_of async,1
    CHAPTER=$PWD/concurrency.md "$ROOT/scripts/chapter" --sample=results/sample
    grep -qF '| async,1 | 7 s |' concurrency.md
}

@test "every experiment and lesson whose command the documents name is there" {
    named=$(grep -ohE 'make bench ONLY=[a-z-]+' docs/concurrency.md docs/errata.md | sed 's/.*=//' | sort -u)
    [ -n "$named" ]
    for name in $named; do
        [ -s "scripts/experiments/$name.json" ]
    done
    lessons=$(make -s list-lessons)
    grep -ohE '\(\.\./lessons/[a-z-]+/README.md\)' docs/concurrency.md docs/errata.md |
        sed 's|.*lessons/\([a-z-]*\)/.*|\1|' | sort -u >"$BATS_TEST_TMPDIR/named"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/named")" -gt 15 ]
    while read -r name; do
        grep -qx "$name" <<<"$lessons"
    done <"$BATS_TEST_TMPDIR/named"
}

@test "the seven myths name seven lessons" {
    [ "$(awk '/^## The myths/ {on = 1; next} /^## / {on = 0} on && /\]\(\.\.\/lessons\//' docs/concurrency.md |
        grep -o 'lessons/[a-z-]*/' | sort -u | wc -l)" -eq 7 ]
}

@test "wrong usage ends with 2, --help with 0" {
    run scripts/chapter --nonsense
    [ "$status" -eq 2 ]
    run scripts/chapter --help
    [ "$status" -eq 0 ]
}
