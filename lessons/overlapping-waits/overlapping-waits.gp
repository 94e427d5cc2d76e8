# overlapping-waits.gp: every wait as a bar on one clock, in the four ways.
# Redraw, from the repository's folder: gnuplot lessons/overlapping-waits/overlapping-waits.gp
# Data: way,wait,start_s,end_s   the last round of each way, three waits a way, in this order

chart = 'overlapping-waits'
load 'lessons/chart.gp'

columns = 'way wait start_s end_s'
eval open_data
stats data using (amount('end_s')) name 'ends' nooutput
stats data using (amount('end_s') - amount('start_s')) name 'spans' nooutput

question = 'Waits of 3, 1 and 1 units: do they add up?'
subtitle = sprintf('one bar a wait, one clock; a unit is %s here', seconds(spans_max / 3))
caption = 'The last of seven rounds of each way. Nothing computes here: the bars are sleeps, and the kernel keeps any number of them at one time. ' \
    . 'It does not say that work overlaps like this: for that each needs a processor of its own.'
eval page

model_of(way) = way eq 'one after another' ? 'sequential' : way eq 'as processes' ? 'processes' \
    : way eq 'as threads' ? 'threads' : 'async'
height(row) = -(row + int(row / 3) * 0.9)   # three bars, then a gap

eval panel(450, 1800, 180, 830)
set yrange [-15.2 : 0.7]
set xrange [0 : ends_max * 1.04]
unset ytics
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'seconds since the first wait began (fewer is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.6
set xtics offset 0,-0.3
way(k) = word('one_after_another as_processes as_threads on_a_loop', k)
do for [k = 1:4] {
    set label 10 + k ''.replace(way(k), '_', ' ') at screen px(425), first height(3 * k - 2) right noenhanced \
        font ''.size_of(name_size) textcolor rgb colour(model_of(replace(way(k), '_', ' ')))
}
plot data using (amount('start_s')):(height($0)):(amount('start_s')):(amount('end_s')):(height($0) - 0.42):(height($0) + 0.42):(colour(model_of(text('way')))) \
    with boxxyerror linecolor rgb variable
