# event-loop.gp: ticks and typed lines, when they were due and when the loop called them.
# Redraw, from the repository's folder: gnuplot lessons/event-loop/event-loop.gp
# Data: way,backend,round,event,due_s,called_s   one row an event; the first round of each way is drawn

chart = 'event-loop'
load 'lessons/chart.gp'

columns = 'way backend round event due_s called_s'
eval open_data

question = 'A clock ticks while somebody types: who is called when?'
subtitle = 'one thread, one loop; each line runs from the moment an event was due down to the moment it was called'
caption = 'A straight line down: called as it was due. Below, the callback of the third typed line blocks for three ticks. What was due ' \
    . 'meanwhile comes when it is over, the timers first and then the input, so the order is another one. The typist is a program, ' \
    . 'so that its lines come half-way between two ticks.'
eval page

is(w) = (text('way') eq w && amount('round') == 1)
tint(e) = e eq 'tick' ? shade(2) : shade(1)
stats data using (amount('round') == 1 ? amount('called_s') : NaN) name 'called' nooutput

set multiplot
unset ytics
do for [k = 1:2] {
    way = k == 1 ? 'nothing blocks' : 'one callback blocks'
    eval panel(330, 1800, k == 1 ? 190 : 540, k == 1 ? 480 : 830)
    set xrange [-0.02 * called_max : called_max * 1.04]
    set yrange [-0.25 : 1.25]
    set label 10 ''.(k == 1 ? "nothing\nblocks" : "one callback\nblocks") at screen px(page_left),py(k == 1 ? 320 : 670) left \
        font ''.size_of(label_size) textcolor rgb ink
    set label 11 'due' at screen px(310), first 1 right font ''.size_of(small_size) textcolor rgb soft
    set label 12 'called' at screen px(310), first 0 right font ''.size_of(small_size) textcolor rgb soft
    if (k == 1) { set format x ''; unset xlabel } else {
        set format x '%g'
        set xlabel 'seconds since the first tick was due' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
        unset label 9001; unset label 9002; unset label 9003
    }
    set key at screen px(1800),py(185) right top horizontal font ''.size_of(small_size) textcolor rgb ink
    if (k == 2) { unset key }
    plot data using (is(way) ? amount('due_s') : NaN):(1):(amount('called_s') - amount('due_s')):(-1):(tint(text('event'))) \
            with vectors nohead linewidth 4 linecolor rgb variable notitle, \
        data using (is(way) && text('event') eq 'tick' ? amount('due_s') : NaN):(1) with points pointtype 7 pointsize 2 linecolor rgb tint('tick') title 'tick', \
        data using (is(way) && text('event') eq 'line' ? amount('due_s') : NaN):(1) with points pointtype 7 pointsize 2 linecolor rgb tint('line') title 'typed line', \
        data using (is(way) ? amount('called_s') : NaN):(0):(tint(text('event'))) with points pointtype 7 pointsize 2 linecolor rgb variable notitle
}
unset multiplot
