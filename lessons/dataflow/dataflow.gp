# dataflow.gp: the result, and when it is read; how fast a line is done.
# Redraw, from the repository's folder: gnuplot lessons/dataflow/dataflow.gp
# Data: kind,what,way,value   kind: count (a row an address and way), threads (a row a round), refused, speed (lines/s)

chart = 'dataflow'
load 'lessons/chart.gp'

columns = 'kind what way value'
eval open_data

steps = '"read at once" "joined; the first close ends" "the same with a slow filter" "joined; the last close ends"'
array middle[4]
do for [k = 1:4] {
    stats data using (text('kind') eq 'threads' && text('way') eq word(steps, k) ? amount('value') : NaN) name 't' nooutput
    middle[k] = t_median
}
all = middle[4]
wheres = '"1 address" "every address" "few addresses" "empty lines"'
ways = '"coroutines" "awk" "coroutines" "awk" "coroutines" "threads" "coroutines"'
of = '"1 address" "1 address" "every address" "every address" "few addresses" "few addresses" "empty lines"'
array speed[7]
do for [k = 1:7] {
    found = 0
    stats data using (text('kind') eq 'speed' && text('what') eq word(of, k) && text('way') eq word(ways, k) ? (found = amount('value')) : 0) nooutput
    speed[k] = found
}
question = 'One log, one thread or a thread a stage: what is counted, and when?'
subtitle = 'above: requests in the result with threads, one dot a round; below: lines a second'
caption = 'The slow filter waits, at its end, until the reducer has ended; without it, how much is lost is up to chance. Lines a second are of real ' \
    . 'lines, read, taken apart and compared; empty lines only show what timing those would say. Threads count fewer addresses in fewer lines; ' \
    . 'the coroutines above them do the same. awk counts its start too.'
eval page
set multiplot
unset ytics
set grid xtics linecolor rgb rule linewidth 2
eval panel(620, 1640, 165, 400)
set xrange [0 : all * 1.02]
set yrange [-4.6 : -0.4]
unset xtics
do for [k = 1:4] {
    set label 10 + k ''.word(steps, k) at screen px(600), first 0.0 - k right noenhanced font ''.size_of(28) textcolor rgb ink
    set label 20 + k ''.(k == 4 ? sprintf('%s: all', grouped(middle[k])) : middle[k] == 0 ? '0: nothing' : sprintf('%s short', grouped(all - middle[k]))) \
        at screen px(1660), first 0.0 - k left font ''.size_of(28) textcolor rgb soft
    set object k rectangle from first 0, first -0.34 - k to first middle[k], first 0.34 - k fillcolor rgb mix(k == 4 ? shade(3) : shade(1), paper, 0.5) \
        fillstyle solid noborder
}
step_of(w) = sum [k = 1:4] (w eq word(steps, k) ? k : 0)
plot data using (text('kind') eq 'threads' ? amount('value') : NaN):(0.0 - step_of(text('way'))) with points pointtype 7 pointsize 1.2 linecolor rgb colour('threads')
unset label; unset object
eval panel(620, 1640, 440, 850)
most = 1
do for [k = 1:7] { if (speed[k] > most) { most = speed[k] } }
set xrange [0 : most / 1e6 * 1.05]
set yrange [-7.6 : -0.4]
set xtics auto scale 0 offset 0,-0.1
set xlabel 'million lines a second (more is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.3
do for [k = 1:7] { if (speed[k] > 0) {
    set label 10 + k sprintf('%s, %s', word(ways, k), word(of, k)) at screen px(600), first 0.0 - k right noenhanced font ''.size_of(28) textcolor rgb ink
    set label 20 + k sprintf('%.3g', speed[k] / 1e6) at screen px(1660), first 0.0 - k left font ''.size_of(28) textcolor rgb soft
    set object k rectangle from first 0, first -0.36 - k to first speed[k] / 1e6, first 0.36 - k fillcolor rgb \
        (word(ways, k) eq 'awk' ? shade(7) : k == 7 ? mix(colour('coroutines'), paper, 0.5) : colour(word(ways, k))) fillstyle solid noborder
} }
plot NaN notitle
unset multiplot
