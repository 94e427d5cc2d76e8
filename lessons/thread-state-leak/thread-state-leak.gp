# thread-state-leak.gp: what each of a hundred requests found, right or wrong.
# Redraw, from the repository's folder: gnuplot lessons/thread-state-leak/thread-state-leak.gp
# Data: way,request,expected,found   a hundred rows a way, in this order

chart = 'thread-state-leak'
load 'lessons/chart.gp'

columns = 'way request expected found'
eval open_data

question = 'A library keeps the current user per thread: whose user do coroutines find?'
subtitle = 'one square a request; red: it found what belongs to another one'
caption = 'The upper four ask a library for the current user after an await. Below, three that everybody has: strtok() remembers where it was in ' \
    . 'a text, errno which error came last, uselocale() how text is read. Only the last coroutine to set it can find its own. No chance is in it: coroutines run in turn.'
eval page

ways = '"a thread each" "coroutines" "coroutines: passed along" "coroutines: saved and restored" "coroutines with strtok" "coroutines with strtok_r" "coroutines with errno" "coroutines with errno kept" "coroutines with a locale" "coroutines with a locale set again"'
array wrong[10]
do for [k = 1:10] {
    stats data using (text('way') eq word(ways, k) && amount('found') != amount('expected') ? 1 : 0) name 'w' nooutput
    wrong[k] = w_sum
}
place(w) = sum [k = 1:10] (w eq word(ways, k) ? k : 0)
eval panel(620, 1640, 190, 850)
set xrange [0.4 : 100.6]
set yrange [-10.6 : -0.4]
unset ytics
set xtics ('1' 1, '25' 25, '50' 50, '75' 75, '100' 100) offset 0,-0.2
set xlabel 'request' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
do for [k = 1:10] {
    set label 10 + k ''.word(ways, k) at screen px(595), first 0.0 - k right noenhanced font ''.size_of(small_size) textcolor rgb ink
    set label 30 + k sprintf('%d wrong', wrong[k]) at screen px(1660), first 0.0 - k left font ''.size_of(small_size) textcolor rgb (wrong[k] > 0 ? shade(1) : soft)
}
plot data using (amount('request')):(-place(text('way'))):(amount('request') - 0.42):(amount('request') + 0.42):(-place(text('way')) - 0.32):(-place(text('way')) + 0.32):(amount('found') == amount('expected') ? shade(3) : shade(1)) \
    with boxxyerror linecolor rgb variable
