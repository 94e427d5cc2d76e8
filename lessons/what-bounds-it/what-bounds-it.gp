# what-bounds-it.gp: the shares of each task's time.
# Redraw, from the repository's folder: gnuplot lessons/what-bounds-it/what-bounds-it.gp
# Data: task,claimed,round,wall_s,user_s,system_s,ready_s,waiting_s,result   one row a round

chart = 'what-bounds-it'
load 'lessons/chart.gp'

columns = 'task claimed round wall_s user_s system_s ready_s waiting_s'
eval open_data

tasks = '"arithmetic" "sorting" "searching" "image filter" "cached file copy" "synced file copy" "HTTP answer" "local database"'
parts = 'user_s system_s ready_s waiting_s'
array part[32]; array wall[8]
do for [k = 1:8] {
    stats data using (text('task') eq word(tasks, k) ? amount('wall_s') : 0) name 'w' nooutput
    wall[k] = w_sum
    do for [i = 1:4] {
        stats data using (text('task') eq word(tasks, k) ? amount(word(parts, i)) : 0) name 'p' nooutput
        part[4 * k + i - 4] = w_sum > 0 ? 100 * p_sum / w_sum : 0
    }
}
question = 'What does a task spend its time with?'
subtitle = 'shares of the time from start to end, all rounds together'
caption = 'Ready: it could run, but another one had the processor. Waiting: it could not, even with a processor to itself. The upper four are ' \
    . 'said to be bound by the processor, the next three by input and output. A copy of a file that is in memory anyway is computing, by the kernel.'
eval page
eval panel(520, 1760, 210, 840)
set yrange [-8.6 : -0.4]
set xrange [0 : 100]
unset ytics
set format x '%g %%'
set xtics 25 offset 0,-0.2
tint(i) = i == 1 ? shade(2) : i == 2 ? shade(5) : i == 3 ? shade(4) : track
do for [k = 1:8] {
    set label 10 + k ''.word(tasks, k) at screen px(495), first 0.0 - k right noenhanced font ''.size_of(30) textcolor rgb ink
    left = 0
    do for [i = 1:4] {
        set object 10 * k + i rectangle from first left, first -0.36 - k to first left + part[4 * k + i - 4], first 0.36 - k \
            fillcolor rgb tint(i) fillstyle solid noborder
        left = left + part[4 * k + i - 4]
    }
    if (wall[k] == 0) { set label 30 + k 'not here' at first 1, first 0.0 - k left font ''.size_of(small_size) textcolor rgb soft }
}
do for [i = 1:4] {
    set object 200 + i rectangle from screen px(520 + 300 * i - 300),py(196) to screen px(550 + 300 * i - 300),py(172) fillcolor rgb tint(i) fillstyle solid noborder
    set label 60 + i word('user system ready waiting', i) at screen px(565 + 300 * i - 300),py(184) left font ''.size_of(small_size) textcolor rgb ink
}
plot NaN notitle
