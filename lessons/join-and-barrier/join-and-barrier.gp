# join-and-barrier.gp: how many results are there at the moment when the program goes on.
# Redraw, from the repository's folder: gnuplot lessons/join-and-barrier/join-and-barrier.gp
# Data: way,round,results,sum,alive   one row a round

chart = 'join-and-barrier'
load 'lessons/chart.gp'

columns = 'way round results sum alive'
eval open_data

question = 'When are the results complete?'
subtitle = 'results of 100 that are there at the moment when the program goes on; one dot a round'
caption = 'Four workers make 25 results each, or a hundred tasks on a loop one each; a result is a short sleep. Bars are the mean of the rounds. ' \
    . '"still there": workers that had not ended when the program went on. How many are there without a wait is chance; that it is not all is no chance.'
eval page

ways = '"no join" "join" "a barrier" "a counted queue" "tasks nobody awaits" "tasks awaited"'
# How many are left may not be known: nan, which no statistics take.
known(name) = text(name) eq 'nan' ? -1 : amount(name)
array mean[6]; array left_alive[6]
do for [k = 1:6] {
    stats data using (text('way') eq word(ways, k) ? amount('results') : NaN) name 'r' nooutput
    stats data using (text('way') eq word(ways, k) ? known('alive') : NaN) name 'a' nooutput
    mean[k] = r_mean; left_alive[k] = a_median
}
eval panel(520, 1560, 180, 840)
set yrange [-6.6 : -0.4]
set xrange [0 : 104]
unset ytics
set xtics 25 offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'results (100 is complete)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
tint(k) = k == 1 || k == 5 ? shade(1) : shade(3)
do for [k = 1:6] {
    set label 10 + k ''.word(ways, k) at screen px(495), first 0.0 - k right noenhanced font ''.size_of(value_size) textcolor rgb ink
    set object k rectangle from first 0, first -0.34 - k to first mean[k], first 0.34 - k fillcolor rgb faint(tint(k) == shade(1) ? 1 : 3) fillstyle solid noborder
    set label 30 + k ''.(k > 4 || left_alive[k] < 0 ? '' : sprintf('%.0f still there', left_alive[k])) at screen px(1580), first 0.0 - k left font ''.size_of(small_size) textcolor rgb soft
}
place(w) = w eq word(ways, 1) ? 1 : w eq word(ways, 2) ? 2 : w eq word(ways, 3) ? 3 : w eq word(ways, 4) ? 4 : w eq word(ways, 5) ? 5 : 6
plot data using (amount('results')):(-place(text('way')) + 0.07 * (amount('round') - 4)):(tint(place(text('way')))) \
    with points pointtype 7 pointsize 1.6 linecolor rgb variable
