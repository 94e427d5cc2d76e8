# concurrency-limit.gp: the latency by the limit, and by the policy.
# Redraw, from the repository's folder: gnuplot lessons/concurrency-limit/concurrency-limit.gp
# Data: way,limit,round,mean_ms,p50_ms,p99_ms,rate_per_s,…   one row a round of each way

chart = 'concurrency-limit'
load 'lessons/chart.gp'

columns = 'way limit round mean_ms p50_ms p99_ms rate_per_s'
eval open_data

ways = '"no limit" "limit 64" "limit 16" "limit 4" "limit 1" "mixed: as soon as possible" "mixed: first in first out" "mixed: last in first out" "mixed: fair by client" "mixed: shortest first"'
array mean[10]; array tail[10]
most = 0
do for [k = 1:10] {
    stats data using (text('way') eq word(ways, k) ? amount('mean_ms') : NaN) name 'm' nooutput
    stats data using (text('way') eq word(ways, k) ? amount('p99_ms') : NaN) name 't' nooutput
    mean[k] = m_median; tail[k] = t_median
    most = t_median > most ? t_median : most
}
question = 'How many requests should be worked on at once?'
subtitle = 'latency from the moment a request was due: pale the mean, dark the time that one in a hundred exceeds'
caption = 'A thousand requests a round arrive at chance moments, 80 % of what one thread can do; medians of the rounds, on the clock of the thread’s own processor time. Above, all are of equal ' \
    . 'size. Below, one in ten is eleven times as long: now waiting behind a long one is what hurts, and a limit can be worse than none. All ' \
    . 'ways do as many a second.'
eval page
eval panel(600, 1760, 170, 850)
set yrange [-12.7 : -0.3]
set xrange [0 : most * 1.2]
unset ytics
set xtics offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'ms (less is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
at(k) = k < 6 ? -k - 1 : -k - 2
tint(k) = k < 6 ? 3 : 2
set label 8 'requests of equal size' at screen px(page_left), first -1 left font ''.size_of(small_size) textcolor rgb soft
set label 9 'long ones among short ones' at screen px(page_left), first -7 left font ''.size_of(small_size) textcolor rgb soft
do for [k = 1:10] {
    set label 10 + k ''.replace(word(ways, k), 'mixed: ', '') at screen px(575), first at(k) right noenhanced font ''.size_of(small_size) textcolor rgb ink
    set object k rectangle from first 0, first at(k) - 0.36 to first tail[k], first at(k) + 0.36 fillcolor rgb shade(tint(k)) fillstyle solid noborder
    set object 20 + k rectangle from first 0, first at(k) - 0.36 to first mean[k], first at(k) + 0.36 fillcolor rgb faint(tint(k)) fillstyle solid noborder
    set label 30 + k ''.number(tail[k]) at first tail[k], first at(k) left offset 0.7,0 font ''.size_of(small_size) textcolor rgb ink
}
plot NaN notitle
