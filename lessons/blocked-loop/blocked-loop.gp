# blocked-loop.gp: by how much each beat of the loop came late, in the three ways.
# Redraw, from the repository's folder: gnuplot lessons/blocked-loop/blocked-loop.gp
# Data: way,round,beat,due_s,lag_s   one row a beat; the first round of each way is drawn

chart = 'blocked-loop'
load 'lessons/chart.gp'

columns = 'way round beat due_s lag_s'
eval open_data
stats data using (amount('lag_s')) name 'lag' nooutput

question = 'One call blocks: what happens to everything else on the loop?'
subtitle = 'by how much each beat of a regular beat comes late; one round of each way'
caption = 'The question is asked at the dashed line. Answered in the loop, every beat that was due meanwhile comes when the call is over, ' \
    . 'the oldest with all of its lag. With a pool, a thread blocks instead and the loop is told by a descriptor. The call only sleeps: ' \
    . 'a call that computes would still need a processor of its own.'
eval page

ways = '"answered in the loop" "nobody asks" "handed to a thread pool"'
tint(k) = k == 1 ? colour('threads') : k == 2 ? 0x8A8F96 : colour('async')
is(w) = (text('way') eq w && amount('round') == 1)
stats data using (is('answered in the loop') && amount('beat') == 11 ? amount('due_s') : NaN) name 'asked' nooutput

eval panel(190, 1800, 240, 830)
set yrange [-0.03 * 1e3 * lag_max : 1.08e3 * lag_max]
set grid ytics linecolor rgb rule linewidth 2
set xlabel 'when the beat was due, in seconds' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.6
set xtics offset 0,-0.3
set label 20 'lag in ms (less is better)' at screen px(page_left),py(200) left font ''.size_of(label_size) textcolor rgb soft
set arrow 1 from first asked_max, graph 0 to first asked_max, graph 1 nohead dashtype 2 linewidth 3 linecolor rgb soft
set key at screen px(1800),py(205) right top horizontal font ''.size_of(small_size) textcolor rgb ink noenhanced samplen 1.2
plot for [k = 1:3] data using (is(word(ways, k)) ? amount('due_s') : NaN):(1e3 * amount('lag_s')) \
    with points pointtype 7 pointsize (k == 1 ? 2.6 : k == 2 ? 2.0 : 1.0) linecolor rgb tint(k) title word(ways, k)
