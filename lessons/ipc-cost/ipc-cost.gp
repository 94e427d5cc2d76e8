# ipc-cost.gp: the time of a message and its answer, by size.
# Redraw, from the repository's folder: gnuplot lessons/ipc-cost/ipc-cost.gp
# Data: way,bytes,messages,us_each   one row a measurement

chart = 'ipc-cost'
load 'lessons/chart.gp'

columns = 'way bytes messages us_each'
eval open_data

question = 'What does it cost to tell somebody else?'
subtitle = 'a message and its answer, by the size of the message; each power of ten is a step'
caption = 'The other side adds up the message’s words in every way. A pipe and a socket pair copy it twice, shared memory once, threads hand ' \
    . 'over its address. Lines join the medians of the rounds; dots are rounds. Small messages cost two switches, whatever carries them.'
eval page
stats data using (amount('bytes')) name 'b' nooutput

ways = '"pipe as text" "socket pair" "pipe" "shared memory" "threads"'
tint(k) = k == 1 ? shade(6) : k == 2 ? shade(4) : k == 3 ? colour('processes') : k == 4 ? shade(3) : colour('threads')
sizes = '8 512 4096 65536 1048576 16777216'
set print $medians
print "k,bytes,us"
do for [k = 1:5] {
    do for [i = 1:6] {
        if (word(sizes, i) <= b_max && (k > 1 || i < 6)) {
            stats data using (text('way') eq word(ways, k) && amount('bytes') == word(sizes, i) ? amount('us_each') : NaN) name 'v' nooutput
            print sprintf('%d,%s,%g', k, word(sizes, i), v_median)
        }
    }
}
unset print
eval panel(230, 1480, 225, 830)
set logscale xy
set xrange [4 : 4e7]
set xtics ('8 B' 8, '512 B' 512, '4 KiB' 4096, '64 KiB' 65536, '1 MiB' 1048576, '16 MiB' 16777216) offset 0,-0.3
set format y '10^{%T}'
set ytics enhanced
set grid ytics linecolor rgb rule linewidth 2
set xlabel 'size of the message' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.6
set label 20 'µs (less is better)' at screen px(page_left),py(185) left font ''.size_of(label_size) textcolor rgb soft
set key at screen px(1880),py(300) right top font ''.size_of(label_size) textcolor rgb ink noenhanced samplen 1.5 spacing 1.4
plot for [k = 1:5] data using (text('way') eq word(ways, k) ? amount('bytes') : NaN):(amount('us_each')) \
        with points pointtype 7 pointsize 1 linecolor rgb mix(tint(k), paper, 0.5) notitle, \
    for [k = 1:5] $medians using ($1 == k ? $2 : NaN):3 with linespoints pointtype 7 pointsize 1.6 linewidth 5 linecolor rgb tint(k) title word(ways, k)
