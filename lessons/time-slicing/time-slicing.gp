# time-slicing.gp: which task ran where and when, slice by slice.
# Redraw, from the repository's folder: gnuplot lessons/time-slicing/time-slicing.gp
# Data: part,task,nice,cpu,start_s,end_s   part: 1 processor, 2 processors, nice (on one processor)

chart = 'time-slicing'
load 'lessons/chart.gp'

columns = 'part task nice cpu start_s end_s'
eval open_data
stats data using (amount('cpu')) name 'cpus' nooutput

# The last slice's end of each part; 0 where the part is not there.
parts = '"1 processor" "2 processors" nice'
array lasts[3] = [0, 0, 0]
later(k) = (text('part') eq word(parts, k) && amount('end_s') > lasts[k] ? (lasts[k] = amount('end_s')) : 0)
stats data using (later(1) + later(2) + later(3)) nooutput

question = 'Four busy tasks: who runs when?'
subtitle = 'a bar is a stretch in which a task ran without a break; its colour is the processor'
caption = 'Seen by the tasks themselves, who look at the clock every few microseconds: a hole in it means that somebody else ran. ' \
    . 'All four are alive all the time (concurrent); as many run at one instant as there are processors (parallel). ' \
    . 'Top and middle: 200 ms from the middle of the run; bottom: one second.'
eval page
set multiplot
set grid xtics linecolor rgb rule linewidth 2
set xtics font ''.size_of(small_size) offset 0,0.2
unset ytics
titles = '"on one processor" "on two" "on one, by nice"'
array nice_of[4] = [0, 5, 10, 19]
do for [k = 1:3] {
    p = word(parts, k)
    if (lasts[k] > 0) {
        from = k == 3 ? 0 : lasts[k] * 0.4
        to = from + (k == 3 ? 1 : 0.2)
        eval panel(460, 1840, 180 + (k - 1) * 257, 180 + (k - 1) * 257 + 190)
        set xrange [0 : (to - from) * 1000]
        set yrange [-4.6 : -0.4]
        if (k > 1) { unset label }
        set label 11 ''.word(titles, k) at screen px(page_left), first -2.5 left font ''.size_of(30) textcolor rgb ink
        do for [t = 1:4] {
            set label 11 + t ''.(k == 3 ? sprintf('nice %d', nice_of[t]) : sprintf('task %d', t)) at screen px(445), first 0.0 - t right \
                font ''.size_of(small_size) textcolor rgb soft
        }
        if (k == 3) { set label 19 'milliseconds' at screen px(1840), screen py(955) right font ''.size_of(small_size) textcolor rgb soft }
        if (k == 1) { set label 18 '{/:Bold ■} one processor' at screen px(1640),py(165) right textcolor rgb shade(2) font ''.size_of(small_size)
                      set label 17 '{/:Bold ■} the other' at screen px(1840),py(165) right textcolor rgb shade(1) font ''.size_of(small_size) }
        plot data using (text('part') eq p && amount('end_s') > from && amount('start_s') < to ? 1e3 * (amount('start_s') - from) : NaN):(0.0 - amount('task')) \
            :(1e3 * (amount('start_s') - from)):(1e3 * (amount('end_s') - from)):(-0.4 - amount('task')):(0.4 - amount('task')) \
            :(amount('cpu') == cpus_min ? shade(2) : shade(1)) with boxxyerror linecolor rgb variable
    }
}
unset multiplot
