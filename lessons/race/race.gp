# race.gp: what is lost without a lock, and what each cure costs.
# Redraw, from the repository's folder: gnuplot lessons/race/race.gp
# Data: way,threads,processors,increments,counted,lost,ns_per_increment   one row a race

chart = 'race'
load 'lessons/chart.gp'

columns = 'way threads processors increments counted lost ns_per_increment'
eval open_data

question = 'Two threads, one counter: how much is lost?'
subtitle = 'left: lost updates by length of the race; right: what an increment costs, median of five races'
caption = 'Each dot is one race of two threads; the line joins their means. Load and store are kept apart by `volatile`, so that the compiler ' \
    . 'cannot merge the steps. The sleep and the yield stand between them, on one processor. Nothing else is done between two increments: ' \
    . 'real programs meet more rarely, lose more rarely, and are found out later.'
eval page
set multiplot

broken = '"no lock on 2 processors" "no lock on 1 processor" "no lock with a yield" "no lock with a sleep" "no lock but optimised"'
is(w) = (text('way') eq w)

eval panel(190, 900, 250, 800)
set logscale x
set format x '10^{%T}'
set xtics enhanced
set xrange [5 : 2e8]
set yrange [-3 : 103]
set ytics 25
set format y '%g %%'
set grid ytics linecolor rgb rule linewidth 2
set xlabel 'increments in one race' font ''.size_of(label_size) textcolor rgb soft offset 0,-1
set label 20 'updates lost (fewer is better)' at screen px(page_left),py(205) left font ''.size_of(label_size) textcolor rgb soft
set key at screen px(900),py(255) right top font ''.size_of(small_size) textcolor rgb ink noenhanced samplen 1.5 spacing 1.15
plot for [k = 1:5] data using (is(word(broken, k)) ? amount('increments') : NaN):(100 * amount('lost') / amount('increments')) \
        with points pointtype 7 pointsize 1.6 linecolor rgb faint(k) notitle, \
    for [k = 1:5] data using (is(word(broken, k)) ? amount('increments') : NaN):(100 * amount('lost') / amount('increments')) \
        smooth unique with linespoints pointtype 7 pointsize 0.8 linewidth 5 linecolor rgb shade(k) title word(broken, k)

# Medians of five: sort the races of one way and number of threads, take the middle one.
unset logscale; unset key; unset label 20; unset xlabel; unset ytics; unset grid; unset label 1; unset label 2; unset label 3
ways = '"no lock" mutex spinlock atomic "own copy"'
array cost[10]
do for [k = 1:10] {
    stats data using (is(word(ways, (k + 1) / 2)) && amount('threads') == 2 - k % 2 ? amount('ns_per_increment') : NaN) name 'cost' nooutput
    cost[k] = cost_median
}
eval panel(1240, 1780, 250, 800)
set yrange [-10.4 : 0.4]
dearest = 0
do for [k = 1:10] { if (cost[k] > dearest) { dearest = cost[k] } }
set xrange [0 : dearest * 1.12]
set format x '%g'
set xtics auto
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'ns an increment (fewer is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-1
do for [k = 1:5] {
    set label 30 + k ''.word(ways, k) at screen px(1050), first 0.5 - 2 * k right noenhanced font ''.size_of(small_size) textcolor rgb ink
}
do for [k = 1:10] {
    set label 40 + k ''.(k % 2 == 1 ? '1 thread' : '2 threads') at screen px(1225), first 0.0 - k right font ''.size_of(small_size) textcolor rgb soft
    set label 60 + k ''.number(cost[k]) at first cost[k], first 0.0 - k left offset 0.6,0 font ''.size_of(small_size) textcolor rgb ink
}
do for [k = 1:10] {
    set object k rectangle from first 0, first -0.38 - k to first cost[k], first 0.38 - k \
        fillcolor rgb (k < 3 ? shade(1) : k % 2 == 1 ? faint(2) : shade(2)) fillstyle solid noborder
}
plot NaN notitle
unset multiplot
