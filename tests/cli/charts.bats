#!/usr/bin/env bats
# The charts, drawn from invented data: every form of each, and what must and must not stand in them.
# bats file_tags=plain

# Each test is a shell of its own on purpose; bats' output and status are global in it.
# shellcheck disable=SC2030,SC2031

setup() {
    load lib
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    CHARTS=$ROOT/scripts/charts
    SAMPLES=$ROOT/tests/fixtures/charts
    # The charts that there are.
    local file
    NAMES=()
    for file in "$CHARTS"/*.gp; do
        file=${file##*/} file=${file%.gp}
        [[ $file == theme || $file == words || $file == panels || $file == mistake ]] || NAMES+=("$file")
    done
    unset CHART_LANG
    cd "$BATS_TEST_TMPDIR" || return
}

# sketch NAME DATA OUTPUT [GNUPLOT-SETTINGS]
sketch() {
    gnuplot -e "data='$2'; output='$3'; ${4:-}" "$CHARTS/$1.gp"
}

# Usage: draw_all FOLDER ENDING DATA [GNUPLOT-SETTINGS]: each chart of the data in folder DATA, by one
# gnuplot, which begins anew for each. What it said is in FOLDER/said.
draw_all() {
    local name
    mkdir "$1"
    for name in "${NAMES[@]}"; do
        printf '%s\n' 'reset session' "data='$3/$name.csv'; output='$1/$name.$2'; ${4:-}" \
            "load '$CHARTS/$name.gp'" 'set output'
    done >"$1/all.gp"
    gnuplot "$1/all.gp" >"$1/said" 2>&1 || { cat "$1/said" && return 1; }
}

# Usage: drawn [LANGUAGE [THEME]]: sets DRAWN to a folder with each chart of the invented data as an SVG.
# Drawn once for all tests here.
drawn() {
    DRAWN=$BATS_FILE_TMPDIR/${1:-en}-${2:-light}
    [[ -f $DRAWN/whole ]] || {
        draw_all "$DRAWN" svg "$SAMPLES" "language='${1:-en}'; theme='${2:-light}'"
        : >"$DRAWN/whole"
    }
}

# Usage: all_differ FOLDER OTHER ENDING: each chart's file with this ending is another in the other folder.
all_differ() {
    [ "$(diff -rq "$1" "$2" | grep -c "\.$3 differ$")" -eq "${#NAMES[@]}" ]
}

# The texts of an SVG, a line each, without their marks of type.
texts() {
    sed -n '/<text[ >]/ { s/<[^>]*>//g; s/^[[:space:]]*//; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g; p; }' "$1"
}

# says FILE TEXT…: each TEXT stands in one of the file's texts.
says() {
    local said text
    said=$(texts "$1")
    for text in "${@:2}"; do
        [[ $said == *"$text"* ]] || {
            printf "'%s' is not among:\n%s\n" "$text" "$said"
            return 1
        }
    done
}

# lacks FILE TEXT…: no TEXT stands in any of them.
lacks() {
    local said text
    said=$(texts "$1")
    [ -n "$said" ]
    for text in "${@:2}"; do
        [[ $said != *"$text"* ]] || {
            printf "'%s' is among:\n%s\n" "$text" "$said"
            return 1
        }
    done
}

# The right ends of the rectangles of an SVG that are filled with this colour, as 'R, G, B'.
right_ends() {
    sed -n "/<polygon fill = 'rgb($2)'/ s/.*points = '[^ ]* \([0-9.]*\),.*/\1/p" "$1"
}

# marks FILE COLOUR [POINT]: the places x,y of an SVG's points of this colour and kind.
marks() {
    sed -n "/color='rgb($2)'/ { /<use xlink:href='#gpPt${3:-}/ s/.*translate(\([0-9.,]*\)).*/\1/p }" "$1"
}

# The strokes of an SVG's lines that are not in ink.
strokes() {
    grep -o "<path stroke='rgb[^/]*" "$1" | grep -vF 'rgb( 22,  24,  27)' | sort
}

@test "every chart has invented data, and they are what make-samples writes" {
    local name
    mkdir again
    "$SAMPLES/make-samples" again
    for name in "${NAMES[@]}"; do
        cmp "again/$name.csv" "$SAMPLES/$name.csv"
    done
}

# bats test_tags=slow
@test "each chart is drawn in each format, and in both themes, 16:9" {
    local name svgs
    drawn en light
    svgs=("$DRAWN"/*.svg)
    drawn en dark
    svgs+=("$DRAWN"/*.svg)
    [ "${#svgs[@]}" -eq $((2 * ${#NAMES[@]})) ]
    [ "$(tail -q -n 2 "${svgs[@]}" | grep -c '</svg>')" -eq "${#svgs[@]}" ]
    run grep -LF 'viewBox="0 0 1920 1080"' "${svgs[@]}"
    [ -z "$output" ]
    all_differ "${DRAWN/%dark/light}" "$DRAWN" svg
    # Each by a gnuplot of its own, as a reader draws it.
    for name in "${NAMES[@]}"; do
        sketch "$name" "$SAMPLES/$name.csv" "$name.png" "theme='dark'"
    done
    # The width and the height in a PNG's header: 1920 and 1080.
    head -q -c 24 ./*.png | od -An -v -tx1 -w24 | cut -c49- >sizes
    [ "$(wc -l <sizes)" -eq "${#NAMES[@]}" ]
    [ "$(sort -u sizes)" = ' 00 00 07 80 00 00 04 38' ]
    draw_all pdf pdf "$SAMPLES"
    [ "$(for name in "${NAMES[@]}"; do read -rn 5 begin <"pdf/$name.pdf" && echo "$begin"; done | sort -u)" = "%PDF-" ]
    [ "$(tail -q -c 8 pdf/*.pdf | grep -c '%%EOF')" -eq "${#NAMES[@]}" ]
}

@test "gnuplot says nothing while it draws" {
    drawn
    [ "$(<"$DRAWN/said")" = '' ]
}

@test "each chart says its question, its axis and what it does not say, in three languages" {
    local name language question axis limits
    while IFS='|' read -r name language question axis limits; do
        drawn "$language"
        says "$DRAWN/$name.svg" "$question" "$axis" "$limits"
    done <<'END'
total-time|en|How long until the last URL is here?|shorter is better|What it does not say
total-time|es|¿Cuánto tarda en llegar la última URL?|menos es mejor|Lo que no dice
total-time|pt|Quanto tempo até chegar a última URL?|menos é melhor|O que ele não diz
time-by-count|en|What do ten times as many URLs cost?|seconds   (lower is better)|libcurl
time-by-count|es|¿Qué cuesta diez veces más URL?|segundos   (menos es mejor)|libcurl
time-by-count|pt|Quanto custam dez vezes mais URLs?|segundos   (menos é melhor)|libcurl
rate-by-concurrency|en|How many at once until one core is full?|higher is better|closed loop
rate-by-concurrency|es|¿Cuántas a la vez hasta llenar un núcleo?|más es mejor|bucle cerrado
rate-by-concurrency|pt|Quantas ao mesmo tempo até encher um núcleo?|mais é melhor|laço fechado
loop-backends|en|Which way to wait scales?|higher is better|descriptors end at 1,024
loop-backends|es|¿Qué forma de esperar escala?|más es mejor|hasta 1.024 descriptores
loop-backends|pt|Que forma de esperar escala?|mais é melhor|até 1.024 descritores
scaling|en|Do twice the processors halve the time?|lower is better|stops being linear at 8 processes
scaling|es|¿El doble de procesadores, la mitad de tiempo?|menos es mejor|deja de ser lineal con 8 procesos
scaling|pt|O dobro de processadores, metade do tempo?|menos é melhor|deixa de ser linear com 8 processos
timeline|en|Who waits when?|shorter is better|never a timed one
timeline|es|¿Quién espera y cuándo?|menos es mejor|nunca se cronometra
timeline|pt|Quem espera, e quando?|menos é melhor|nunca é cronometrada
peers|en|How do other tools do the same?|shorter is better|What it does not say
peers|es|¿Cómo hacen lo mismo otras herramientas?|menos es mejor|Lo que no dice
peers|pt|Como outras ferramentas fazem o mesmo?|menos é melhor|O que ele não diz
bill|en|What does each model pay?|shorter is better|What it does not say
bill|es|¿Qué paga cada modelo?|menos es mejor|Lo que no dice
bill|pt|O que cada modelo paga?|menos é melhor|O que ele não diz
latency|en|How late is an answer?|earlier is better|What it does not say
latency|es|¿Cuánto se retrasa una respuesta?|antes es mejor|Lo que no dice
latency|pt|Quanto se atrasa uma resposta?|mais cedo é melhor|O que ele não diz
tail|en|Who waits behind a slow answer?|shorter is better|libcurl
tail|es|¿Quién espera detrás de una respuesta lenta?|menos es mejor|libcurl
tail|pt|Quem espera atrás de uma resposta lenta?|menos é melhor|libcurl
cpu-mix|en|What if each answer means work?|lower is better|libcurl
cpu-mix|es|¿Y si cada respuesta da trabajo?|menos es mejor|libcurl
cpu-mix|pt|E se cada resposta der trabalho?|menos é melhor|libcurl
crossover|en|Who is fastest where?|is better|libcurl
crossover|es|¿Quién es el más rápido, y dónde?|es mejor|libcurl
crossover|pt|Quem é o mais rápido, e onde?|é melhor|libcurl
big-bodies|en|What does a large body hold up?|shorter is better|libcurl
small-bodies|en|How late are small bodies beside large ones?|earlier is better|told, not compared
many-hosts|en|What do many hosts cost?|shorter is better|libcurl
resolver-threads|en|Who starts threads to look names up?|fewer is better|in any round
quota|en|What if there is less than one core?|shorter is better|libcurl
memory-limit|en|How many at once in 128 MiB?|shorter is better|libcurl
memory-per-worker|en|What does one more worker take in memory?|less is better|libcurl
memory-per-worker|es|¿Cuánta memoria pide un trabajador más?|menos es mejor|libcurl
memory-per-worker|pt|Quanta memória pede um trabalhador a mais?|menos é melhor|libcurl
far|en|What if the server is far away?|shorter is better|libcurl
switches-and-cpu|en|Do more switches cost more processor time?|fewer is better|closed loop
switches-and-cpu|es|¿Más cambios de contexto cuestan más procesador?|menos es mejor|bucle cerrado
switches-and-cpu|pt|Mais trocas de contexto custam mais processador?|menos é melhor|laço fechado
END
}

@test "the three languages have the same words, and each chart is drawn in each" {
    local language
    for language in en es pt; do
        sed -n "/^if (language eq '$language')/,/^}/p" "$CHARTS/words.gp" |
            grep -oE '[a-z_]+ = ' | sort >"words-$language"
        [ -s "words-$language" ]
        [ -z "$(uniq -d "words-$language")" ]
        drawn "$language"
        [ "$(find "$DRAWN" -name '*.svg' -size +0 | wc -l)" -eq "${#NAMES[@]}" ]
    done
    cmp words-en words-es
    cmp words-en words-pt
}

@test "colours are defined in the theme file alone" {
    run ! grep -nE '0x[0-9A-Fa-f]{6}|#[0-9A-Fa-f]{6}' --exclude=theme.gp "$CHARTS"/*.gp
    [ -z "$output" ]
}

@test "one colour a model in every chart and both themes" {
    local theme colour
    for theme in light dark; do
        drawn en $theme
        for colour in '230, 159,   0' '  0, 114, 178' '213,  94,   0' '  0, 158, 115'; do
            # Those without it.
            run grep -LF "rgb($colour)" "$DRAWN"/*.svg
            echo "$theme, $colour: $output"
            [ -z "$output" ]
        done
    done
}

@test "the same data draw the same chart, edited data another" {
    local files=("${NAMES[@]/#/$SAMPLES/}")
    # Nothing of when or where stands in a picture.
    sketch total-time "$SAMPLES/total-time.csv" one.svg
    sketch total-time "$SAMPLES/total-time.csv" two.svg
    cmp one.svg two.svg
    # The figures of the last row that has any, one and a half times as much.
    mkdir edited
    awk -F, -v OFS=, '
        function edit(    row, i, edited_one) {
            for (row = rows; row > 1 && !edited_one; row--) {
                $0 = rest[row]
                for (i = 3; i <= NF; i++) if ($i ~ /[.]|[0-9][0-9][0-9]/) { $i *= 1.5; edited_one = 1 }
                rest[row] = $0
            }
            for (row = 1; row <= rows; row++) print rest[row] >edited
            close(edited)
        }
        { line = $0 }
        FNR == 1 { if (NR > 1) edit(); edited = FILENAME; sub(/.*\//, "edited/", edited) }
        { rest[rows = FNR] = line }
        END { edit() }' "${files[@]/%/.csv}"
    drawn
    draw_all other svg edited
    all_differ edited "$SAMPLES" csv
    all_differ other "$DRAWN" svg
}

@test "total-time: bars are as long as the medians, start-up and whiskers where they belong" {
    cat >a.csv <<'END'
model,median_s,low_s,high_s,spawn_s,ideal_s,rounds,valid
processes,0.8,0.7,0.9,0.2,0.6,9,1
threads,0.4,0.39,0.42,0.1,0.3,9,1
END
    sketch total-time a.csv a.svg
    awk -v p="$(right_ends a.svg '  0, 114, 178')" -v t="$(right_ends a.svg '213,  94,   0')" \
        'BEGIN { ratio = (p - 330) / (t - 330); exit !(ratio > 1.999 && ratio < 2.001) }'
    says a.svg '0.800 s' '0.700 – 0.900 s · start-up 0.200 s' 'ideal 0.600 s' 'ideal 0.300 s' '9 rounds'
    # The darker start-up: a quarter of the bar.
    grep -E "<polygon fill = 'rgb\( 12,  65,  95\)'" a.svg | sed "s/.*points = '[^ ]* \([0-9.]*\),.*/\1/" >spawn
    awk -v p="$(right_ends a.svg '  0, 114, 178')" '{ part = ($1 - 330) / (p - 330); exit !(part > 0.249 && part < 0.251) }' spawn
}

@test "total-time: a bar of another order is cut open and says so" {
    sketch total-time "$SAMPLES/total-time.csv" a.svg
    says a.svg 'off the scale'
    sed -i 's/^sequential.*/sequential,0.9,0.8,0.95,0.001,0.4,7,1/' "$(cp "$SAMPLES/total-time.csv" b.csv && echo b.csv)"
    sketch total-time b.csv b.svg
    lacks b.svg 'off the scale'
}

@test "total-time: an invalid row is no bar" {
    sed 's/^\(async.*\),1$/\1,0/' "$SAMPLES/total-time.csv" >a.csv
    sketch total-time "$SAMPLES/total-time.csv" good.svg
    sketch total-time a.csv a.svg
    [ "$(right_ends good.svg '  0, 158, 115' | wc -l)" -eq 1 ]
    [ "$(right_ends a.svg '  0, 158, 115' | wc -l)" -eq 0 ]
    lacks good.svg invalid
    says a.svg invalid async
    lacks a.svg '0.422 s'
}

@test "total-time: nothing but invalid rows is still drawn as such" {
    sed 's/,1$/,0/; s/^processes.*/processes,,,,,,,0/' "$SAMPLES/total-time.csv" >a.csv
    sketch total-time a.csv a.svg
    [ "$(texts a.svg | grep -c '^invalid')" -eq 4 ]
    says a.svg 'not measured'
}

@test "the noise floor is drawn where it is given" {
    sketch total-time "$SAMPLES/total-time.csv" a.svg 'noise_floor=0.021'
    says a.svg '2.1 %'
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" a.svg 'noise_floor=0.021'
    says a.svg 'noise floor 2.1 %'
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" a.svg
    lacks a.svg 'noise floor'
}

@test "no chart writes a word over another, or over a point" {
    local language
    for language in en es pt; do
        drawn "$language"
        awk -f "$ROOT/tests/overlaps.awk" "$DRAWN"/*.svg >>said
    done
    # As it was measured, and with what is invalid among what is close together.
    mkdir measured
    cp "$ROOT"/results/sample/data/*.csv measured
    cp -r measured spoilt
    sed -i -E 's/^((async|hybrid),4000|async,4|threads,40000),[^,]*,[^,]*,[^,]*,([^,]*),.*/\1,,,,\3,1/' \
        spoilt/time-by-count.csv
    sed -i -E 's/^((threads|async),.*),1$/\1,0/' spoilt/cpu-mix.csv
    mapfile -t NAMES < <(cd measured && printf '%s\n' *.csv | sed 's/\.csv$//')
    draw_all as-measured svg measured
    draw_all with-invalid svg spoilt
    says with-invalid/time-by-count.svg 'async: invalid' 'hybrid: invalid' 'threads: invalid'
    says with-invalid/cpu-mix.svg 'async: invalid' 'threads: invalid'
    awk -f "$ROOT/tests/overlaps.awk" as-measured/*.svg with-invalid/*.svg >>said
    sed "s|^$BATS_FILE_TMPDIR/||" said
    [ ! -s said ]
}

@test "time-by-count: what was only predicted is hollow and says so" {
    sketch time-by-count "$SAMPLES/time-by-count.csv" a.svg
    # Squares: number 5 of gnuplot's is filled, written gpPt4; 4 is hollow, gpPt3.
    [ "$(marks a.svg '230, 159,   0' 3 | wc -l)" -eq 2 ]
    [ "$(texts a.svg | grep -cx 'predicted')" -eq 2 ]
    says a.svg '400 s, predicted'
    # Measured after all: no hollow one is left.
    awk -F, -v OFS=, '$7 == 0 { $3 = $6; $4 = $6 * 0.99; $5 = $6 * 1.01; $7 = 1 } { print }' \
        "$SAMPLES/time-by-count.csv" >b.csv
    sketch time-by-count b.csv b.svg
    [ "$(marks b.svg '230, 159,   0' 3 | wc -l)" -eq 0 ]
    [ "$(texts b.svg | grep -cx 'predicted')" -eq 0 ]
}

@test "time-by-count: of points side by side it is said once that they are predicted, and none stands behind the axis" {
    cat >a.csv <<'END'
model,count,median_s,low_s,high_s,model_s,measured
async,40,0.4,0.39,0.41,0.4,1
threads,400,,,,4,0
async,400,,,,4,0
hybrid,400,,,,4,0
sequential,400,,,,400,0
END
    sketch time-by-count a.csv a.svg
    # Of the three, and of the one above them.
    [ "$(texts a.svg | grep -cx 'predicted')" -eq 2 ]
    # The last of the three stands where the one alone does: on its count.
    local last alone
    last=$(marks a.svg '204, 121, 167' | cut -d, -f1 | sort -n | head -n 1)
    alone=$(marks a.svg '230, 159,   0' 3 | cut -d, -f1)
    echo "$last $alone"
    [ -n "$alone" ]
    [ "$last" = "$alone" ]
}

@test "time-by-count: tenfold is one step on both axes" {
    cat >a.csv <<'END'
model,count,median_s,low_s,high_s,model_s,measured
sequential,4,0.4,0.39,0.41,0.4,1
sequential,40,4,3.9,4.1,4,1
sequential,400,40,39,41,40,1
END
    sketch time-by-count a.csv a.svg
    marks a.svg '230, 159,   0' 4 | tail -n 3 | tr ',' ' ' | awk '
        NR > 1 { dx[NR] = $1 - x; dy[NR] = $2 - y } { x = $1; y = $2 }
        END { exit !(NR == 3 && dx[2] > 0 && dy[2] < 0 && dx[3] - dx[2] < 0.1 && dx[2] - dx[3] < 0.1 &&
                     dy[3] - dy[2] < 0.1 && dy[2] - dy[3] < 0.1) }'
}

@test "time-by-count: a measured row without a figure is no point" {
    sed 's/^async,400,.*/async,400,,,,0.41,1/' "$SAMPLES/time-by-count.csv" >a.csv
    sketch time-by-count "$SAMPLES/time-by-count.csv" good.svg
    sketch time-by-count a.csv a.svg
    [ "$(marks a.svg '  0, 158, 115' | wc -l)" -eq $(($(marks good.svg '  0, 158, 115' | wc -l) - 1)) ]
    says a.svg 'async: invalid'
    # Two of them are not written over each other.
    sed 's/^\(async\|threads\),400,.*/\1,400,,,,0.41,1/' "$SAMPLES/time-by-count.csv" >a.csv
    sketch time-by-count a.csv a.svg
    [ "$(awk -F'[(,)]' '/<g transform=/ { y = $3 } />(async|threads): invalid</ { print y }' a.svg |
        sort -u | wc -l)" -eq 2 ]
    # The last one is named at the right: by no figure either.
    sed 's/^async,\([0-9]*\),.*/async,\1,,,,0.41,1/' "$SAMPLES/time-by-count.csv" >b.csv
    sketch time-by-count b.csv b.svg
    lacks b.svg '410 ms, predicted'
    [ "$(texts b.svg | grep -cx invalid)" -eq 1 ]
}

@test "scaling: where the gain ends is said of what was measured, and not of a machine that cannot tell" {
    sketch scaling "$SAMPLES/scaling.csv" a.svg
    says a.svg "stops being linear at 8 processes"
    awk -F, -v OFS=, 'NR > 1 { $3 = $4 = $5 = $6 } { print }' "$SAMPLES/scaling.csv" >even.csv
    sketch scaling even.csv b.svg
    says b.svg "linear throughout"
    sed 's/,1$/,0/' "$SAMPLES/scaling.csv" >open.csv
    sketch scaling open.csv c.svg
    says c.svg "Not decided"
    run ! grep -q "stops being linear" c.svg
    # The model's line is in the picture however far from the points it is.
    lacks a.svg "0.001 s"
    awk -F, -v OFS=, 'NR > 1 { $6 /= 100 } { print }' "$SAMPLES/scaling.csv" >far.csv
    sketch scaling far.csv d.svg
    says d.svg "0.001 s"
}

@test "rate-by-concurrency: an invalid row is no point and breaks the line" {
    sed '/^async,16,/s/,1$/,0/' "$SAMPLES/rate-by-concurrency.csv" >a.csv
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" good.svg
    sketch rate-by-concurrency a.csv a.svg
    [ "$(marks a.svg '  0, 158, 115' | wc -l)" -eq $(($(marks good.svg '  0, 158, 115' | wc -l) - 1)) ]
    says a.svg 'async: invalid'
    # The line of six points in one stroke is two.
    [ "$(grep -o "stroke='rgb(  0, 158, 115)'[^/]*" good.svg | tr -cd 'M' | wc -c)" -lt \
        "$(grep -o "stroke='rgb(  0, 158, 115)'[^/]*" a.svg | tr -cd 'M' | wc -c)" ]
}

@test "rate-by-concurrency: rows in any order draw the same lines" {
    { head -n 1 "$SAMPLES/rate-by-concurrency.csv"; grep ^sequential "$SAMPLES/rate-by-concurrency.csv"
        grep ^processes "$SAMPLES/rate-by-concurrency.csv" | tac
        grep ^threads "$SAMPLES/rate-by-concurrency.csv" | tac
        grep ^async "$SAMPLES/rate-by-concurrency.csv"
        grep ^fastest "$SAMPLES/rate-by-concurrency.csv" | tac; } >a.csv
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" one.svg
    sketch rate-by-concurrency a.csv two.svg
    # All strokes but those in ink, which are the points' intervals.
    strokes one.svg >one
    strokes two.svg >two
    [ -s one ]
    cmp one two
}

@test "rate-by-concurrency: the ceiling and the fastest client are named where they are known" {
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" a.svg
    says a.svg 'fastest client seen'
    lacks a.svg ceiling
    sketch rate-by-concurrency "$SAMPLES/rate-by-concurrency.csv" a.svg 'delay_s=0.001'
    says a.svg 'ceiling: in flight ÷ delay'
    grep -v ^fastest "$SAMPLES/rate-by-concurrency.csv" >b.csv
    echo 'ceiling,16,16000,,,1' >>b.csv
    sketch rate-by-concurrency b.csv b.svg
    says b.svg 'ceiling: in flight ÷ delay'
    lacks b.svg 'wrk'
}

@test "timeline: a band for each wait, a mark for each answer, spans of the processor below" {
    sketch timeline "$SAMPLES/timeline.csv" a.svg
    # Strong in the model's colour: one receiving each of 12 URLs.
    for colour in '230, 159,   0' '  0, 114, 178' '213,  94,   0' '  0, 158, 115'; do
        [ "$(right_ends a.svg "$colour" | wc -l)" -eq 12 ]
    done
    # In ink: the processor's spans, and three in the key.
    [ "$(right_ends a.svg ' 22,  24,  27' | wc -l)" -eq $((3 + $(grep -c ',cpu,' "$SAMPLES/timeline.csv"))) ]
    says a.svg '12 URLs, at most 4 in flight' 'all here after 1.21 s' \
        '4 processes, each waits for its own answer' 'one thread waits for 4 answers at once'
    # Each URL's number once a model.
    [ "$(texts a.svg | grep -cx '7')" -eq 4 ]
}

@test "timeline: what is too short to see is widened to a width that the caption names" {
    printf '%s\n' 'model,lane,index,phase,start_s,end_s' 'async,0,1,waiting,0,0.1' \
        'async,0,1,receiving,0.1,0.10001' 'async,0,,cpu,0,0.00002' >a.csv
    sketch timeline a.csv a.svg
    grep -F "<polygon fill = 'rgb(  0, 158, 115)'" a.svg |
        sed "s/.*points = '\([0-9.]*\),[^ ]* \([0-9.]*\),.*/\1 \2/" | awk '{ exit !($2 - $1 > 5.9 && $2 - $1 < 6.1) }'
    texts a.svg | grep -qE 'less than [0-9.]+ (ms|µs) is drawn that wide'
}

@test "bill: each column from zero on its own scale, the unknown said, the invalid not drawn" {
    cat >a.csv <<'END'
model,time_s,cpu_us_per_fetch,switches_per_fetch,spawn_s,memory_kib_per_worker,valid
processes,2,200,4,0.05,2048,1
threads,1,50,3,0.005,,1
async,1,40,0.1,0.001,64,0
END
    sketch bill a.csv a.svg
    [ "$(right_ends a.svg '  0, 114, 178' | wc -l)" -eq 5 ]
    [ "$(right_ends a.svg '213,  94,   0' | wc -l)" -eq 4 ]
    [ "$(right_ends a.svg '  0, 158, 115' | wc -l)" -eq 0 ]
    # Time: half as long as the processes' bar. Processor time: a quarter. Columns are 314 wide from 310.
    paste <(right_ends a.svg '  0, 114, 178' | head -n 2) <(right_ends a.svg '213,  94,   0' | head -n 2) |
        awk '{ left = 310 + 314 * (NR - 1); part[NR] = ($2 - left) / ($1 - left) }
            END { exit !(part[1] > 0.499 && part[1] < 0.501 && part[2] > 0.249 && part[2] < 0.251) }'
    says a.svg '2.00 MiB' '50.0 µs' unknown invalid
    lacks a.svg '40.0 µs'
}

@test "switches-and-cpu: a point a model, none for an invalid one; a bill's data serve as well" {
    sed 's/^\(async.*\),1$/\1,0/' "$SAMPLES/switches-and-cpu.csv" >a.csv
    sketch switches-and-cpu "$SAMPLES/switches-and-cpu.csv" good.svg
    sketch switches-and-cpu a.csv a.svg
    [ "$(marks good.svg '  0, 158, 115' | wc -l)" -eq 1 ]
    [ "$(marks a.svg '  0, 158, 115' | wc -l)" -eq 0 ]
    says a.svg 'async: invalid'
    sketch switches-and-cpu "$SAMPLES/bill.csv" bill.svg
    [ "$(marks bill.svg '213,  94,   0' | wc -l)" -eq 1 ]
}

@test "peers: a row each, tenfold time one step, no point for who skipped a URL or was not run" {
    sketch peers "$SAMPLES/peers.csv" a.svg
    for colour in '  0, 114, 178' '213,  94,   0' '  0, 158, 115'; do
        [ "$(marks a.svg "$colour" | wc -l)" -eq 2 ]
    done
    [ "$(marks a.svg '230, 159,   0' | wc -l)" -eq 1 ]
    # curl, aiohttp and Go, twice each; nothing of the one that is invalid.
    [ "$(marks a.svg '138, 143, 150' | wc -l)" -eq 6 ]
    [ "$(texts a.svg | grep -cx invalid)" -eq 2 ]
    [ "$(texts a.svg | grep -cx 'not measured')" -eq 1 ]
    says a.svg 'answered after 0.100 s'
    # 0.1, 1 and 10 seconds: equally far apart.
    printf '%s\n' 'peer,kind,delay_s,median_s,low_s,high_s,valid' 'async,timed,0,0.1,,,1' 'threads,timed,0,1,,,1' \
        'processes,timed,0,10,,,1' >b.csv
    sketch peers b.csv b.svg
    for colour in '  0, 158, 115' '213,  94,   0' '  0, 114, 178'; do marks b.svg "$colour" | cut -d, -f1; done |
        awk '{ x[NR] = $1 } END { step = x[2] - x[1]; exit !(NR == 3 && step > 50 && x[3] - x[2] - step < 0.2 && step - x[3] + x[2] < 0.2) }'
}

@test "text from data is printed as it stands" {
    sed 's/^threads/th_r{e}ads^2 \& <b> ~@/' "$SAMPLES/total-time.csv" >a.csv
    sketch total-time a.csv a.svg "subtitle='{/:Bold 1_0} ^ & <i> @ ~ \n'; caption='a_b^c {d} & <e>'"
    says a.svg 'th_r{e}ads^2 & <b> ~@' '{/:Bold 1_0} ^ & <i> @ ~ \n' 'a_b^c {d} & <e>'
}

@test "no data is one clear line, a failure, and no picture" {
    local name data turn=0 others=(nowhere.csv header.csv)
    for name in "${NAMES[@]}"; do
        cut -d, -f1-2,4- "$SAMPLES/$name.csv" >column.csv
        # Each chart has its own columns. That there are any rows is asked for all by theme.gp: in turn.
        for data in column.csv "${others[turn++ % 2]}"; do
            [[ $data != header.csv ]] || head -n 1 "$SAMPLES/$name.csv" >header.csv
            run sketch "$name" "$data" a.svg
            [ "$status" -eq 1 ]
            [ "${#lines[@]}" -eq 1 ]
            [[ ${lines[0]} == "$name: no "*"$data"* ]]
            [ ! -e a.svg ]
        done
    done
}

@test "an unknown theme, format, language or placement is refused" {
    local setting
    for setting in "theme='blue'" "format='gif'" "language='xx'" "placement='moon'"; do
        run sketch total-time "$SAMPLES/total-time.csv" a.svg "$setting"
        [ "$status" -eq 2 ]
        [ "${#lines[@]}" -eq 1 ]
    done
}

@test "draw makes all formats and themes, and copies that redraw by themselves" {
    mkdir -p "a result's" other && mkdir "a result's/data"
    cp "$SAMPLES"/*.csv "a result's/data/"
    "$CHARTS/draw" --subtitle="400 URLs, it's said" --noise-floor=0.03 "a result's" total-time timeline
    local ending
    for ending in .svg .png .pdf -dark.svg -dark.png -dark.pdf; do
        [ -s "a result's/charts/total-time$ending" ]
        [ -s "a result's/charts/timeline$ending" ]
    done
    [ ! -e "a result's/charts/time-by-count.svg" ]
    says "a result's/charts/total-time.svg" "400 URLs, it's said · Client on one core"
    cp "a result's/charts/total-time.svg" before.svg
    rm "a result's/charts/total-time.svg"
    (cd "a result's/charts" && gnuplot total-time.gp)
    cmp before.svg "a result's/charts/total-time.svg"
    (cd other && gnuplot "../a result's/charts/total-time.gp")
    cmp before.svg "a result's/charts/total-time.svg"
    [ -z "$(ls other)" ]
    sed -i 's/^async,0.42/async,0.47/' "a result's/data/total-time.csv"
    (cd "a result's/charts" && gnuplot total-time.gp)
    says "a result's/charts/total-time.svg" '0.472 s'
}

@test "draw goes by what the result says of its charts, and leaves it alone with --into" {
    mkdir -p result/data result/charts
    cp "$SAMPLES/total-time.csv" result/data/second.csv
    cp "$SAMPLES/timeline.csv" result/data/
    echo "if (!exists('data')) { data = here . '../data/second.csv' }" >result/charts/total-time.settings.gp
    "$CHARTS/draw" --formats=svg --themes=light result
    says result/charts/total-time.svg '0.422 s'
    [ -s result/charts/timeline.svg ]
    [ ! -e result/charts/timeline-dark.svg ]
    find result -type f -exec cksum {} + | sort >before
    "$CHARTS/draw" --formats=svg --language=pt --into=slides result
    find result -type f -exec cksum {} + | sort | cmp - before
    says slides/total-time.svg '0,422 s'
    says slides/timeline-dark.svg 'Quem espera, e quando?'
}

@test "draw keeps what was said of a chart where only some of it is said anew" {
    mkdir -p result/data
    cp "$SAMPLES/total-time.csv" result/data/
    local -a once=(--formats=svg --themes=light)
    "$CHARTS/draw" "${once[@]}" --subtitle='400 URLs' --placement=together --noise-floor=0.03 result
    "$CHARTS/draw" "${once[@]}" --subtitle='500 URLs' result
    says result/charts/total-time.svg '500 URLs · Client and server on all cores'
    "$CHARTS/draw" "${once[@]}" --noise-floor=0.05 --caption='as it was' result
    says result/charts/total-time.svg '500 URLs · Client and server on all cores' 'as it was'
    grep -qxF "if (!exists('noise_floor')) { noise_floor = 0.05 }" result/charts/total-time.settings.gp
    # As jq writes what is small.
    "$CHARTS/draw" "${once[@]}" --noise-floor=2.1e-06 result
    says result/charts/total-time.svg 'closer than this is noise: 0.0 %'
    # One line each, however often.
    [ "$(wc -l <result/charts/total-time.settings.gp)" -eq 5 ]
}

@test "two that draw one chart at one time do not take each other's files" {
    local at first
    mkdir -p result/data slow
    cp "$SAMPLES/total-time.csv" result/data/
    # shellcheck disable=SC2016  # the stub's
    printf '#!/bin/sh\ncase $1 in *$AT*) touch half; until [ -e go ] || [ ! -e half ]; do sleep 0.05; done ;; esac\nexec "%s" "$@"\n' \
        "$(command -v mv)" >slow/mv
    chmod +x slow/mv
    # The first stops where it would rename: its chart files, then its picture.
    for at in .new .part; do
        AT=$at PATH=$PWD/slow:$PATH "$CHARTS/draw" --formats=svg --themes=light result 3>&- &
        first=$!
        wait_for test -e half
        "$CHARTS/draw" --formats=svg --themes=light result
        touch go
        wait $first
        [ "$(ls -A result/charts)" = $'panels.gp\ntheme.gp\ntotal-time.gp\ntotal-time.svg\nwords.gp' ]
        rm half go
    done
}

@test "draw says what is wrong" {
    run "$CHARTS/draw" --help
    [ "$status" -eq 0 ]
    [[ $output == Usage:* ]]
    run "$CHARTS/draw"
    [ "$status" -eq 2 ]
    run "$CHARTS/draw" nowhere
    [ "$status" -eq 1 ]
    [[ $output == *nowhere* ]]
    mkdir -p result/data
    run "$CHARTS/draw" result
    [ "$status" -eq 1 ]
    for wrong in --formats=gif --themes=blue --language=xx --noise-floor=much --placement=moon --wrong; do
        run "$CHARTS/draw" "$wrong" result
        [ "$status" -eq 2 ]
    done
    run "$CHARTS/draw" result no-such-chart
    [ "$status" -eq 2 ]
    run "$CHARTS/draw" result total-time
    [ "$status" -eq 1 ]
    [[ $output == *"no such file"* ]]
}

@test "latency: points stand where the figures say, on one scale for all panels, and an invalid row has none" {
    cat >a.csv <<'END'
model,load,p99_ms,p50_ms,valid
threads,50 %,100,10,1
async,50 %,10,1,1
threads,common,10,10,1
async,common,,,0
END
    sketch latency a.csv a.svg
    # Filled, as the model's own point: tenfold is as far in each panel, and the two panels are alike.
    marks a.svg '213,  94,   0' 6 | cut -d, -f1 >threads
    marks a.svg '  0, 158, 115' 12 | cut -d, -f1 >async
    [ "$(wc -l <threads)" -eq 2 ]
    [ "$(wc -l <async)" -eq 1 ]
    marks a.svg '213,  94,   0' 5 | cut -d, -f1 >halves
    [ "$(wc -l <halves)" -eq 2 ]
    # p50 of threads at 50 % is 10 ms, as is p99 of async there.
    awk -v a="$(head -n 1 halves)" -v b="$(cat async)" 'BEGIN { exit !(a - b < 0.1 && b - a < 0.1) }'
    says a.svg '0.100 s' invalid
}

@test "cpu-mix: twice the time is as far everywhere, and an invalid step breaks the line" {
    cat >a.csv <<'END'
model,passes,cpu_s_per_answer,median_s,low_s,high_s,valid
async,0,0.001,0.1,0.1,0.1,1
async,100,0.002,0.2,0.2,0.2,1
async,1000,0.02,0.4,0.4,0.4,1
END
    sketch cpu-mix a.csv a.svg
    marks a.svg '  0, 158, 115' 12 | head -n 3 | tr ',' ' ' | awk '
        NR > 1 { d[NR] = $2 - y } { y = $2 } END { exit !(NR == 3 && d[2] < 0 && d[3] - d[2] < 0.1 && d[2] - d[3] < 0.1) }'
    says a.svg '1.00 ms'
    sed 's/^async,100,.*/async,100,,,,,0/' a.csv >b.csv
    sketch cpu-mix b.csv b.svg
    says b.svg 'async: invalid'
    [ "$(marks b.svg '  0, 158, 115' 12 | wc -l)" -eq 3 ] # two points, and the name's
}

@test "crossover: the winner's colour only where it was decided" {
    cat >a.csv <<'END'
delay_s,count,concurrency,model,median_s,against,ratio,decided
0,1,1,threads,0.001,async,1.2,1
0,4,4,threads,0.001,async,1.01,0
0.1,1,1,,,,,0
0.1,4,4,async,0.1,threads,1.5,1
END
    sketch crossover a.csv a.svg
    [ "$(right_ends a.svg '213,  94,   0' | wc -l)" -eq 1 ]
    [ "$(right_ends a.svg '  0, 158, 115' | wc -l)" -eq 1 ]
    says a.svg 'no difference' '1.20 ×   1.00 ms' invalid
}

@test "memory-per-worker: a panel a kind of memory; zero or less at the edge, an invalid lane nowhere" {
    cat >a.csv <<'END'
model,memory,kib_per_worker,kib_per_worker_low,kib_per_worker_high,valid
processes,rss,1024,1000,1100,1
threads,rss,32,30,33,1
async,rss,1,1,1,1
hybrid,rss,,,,0
async,page_tables,-2,-3,1,1
threads,page_tables,1,1,1,1
END
    sketch memory-per-worker a.csv a.svg
    # 1 KiB, 32 KiB and 1 MiB: equally far apart.
    {
        marks a.svg '  0, 158, 115' 12 | head -n 1
        marks a.svg '213,  94,   0' 6 | head -n 1
        marks a.svg '  0, 114, 178' 8
    } | cut -d, -f1 | awk 'NR > 1 { d[NR] = $1 - x } { x = $1 }
        END { exit !(NR == 3 && d[2] > 0 && d[3] - d[2] < 0.2 && d[2] - d[3] < 0.2) }'
    [ "$(marks a.svg '204, 121, 167' | wc -l)" -eq 0 ]
    says a.svg invalid '1.00 MiB' 'RSS, summed' '-2.00 KiB'
    [ "$(marks a.svg '  0, 158, 115' 12 | wc -l)" -eq 2 ]
}

# 15 in CIELAB is over six times what is just seen; shapes and names tell the models apart as well.
@test "the models' colours differ to viewers with each kind of colour blindness" {
    run "$CHARTS/colour-blind" 15
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ]
    # A theme in which two are alike is found, and one where only some viewers see them so.
    sed "s/'hybrid' *? 0x[0-9A-F]*/'hybrid' ? 0x009E74/" "$CHARTS/theme.gp" >alike.gp
    COLOUR_THEME=alike.gp run "$CHARTS/colour-blind" 15
    [ "$status" -eq 1 ]
    [[ $output == *"async and hybrid"* ]]
    sed "s/'hybrid' *? 0x[0-9A-F]*/'hybrid' ? 0xB07C72/" "$CHARTS/theme.gp" >deuteranope.gp
    COLOUR_THEME=deuteranope.gp run "$CHARTS/colour-blind" 15
    [ "$status" -eq 1 ]
    run "$CHARTS/colour-blind" many
    [ "$status" -eq 2 ]
}
