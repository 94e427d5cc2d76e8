# echo-server.gp: requests a second by clients at one time, and what a held client takes.
# Redraw, from the repository's folder: gnuplot lessons/echo-server/echo-server.gp
# Data: what,way,clients,round,answered,rate,p50_ms,p99_ms,held,kib,ended,waits,busy_ms   one row a load, a hold, a trouble

chart = 'echo-server'
load 'lessons/chart.gp'

columns = 'what way clients round answered rate held kib'
eval open_data

ways = '"one after another" "processes" "threads" "coroutines"'
# What each takes may not be known: nan, which no statistics take.
known(name) = text(name) eq 'nan' ? -1 : amount(name)
array held[4]; array kib[4]
do for [k = 1:4] {
    stats data using (text('what') eq 'held' && text('way') eq word(ways, k) ? amount('held') : NaN) name 'h' nooutput
    stats data using (text('what') eq 'held' && text('way') eq word(ways, k) ? known('kib') : NaN) name 'm' nooutput
    held[k] = h_max; kib[k] = m_max
}
stats data using (text('what') eq 'load' ? amount('clients') : NaN) name 'c' nooutput
stats data using (text('what') eq 'load' ? amount('rate') : NaN) name 'r' nooutput
question = 'The same small server in four ways: who serves how many?'
subtitle = 'requests a second by clients at one time, each a connection of its own; one dot a load'
caption = 'Right: how many clients are talked with at one time when all come and are slow to say what they want, and the memory that each takes ' \
    . '(pages that are shared counted in parts; the kernel''s own not counted). At most 500 processes are let: the lesson''s bound, not the system''s.'
eval page
tint(k) = colour(k == 1 ? 'sequential' : k == 2 ? 'processes' : k == 3 ? 'threads' : 'coroutines')
eval panel(190, 1180, 240, 830)
set logscale x
set xrange [0.7 : c_max * 1.5]
set yrange [0 : r_max * 1.1]
set format y "%'.0f"
set ytics offset 0.4,0
set grid ytics linecolor rgb rule linewidth 2
set xtics ('1' 1, '10' 10, '100' 100) offset 0,-0.3
if (c_max > 1000) { set xtics add ('1000' 1000) }
set xtics add (sprintf('%.0f', c_max) c_max)
set xlabel 'clients at one time' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.6
set label 5 'requests a second (more is better)' at screen px(page_left),py(200) left font ''.size_of(label_size) textcolor rgb soft
set label 6 'held at one time, KiB each' at screen px(1260),py(200) left font ''.size_of(label_size) textcolor rgb soft
do for [k = 1:4] {
    set label 10 + k ''.word(ways, k) at screen px(1260),py(180 + 150 * k) left noenhanced font ''.size_of(30) textcolor rgb tint(k)
    set label 20 + k sprintf("%d, %s", held[k], held[k] <= 1 ? 'the others wait' : kib[k] < 0 ? 'KiB unknown' : sprintf('%.1f KiB', kib[k])) \
        at screen px(1260),py(230 + 150 * k) left noenhanced font ''.size_of(value_size) textcolor rgb ink
}
set datafile missing NaN   # a row of another way does not break the line
at(w, k) = text('what') eq 'load' && text('way') eq word(ways, k) ? amount('clients') : NaN
plot for [k = 1:4] data using (at(0, k)):(amount('rate')) with points pointtype 7 pointsize 1.2 linecolor rgb mix(tint(k), paper, 0.3) notitle, \
    for [k = 1:4] data using (at(0, k)):(amount('rate')) smooth unique with lines linewidth 5 linecolor rgb tint(k) notitle
