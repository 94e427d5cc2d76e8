# cooperative-scheduler.gp: whose turn it is, and what is done in it.
# Redraw, from the repository's folder: gnuplot lessons/cooperative-scheduler/cooperative-scheduler.gp
# Data: scenario,turn,task,kind,text   kind: says, step, trap, ended, overran

chart = 'cooperative-scheduler'
load 'lessons/chart.gp'

columns = 'scenario turn task kind text'
eval open_data

question = 'Three tasks, one processor, nobody is interrupted: whose turn is it?'
subtitle = 'a box is a turn; a number in it is a step, a letter a trap: G for GetTid, N for NewTask, K for KillTask'
caption = 'Turns, not time: a turn is as long as the task likes. Task 2 starts task 3 and kills task 1. With 5 steps the kill comes when task 1 is ' \
    . 'done anyway, so the order does not show whether it works; with 8 steps it does. A cross is an end.'
eval page
set multiplot
unset xtics; unset ytics
parts = '"5 steps" "8 steps" "8 steps without kill"'
titles = '"foo takes 5 steps" "foo takes 8 steps" "8 steps, and KillTask is empty"'
tone(t) = shade(t == 1 ? 2 : t == 2 ? 1 : 3)
mine(k) = text('scenario') eq word(parts, k)
mark(x) = text('kind') eq 'step' ? text('text') : text('kind') eq 'trap' ? substr(text('text'), 1, 1) : text('kind') eq 'ended' ? '×' : ''
do for [k = 1:3] {
    eval panel(200, 1860, 215 + (k - 1) * 245, 215 + (k - 1) * 245 + 170)
    set xrange [0.3 : 29]
    set yrange [-3.6 : -0.4]
    set border 0
    set label 11 ''.word(titles, k) at screen px(page_left), screen py(195 + (k - 1) * 245) left font ''.size_of(30) textcolor rgb ink
    do for [t = 1:3] {
        set label 11 + t sprintf('task %d', t) at screen px(185), first 0.0 - t right font ''.size_of(small_size) textcolor rgb tone(t)
    }
    plot data using (mine(k) ? amount('turn') : NaN):(0.0 - amount('task')):(amount('turn') - 0.46):(amount('turn') + 0.46) \
            :(-0.44 - amount('task')):(0.44 - amount('task')):(text('kind') eq 'trap' || text('kind') eq 'ended' ? mix(tone(amount('task')), paper, 0.45) : tone(amount('task'))) \
            with boxxyerror linecolor rgb variable, \
        data using (mine(k) ? amount('turn') : NaN):(0.0 - amount('task')):(mark(0)) with labels noenhanced font ''.size_of(small_size) textcolor rgb paper
    unset label
}
unset multiplot
