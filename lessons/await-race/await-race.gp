# await-race.gp: how much is lost, by the number of coroutines.
# Redraw, from the repository's folder: gnuplot lessons/await-race/await-race.gp
# Data: way,tasks,times,run,counted,lost,resumed   one row a run

chart = 'await-race'
load 'lessons/chart.gp'

columns = 'way tasks times run counted lost'
eval open_data

question = 'Coroutines on one thread: can they race?'
subtitle = 'updates lost, of all that were made, by the number of coroutines; seven runs each, all on one spot'
caption = 'Each coroutine adds one ten times. They run in turn on one thread, so there is no chance in it: each run loses the same. With an ' \
    . 'await between reading and writing all of them read the same number, and all write the same one. The other three ways lose nothing and ' \
    . 'lie on one line; what the lock costs is in the figures.'
eval page

ways = '"an await between" "no await between" "the await before" "a coroutine lock"'
eval panel(190, 1800, 240, 830)
set logscale x
set xrange [0.8 : 1300]
set yrange [-4 : 106]
set format y '%g %%'
set ytics 25
set grid ytics linecolor rgb rule linewidth 2
set xtics ('1' 1, '10' 10, '100' 100, '1,000' 1000) offset 0,-0.3
set xlabel 'coroutines' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.6
set label 20 'lost (fewer is better)' at screen px(page_left),py(200) left font ''.size_of(label_size) textcolor rgb soft
set key at screen px(1800),py(560) right center font ''.size_of(label_size) textcolor rgb ink noenhanced samplen 2 spacing 1.3
plot for [k = 1:4] data using (text('way') eq word(ways, k) ? amount('tasks') : NaN):(100 * amount('lost') / (amount('tasks') * amount('times'))) \
    smooth unique with linespoints pointtype (k == 1 ? 7 : 6) pointsize (k == 1 ? 2.2 : 0.7 + 0.9 * k) linewidth (k == 1 ? 6 : 3) linecolor rgb shade(k) title word(ways, k)
