# accept-policy.gp: how long 500 requests take, every run of every policy.
# Redraw, from the repository's folder: gnuplot lessons/accept-policy/accept-policy.gp
# Data: way,run,total_s,requests,most,busy,wakeups,in_vain,cpu_s   one row a run

chart = 'accept-policy'
load 'lessons/chart.gp'

columns = 'way run total_s most busy'
eval open_data

ways = '"one at a time" "all that wait" "all with EPOLLEXCLUSIVE" "all with SO_REUSEPORT" "all with one worker first" "one not blocking" "all not blocking"'
array most[7]; array middle[7]
stats data using (amount('total_s')) name 'total' nooutput
do for [k = 1:7] {
    stats data using (text('way') eq word(ways, k) ? amount('most') : NaN) name 'm' nooutput
    stats data using (text('way') eq word(ways, k) ? amount('total_s') : NaN) name 't' nooutput
    most[k] = m_max; middle[k] = t_median
}
question = 'Eighty workers at one door: take one request, or all that wait?'
subtitle = 'the time until the last of 500 requests is answered; one dot a run, the bar is the median'
caption = 'A request blocks its worker for a while in which it computes nothing. Beside the bar: the median, and the most requests that one worker ' \
    . 'had in any run. Whoever takes all that wait keeps them to itself: the other workers are free and cannot help. One worker first: the ' \
    . 'others come to the door a moment later.'
eval page
eval panel(560, 1500, 180, 840)
set yrange [-7.6 : -0.4]
set logscale x
set xrange [total_min / 2 : total_max * 1.6]
set format x '%g'
unset ytics
set xtics offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel 'seconds (less is better; each power of ten is a step)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
tint(k) = k == 1 ? shade(3) : k < 6 ? shade(1) : 0x8A8F96
do for [k = 1:7] {
    set label 10 + k ''.word(ways, k) at screen px(535), first 0.0 - k right noenhanced font ''.size_of(30) textcolor rgb ink
    set object k rectangle from first total_min / 2, first -0.3 - k to first middle[k], first 0.3 - k fillcolor rgb mix(tint(k), paper, 0.6) fillstyle solid noborder
    set label 30 + k sprintf('%s, most %d', seconds(middle[k]), most[k]) at screen px(1520), first 0.0 - k left noenhanced font ''.size_of(small_size) textcolor rgb soft
}
place(w) = sum [k = 1:7] (w eq word(ways, k) ? k : 0)
plot data using (amount('total_s')):(-place(text('way')) + 0.05 * (amount('run') - 5)):(tint(place(text('way')))) \
    with points pointtype 7 pointsize 1.6 linecolor rgb variable
