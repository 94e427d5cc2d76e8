# kill-a-worker.gp: every item, and which of the four workers did it.
# Redraw, from the repository's folder: gnuplot lessons/kill-a-worker/kill-a-worker.gp
# Data: way,item,times,worker   forty rows a way, in this order

chart = 'kill-a-worker'
load 'lessons/chart.gp'

columns = 'way item times worker'
eval open_data

question = 'One of four workers dies in mid-work: what gets done?'
subtitle = 'one square an item, in the colour of the worker who did it; empty: never done; worker 2 dies at its third item'
caption = 'The work is a sleep. A killed process is reaped by its parent, which gives its item again. A cancelled thread held the lock that the ' \
    . 'others need. A cleanup handler runs as the thread is cancelled; a robust mutex tells the next owner that the last one died. A signal ' \
    . 'that kills a thread kills its whole process.'
eval page

ways = '"a process killed" "a thread killed" "a thread cancelled" "the same with a cleanup handler" "the same with a robust mutex"'
place(w) = w eq word(ways, 1) ? 1 : w eq word(ways, 2) ? 2 : w eq word(ways, 3) ? 3 : w eq word(ways, 4) ? 4 : 5
eval panel(560, 1800, 200, 840)
set xrange [0.2 : 40.8]
set yrange [-5.7 : -0.3]
unset ytics
set xtics ('1' 1, '10' 10, '20' 20, '30' 30, '40' 40) offset 0,-0.2
set xlabel 'item' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
do for [k = 1:5] {
    set label 10 + k ''.replace(word(ways, k), ' with ', "\nwith ") at screen px(530), first 0.0 - k right noenhanced font ''.size_of(30) textcolor rgb ink
}
do for [k = 1:4] { set label 20 + k 'worker '.k at screen px(560 + 320 * (k - 1)),py(185) left noenhanced font ''.size_of(small_size) textcolor rgb shade(k) }
done(x) = amount('times') > 0
plot data using (amount('item')):(-place(text('way'))):(amount('item') - 0.42):(amount('item') + 0.42):(-place(text('way')) - 0.33):(-place(text('way')) + 0.33):(done(0) ? shade(amount('worker')) : track) \
    with boxxyerror linecolor rgb variable
