# locks.gp: what a lock costs two threads, and what it costs ten coroutines to hold one while they wait.
# Redraw, from the repository's folder: gnuplot lessons/locks/locks.gp
# Data: part,way,threads,median,low,high   part: bookings (million a second), coroutines (ms)

chart = 'locks'
load 'lessons/chart.gp'

columns = 'part way threads median low high'
eval open_data

question = 'What does a lock cost, and when?'
subtitle = 'left: bookings a second, more is better; right: ten coroutines that all wait at one time, or cannot'
caption = 'Medians of fifteen rounds, the dark line is the interval. Next to nothing is done under the lock: this is what the lock costs, and ' \
    . 'not how much of a program spends its time under locks. Coroutines run on one thread.'
is_part(p) = text('part') eq p
bar_label(x) = text('way') . ', ' . (amount('threads') == 1 ? '1 thread' : '2 threads')
bar_group(x) = ''
bar_value(x) = is_part('bookings') ? amount('median') : NaN
bar_low(x) = amount('low')
bar_high(x) = amount('high')
bar_colour(x) = amount('threads') == 1 ? pale('threads') : colour('threads')
bar_say(v) = number(v)
bar_axis = 'million bookings a second (more is better)'
bar_log = 0
bar_left = 560
bar_right = 1130
bar_rest = 1
load 'lessons/bars.gp'
eval bars_done
eval panel(1350, 1820, 260, 850)
set xrange [0.4 : 2.6]
set yrange [0 : *]
set ytics auto font ''.size_of(small_size)
set xtics ('held across' 1, 'released before' 2) font ''.size_of(small_size)
set xlabel 'the await' font ''.size_of(30) textcolor rgb soft offset 0,-0.4
set label 1 'ms until all ten have waited (less is better)' at screen px(1270),py(200) left font ''.size_of(small_size) textcolor rgb soft
set grid ytics linecolor rgb rule linewidth 2
set boxwidth 0.6
set datafile missing NaN
place(x) = text('way') eq 'lock held across the await' ? 1 : 2
plot data using (is_part('coroutines') ? place(0) : NaN):(amount('median')) with boxes linecolor rgb colour('coroutines') notitle, \
    data using (is_part('coroutines') ? place(0) : NaN):(amount('median')):(amount('low')):(amount('high')) \
        with yerrorbars pointtype -1 linewidth 5 linecolor rgb mix(ink, paper, 0.25) notitle, \
    data using (is_part('coroutines') ? place(0) : NaN):(amount('high')):(number(amount('median')) . ' ms') with labels offset 0,1 \
        font ''.size_of(30) textcolor rgb ink notitle
unset multiplot
