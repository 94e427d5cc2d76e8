# queue-or-future.gp: eight jobs by threads and processes, queue and futures.
# Redraw, from the repository's folder: gnuplot lessons/queue-or-future/queue-or-future.gp
# Data: kind,way,round,seconds,sum   one row a round of each

chart = 'queue-or-future'
load 'lessons/chart.gp'

columns = 'kind way round seconds sum'
eval open_data

ways = '"threads with a queue" "threads with futures" "processes with a queue" "processes with futures"'
array middle[8]
do for [k = 1:8] {
    stats data using (text('kind') eq (k < 5 ? 'computing' : 'waiting') && text('way') eq word(ways, (k - 1) % 4 + 1) ? amount('seconds') : NaN) name 't' nooutput
    middle[k] = t_median
}
stats data using (amount('seconds')) name 'all' nooutput
question = 'Eight jobs in C: threads or processes, a queue or futures?'
subtitle = 'the time until all eight results are there; one dot a round, the bar is the median'
caption = 'All eight run at one time. In C threads compute in parallel as processes do. In CPython an interpreter lock lets one thread compute ' \
    . 'at a time, so there the upper half looks otherwise; that is measured with CPython itself, not here.'
eval page
eval panel(560, 1600, 170, 850)
set yrange [-10.6 : -0.3]
set xrange [0 : all_max * 1.05]
unset ytics
set xtics offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'seconds (less is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
at(k) = k < 5 ? -k - 1 : -k - 2
tint(k) = (k - 1) % 4 < 2 ? colour('threads') : colour('processes')
set label 8 'computing' at screen px(page_left), first -1 left font ''.size_of(label_size) textcolor rgb soft
set label 9 'waiting' at screen px(page_left), first -6 left font ''.size_of(label_size) textcolor rgb soft
do for [k = 1:8] {
    set label 10 + k ''.word(ways, (k - 1) % 4 + 1) at screen px(535), first at(k) right noenhanced font ''.size_of(30) textcolor rgb ink
    set object k rectangle from first 0, first at(k) - 0.36 to first middle[k], first at(k) + 0.36 fillcolor rgb mix(tint(k), paper, 0.55) fillstyle solid noborder
    set label 30 + k ''.seconds(middle[k]) at screen px(1620), first at(k) left font ''.size_of(30) textcolor rgb soft
}
place(t, w) = sum [k = 1:8] (t eq (k < 5 ? 'computing' : 'waiting') && w eq word(ways, (k - 1) % 4 + 1) ? k : 0)
plot data using (amount('seconds')):(at(place(text('kind'), text('way'))) + 0.05 * (amount('round') - 6)):(tint(place(text('kind'), text('way')))) \
    with points pointtype 7 pointsize 1.4 linecolor rgb variable
