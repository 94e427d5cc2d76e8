# download-two-ways.gp: the same download twice: lines, branches, system calls, processor.
# Redraw, from the repository's folder: gnuplot lessons/download-two-ways/download-two-ways.gp
# Data: load,way,round,seconds,cpu_s,waits,reads,writes,calls,kib,lines,branches,sum   one row a download

chart = 'download-two-ways'
load 'lessons/chart.gp'

columns = 'load way round seconds cpu_s calls kib lines branches'
eval open_data

ways = '"select loop" "coroutines" "coroutines on epoll"'
array value[12]
number_of(m) = m == 1 ? amount('lines') : m == 2 ? amount('branches') : m == 3 ? amount('calls') / amount('kib') \
    : 1e6 * amount('cpu_s') / amount('kib')
do for [m = 1:4] { do for [k = 1:3] {
    stats data using (text('way') eq word(ways, k) && text('load') eq 'as it comes' ? number_of(m) : NaN) name 't' nooutput
    value[3 * (m - 1) + k] = t_median
} }
question = 'The same download twice: a select loop, and coroutines'
subtitle = 'many open sockets, a file each, 1,024 bytes a read, as they come; each measure has a scale of its own, less is better'
caption = 'Lines that are neither blank nor comment, and places where the program may go one way or another, counted in the file itself; the event ' \
    . 'loop under the coroutines is not counted, as select() is not. The third row is the same coroutine: only the loop under it is another.'
eval page
eval panel(560, 1640, 170, 850)
set yrange [-16.4 : -0.4]
set xrange [0 : 1.1]
unset xtics
unset ytics
measures = '"lines" "branches" "system calls a KiB" "µs of processor a KiB"'
most(m) = (a = value[3 * m - 2], b = value[3 * m - 1], c = value[3 * m], (a > b ? (a > c ? a : c) : (b > c ? b : c)))
at(m, k) = -(4.1 * (m - 1) + k + 0.6)
tint(k) = k == 1 ? colour('sequential') : k == 2 ? colour('async') : mix(colour('async'), paper, 0.45)
do for [m = 1:4] {
    set label 10 + m ''.word(measures, m) at screen px(page_left), first at(m, 1) left noenhanced font ''.size_of(30) textcolor rgb soft
    do for [k = 1:3] {
        set label 20 + 3 * m + k ''.word(ways, k) at screen px(835), first at(m, k) right noenhanced font ''.size_of(26) textcolor rgb ink
        set object 3 * m + k rectangle from screen px(850), first at(m, k) - 0.38 to first value[3 * m - 3 + k] / most(m) * 0.74 + 0.268, first at(m, k) + 0.38 \
            fillcolor rgb tint(k) fillstyle solid noborder
        set label 40 + 3 * m + k sprintf(m > 2 ? '%.2f' : '%.0f', value[3 * m - 3 + k]) \
            at first value[3 * m - 3 + k] / most(m) * 0.74 + 0.268, first at(m, k) left offset 0.7,0 font ''.size_of(26) textcolor rgb ink
    }
}
plot NaN notitle
