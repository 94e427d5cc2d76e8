# processes-from-async.gp: the time to run all processes, with and without an event loop.
# Redraw, from the repository's folder: gnuplot lessons/processes-from-async/processes-from-async.gp
# Data: way,round,seconds,started,done,most_at_once   one row a round of each way

chart = 'processes-from-async'
load 'lessons/chart.gp'

columns = 'way round seconds started done most_at_once'
eval open_data

ways = '"one after another" "blocking wait" "event loop"'
array middle[3]; array at_once[3]
stats data using (amount('seconds')) name 'all' nooutput
do for [k = 1:3] {
    stats data using (text('way') eq word(ways, k) ? amount('seconds') : NaN) name 't' nooutput
    stats data using (text('way') eq word(ways, k) ? amount('most_at_once') : NaN) name 'm' nooutput
    middle[k] = t_median; at_once[k] = m_max
}
question = 'Many processes: does an event loop start them faster?'
subtitle = 'the time until all jobs have ended; one dot a round, the bar is the median'
caption = 'Each job is a forked process that sleeps a moment. Blocking: waitpid() for whichever ends first. Event loop: epoll on a descriptor ' \
    . 'of each process (pidfd). Both sleep until a process ends. A loop brings something to those who have something else to watch meanwhile.'
eval page
eval panel(520, 1560, 200, 820)
set yrange [-3.6 : -0.4]
set xrange [0 : all_max * 1.05]
unset ytics
set xtics offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'seconds (less is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
tint(k) = k == 1 ? colour('sequential') : k == 2 ? colour('processes') : colour('async')
do for [k = 1:3] {
    set label 10 + k ''.word(ways, k) at screen px(495), first 0.0 - k right noenhanced font ''.size_of(value_size) textcolor rgb ink
    set object k rectangle from first 0, first -0.34 - k to first middle[k], first 0.34 - k fillcolor rgb mix(tint(k), paper, 0.6) fillstyle solid noborder
    set label 30 + k sprintf("%s\n%d at once", seconds(middle[k]), at_once[k]) at screen px(1590), first 0.1 - k left font ''.size_of(30) textcolor rgb soft
}
place(w) = sum [k = 1:3] (w eq word(ways, k) ? k : 0)
plot data using (amount('seconds')):(-place(text('way')) + 0.025 * (amount('round') - 11)):(tint(place(text('way')))) \
    with points pointtype 7 pointsize 1.6 linecolor rgb variable
