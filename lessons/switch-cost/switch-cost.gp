# switch-cost.gp: what it costs to change who runs, and what the caches make of it.
# Redraw, from the repository's folder: gnuplot lessons/switch-cost/switch-cost.gp
# Data: part,way,kib,median_ns,low_ns,high_ns   part is `switch` or `working set`

chart = 'switch-cost'
load 'lessons/chart.gp'

columns = 'part way kib median_ns low_ns high_ns'
eval open_data

question = 'What does it cost to change who runs?'
subtitle = 'left: one switch, powers of ten; right: the same when each touches its own memory in its turn'
caption = 'Medians and their intervals; what the calls cost without anybody to switch to is subtracted. On one processor, unless said. ' \
    . 'With two processors it is no switch but a waking-up from idle, which a virtual machine makes dear. Ping-pong by one byte: real programs ' \
    . 'switch less often and do more between.'
part(x) = text('part') eq 'switch'
bar_label(x) = text('way')
bar_group(x) = ''
bar_value(x) = part(0) ? amount('median_ns') : NaN
bar_low(x) = amount('low_ns')
bar_high(x) = amount('high_ns')
bar_colour(x) = strstrt(text('way'), 'coroutines') ? colour('coroutines') : strstrt(text('way'), 'threads') ? colour('threads') \
    : strstrt(text('way'), 'processes') ? colour('processes') : shade(7)
bar_say(v) = v < 1000 ? number(v) . ' ns' : seconds(v * 1e-9)
bar_axis = 'ns a switch (less is better)'
bar_log = 1
bar_left = 630
bar_right = 1120
bar_rest = 1   # the other rows are drawn by the second panel
load 'lessons/bars.gp'
eval bars_done
set datafile missing NaN

eval panel(1330, 1800, 250, 850)
set label 1 'µs a switch, with a working set' at screen px(1330),py(200) left font ''.size_of(30) textcolor rgb soft
set key at graph 0.05, graph 0.98 left top Left reverse font ''.size_of(30) textcolor rgb ink noenhanced samplen 1.5
set xrange [-0.3 : 6.3]
set yrange [0 : *]
set ytics auto
set grid ytics linecolor rgb rule linewidth 2
set xlabel 'KiB that each touches in a turn' font ''.size_of(30) textcolor rgb soft offset 0,-0.4
set xtics ('0' 0, '4' 1, '16' 2, '64' 3, '256' 4, '1024' 5) font ''.size_of(small_size)
set xrange [-0.3 : 5.3]
step(k) = k == 0 ? 0 : log(k / 4) / log(4) + 1
in_set(w) = (text('part') eq 'working set' && text('way') eq w)
plot data using (in_set('2 processes') ? step(amount('kib')) - 0.04 : NaN):(amount('median_ns') / 1e3):(amount('low_ns') / 1e3):(amount('high_ns') / 1e3) \
        with yerrorbars pointtype 7 pointsize 1 linewidth 3 linecolor rgb colour('processes') notitle, \
    data using (in_set('2 processes') ? step(amount('kib')) - 0.04 : NaN):(amount('median_ns') / 1e3) \
        with linespoints pointtype 7 pointsize 1.6 linewidth 5 linecolor rgb colour('processes') title '2 processes', \
    data using (in_set('2 threads') ? step(amount('kib')) + 0.04 : NaN):(amount('median_ns') / 1e3):(amount('low_ns') / 1e3):(amount('high_ns') / 1e3) \
        with yerrorbars pointtype 5 pointsize 1 linewidth 3 linecolor rgb colour('threads') notitle, \
    data using (in_set('2 threads') ? step(amount('kib')) + 0.04 : NaN):(amount('median_ns') / 1e3) \
        with linespoints pointtype 5 pointsize 1.6 linewidth 5 linecolor rgb colour('threads') title '2 threads'
unset multiplot
